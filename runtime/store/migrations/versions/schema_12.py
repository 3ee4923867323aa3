"""Schema 12: clocks, and the work that they are about, are found by when they are used up; failed work is found."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op
from msgspec.structs import replace

from charter.engine import plain, sla, values
from charter.engine.dated import dated
from charter.engine.days import PublicDays
from charter.engine.definition import Definition
from charter.engine.keys import parse_key
from charter.engine.plan.clocks import about
from charter.engine.plan.program import Program, prepare
from charter.engine.sla import Service, Terms
from charter.engine.state import clocks_of

revision = "12"
down_revision = "11"
MAKES = ("running_clocks", "clocks_by_rank", "nodes_failed")

_LAST = 10**18


def upgrade() -> None:
    """Makes the table, fills it from the cases under way, and moves the work that has been promised to somebody."""
    op.create_table(
        "running_clocks",
        sa.Column("case", sa.Text, nullable=False),
        sa.Column("clock", sa.Text, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("rank", sa.BigInteger, nullable=False),
        sa.Column("spare", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("case", "clock"),
        sqlite_with_rowid=False,
    )
    op.create_index("clocks_by_rank", "running_clocks", ["rank", "spare", "clock", "case", "process"])
    failed = sa.text('instr(body, \'"state":"failed"\') > 0')
    op.create_index("nodes_failed", "nodes", ["case"], sqlite_where=failed)
    connection = op.get_bind()
    days = connection.execute(sa.text("SELECT body FROM public_days ORDER BY number")).all()
    known = tuple(plain.from_json(PublicDays, json.loads(body)) for (body,) in days)
    for digest, body in connection.execute(sa.text("SELECT digest, body FROM definitions")).all():
        data = json.loads(body)
        if data.get("slas"):
            _fill(connection, digest, plain.from_json(Definition, data), known)


def _fill(connection: sa.Connection, digest: str, definition: Definition, known: tuple[PublicDays, ...]) -> None:
    definition = replace(definition, known_days=known)
    query = sa.text("SELECT id, status, state FROM cases WHERE definition = :d AND status IN ('open', 'suspended')")
    row = sa.text("INSERT INTO running_clocks VALUES (:c, :k, :p, :r, :s)")
    for case, status, text in connection.execute(query, {"d": digest}).all():
        rest = json.loads(text)
        program = prepare(dated(definition, tuple((country, version) for country, version in rest.get("days", ()))))
        for key, service in clocks_of(rest).items():
            if service.clock.phase not in ("running", "paused"):
                continue
            place = (_LAST, _left(program, service)) if service.due is None else (service.due, _LAST)
            told = {"c": case, "k": key, "p": definition.name, "r": place[0], "s": place[1]}
            connection.execute(row, told)
            if status == "open" and service.due is not None:
                _promote(connection, program, case, key, service.name, service.due)


def _left(program: Program, service: Service) -> int:
    if service.clock.phase != "paused":
        return _LAST
    terms = Terms(program.slas[service.name].calendar, values.decode(service.target))
    agreed, gone = sla.agreed(service.clock, terms), sla.elapsed(service.clock, terms, _LAST)
    return _LAST if agreed is None or gone is None else agreed - gone


def _promote(connection: sa.Connection, program: Program, case: str, key: str, name: str, due: int) -> None:
    """Moves the open work that a clock is about to where the clock puts it."""
    at = parse_key(key)[1]
    for table in ("work_items", "open_lists"):
        found = sa.text(f'SELECT DISTINCT node FROM {table} WHERE "case" = :c AND element = :e')
        move = sa.text(f'UPDATE {table} SET rank = min(rank, :r) WHERE "case" = :c AND node = :n')
        for plan in about(program, program.slas[name]):
            for (node,) in connection.execute(found, {"c": case, "e": plan.name}).all():
                if parse_key(node)[1][: len(at)] == at:
                    connection.execute(move, {"r": due, "c": case, "n": node})
