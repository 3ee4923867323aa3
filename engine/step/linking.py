"""What a case and the cases of other processes that it is about have to do with each other.

A record that names a case is refused where there is no such case, or not for whoever names it: none is ever guessed.
Which case it is stands in an entry of its own (`linked`), and what is read of it in those of its readers
(`looked_up`); the facts themselves are in the command, as those of registers are. Where cases live is the host's to
know: `found` is what it answers with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from charter.engine import values
from charter.engine.commands import Amend
from charter.engine.dated import dated
from charter.engine.definition import Definition, Link
from charter.engine.effects import AmendCase
from charter.engine.entries.cases import Linked
from charter.engine.keys import parse_key
from charter.engine.machines import OPEN
from charter.engine.plan.links import ask_of, nested
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import prepare
from charter.engine.plan.scope import Scope
from charter.engine.refusals import Reason
from charter.engine.registers import Ask, Found, Row, key_text
from charter.engine.state import CaseState, Node
from charter.engine.step import actions
from charter.engine.step.draft import Draft


def found(ask: Ask, cases: Iterable[tuple[Definition, CaseState]]) -> Found:
    """Gives what is asked for of the case that goes by the text asked for, where there is one."""
    return Found(ask, tuple(_row(definition, state, ask.facts) for definition, state in cases))


def _row(definition: Definition, state: CaseState, facts: Iterable[str]) -> Row:
    outside = Scope(prepare(dated(definition, state.days)), state, None, (), state.opened_at or 0)
    value = values.encode(nested((fact, _plain(outside.value(fact))) for fact in facts))
    return Row(state.case, state.entries_written, values.data_digest(value), value, state.opened_at or 0)


def _plain(value: Any) -> Any:
    """Gives a value, null for what is none, such as all that there is to know of an element."""
    try:
        return values.decode(values.encode(value))
    except values.NotAValue:
        return None


def unmeant(draft: Draft, record: str) -> list[Reason]:
    """Says which cases that the new content of a record (`draft.writing`) names there are not."""
    wrong = []
    for link in draft.program.links.values():
        if record not in draft.program.names(link.by):
            continue
        ask = ask_of(link, draft.scope(None, ()).value(link.by, draft.writing), draft)
        answer = None if ask is None else draft.looked.get(ask)
        if ask is not None and answer is None:
            draft.asks[ask] = None  # the step is taken again with the answer
        elif ask is not None and answer is not None and not answer.more:
            others = [row.key for row in answer.rows if row.key != draft.case]  # no case is about itself
            named = {"process": link.process, "name": ask.key}
            wrong += [] if others else [Reason("CH618", f"link {link.name}", named)]
    return wrong


def tell_links(draft: Draft) -> None:
    """Enters which cases this one is about, where that is new or other."""
    if not draft.program.links:
        return
    known = {name: case for name, _, case in draft.links}
    now = []
    for link in draft.program.links.values():
        named = draft.scope(None, ()).value(link.by)
        ask = ask_of(link, named, draft)
        answer = None if ask is None else draft.looked.get(ask)
        if ask is not None and answer is None:
            draft.asks[ask] = None
        row = answer.rows[0] if answer is not None and len(answer.rows) == 1 else None
        was, text = known.get(link.name), key_text(named)
        if row is not None and text is not None:
            now.append((link.name, text, row.key))
        if row is not None and row.key != was:
            draft.follow(Linked(link.name, link.process, row.key, text, row.version, was), None, 0)
        elif row is None and was is not None:
            draft.follow(Linked(link.name, link.process, None, was=was), None, 0)
    draft.links = tuple(now)
    rest(draft)


def settle(draft: Draft) -> None:
    """Has the case know the cases that it is about by their ids from here on."""
    for name, text, case in draft.links:
        link = draft.program.links[name]
        named = Ask(name, text, process=link.process, facts=link.facts, drill=draft.drill)
        if text != case and (answer := draft.looked.pop(named, None)) is not None:
            ask = replace(named, key=case)
            draft.looked.setdefault(ask, replace(answer, ask=ask))


# -- amendments ---------------------------------------------------------------------------------------------------


def concerned(draft: Draft, link: Link, reader: str) -> Row | None:
    """Gives what the case knows now of the one that a link names; None where there is none."""
    ask = ask_of(link, draft.scope(None, ()).value(link.by), draft)
    rows = None if ask is None else draft.look(ask, reader)
    return rows[0] if rows is not None and len(rows) == 1 else None


def stands(row: Row, record: str) -> str | None:
    """Gives the digest of a record of a linked case as it stands there; None where it is not there yet."""
    facts = values.decode(row.value)
    value = facts.get(record) if isinstance(facts, dict) else None
    return None if value is None else values.data_digest(values.encode(value))


def rest(draft: Draft) -> None:
    """Keeps on which versions of records elsewhere rests what has been written to be put there."""
    bases = dict(draft.bases)
    for plan in draft.program.amending:
        work = plan.element.work
        assert work is not None and work.target is not None
        name, _, record = work.target.partition(".")
        link = draft.program.links[name]
        read = {*draft.program.names(link.by), *(n for _, text in work.arguments for n in draft.program.names(text))}
        if all(draft.versions.get(r) == draft.state.versions.get(r) for r in read) and work.target in bases:
            continue
        row = concerned(draft, link, "")
        digest = None if row is None else stands(row, record)
        if digest is None:
            bases.pop(work.target, None)
        else:
            bases[work.target] = digest
    draft.bases = tuple(bases.items())


def amendment(draft: Draft, node: Node, plan: Plan, attempt: int, arguments: Mapping[str, Any]) -> AmendCase | Reason:
    """Gives what is asked of the host to have a record of the linked case amended, or why nothing is."""
    work = plan.element.work
    assert work is not None and work.target is not None
    name, _, record = work.target.partition(".")
    link = draft.program.links[name]
    row = concerned(draft, link, node.key)
    ask = ask_of(link, draft.scope(None, ()).value(link.by), draft)
    beyond = row is None and ask is not None and ask in draft.looked and draft.looked[ask].more
    if row is None and not beyond:
        return Reason("CH668", plan.name, {"element": node.key, "process": link.process})
    made = actions.makers(draft, plan, parse_key(node.key)[1], work.arguments)
    people = tuple(dict.fromkeys(person for _, persons in made for person in persons))
    title = draft.program.definition.title
    basis = dict(draft.bases).get(work.target) or (None if row is None else stands(row, record))
    return AmendCase(
        node.key,
        attempt,
        link.process,
        None if row is None else row.key,
        record,
        arguments[record],
        basis,
        f"{title} {draft.case}: {plan.element.title}",
        people,
        draft.drill,
    )


def against(draft: Draft, command: Amend) -> list[Reason]:
    """Says what stands against amending a record for a case that is about this one."""
    assert command.source is not None
    process, record = command.source[0], command.record
    subject, declared = f"record {record}", draft.program.types[record]
    named = {"record": record, "process": draft.process}
    if process not in declared.amended:
        return [Reason("CH671", subject, {**named, "other": process})]
    if draft.status != "open":
        return [Reason("CH519", None, {"status": draft.status, "verb": command.verb})]
    current = draft.versions[record]
    if current.digest != command.basis:
        return [Reason("CH669", subject, {**named, "version": current.number})]
    deciding = (plan for plan in draft.program.plans.values() if plan.element.agreement is not None)
    for plan in deciding:
        agreement, node = plan.element.agreement, draft.nodes.get(plan.name)
        if agreement is not None and agreement.of == record and node is not None and node.state in OPEN:
            return [Reason("CH670", f"{plan.name}.of", {**named, "approval": plan.name})]
    return []
