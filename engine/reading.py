"""What somebody may read of a case: the one owner of what `visible to` means. Pure; knows no person and no database.

Who holds a role that a process names by `visible to` (without such a line: any of its roles), or its owner's, may read
every case of it; who has a part in a case, that one. Inside a case, a record or field with a line of its own is for the
roles of that line alone; who wrote a version, or holds the work that writes or decides on it, reads it too, but for
what was filled in there of something else that is withheld from them. The digest of what is withheld is withheld with
it, because a short value can be guessed from it, and so is whatever was computed in the case, as soon as anything that
it may come from is withheld. Invariant: what is withheld stands as WITHHELD where its value would, and is never left
out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal

from msgspec import Struct

from charter.engine.definition import Definition, Field, RecordType, TypeRef
from charter.engine.entries import Entry
from charter.engine.keys import key_of, name_of, parse_key
from charter.engine.machines import OPEN
from charter.engine.personal import personal
from charter.engine.plan.fields import paths
from charter.engine.plan.program import prepare
from charter.engine.plan.seats import roles_left
from charter.engine.state import CaseState

# A value of no type (`values.decode` refuses it), so that it can be taken for none and written back by nobody.
WITHHELD: dict[str, Any] = {"withheld": True}


def is_withheld(encoded: Any) -> bool:
    """Tells whether a value stands for one that is withheld."""
    return isinstance(encoded, dict) and encoded == WITHHELD


def readers(visible: Iterable[str], roles: Iterable[str], owner: str | None) -> frozenset[str]:
    """Names the roles whose people read every case of a process, by its own line, its roles and its owner."""
    named = frozenset(visible) or frozenset(roles)
    return named if owner is None else named | {owner}


def readers_of(definition: Definition) -> frozenset[str]:
    """Names the roles whose people read every case of a process."""
    return readers(definition.visible, (role.name for role in definition.roles), definition.owner)


def confidential(definition: Definition, records: Iterable[str]) -> list[str]:
    """Gives those of some records (by names or keys) that are, wholly or in part, for some roles alone."""
    types = {r.name: r for r in definition.records}
    marked: set[tuple[str, str | None]] = {(r.name, None) for r in definition.records if r.visible}
    marked |= {(r.name, f.name) for r in definition.records for f in r.fields if f.visible}
    limited = Sight(types, _with_derived(types, marked))
    return [record for record in records if limited.hides(record)]


class Sight(Struct, frozen=True):
    """What of the contents of a process's cases is withheld from somebody.

    `hidden`: (record type, field) pairs, field None for a whole record; `own`: the keys of records that they read in
    this case all the same, but for the `filled`: fields whose values come of something else that is hidden; `links`:
    through which what is read is, of a case that they may not read, or not all of.
    """

    types: Mapping[str, RecordType]
    hidden: frozenset[tuple[str, str | None]] = frozenset()
    own: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    filled: frozenset[tuple[str, str | None]] = frozenset()

    @property
    def whole(self) -> bool:
        """Tells whether nothing is withheld."""
        return not self.hidden and not self.links

    def _kept(self, record: str) -> Sight:
        """Gives what is withheld of a record (its name or key): of one's own, what was filled in alone."""
        return Sight(self.types, self.filled, links=self.links) if record in self.own else self

    def hides(self, record: str) -> bool:
        """Tells whether anything of a record (its name or key) is withheld."""
        kept = self._kept(record)
        return bool(kept.hidden) and kept._hides(name_of(record), ())

    def _hides(self, name: str, above: tuple[str, ...]) -> bool:
        if (name, None) in self.hidden:
            return True
        fields = () if name in above or name not in self.types else self.types[name].fields
        inner = ((field, _innermost(field.type)) for field in fields)
        return any(
            (name, field.name) in self.hidden or (kind.record is not None and self._hides(kind.record, (*above, name)))
            for field, kind in inner
        )

    def value(self, record: str, encoded: Any) -> Any:
        """Gives an encoded value of a record (its name or key) as it is read."""
        return self._kept(record)._record(name_of(record), encoded) if self.hides(record) else encoded

    def of_path(self, record: str, fields: Iterable[str]) -> Literal["whole", "part", "nothing"]:
        """Tells how much they read of a record (its name or key), or of what a path of fields leads to in it."""
        name = name_of(record)
        if record in self.links:
            return "nothing"
        if record in self.own:
            return self._kept(record).of_path(name, fields)
        for field in fields:
            if (name, None) in self.hidden or (name, field) in self.hidden:
                return "nothing"
            types = {f.name: f.type for f in self.types[name].fields} if name in self.types else {}
            name = (_innermost(types[field]).record or "") if field in types else ""
        if (name, None) in self.hidden:
            return "nothing"
        return "part" if name and self._hides(name, ()) else "whole"

    def _record(self, name: str, encoded: Any) -> Any:
        if (name, None) in self.hidden:
            return WITHHELD
        declared = self.types.get(name)
        if declared is None or not isinstance(encoded, Mapping):
            return encoded
        known = {field.name: field for field in declared.fields}
        return {key: self._field(name, known[key], one) if key in known else one for key, one in encoded.items()}

    def _field(self, record: str, field: Field, encoded: Any) -> Any:
        return WITHHELD if (record, field.name) in self.hidden else self._typed(field.type, encoded)

    def _typed(self, kind: TypeRef, encoded: Any) -> Any:
        if kind.record is not None:
            return self._record(kind.record, encoded)
        if kind.item is not None and isinstance(encoded, list | tuple):
            return [self._typed(kind.item, one) for one in encoded]
        return encoded

    def derived(self, encoded: Any) -> Any:
        """Gives what was computed in a case: withheld as soon as anything of the process is."""
        return encoded if self.whole or encoded is None else WITHHELD

    def read(self, shown: str, record: str | None = None) -> str:
        """Gives what an expression has read, `plan.cost = 5`, without the value where that is withheld.

        `record`: in the condition of whose field it stands.
        """
        path, equals, _ = shown.partition(" = ")
        names = path.removeprefix("count(").removesuffix(")").split(".")
        if names[0] in self.links:
            return f"{path}{equals}…"
        root = names[0] if names[0] in self.types or record is None else name_of(record)
        return f"{path}{equals}…" if self.hides(record if record and root == name_of(record) else root) else shown


