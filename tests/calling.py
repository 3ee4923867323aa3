"""A process whose request asks for a call, and what lies in the outbox because of it, or by nobody's step."""

from __future__ import annotations

from sqlalchemy import insert

from charter.runtime.host.cases import Cases
from charter.runtime.store import Store, tables as t
from tests.leave import ASK, HEAD, HELLO
from tests.written import process

CALL = process(
    HEAD
    + "  record quote\n"
    + ASK
    + """
  activity fetch call prices with wanted = request.text
    input request
    output quote
"""
)
QUOTE = {"quote": {"price": 7}}


def asked(opened: Cases, count: int = 1) -> list[str]:
    """Opens cases whose request is written, so that each has a call to be made."""
    found = [opened.start("leave", person="li").case for _ in range(count)]
    for case in found:
        done = opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
        assert done.refusal is None and done.trouble is None and done.owed == (case,)
    return found


def post(store: Store, case: str, kind: str, body: str, number: int = -1) -> None:
    """Lays something into the outbox that no step of this build asked for."""
    with store.write() as connection:
        connection.execute(insert(t.outbox).values(number=number, case=case, kind=kind, body=body, at=0, deliveries=0))
