"""What a message says, in the language of its recipient: what happened, why they hear of it, and what to do next.

Plain text. Of a case it says no more than `charter inbox --notices` shows the same person: no records, no secrets.
Texts of people stand in one line each, so that none can add a header or a line. The sentences are in
`runtime/messages`, section `notices`: `said_KIND` and `todo_KIND` for a kind of entry, where it has its own.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from charter.dsl.text.width import shown
from charter.engine import zones
from charter.engine.commands import SYSTEM
from charter.engine.entries import Entry
from charter.engine.entries.cases import Declined
from charter.engine.entries.organisation import ReviewDue
from charter.runtime import clock
from charter.runtime.cli.failures import declined_sentence, failure_sentence
from charter.runtime.cli.messages import Messages
from charter.runtime.notify.senders import Letter

_LONGEST_LINE = 300
_LONGEST_SUBJECT = 120
_MOST = 50  # notices told in full in one letter


class News(Struct, frozen=True):
    """What happened, and what its reader must know of its case.

    `entry`: where a line of the process told somebody, what it told of; `due`: of open work at the element; `role`: by
    which they hear of it. What is of no case (no `number`) is of a KPI or a register, the `element`.
    """

    case: str
    number: int | None
    seq: int
    process: str
    title: str
    element: str
    element_title: str
    role: str
    entry: Entry
    due: int | None


def letter(
    id: str,
    news: Sequence[News],
    *,
    language: str,
    zone: str,
    at: int,
    address: str | None,
    recipient: Mapping[str, str],
) -> Letter:
    """Writes the letter that tells of one piece of news or several."""
    say = Messages(language)
    told = [_told(each, say, zone) for each in news[:_MOST]]
    if len(news) == 1:
        of = "subject" if news[0].number is not None else "subject_of_process"
        subject = say(f"notices.{of}", number=news[0].number, process=_line(news[0].title), said=told[0][0])
    else:
        subject = say("notices.subject_digest", count=len(news))
    parts = ["\n".join(lines) for lines in told]
    if len(news) > _MOST:
        parts.append(say("notices.more", count=len(news) - _MOST))
    text = "\n\n".join([*parts, say("notices.foot")]) + "\n"
    data = {"recipient": dict(recipient), "notices": [_data(each) for each in news]}
    return Letter(id, _cut(subject, _LONGEST_SUBJECT), text, language, at, address, data)


def trial(id: str, channel: str, *, language: str, at: int, address: str | None) -> Letter:
    """Writes the letter with which a channel is tested."""
    say = Messages(language)
    text = say("notices.test_text", channel=channel) + "\n"
    data = {"test": True, "notices": []}
    return Letter(id, say("notices.test_subject"), text, language, at, address, data)


def _told(news: News, say: Messages, zone: str) -> list[str]:
    """Gives the lines that tell of one piece of news; the first says what happened."""
    entry, kind = news.entry, news.entry.kind
    named = news.element if news.element_title in ("", news.element) else f"{news.element} {news.element_title}"
    values = {
        "element": _line(named),
        "kind": say.find(f"kinds.{kind}") or kind,
        "person": say("audit.system") if entry.actor == SYSTEM.person else _line(entry.actor),
        "number": news.number,
        "process": news.process,
        "verdict": say.find(f"kpi.{getattr(entry.told, 'verdict', None)}") or "",
        "rule": _line(str(getattr(entry.told, "rule", None) or "")),
        "node": news.element,
        "key": _line(str(getattr(entry.told, "key", None) or "")),
        "entry": _line(shlex.quote(str(getattr(entry.told, "key", None) or ""))),
        "due": _moment(say, getattr(entry.told, "due", None), zone, deadline=True),
        "was": _moment(say, getattr(entry.told, "was", None), zone, deadline=True),
        "to": say.listed(_several(getattr(entry.told, "to", ()))),
        "detail": _detail(news, say),
    }
    said = say(f"notices.said_{kind}" if say.find(f"notices.said_{kind}") else "notices.said", **values)
    todo = f"notices.todo_{kind}" if say.find(f"notices.todo_{kind}") else "notices.todo"
    rows = [
        ("case", "" if news.number is None else f"#{news.number} {_line(news.title)}"),
        ("at", _moment(say, entry.at, zone)),
        ("by", values["person"] if entry.actor != SYSTEM.person else ""),
        ("reason", _line(entry.reason or "") if entry.reason != getattr(entry.told, "failure", None) else ""),
        ("clauses", say.listed(map(_line, entry.clauses))),
        ("due", _moment(say, news.due, zone, deadline=True) if not hasattr(entry.told, "due") else ""),
        ("why", say("inbox.why_offered", role=_line(news.role))),
        ("next", say(todo, **values)),
    ]
    return [_line(said), *(f"  {say.of(say(f'notices.{head}'), text)}" for head, text in rows if text)]


def _detail(news: News, say: Messages) -> str:
    """Says what went wrong, where the entry knows."""
    if isinstance(news.entry.told, Declined):
        return _line(declined_sentence(say, news.entry.told))
    failed = getattr(news.entry.told, "failure", None)
    if failed is not None:
        return _line(failure_sentence(failed, news.element, say.lang))
    return _line(str(getattr(news.entry.told, "condition", None) or getattr(news.entry.told, "record", "")))


def _several(value: Any) -> Sequence[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value]


def _moment(say: Messages, at: int | None, zone: str, *, deadline: bool = False) -> str:
    """Says an instant by the clock of a zone, and which; a deadline at midnight is the end of the day before."""
    if at is None:
        return ""
    local = datetime.fromtimestamp(at // 1_000_000, UTC).astimezone(zones.rules(zone))
    if deadline and (local.hour, local.minute) == (0, 0):
        return f"{(local - timedelta(days=1)).date()} 24:00{say.aside(zone)}"
    return f"{local:%Y-%m-%d %H:%M}{say.aside(zone)}"


def _line(text: str) -> str:
    return _cut(" ".join(shown(text).split()), _LONGEST_LINE)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _data(news: News) -> dict[str, Any]:
    return {
        "case": news.case,
        "number": news.number,
        "seq": news.seq,
        "process": news.process,
        "element": news.element,
        "kind": news.entry.kind,
        "by": news.entry.actor,
        "at": clock.text(news.entry.at),
        "role": news.role,
        "due": clock.iso(news.due),
        "command": _command(news),
    }


def _command(news: News) -> str:
    told = news.entry.told
    if isinstance(told, ReviewDue):
        return f"charter register {told.register} {shlex.quote(told.key)}"
    return f"charter kpi {news.process}" if news.number is None else f"charter show {news.number}"
