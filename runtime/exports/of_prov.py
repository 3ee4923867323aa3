"""PROV, judged: PROV-JSON and PROV-N as they are written, and the constraints of PROV-CONSTRAINTS that matter here.

What is named must be declared, an entity is no activity, it is generated once, nothing is used before it was there, or
revised into what came before it. Of PROV-N a statement a line is read. Own work, from the texts of the recommendations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from charter.runtime.exports.checks import Finding, is_time
from charter.runtime.exports.prov import RELATIONS, THINGS, Statement, read_notation
from charter.runtime.exports.reading import LARGEST, bad, items

_NAME = re.compile(r"(?:([^\W\d][\w.\-]*):)?((?:[\w/@~&+*?#$!\-]|%[0-9A-Fa-f]{2}|\\[=':(),\-;\[\].]|\.(?!$))+)")
_TOKEN = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"(?:\s*%%\s*([\w:]+))?|'([^']*)'|([\[\](),=;]|[^\s\[\](),=;"']+))""")
_LITERALS = {
    "xsd:long": re.compile(r"[+-]?\d+"),
    "xsd:boolean": re.compile(r"true|false|0|1"),
    "xsd:dateTime": re.compile(r"\S+"),
}


def document(path: Path) -> Iterator[Finding]:
    """Checks PROV-JSON."""
    yield from _judged(json_statements(path))


def notation(path: Path) -> Iterator[Finding]:
    """Checks PROV-N."""
    yield from _judged(notation_statements(path))


Said = Iterator[Statement | Finding | tuple[str, str]]  # a pair is a prefix and its namespace


def json_statements(path: Path) -> Said:
    """Yields what a document in PROV-JSON says."""
    for part, pair in items(path):
        if pair is None:
            continue
        id, told = pair
        if part == "prefix":
            yield id, str(told)
        elif part not in THINGS and part not in RELATIONS:
            yield Finding("tag", part, {"name": part})
        elif not isinstance(told, Mapping):
            yield Finding("type", f"{part} {id}", {"name": id, "wanted": "object"})
        else:
            roles = {f"prov:{role}" for role in RELATIONS.get(part, ("startTime", "endTime"))}
            one = Statement(part, id if part in THINGS else "")
            for key, value in told.items():
                if key in roles:
                    one.others[key.removeprefix("prov:")] = str(value)
                elif isinstance(value, Mapping):
                    one.attributes.append((key, str(value.get("type")), str(value.get("$"))))
                else:
                    one.attributes.append((key, "xsd:string", str(value)))
            yield one


def notation_statements(path: Path) -> Said:
    """Yields what a document in PROV-N says, a statement a line."""
    with open(path, encoding="utf-8", newline="\n") as stream:
        if stream.readline(LARGEST).strip() != "document":
            raise bad(path, "r_format")
        ended = False
        for number, line in enumerate(stream, 2):
            if ended or not line.strip():
                continue
            if line.strip() == "endDocument":
                ended = True
            elif found := re.fullmatch(r"\s*prefix\s+([\w.\-]+)\s+<([^<>\s]*)>\s*", line):
                yield found[1], found[2]
            else:
                yield _statement(number, line)
        if not ended:
            yield Finding("member", "endDocument", {"name": "endDocument"})


def _tokens(line: str) -> list[tuple[str, str, str]] | None:
    found, at, line = [], 0, line.rstrip()
    while at < len(line):
        match = _TOKEN.match(line, at)
        if match is None:
            return None
        text, kind, named, sign = match.groups()
        if text is not None:
            found.append(("text", read_notation(text), kind or "xsd:string"))
        elif named is not None:
            found.append(("name", named, "prov:QUALIFIED_NAME"))
        else:
            found.append(("sign", sign, ""))
        at = match.end()
    return found


def _statement(number: int, line: str) -> Statement | Finding:
    tokens = _tokens(line)
    wrong = Finding("tag", str(number), {"name": line.strip()[:40]})
    if tokens is None or len(tokens) < 4 or tokens[1][1] != "(" or tokens[-1][1] != ")":
        return wrong
    one, inner = Statement(tokens[0][1]), tokens[2:-1]
    signs = [sign for kind, sign, _ in inner if kind == "sign"]
    split = next((i for i, (kind, sign, _) in enumerate(inner) if kind == "sign" and sign == "["), len(inner))
    places = [sign for kind, sign, _ in inner[:split] if kind == "sign" and sign != ","]
    if one.kind in THINGS:
        one.id = places[0]
        one.others = dict(zip(("startTime", "endTime"), places[1:], strict=False))
    elif one.kind in RELATIONS:
        one.others = {r: p for r, p in zip(RELATIONS[one.kind], places, strict=False) if p != "-"}
    else:
        return wrong
    if split < len(inner):
        if signs[-1] != "]":
            return wrong
        pairs = [token for token in inner[split + 1 : -1] if token[1] not in (",", "=") or token[0] != "sign"]
        if len(pairs) % 2:
            return wrong
        one.attributes = [(key[1], value[2], value[1]) for key, value in zip(pairs[::2], pairs[1::2], strict=True)]
    return one


