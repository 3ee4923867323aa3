"""What a case and the registers of the organisation have to do with each other: entries that are filed, and read.

An activity files when it is done, and again when what it filed from is amended. Of what its work stood for and no
longer does, the entry is withdrawn. What an element reads is told by an entry of its own, once a version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from charter.engine import values
from charter.engine.definition import Filing, Register
from charter.engine.entries.cases import Filed, FilingWithheld, LookedUp
from charter.engine.keys import Path
from charter.engine.machines import CLOSED
from charter.engine.plan.looking import review_due
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program
from charter.engine.registers import Ask, Found, Row, brought_along, key_text
from charter.engine.state import Node
from charter.engine.step.contents import derive, entry_faults
from charter.engine.step.draft import Draft, Refused, refuse


def file(draft: Draft, node: Node, plan: Plan, path: Path, *, reason: str | None = None, anew: bool = True) -> None:
    """Files what a node's work comes to; refuses it as a whole where an entry is not what the register takes."""
    if not plan.element.files:
        return
    stands: list[tuple[str, str, str]] = []
    for filing in plan.element.files:
        register = draft.program.registers[filing.register]
        for key, value in _entries(draft, node, plan, path, filing, register):
            if (node.key, register.name, key) in stands:
                raise refuse("CH622", f"{plan.name}.files", register=register.name, key=key)
            stands.append((node.key, register.name, key))
            enter(draft, node, register.name, key, value, reason, anew=anew)
    for filed in draft.filed:
        if filed[0] == node.key and filed not in stands:
            enter(draft, node, filed[1], filed[2], None, reason)
    draft.filed = (*(filed for filed in draft.filed if filed[0] != node.key), *stands)


def file_again(draft: Draft, record: str, *, reason: str | None) -> None:
    """Files anew what was filed from a record that has been amended."""
    program = draft.program
    for key in dict.fromkeys(node for node, _, _ in draft.filed if node):
        node = draft.nodes[key]
        plan, path = draft.place(key)
        read = {name for filing in plan.element.files for name in _reads(program.names, filing)}
        if record in read and node.state == "done":
            file(draft, node, plan, path, reason=reason, anew=False)


def _reads(names: Any, filing: Filing) -> Iterator[str]:
    if filing.source is not None:
        yield filing.source.partition(".")[0]
    for _, text in filing.given:
        yield from names(text)


def _entries(
    draft: Draft, node: Node, plan: Plan, path: Path, filing: Filing, register: Register
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields the key and the fields of each entry that a line files."""
    scope = draft.scope(plan, path)
    source: Any = {} if filing.source is None else scope.value(filing.source)
    many = isinstance(source, list)
    items = source if many else [] if source is None else [source]
    fields = {field.name: field for field in register.fields}
    given = {name: scope.value(text) for name, text in filing.given}
    for number, item in enumerate(items, 1):
        taken = {name: item[name] for name in fields if name in item} if isinstance(item, Mapping) else {}
        value = {name: held for name, held in {**taken, **given}.items() if held is not None}
        place = f"{draft.case}/{node.key}"
        value, unlike, unclear = derive(draft, plan, path, register.name, value, register.name, filed=True)
        found = unlike or entry_faults(draft, plan, path, register.name, value) or unclear
        if found:
            raise Refused(*found)
        key = key_text(value.get(register.key)) if register.key else f"{place}/{number}" if many else place
        assert key is not None  # a key is a required field, and no blank text
        yield key, value


def enter(
    draft: Draft,
    node: Node | None,
    register: str,
    key: str,
    value: Mapping[str, Any] | None,
    reason: str | None = None,
    *,
    anew: bool = False,
) -> None:
    """Enters the next version of an entry, unless it says what the newest one says; without a node, by the case.

    `anew`: by work that is done now, which says the same again of an entry whose review is due.
    """
    ask = Ask(register, key)
    known = draft.looked.get(ask)
    if known is None:
        draft.asks[ask] = None  # the step is taken again with the answer
    was = known.rows[0] if known is not None and known.rows else None
    encoded = None if value is None else values.encode(dict(value))
    digest = values.data_digest(encoded)
    if was is not None and was.digest == digest and not (anew and is_late(draft.program, ask, was, draft.at)):
        return
    if draft.drill:
        withheld, state = FilingWithheld(register, key, digest, encoded), None if node is None else node.state
        draft.enter(withheld, node, state, state, reason=reason)
        return
    row = Row(key, 1 if was is None else was.version + 1, digest, encoded, draft.at)
    told = Filed(register, key, row.version, digest, encoded, None if was is None else was.digest)
    state = None if node is None else node.state
    draft.enter(told, node, state, state, reason=reason)
    draft.looked.setdefault(ask, Found(ask))
    draft.looked = {other: brought_along(found, register, row) for other, found in draft.looked.items()}


def tell_reads(draft: Draft) -> None:
    """Enters what each element has read, where none of its entries has named that version yet."""
    for ask, readers in draft.reads.items():
        found = draft.looked[ask]
        fresh = [reader for reader in readers if reader not in found.readers]
        there = [row for row in found.rows if row.value is not None]
        rows = [{"key": row.key, "version": row.version, "digest": row.digest} for row in there]
        late = tuple(row.key for row in there if fresh and is_late(draft.program, ask, row, draft.at))
        for reader in fresh:
            draft.follow(LookedUp(ask.register, str(ask), rows, late, ask.process or None), draft.nodes.get(reader), 0)
        if fresh:
            draft.looked[ask] = replace(found, readers=(*found.readers, *fresh))


def is_late(program: Program, ask: Ask, row: Row, at: int) -> bool:
    """Says whether the review of an entry is overdue."""
    due = None if ask.process else review_due(program, program.registers[ask.register], row.at)
    return due is not None and due <= at


def known_now(draft: Draft) -> tuple[Found, ...]:
    """Gives what the case knows of registers from now on; a closed case need not know anything."""
    if draft.status in CLOSED:
        return ()
    before, about = draft.state.looked, {link: case for link, _, case in draft.links}
    now = tuple(
        f for a, f in draft.looked.items() if not a.process or [about.get(a.register)] == [r.key for r in f.rows]
    )
    return before if now == before else now