def speaks(seen: Sight, *texts: str | None) -> bool:
    """Tells whether expressions may read anything that is withheld, by the words in them: rather too often than not."""
    words = [(word[1], word[2]) for text in texts for word in _WORD.finditer(text or "")]
    plain = {word for word, _ in words}
    if not plain.isdisjoint(seen.links):
        return True
    inner = {f.name for r in seen.types.values() for f in r.fields if seen.hides(_innermost(f.type).record or "")}
    if any((record if field is None else field) in plain for record, field in seen.hidden):
        return True
    return any(not more and (word in inner or (word in seen.types and seen.hides(word))) for word, more in words)


_WORD = re.compile(r"(\w+)(\s*\.)?")


def _innermost(kind: TypeRef) -> TypeRef:
    while kind.item is not None:
        kind = kind.item
    return kind


def sight(definition: Definition, roles: Collection[str], own: Iterable[str] = (), links: Iterable[str] = ()) -> Sight:
    """Gives what is withheld from who holds these roles; `own`: records of the case that they read all the same.

    `links`: through which they may not read.
    """
    entries = [RecordType(each.name, each.title, each.fields, (), each.visible) for each in definition.registers]
    types = {record.name: record for record in (*definition.records, *entries)}
    held = set(roles)
    hidden: set[tuple[str, str | None]] = set()
    for record in types.values():
        if record.visible and held.isdisjoint(record.visible):
            hidden.add((record.name, None))
        hidden.update((record.name, f.name) for f in record.fields if f.visible and held.isdisjoint(f.visible))
    unread = frozenset(links)
    found = _with_derived(types, hidden, unread)
    mine = frozenset(own) if found else frozenset()
    return Sight(types, found, mine, unread, _filled(types, found, unread) if found else frozenset())


