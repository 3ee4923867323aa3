"""Schema 10: what figures read of cases, and the figures of periods that are over."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from charter.engine import plain, state as states
from charter.engine.compact import compact_sorted
from charter.engine.definition import Definition
from charter.engine.measures import facts_of, measured
from charter.engine.plan.program import prepare

revision = "10"
down_revision = "9"
MAKES = ("measures", "measures_by_process", "figures", "figures_by_kpi")


def upgrade() -> None:
    """Makes the tables, and fills the first from the cases of processes that have KPIs."""
    op.create_table(
        "measures",
        sa.Column("case", sa.Text, primary_key=True),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("opened_at", sa.BigInteger),
        sa.Column("closed_at", sa.BigInteger),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("measures_by_process", "measures", ["process", "version"])
    op.create_table(
        "figures",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("kpi", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("figures_by_kpi", "figures", ["process", "kpi", "since"])
    connection = op.get_bind()
    for digest, body in connection.execute(sa.text("SELECT digest, body FROM definitions")).all():
        data = json.loads(body)
        if data.get("kpis"):
            _fill(connection, digest, plain.from_json(Definition, data))


def _fill(connection: sa.Connection, digest: str, definition: Definition) -> None:
    program = prepare(definition)
    paths = measured(program)
    cases = sa.text(
        "SELECT id, process, status, opened_at, closed_at, opened_by, state FROM cases WHERE definition = :d"
    )
    nodes = sa.text('SELECT body FROM nodes WHERE "case" = :c ORDER BY place')
    contents = sa.text('SELECT version, body FROM contents WHERE "case" = :c ORDER BY place')
    rows = []
    for case, process, status, opened_at, closed_at, opened_by, rest in connection.execute(cases, {"d": digest}).all():
        state = states.from_json(
            {
                **json.loads(rest),
                "case": case,
                "process": process,
                "status": status,
                "opened_at": opened_at,
                "closed_at": closed_at,
                "opened_by": opened_by,
                "nodes": [json.loads(body) for (body,) in connection.execute(nodes, {"c": case})],
                "versions": {key: json.loads(body) for key, body in connection.execute(contents, {"c": case})},
            }
        )
        facts = compact_sorted(facts_of(program, state, paths))
        rows.append({"c": case, "p": process, "v": definition.version, "o": opened_at, "e": closed_at, "b": facts})
    if rows:
        connection.execute(sa.text("INSERT INTO measures VALUES (:c, :p, :v, :o, :e, :b)"), rows)
