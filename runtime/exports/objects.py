"""What the entries of a chain are about, as object-centric logs tell it: objects, and how they hang together.

The objects are cases, the organisation, elements (each instance of one), versions of records, and people. An entry
is about at least one of them. Knows rows, and no format. Invariant: whatever an entry is about becomes an object.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from charter.engine.commands import SYSTEM
from charter.engine.keys import join, name_of, split
from charter.engine.reading import WITHHELD
from charter.runtime.clock import iso
from charter.runtime.exports.columns import Chain, Row, text
from charter.runtime.exports.trail import Trail
from charter.runtime.store.schema import ORGANISATION


class Object(Struct):
    """One object: its attributes as (name, since when or None from the beginning, value), and its relations."""

    id: str
    type: str
    attributes: list[tuple[str, str | None, str]] = field(default_factory=list)
    relations: list[tuple[str, str]] = field(default_factory=list)  # (the other's id, how they are related)


def activity(row: Row) -> str:
    """Gives what happened, as miners count it: the kind, and where: `completed leave_request.apply`."""
    cells = row.cells
    place = ".".join(cells[name] for name in ("process", "element") if isinstance(cells.get(name), str))
    return f"{cells['kind']} {place}".rstrip()


def element_id(case: str, node: str) -> str:
    """Names an element of a case as an object."""
    return f"{case}/element/{node}"


def version_id(case: str, version: str) -> str:
    """Names a version of a record (`plan@2`) as an object."""
    return f"{case}/record/{version}"


def person_id(person: str) -> str:
    """Names a person as an object."""
    return f"person/{person}"


class Objects:
    """The objects of a chain while its rows go by; people are the same in all chains."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self._people: dict[str, Object] = {}
        self._chain = Chain("")
        self._found: dict[str, Object] = {}
        self._latest: dict[str, str] = {}  # record -> its last version

    def begin(self, chain: Chain) -> None:
        """Begins with another chain."""
        self._chain, self._found, self._latest = chain, {}, {}
        if chain.id == ORGANISATION:
            self._add(Object(chain.id, ORGANISATION))
            return
        case = Object(chain.id, f"case:{chain.process or '?'}")
        told = (
            ("number", chain.number),
            ("process", chain.process),
            ("definition", chain.definition),
            ("drill", text(chain.drill)),
            ("opened_by", chain.opened_by),
            ("opened_at", None if chain.opened_at is None else iso(chain.opened_at)),
            ("closed_at", None if chain.closed_at is None else iso(chain.closed_at)),
            ("status", chain.status),
        )
        case.attributes += [(name, None, value) for name, value in told if value is not None]
        if chain.parent is not None and self._trail.has(chain.parent):
            case.relations.append((chain.parent, "part of"))
        self._add(case)

    def about(self, row: Row) -> list[tuple[str, str]]:
        """Gives (object, in which part) of what an entry is about, and keeps these objects."""
        cells, case = row.cells, self._chain.id
        found = [(case, ORGANISATION if case == ORGANISATION else "case")]
        if "node" in cells and case != ORGANISATION:
            found.append((self._element(row), "element"))
        if "record" in cells and case != ORGANISATION:
            found.append((self._version(row), "makes"))
        for name, part in (("actor", "actor"), ("on_behalf_of", "on behalf of")):
            if isinstance(who := cells.get(name), str) and who != SYSTEM.person:
                person = self._people.setdefault(person_id(who), Object(person_id(who), "person"))
                found.append((person.id, part))
        if cells["kind"] == "linked":
            self._link(row)
        for was, named in row.data.get("renamed", ()) if cells["kind"] == "migrated" else ():
            latest = {key: one for key, one in self._latest.items() if name_of(key) == was}
            self._latest |= {join(named, split(key)[1]): one for key, one in latest.items()}
        return found

    def end(self) -> Iterator[Object]:
        """Yields the objects of the chain."""
        yield from self._found.values()

    def people(self) -> Iterator[Object]:
        """Yields the people of all chains."""
        yield from self._people.values()

    def _add(self, one: Object) -> Object:
        return self._found.setdefault(one.id, one)

    def _element(self, row: Row) -> str:
        cells, case = row.cells, self._chain.id
        one = self._add(Object(element_id(case, cells["node"]), f"element:{cells.get('process', '?')}"))
        if not one.attributes:
            one.attributes += [("element", None, cells["element"]), ("node", None, cells["node"])]
            one.relations.append((case, "of"))
        if isinstance(after := cells.get("after"), str) and after != cells.get("before"):
            one.attributes.append(("state", cells["at"], after))
        return one.id

    def _version(self, row: Row) -> str:
        cells, case, data = row.cells, self._chain.id, row.data
        key, _, number = cells["record"].rpartition("@")
        kind = f"record:{cells.get('process', '?')}.{name_of(key)}"
        one = Object(version_id(case, cells["record"]), kind)
        one.attributes += [("record", None, key), ("version", None, number)]
        one.attributes += [(name, None, text(data[name])) for name in ("digest", "value") if data.get(name) is not None]
        if isinstance(value := data.get("value"), dict) and value != WITHHELD:
            one.attributes += [(f"value.{name}", None, text(each)) for name, each in value.items() if each is not None]
        one.relations.append((case, "of"))
        if key in self._latest:
            one.relations.append((self._latest[key], "revision of"))
        self._latest[key] = one.id
        return self._add(one).id

    def _link(self, row: Row) -> None:
        data: Any = row.data
        target = data.get("case")
        if isinstance(target, str) and target and self._trail.has(target):
            relation = (target, str(data["link"]))
            case = self._found[self._chain.id]
            if relation not in case.relations:
                case.relations.append(relation)