def _with_derived(
    types: Mapping[str, RecordType], hidden: set[tuple[str, str | None]], links: frozenset[str] = frozenset()
) -> frozenset[tuple[str, str | None]]:
    """Gives what is hidden with the fields whose values come from it: computed ones, and those with a default."""
    filled = [(r, f) for r in types.values() for f in r.fields if _source(f) is not None]
    more = bool(hidden or links)
    while more:
        seen = Sight(types, frozenset(hidden), links=links)
        tells = [(r, f) for r, f in filled if (r.name, f.name) not in hidden and _tells(seen, r, f)]
        hidden |= {(r.name, f.name) for r, f in tells}
        more = bool(tells)
    return frozenset(hidden)


def _filled(
    types: Mapping[str, RecordType], hidden: frozenset[tuple[str, str | None]], links: frozenset[str]
) -> frozenset[tuple[str, str | None]]:
    """Gives the fields whose values come, unless somebody gives them, of what is hidden outside of their record."""
    outside = Sight(types, hidden, links=links)
    found: set[tuple[str, str | None]] = set()
    more = True
    while more:
        inside = Sight(types, frozenset(found))
        new = {
            (r.name, f.name)
            for r in types.values()
            for f in r.fields
            if (r.name, f.name) not in found
            for root, *rest in paths(_source(f))
            if (
                inside.of_path(r.name, [root, *rest]) != "whole"
                if root in {each.name for each in r.fields}
                else outside.of_path(root, rest) != "whole"
            )
        }
        found |= new
        more = bool(new)
    return frozenset(found)


def _source(field: Field) -> str | None:
    """Gives what a field's value comes from, where nobody need give it; whom a lot leaves out tells nothing of it."""
    return field.computed if field.computed is not None else field.default


def _tells(seen: Sight, record: RecordType, field: Field) -> bool:
    own = {each.name for each in record.fields}
    for root, *rest in paths(_source(field)):
        name, way = (record.name, [root, *rest]) if root in own else (root, rest)
        # The line of a record is for all of it, its own fields too.
        itself = name == record.name and (name, None) in seen.hidden
        if not itself and seen.of_path(name, way) != "whole":
            return True
    return False


def own(definition: Definition, state: CaseState, persons: Collection[str]) -> frozenset[str]:
    """Names the records of a case whose versions these people wrote, or which work of theirs writes or decides."""
    found = {key for key, version in state.versions.items() if any(who in persons for who, _ in version.writers)}
    elements = {element.name: element for element in definition.elements}
    for node in state.nodes.values():
        element = elements.get(node.element)  # not there in another version than the one that the case runs
        asked = (node.holder,) if node.holder is not None else (one for _, people in node.named for one in people)
        if element is not None and node.state in OPEN and any(one in persons for one in asked):
            path = parse_key(node.key)[1]
            of = element.agreement.of if element.agreement is not None else None
            for record in (*element.outputs, *(() if of is None else (of,))):
                found.update(key_of(record, path[:length]) for length in range(len(path) + 1))
    return frozenset(found)


def takes_part(
    definition: Definition, state: CaseState, entries: Iterable[Entry], person: str, roles: Collection[str]
) -> bool:
    """Tells whether somebody opened a case, did something in it, holds work of it or is offered some."""
    if person == state.opened_by or any(e.actor == person and e.outcome != "refused" for e in entries):
        return True
    plans = prepare(definition).plans
    for node in state.nodes.values():
        if node.state in OPEN and (
            node.holder == person or not {*roles, personal(person)}.isdisjoint(roles_left(plans[node.element], node))
        ):
            return True
    return False


# --- entries ------------------------------------------------------------------------------------------------------

_See = Callable[[Sight, Mapping[str, Any]], Mapping[str, Any]]


def _derived(*names: str) -> _See:
    return lambda seen, data: {name: seen.derived(data[name]) for name in names if name in data}


def _version(seen: Sight, data: Mapping[str, Any]) -> Mapping[str, Any]:
    if not seen.hides(data["record"]):
        return {}
    digests = {name: WITHHELD for name in ("digest", "was") if data.get(name) is not None}
    return digests | ({"value": seen.value(data["record"], data["value"])} if "value" in data else {})


def _refused(seen: Sight, data: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"reasons": [{**each, "arguments": reason(seen, each["arguments"])} for each in data["reasons"]]}


