"""Reads people from a YAML, JSON or CSV file into checked entries. Knows nothing of the database.

YAML and JSON hold a list of people, or {people: [...]}. CSV has a heading line; `roles`, `skills` and
`certificates` hold several values apart by `;`: `manager; hr@leave_request`, `negotiation=3; law=1`, `PMP`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from charter.engine.errors import CharterError
from charter.runtime.author.data import SUFFIXES, load
from charter.runtime.people.directory import ANY

# What has no end lasts this long: year 9999.
FOREVER = 253_402_300_799_000_000


class BadPerson(CharterError):
    """A person's data cannot be read: an unknown key, a value of the wrong kind, an end before its beginning.

    `told` is a key under [data], `field` the place in the person's entry.
    """

    code = "CH035"
    exit_code = 1

    def __init__(self, told: str, *, person: str, field: str, **arguments: Any) -> None:
        super().__init__(f"{told}: `{field}` of {person}", told=told, person=person, field=field, **arguments)


KEYS = frozenset({"id", "name", "roles", "skills", "certificates", "absences", "substitutes", "hours"})


class Entry(Struct, frozen=True):
    """One person as a file gives them, times in microseconds."""

    id: str
    name: str | None
    roles: tuple[tuple[str, str], ...]
    skills: tuple[tuple[str, int], ...]
    certificates: tuple[tuple[str, int | None], ...]
    absences: tuple[tuple[int, int, str | None], ...]
    substitutes: tuple[tuple[str, str, int, int, str, str], ...]
    hours: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Entry:
        """Checks one entry; raises BadPerson naming the person and the field."""
        if isinstance(data, Mapping):
            data = _keyed(data)
        person = data.get("id") if isinstance(data, Mapping) else None
        if not isinstance(person, str) or not person.strip() or "|" in person:
            raise BadPerson("person_id", person=str(person), field="id")
        for key in data:
            if key not in KEYS:
                raise BadPerson("person_key", person=person, field=str(key))
        field = "name"
        try:
            name = _said(data.get("name"))
            field = "roles"
            roles = tuple(_role(r) for r in _list(data, field))
            field = "skills"
            skills = tuple((str(k), _level(v)) for k, v in (data.get(field) or {}).items())
            field = "certificates"
            certificates = tuple(_certificate(c) for c in _list(data, field))
            field = "absences"
            absences = tuple((*_period(a), _said(a.get("reason"))) for a in _list(data, field))
            field = "substitutes"
            substitutes = tuple(
                (s.get("kind", "substitute"), _text(s["person"]), *_period(s), *_scope(s)) for s in _list(data, field)
            )
            field = "hours"
            hours = tuple(line for text in _list(data, field) for line in lines_of(_text(text)))
        except (TypeError, ValueError, KeyError, AttributeError) as cause:
            raise BadPerson("person_field", person=person, field=field) from cause
        return cls(person, name, roles, skills, certificates, absences, substitutes, hours)


def lines_of(text: str) -> tuple[str, ...]:
    """Gives the lines that are written in one text, apart by `;` or by new lines."""
    return tuple(line.strip() for line in re.split(r"[;；\r\n]", text) if line.strip())


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def _said(value: Any) -> str | None:
    return None if value is None else _text(value)


def _level(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    return int(value)


def _role(value: Any) -> tuple[str, str]:
    if isinstance(value, str):
        role, _, process = value.partition("@")
        return _text(role.strip()), process.strip() or ANY
    return _text(value["role"]), _text(value.get("process", ANY))


def _scope(value: Mapping[str, Any]) -> tuple[str, str]:
    return _text(value.get("process", ANY)), _text(value.get("role", ANY))


def _certificate(value: Any) -> tuple[str, int | None]:
    if isinstance(value, str):
        return _text(value), None
    until = value.get("until")
    return _text(value["name"]), None if until is None else instant(until, last=True)


def _period(value: Mapping[str, Any]) -> tuple[int, int]:
    since, until = value.get("since"), value.get("until")
    return (0 if since is None else instant(since)), (FOREVER if until is None else instant(until, last=True))


def instant(text: str, *, last: bool = False) -> int:
    """Reads a day or a time, in the local zone where it names none, as microseconds; a last day is meant whole.

    Raises ValueError or TypeError.
    """
    moment = datetime.fromisoformat(text.strip())
    whole = last and len(text.strip()) <= 10
    if whole and moment.date() == date.max:
        return FOREVER
    try:
        if whole:
            moment += timedelta(days=1)
        if moment.tzinfo is None:
            moment = moment.astimezone()
    except OverflowError as cause:
        raise ValueError(text) from cause
    return min((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1), FOREVER)


def read(path: Path) -> list[dict[str, Any]]:
    """Reads a file of people, YAML unless its name says otherwise; raises FileNotReadable, Unreadable or BadPerson."""
    kind = path.suffix.lower()
    data = load(path, kind if kind in SUFFIXES else ".yaml")
    people = _keyed(data).get("people") if isinstance(data, dict) else data
    if isinstance(people, dict):  # a mapping from ids reads as naturally
        people = [{"id": person, **entry} if isinstance(entry, dict) else entry for person, entry in people.items()]
    if not isinstance(people, list):
        raise BadPerson("person_list", person=str(path), field="people")
    return [_row(row) for row in people] if kind in (".csv", ".tsv") else people


def _keyed(data: Mapping[str, Any]) -> dict[str, Any]:
    """Gives an entry's keys as we call them, whatever their case and blanks around; raises BadPerson for two alike."""
    out: dict[str, Any] = {}
    for key, value in data.items():
        name = str(key).strip().casefold()
        name = name if name in KEYS | {"people"} else str(key)
        if name in out:
            raise BadPerson("person_twice", person=str(data.get("id")), field=name)
        out[name] = value
    return out


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Gives a row of CSV as YAML has an entry: what stands apart by `;` as lists, and skills by name."""
    out = _keyed(row)
    for key in ("roles", "certificates", "skills"):
        if isinstance(out.get(key), str):
            out[key] = [part.strip() for part in out[key].split(";") if part.strip()]
    if isinstance(out.get("skills"), list):
        pairs = (skill.partition("=") for skill in out["skills"])
        out["skills"] = {name.strip(): level.strip() for name, _, level in pairs}
    return out