class _Known:
    def __init__(self) -> None:
        self.prefixes: set[str] = {"prov", "xsd"}
        self.kinds: dict[str, str] = {}
        self.spans: dict[str, tuple[datetime, datetime]] = {}
        self.made: dict[str, tuple[str, datetime | None]] = {}


def _judged(said: Said) -> Iterator[Finding]:
    known, relations = _Known(), list[Statement]()
    for number, one in enumerate(said, 1):
        if isinstance(one, Finding):
            yield one
        elif isinstance(one, tuple):
            known.prefixes.add(one[0])
        else:
            yield from _written(one, number, known)
            if one.kind in THINGS:
                yield from _thing(one, known)
            else:
                relations.append(Statement(one.kind, str(number), one.others))
    for one in relations:
        yield from _related(one, known)
    revised = {
        r.others.get("generatedEntity", ""): r.others.get("usedEntity", "")
        for r in relations
        if r.kind == "wasDerivedFrom"
    }
    yield from _circles(revised)
    for one in relations:
        yield from _ordered(one, known)


def _written(one: Statement, number: int, known: _Known) -> Iterator[Finding]:
    place = f"{one.kind} {one.id or number}"
    times = [(role, value) for role, value in one.others.items() if role in ("time", "startTime", "endTime")]
    names = [one.id] if one.id else []
    names += [value for role, value in one.others.items() if (role, value) not in times]
    names += [key for key, _, _ in one.attributes]
    names += [value for _, kind, value in one.attributes if kind == "prov:QUALIFIED_NAME"]
    for each in names:
        found = _NAME.fullmatch(each)
        if found is None:
            yield Finding("name", place, {"name": each})
        elif (found[1] or "") not in known.prefixes:
            yield Finding("undeclared", place, {"name": each})
    for role, value in times:
        if not is_time(value):
            yield Finding("time", place, {"name": role})
    for key, kind, value in one.attributes:
        form = _LITERALS.get(kind)
        if (form is not None and form.fullmatch(value) is None) or (kind == "xsd:dateTime" and not is_time(value)):
            yield Finding("value", place, {"name": key, "value": value})


def _thing(one: Statement, known: _Known) -> Iterator[Finding]:
    place, before = f"{one.kind} {one.id}", known.kinds.get(one.id)
    if before == one.kind:
        yield Finding("twice", place, {"name": one.id})
    elif before is not None and {before, one.kind} == {"entity", "activity"}:
        yield Finding("disjoint", place, {"name": one.id})
    known.kinds[one.id] = one.kind
    start, end = (_moment(one.others.get(role)) for role in ("startTime", "endTime"))
    if start is not None and end is not None:
        known.spans[one.id] = start, end
        if end < start:
            yield Finding("order", place, {"name": one.id, "other": one.id})


_KINDS: Mapping[str, str] = {
    **dict.fromkeys(("entity", "generatedEntity", "usedEntity", "plan"), "entity"),
    **dict.fromkeys(("activity", "informed", "informant"), "activity"),
    **dict.fromkeys(("agent", "delegate", "responsible"), "agent"),
}


def _related(one: Statement, known: _Known) -> Iterator[Finding]:
    place = f"{one.kind} {one.id}"
    for role in RELATIONS[one.kind][:2]:
        if role not in one.others:
            yield Finding("member", place, {"name": role})
    for role, other in one.others.items():
        wanted = _KINDS.get(role)
        if wanted is not None and known.kinds.get(other) != wanted:
            yield Finding("unknown", place, {"name": other})
    if one.kind == "wasGeneratedBy" and {"entity", "activity"} <= one.others.keys():
        entity, activity = one.others["entity"], one.others["activity"]
        if entity in known.made and known.made[entity][0] != activity:
            yield Finding("twice", place, {"name": entity})
        span = known.spans.get(activity)
        at = _moment(one.others.get("time")) or (span[1] if span else None)
        known.made[entity] = activity, at
        if at is not None and span is not None and not span[0] <= at <= span[1]:
            yield Finding("order", place, {"name": entity, "other": activity})


def _circles(revised: Mapping[str, str]) -> Iterator[Finding]:
    sound: set[str] = set()
    for first in revised:
        way: dict[str, None] = {}
        at = first
        while at in revised and at not in sound:
            if at in way:
                yield Finding("circle", f"wasDerivedFrom {at}", {"name": at})
                break
            way[at] = None
            at = revised[at]
        sound.update(way)


def _ordered(one: Statement, known: _Known) -> Iterator[Finding]:
    place = f"{one.kind} {one.id}"
    if one.kind == "used":
        span, made = known.spans.get(one.others.get("activity", "")), known.made.get(one.others.get("entity", ""))
        if span is not None and made is not None and made[1] is not None and made[1] > span[1]:
            yield Finding("order", place, {"name": one.others["entity"], "other": one.others["activity"]})
    elif one.kind == "wasDerivedFrom":
        new, old = (known.made.get(one.others.get(role, "")) for role in ("generatedEntity", "usedEntity"))
        if new and old and new[1] is not None and old[1] is not None and old[1] > new[1]:
            yield Finding("order", place, {"name": one.others["usedEntity"], "other": one.others["generatedEntity"]})


def _moment(text: Any) -> datetime | None:
    if not is_time(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
