"""The parts of a host beside its commands, each loaded when it is asked for: most commands want none of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from charter.runtime.host.caseload import Caseload
from charter.runtime.store import Store

if TYPE_CHECKING:
    from charter.engine.commands import Command
    from charter.runtime.author.files import Files
    from charter.runtime.host.connectors import Connectors
    from charter.runtime.host.delivery import Delivery
    from charter.runtime.host.figures import Figures
    from charter.runtime.host.handing import Handing
    from charter.runtime.host.incidents import Incidents
    from charter.runtime.host.migrating import Migrations
    from charter.runtime.host.publishing import Publishing
    from charter.runtime.host.registers import Registers
    from charter.runtime.host.reports import Reports
    from charter.runtime.host.reviews import Reviews


class Parts:
    """See the module's text. `connectors`: those of the database's folder where none are given."""

    def __init__(self, store: Store, caseload: Caseload, connectors: Connectors | None) -> None:
        self.store = store
        self._caseload = caseload
        if connectors is not None:
            self.connectors = connectors

    @cached_property
    def connectors(self) -> Connectors:
        from charter.runtime.host.connectors import Connectors

        return Connectors(self.store.folder)

    @cached_property
    def files(self) -> Files:
        from charter.runtime.audit import keys as key_file
        from charter.runtime.author.files import Files

        store = self.store
        return Files(store.folder, own=(*store.companions, self.connectors.path, key_file.place(store)))

    def _keep(self, command: Command) -> None:
        """Puts the files that a command names in their place; none lies aside where nobody has asked for `files`."""
        if "files" in self.__dict__:
            self.files.keep(command)

    def discard(self) -> None:
        """Throws away what files lie aside and nobody kept."""
        if "files" in self.__dict__:
            self.files.discard()

    @cached_property
    def incidents(self) -> Incidents:
        from charter.runtime.host.incidents import Incidents

        return Incidents(self.store, self._caseload)

    @cached_property
    def figures(self) -> Figures:
        from charter.runtime.host.figures import Figures

        return Figures(self.store, self._caseload)

    @cached_property
    def reviews(self) -> Reviews:
        from charter.runtime.host.reviews import Reviews

        return Reviews(self.store, self._caseload)

    @cached_property
    def public_days(self) -> Publishing:
        from charter.runtime.host.publishing import Publishing

        return Publishing(self.store, self._caseload)

    @cached_property
    def registers(self) -> Registers:
        from charter.runtime.host.registers import Registers

        return Registers(self.store, self._caseload.clock, self._caseload.origin)

    @cached_property
    def reports(self) -> Reports:
        from charter.runtime.host.reports import Reports

        return Reports(self.store, self._caseload)

    @cached_property
    def handing(self) -> Handing:
        from charter.runtime.host.handing import Handing

        return Handing(self.store, self._caseload)

    @cached_property
    def delivery(self) -> Delivery:
        from charter.runtime.host.delivery import Delivery

        return Delivery(self.store, self._caseload, self.connectors)

    @cached_property
    def migrations(self) -> Migrations:
        from charter.runtime.host.migrating import Migrations

        return Migrations(self.store, self._caseload, self.delivery)