def _records(seen: Sight, pairs: Any) -> list[Any]:
    return [[name, seen.value(name, value)] for name, value in pairs]


def _command(seen: Sight, command: Mapping[str, Any]) -> Mapping[str, Any]:
    told = dict(command)
    if "records" in told:
        told["records"] = _records(seen, told["records"])
    if "record" in told and "value" in told:
        told["value"] = seen.value(told["record"], told["value"])
    for name in ("item", "evidence", "checks", "failure", "arguments", "looked", "lots"):
        if name in told:
            told[name] = seen.derived(told[name])
    return told


# kind of entry -> what of its data is given otherwise; of all other kinds nothing holds a value of a record
ENTRIES: Mapping[str, _See] = MappingProxyType(
    {
        "written": _version,
        "amended": _version,
        "refused": _refused,
        "continued": _derived("state"),
        "confirmed": _derived("evidence"),
        "called": _derived("arguments"),
        "launched": _derived("arguments"),
        "retried": _derived("failure"),
        "declined": _derived("failure"),
        "decided": _derived("given", "said", "rows"),
        "failed": _derived("failure", "given", "said", "rows"),
        "added": _derived("item"),
        "filed": _derived("key", "digest", "value", "was"),
        "filing_withheld": _derived("key", "digest", "value"),
        "looked_up": _derived("asked", "rows", "late"),
        "entries_offered": _derived("rows"),
        "linked": _derived("case", "name", "entry", "was"),
        "count_reached": _derived("key"),
        "drawn": _derived("people", "candidates", "excluded"),
        "baseline_fixed": _derived("digest", "total", "before"),
        "line_overrun": _derived("line", "baseline", "used"),
        "line_covered": _derived("line", "baseline", "used"),
    }
)


def reason(seen: Sight, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the arguments of a refusal's reason as they are read."""
    told = dict(arguments)
    if told.get("values") and not seen.whole:
        record = told.get("record")
        told["values"] = [seen.read(str(each), record) for each in told["values"]]
    if "ledger" in told and not seen.whole:
        told |= {name: "…" for name in ("line", "baseline", "used") if name in told}
    return told


def data(seen: Sight, kind: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Gives what an entry of a kind tells, as JSON data, as it is read."""
    found = dict(told)
    if seen.whole:
        return found
    see = ENTRIES.get(kind)
    if see is not None:
        found.update(see(seen, told))
    if "command" in found:
        found["command"] = _command(seen, found["command"])
    return found


def entered(seen: Sight, kind: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Gives what an entry tells, as JSON data, as it is read by whoever entered it."""
    found = dict(told)
    record = told.get("record")
    if kind in ("written", "amended") and record is not None:
        mine = Sight(seen.types, seen.hidden, frozenset((*seen.own, record)), seen.links, seen.filled)
        found.update(_version(mine, told))
    if "looked" in (told.get("command") or {}):
        found["command"] = {**told["command"], "looked": seen.derived(told["command"]["looked"])}
    return found


def noted(why: str | None, told: Mapping[str, Any]) -> bool:
    """Tells whether the reason of an entry is the failure that the engine noted."""
    return why is not None and why == told.get("failure")


# Entries of the organisation's chain that tell of the contents of cases, and by which keys.
_OF_CASES = frozenset(
    {"period_closed", "period_revised", "report_frozen", "report_signed", "incident_retried", "incident_settled"}
)
# Those that tell of the entries of registers.
_OF_REGISTERS = frozenset({"entry_imported", "review_due"})
CONTENTS = frozenset({"figures", "digest", "was", "failure", "key", "value", "begun"})


def of_organisation(
    kind: str, told: Mapping[str, Any], hidden: Callable[[Mapping[str, Any]], Collection[str]]
) -> dict[str, Any] | None:
    """Gives what an entry of the organisation's chain tells, without the contents of cases and registers that are
    `hidden`; None where it is told as it is.
    """
    names = hidden(told) if kind in _OF_CASES | _OF_REGISTERS else ()
    return {k: WITHHELD if k in names else v for k, v in told.items()} if names else None
