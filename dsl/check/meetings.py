"""Meetings, spelled out: in the place of a meeting stand a phase that repeats, attendance, minutes and to-dos.

So no later pass knows of meetings; a process is the same whichever way it writes them. Of a meeting `weekly` there are

    phase weekly               each round, made up for where one was missed, so that none goes by unsaid
      phase weekly_presence    ended by the minutes, with whatever is open in it
        weekly_attend          whoever a list names confirms that they were there, and hands over what they bring
        weekly_attend_ROLE     so does somebody who holds a role
      weekly_minutes           the minutes, with agenda, checklist and the to-dos that are left as points to confirm
    weekly_todo                a to-do each, which lives on when the round is over

and each stands in the text where the line of the meeting does from which it comes. Of a meeting with a Chinese name
they have Chinese ones (`周例会_纪要`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any, TypeVar

from msgspec.structs import replace

from charter.dsl.check.findings import Findings
from charter.dsl.check.spelling import at as _at, expr as _expr, is_chinese as _is_chinese
from charter.dsl.text import tree as t
from charter.dsl.text.words import spelled

# The lines that only meetings have; all others are those of the phase.
_BOTH = (t.MustAttend, t.Attend)
_OWN = (t.Attend, t.MustAttend, t.Quorum, t.Agenda, t.Minutes, t.Todos)
_Of = TypeVar("_Of", bound=t.Line)


def spelled_out(tree: t.File) -> t.File:
    """Gives a file with what its meetings mean in their place."""
    if not any(isinstance(item, t.Process) and _has_any(item) for item in tree.items):
        return tree
    return replace(tree, items=tuple(_block(item) if isinstance(item, t.Process) else item for item in tree.items))


def check_meetings(tree: t.File, findings: Findings) -> None:
    """Reports meetings that lack a line, have one twice, or count whom they cannot count."""
    for item in tree.items:
        for meeting in _meetings(item):
            _check(meeting, findings)


def _meetings(line: Any) -> Iterator[t.Meeting]:
    for below in getattr(line, "body", ()) if isinstance(line, t.Process | t.Element) else ():
        if isinstance(below, t.Meeting):
            yield below
        yield from _meetings(below)


def _check(meeting: t.Meeting, findings: Findings) -> None:
    name, language = meeting.name, findings.language
    found: dict[type, list[Any]] = {kind: [line for line in meeting.body if isinstance(line, kind)] for kind in _OWN}
    for kind, lines in found.items():
        word = spelled("MUST_ATTEND" if kind is t.MustAttend else kind.__name__.upper(), language)
        for extra in lines[1:]:
            findings.add("CH213", extra.span, word=word, element=name.text)
        if not lines and (kind is t.Minutes or (kind is t.Attend and not found[t.MustAttend])):
            findings.add("CH287", name.span, name=name.text, word=word)
    for line in (*found[t.MustAttend], *found[t.Attend]):
        if line.brings is not None and len(line.names) > 1:
            findings.add("CH342", line.brings.span, name=name.text, record=line.brings.text)
    attends = _attending(meeting)
    listed = [each for each in attends if "." in each.text]
    for extra in listed[1:]:
        findings.add("CH288", extra.span, name=name.text, list=listed[0].text)
    for quorum in found[t.Quorum]:
        least = quorum.least.text.strip()
        if not (listed or not attends or (least.isdecimal() and 0 < int(least) <= len(attends))):
            findings.add("CH289", quorum.least.span, name=name.text, count=len(attends))


def _attending(meeting: t.Meeting) -> list[t.Name]:
    """Lists who attends, each once: those who must be there, and the others."""
    lines = [line for kind in _BOTH for line in meeting.body if isinstance(line, kind)]
    return list({each.text: each for line in lines for each in line.names}.values())


def _has_any(line: Any) -> bool:
    return isinstance(line, t.Meeting) or any(_has_any(below) for below in getattr(line, "body", ()))


def _block(node: Any) -> Any:
    body: list[t.Line] = []
    for line in node.body:
        if isinstance(line, t.Meeting):
            body += _Spelled(line).elements()
        else:
            body.append(_block(line) if isinstance(line, t.Element) else line)
    return replace(node, body=tuple(body))


class _Spelled:
    def __init__(self, meeting: t.Meeting) -> None:
        self.meeting = meeting
        self.name = meeting.name.text
        title = meeting.title.text if meeting.title is not None else ""
        self.chinese = _is_chinese(title)
        self.words = _WORDS[_is_chinese(self.name)]
        self.title = title or self.name
        self.cited = tuple(line for line in meeting.body if isinstance(line, t.Source))
        self.minutes = self._one(t.Minutes)
        self.todos = self._one(t.Todos)
        self.must = self._one(t.MustAttend)
        self.attends = self.must or self._one(t.Attend)
        self.names = _attending(meeting)
        lines = [line for kind in _BOTH for line in meeting.body if isinstance(line, kind) and line.brings is not None]
        self.brings = {line.names[0].text: line.brings for line in lines}

    def _named(self, part: str) -> str:
        return f"{self.name}_{self.words[part]}"

    def _one(self, kind: type[_Of]) -> _Of | None:
        return next((line for line in self.meeting.body if isinstance(line, kind)), None)

    def elements(self) -> Iterator[t.Element]:
        """Yields the phase of the meeting, and what it leaves to be done."""
        meeting = self.meeting
        lines = [line for line in meeting.body if not isinstance(line, (*_OWN, t.Checklist))]
        lines.append(t.Repeat(None, meeting.every, meeting.repeats, **_at(meeting)))
        if not any(isinstance(line, t.Flag) and line.kind.startswith("missed") for line in lines):
            lines.append(t.Flag("missed_each", **_at(meeting)))
        body = (*lines, *self._presence(), *self._minutes())
        yield t.Element("phase", meeting.name, meeting.title, body, span=meeting.span, comments=meeting.comments)
        if self.todos is not None:
            yield self._todo(self.todos)

    # --- who was there ---------------------------------------------------------------------------------------------

    def _presence(self) -> Iterator[t.Element]:
        """Yields the phase in which everybody confirms, which the minutes end: for all at once."""
        over = self._named("minutes")
        ended = f"{over}.done or {over}.skipped or {over}.cancelled"
        for line in (self.attends,) if self.attends is not None else ():
            name, title = t.Name(self._named("presence"), span=line.span), self._titled("presence", line)
            body = (t.Ends("when", _expr(ended, line), **_at(line)), *self._attendance())
            yield t.Element("phase", name, title, body, span=line.span)

    def _attendance(self) -> Iterator[t.Element]:
        for name in self.names:
            brings = self.brings.get(name.text)
            lines: list[t.Line] = [t.Output((brings,), **_at(brings))] if brings is not None else []
            if "." in name.text:
                root = t.Name(name.text.partition(".")[0], span=name.span)
                each = t.ForEach(t.Name(self._named("person"), span=name.span), _expr(name.text, name), **_at(name))
                who = t.Name(self._named("person"), span=name.span)
                lines += [each, t.Input((root,), **_at(name))]
                yield self._element(self._named("attend"), "attend", name, who, lines)
            else:
                yield self._element(self._seat(name), "attend", name, name, lines)

    def _seat(self, role: t.Name) -> str:
        return f"{self._named('attend')}_{role.text}"

    def _enough(self) -> t.Expr | None:
        """Gives the condition that all have confirmed who must be there, and enough of all."""
        quorum = self._one(t.Quorum)
        parts = [self._present(name) for name in (self.must.names if self.must is not None else ())]
        if quorum is not None:
            parts.append(f"({self._quorum(quorum)})" if parts else self._quorum(quorum))
        at = quorum.least if quorum is not None else self.must
        return _expr(" and ".join(parts), at) if parts else None

    def _present(self, name: t.Name) -> str:
        if "." in name.text:
            return f"(every {self.words['person']} in {self._named('attend')} satisfies {self.words['person']}.done)"
        return f"{self._seat(name)}.done"

    def _quorum(self, quorum: t.Quorum) -> str:
        """Gives the condition that enough have confirmed; of each way in which they can be enough one alternative."""
        seats = [f"{self._seat(name)}.done" for name in self.names if "." not in name.text]
        listed = len(seats) < len(self.names)
        least = quorum.least.text.strip()
        ways = []
        for there in range(len(seats) + 1):
            if not listed and least.isdecimal() and there != int(least):
                continue
            some = " or ".join(f"({' and '.join(chosen)})" for chosen in combinations(seats, there)) if there else ""
            wanted = str(int(least) - there) if least.isdecimal() else f"({least}) - {there}" if there else f"({least})"
            counted = f"count({self._named('attend')}[done]) >= {wanted}" if listed else ""
            ways.append(" and ".join(part for part in (f"({some})" if some else "", counted) if part) or "true")
        return " or ".join(ways) or "false"

    # --- what it came to -------------------------------------------------------------------------------------------

    def _minutes(self) -> Iterator[t.Element]:
        minutes, agenda = self.minutes, self._one(t.Agenda)
        at: t.Line | t.Node = minutes if minutes is not None else self.meeting.name
        lines: list[t.Line] = [*self.cited]
        if minutes is not None:
            lines += [t.Raci("role", minutes.roles, **_at(minutes)), t.Output((minutes.record,), **_at(minutes))]
        enough = self._enough()
        if enough is not None:
            lines.append(t.When("when", enough, span=enough.span))
        points = [t.Check(point, span=point.span) for point in (agenda.points if agenda is not None else ())]
        points += [check for line in self.meeting.body if isinstance(line, t.Checklist) for check in line.checks]
        if self.todos is not None:
            left = f"{self._named('todo')}[settled = false].item"
            each = t.ForEach(
                t.Name(self._named("item"), span=self.todos.items.span), _expr(left, self.todos), **_at(self.todos)
            )
            named = t.Name(self.words["todos"], span=self.todos.items.span)
            points.append(t.Check(self._titled("left", self.todos), named, (each,), **_at(self.todos)))
        if points:
            lines.append(t.Checklist(tuple(points), **_at(at)))
        yield t.Element(
            "activity",
            t.Name(self._named("minutes"), span=at.span),
            self._titled("minutes", at),
            tuple(lines),
            span=at.span,
        )

    def _todo(self, line: t.Todos) -> t.Element:
        def of(field: t.Name) -> str:
            return f"{self._named('item')}.{field.text}"

        each = t.ForEach(
            t.Name(self._named("item"), span=line.items.span),
            _expr(line.items.text, line.items),
            kept=True,
            **_at(line),
        )
        due = t.Measure("due", _expr(of(line.due), line.due), **_at(line))
        who = t.Name(of(line.owner), span=line.owner.span)
        return self._element(self._named("todo"), "todo", line, who, [each, due])

    def _element(self, name: str, of: str, at: Any, role: t.Name, lines: list[t.Line]) -> t.Element:
        body = (*self.cited, t.Raci("role", (role,), **_at(at)), *lines)
        return t.Element("activity", t.Name(name, span=at.span), self._titled(of, at), body, span=at.span)

    def _titled(self, of: str, at: Any) -> t.Text:
        return t.Text(_TITLES[of][self.chinese].format(self.title), span=at.span)


# what the parts of a meeting are called after its name, and the point by which to-dos are confirmed
_WORDS: tuple[dict[str, str], dict[str, str]] = (
    {each: each for each in ("presence", "attend", "minutes", "todo", "todos", "person", "item")},
    {
        "presence": "到会",
        "attend": "出席",
        "minutes": "纪要",
        "todo": "待办",
        "todos": "待办",
        "person": "人员",
        "item": "事项",
    },
)
# what stands for part of a meeting -> its title in English and in Chinese
_TITLES = {
    "presence": ("presence at {}", "{}到会"),
    "attend": ("attendance at {}", "出席{}"),
    "minutes": ("minutes of {}", "{}纪要"),
    "left": ("earlier to-dos are looked at", "逐项检查此前的待办事项"),
    "todo": ("to-dos of {}", "{}待办事项"),
}
