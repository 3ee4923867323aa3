"""What every verb is given: the language, the database, the person who asks, and where to write.

The store is opened when a verb first asks for it, so that verbs on files alone never touch a database.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from charter.engine.errors import CharterError
from charter.engine.text import composed
from charter.runtime import clock
from charter.runtime.cli.errors import Misuse, Trouble, error_sentence
from charter.runtime.cli.messages import Messages
from charter.runtime.cli.output import Output, complain, one_line_of
from charter.runtime.people.ids import LONGEST

if TYPE_CHECKING:
    from charter.runtime.desk.reading import Reading
    from charter.runtime.host.cases import Cases
    from charter.runtime.store import Store
    from charter.runtime.store.looking import Looked


class Context:
    """One run of the command line. `db` None: $CHARTER_DB or ./charter.db; `person` as given or from CHARTER_PERSON."""

    def __init__(self, say: Messages, db: str | None = None, person_given: str | None = None) -> None:
        self.say = say
        self.db = db
        self.person_given = person_given
        self.as_json = False  # whether the answer, and what stands in its place, is for a script
        self.verb = ""  # the one that runs, by its whole name
        self.done = False  # what was asked is committed
        self.reader: Callable[[], str] = lambda: self.person  # gives who asks, known to the directory
        self._open = ExitStack()

    @contextmanager
    def committed(self) -> Iterator[None]:
        """Tells of what is committed: whatever fails meanwhile is told as that, and is no failure of the command."""
        self.done = True
        try:
            yield
        except BrokenPipeError:  # the reader has gone
            raise
        except Exception as cause:
            self.untold(cause)

    def untold(self, cause: Exception) -> None:
        """Says that a command is done although its answer could not be given."""
        self.note(self.say("frame.untold", detail=error_sentence(cause, self.say)))

    def note(self, text: str) -> None:
        """Says beside the answer what is no part of it."""
        self._beside((text,), {"note": {"message": text}})

    def fail(self, trouble: Trouble) -> int:
        """Says why there is no answer; gives the exit code."""
        self._beside(trouble.lines, trouble.to_json())
        return trouble.exit

    def _beside(self, lines: Sequence[str], data: dict[str, Any]) -> None:
        complain((one_line_of(data),) if self.as_json else lines, whole=self.as_json)

    @cached_property
    def output(self) -> Output:
        return Output(self.say)

    @property
    def database(self) -> str:
        """The path or URL of the database."""
        from charter.runtime.store.backends import address

        return address(self.db)

    @property
    def asker(self) -> str | None:
        """Who asks, None when nobody said; a misuse when it is longer than any id."""
        person = self.person_given or os.environ.get("CHARTER_PERSON") or None
        if person is not None and len(person) > LONGEST:
            raise Misuse("long_person", longest=LONGEST)
        return composed(person)

    @property
    def person(self) -> str:
        """Who asks; a misuse when nobody said."""
        person = self.asker
        if person is None:
            raise Misuse("no_person")
        return person

    @cached_property
    def store(self) -> Store:
        from charter.runtime.store import open_store

        return open_store(self.database)

    @cached_property
    def seen(self) -> Looked:
        """The database for looking at alone, whatever its state; open until the end of the run."""
        from charter.runtime.store.looking import looking

        return self._open.enter_context(looking(self.database))

    @cached_property
    def cases(self) -> Cases:
        from charter.runtime.host.cases import Cases

        return Cases(self.store, channel="cli")

    @cached_property
    def reading(self) -> Reading:
        """What of the database whoever asks may read: the one door to cases, trails and figures."""
        from charter.runtime.desk.reading import Reading

        found = Reading(self.store, self.cases, self.reader(), self.now)
        self._open.callback(found.close)
        return found

    def end(self) -> None:
        """Seals what was done; throws away what came to nothing, and copies that were looked at."""
        if self.done and "store" in self.__dict__:
            self._seal()
        self._open.close()
        if "cases" in self.__dict__:
            self.cases.discard()

    def _seal(self) -> None:
        """Has the trail sealed, where it names a key; what goes wrong is said, for the command is done."""
        from charter.runtime.audit.sealing import seal

        try:
            if self.store.backend.parted:
                from charter.runtime.host.opening import enter_all  # a file has them entered already

                enter_all(self.store, self.now)
            seal(self.store)
        except CharterError as error:
            self.note(self.say("frame.warning", text=self.say("audit.not_sealed", why=error_sentence(error, self.say))))

    @cached_property
    def now(self) -> int:
        """The clock at the start of the verb, microseconds since the epoch, so that one output has one now."""
        return clock.now()
