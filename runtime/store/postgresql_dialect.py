"""SQLAlchemy on PostgreSQL: the tables as they are declared once, with what makes both databases answer the same.

A text orders by its bytes (COLLATE "C"), every whole number has 64 bits, a row that is numbered gets the next number
(`charter_next`), and an index holds the rows that it holds on SQLite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, StaticPool, create_engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGDDLCompiler, PGTypeCompiler
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

if TYPE_CHECKING:
    from sqlalchemy import Engine


class _Types(PGTypeCompiler):
    def visit_INTEGER(self, type_: Any, **kw: Any) -> str:
        return "BIGINT"

    def visit_TEXT(self, type_: Any, **kw: Any) -> str:
        of_a_table = isinstance(kw.get("type_expression"), Column)
        return 'TEXT COLLATE "C"' if of_a_table and type_.collation is None else str(super().visit_TEXT(type_, **kw))


class _Tables(PGDDLCompiler):
    def get_column_specification(self, column: Any, **kw: Any) -> str:
        if column.table is not None and column is column.table._autoincrement_column and column.server_default is None:
            name = self.preparer.format_column(column)
            if column.table.name == "entries":  # many write to them at once
                return f"{name} BIGINT DEFAULT nextval('entries_position') NOT NULL"
            return f"{name} BIGINT DEFAULT charter_next('{column.table.name}', '{column.name}') NOT NULL"
        return str(super().get_column_specification(column, **kw))  # type: ignore[no-untyped-call]

    def visit_create_index(self, create: Any, *given: Any, **kw: Any) -> str:
        options = create.element.dialect_options
        if options["postgresql"]["where"] is None:
            options["postgresql"]["where"] = options["sqlite"]["where"]
        return str(super().visit_create_index(create, *given, **kw))  # type: ignore[no-untyped-call]


class Dialect(PGDialect_psycopg):
    """PostgreSQL's, for connections that the store has set up and that it begins and ends itself."""

    supports_statement_cache = True
    type_compiler_cls = _Types
    ddl_compiler = _Tables

    def initialize(self, connection: Any) -> None:
        """Takes from the connection what SQLAlchemy would ask the server for."""
        raw = connection.connection.driver_connection
        version = raw.info.server_version
        self.server_version_info = (version // 10_000, version % 10_000)
        self.default_schema_name = raw.schema_name
        self.default_isolation_level = "READ COMMITTED"
        self._backslash_escapes = False


registry.register("charter_postgresql", __name__, "Dialect")


def engine(raw: Any) -> Engine:
    """Gives an engine around one connection."""
    return create_engine("charter_postgresql://", creator=lambda: raw, poolclass=StaticPool, use_native_hstore=False)
