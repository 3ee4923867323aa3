"""What cases are called and are about, by the `number` and `subject` of their processes.

A subject is worked out when somebody looks, so it is never out of date.
Everybody who may read a case may read its subject: the check refuses any other (`dsl/check/subjects.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from charter.engine.definition import Definition
    from charter.engine.state import CaseState
    from charter.runtime.desk.reading import Reading

_LONGEST = 80


def subjects(reading: Reading, cases: Iterable[str], now: int) -> dict[str, str]:
    """Gives what each of these cases is about; none whose process does not say it, or where it is not known yet."""
    with reading.read() as connection:
        those = saying(connection, cases)
    found = {case: subject(reading.definition(case), reading.state(case), now) for case in those}
    return {case: text for case, text in found.items() if text is not None}


def saying(connection: Connection, cases: Iterable[str]) -> list[str]:
    """Lists those of these cases whose process says what a case is called or about."""
    found = ask(
        connection,
        "SELECT c.id FROM cases c JOIN definitions d ON d.digest = c.definition"
        " WHERE (d.body LIKE '%\"subject\":%' OR d.body LIKE '%\"number\":%') AND c.id IN (…)",
        set(cases),
    )
    return [case for (case,) in found]


def subject(definition: Definition, state: CaseState, now: int) -> str | None:
    """Gives what a case is called and about in one line."""
    about = _about(definition, state, now)
    return " ".join(filter(None, (state.called, about))) or None


def _about(definition: Definition, state: CaseState, now: int) -> str | None:
    if definition.subject is None:
        return None
    # Imported here because most lists have no case whose process says it.
    from charter.engine.dated import prepared
    from charter.engine.plan.scope import Scope

    value = Scope(prepared(definition, state), state, None, (), now).value(definition.subject)
    if not isinstance(value, str) or not value.strip():
        return None
    line = " ".join(value.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def told(about: Mapping[str, str], case: str) -> dict[str, str]:
    """Gives the subject of a case as part of an answer, where it has one."""
    return {"case_subject": about[case]} if case in about else {}
