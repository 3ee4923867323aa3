"""Asks the trail in FEEL: an expression over the fields of an entry, compiled to SQL as far as SQL says the same.

What SQL decides exactly as FEEL would (comparisons of the columns kept beside each entry, `and`, `or`, `not`, `in`,
`between`) is left to it. Any other part is answered by FEEL itself on the entries that the rest lets through, so a
query never means two things. Results come in the order of arrival, page by keyset on `position`, and stream. The
module does not know persons or terminals. Invariant: the SQL filter lets every entry through for which the FEEL
expression is true (a property test compares them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from charter.engine import feel
from charter.engine.feel import tree, types
from charter.engine.feel.temporal import Date, DateTime, Time
from charter.engine.feel.temporal_text import read_date_time, write_date_time
from charter.engine.values import NotAValue, decode
from charter.runtime import clock
from charter.runtime.audit.log import Sealed
from charter.runtime.store.prepared import ask, column as column_of, stream
from charter.runtime.store.sql import FALSE, TRUE, Sql, joined

if TYPE_CHECKING:
    from sqlalchemy import Connection

# name in a query -> (type, column that holds just that, may be absent)
FIELDS: Mapping[str, tuple[types.Type, str | None, bool]] = {
    "position": (types.NUMBER, "position", False),
    "id": (types.STRING, None, False),
    "case": (types.STRING, '"case"', False),
    "seq": (types.NUMBER, "seq", False),
    "at": (types.DATE_TIME, "at", False),
    "zone": (types.STRING, None, False),
    "key": (types.STRING, None, True),
    "kind": (types.STRING, "kind", False),
    "actor": (types.STRING, "actor", False),
    "role": (types.STRING, None, True),
    "on_behalf_of": (types.STRING, None, True),
    "element": (types.STRING, "element", True),
    "node": (types.STRING, None, True),
    "before": (types.STRING, None, True),
    "after": (types.STRING, None, True),
    "record": (types.STRING, "record", True),
    "data": (types.ContextType({}, open=True), None, False),
    "reason": (types.STRING, None, True),
    "cause": (types.NUMBER, None, True),
    "clauses": (types.ListType(types.STRING), None, False),
    "outcome": (types.STRING, "outcome", False),
    "process": (types.STRING, None, True),
    "definition": (types.STRING, None, True),
    "account": (types.STRING, None, False),
    "channel": (types.STRING, None, False),
    "host": (types.STRING, None, False),
    "build": (types.STRING, None, False),
    "law": (types.NUMBER, None, True),
    "prev": (types.STRING, None, False),
}
_ORDERED = frozenset(("position", "seq", "at"))  # columns that SQL orders as FEEL does on every database
_INDEXED = frozenset(("actor", "at"))
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


class Filter(Struct, frozen=True):
    """SQL that lets every wanted entry through; `exact` when it lets no other through, `narrow` when an index helps."""

    sql: Sql
    exact: bool
    narrow: bool = False


class TooCostly(Exception):
    """A question takes more steps than it may: `MOST_STEPS`, and `STEPS_EACH` more for each entry that it looks at."""


MOST_STEPS, STEPS_EACH = 2_000_000, 1_000


class Query(Struct, frozen=True):
    """A checked question: its FEEL tree, the SQL filter, the case it is about if it names one."""

    tree: tree.Node
    filter: Filter
    case: str | None


_ALL = Filter(TRUE, False)
# So many entries are brought at once and put in order, however an index found them; of so many, only where they are.
_AT_ONCE, _MOST = 100, 20_000


def build(text: str) -> tuple[Query | None, tuple[feel.Problem, ...]]:
    """Makes a query of a FEEL text over FIELDS; on any problem (offsets in `text`) gives none."""
    parsed = feel.parse(text)
    if parsed.tree is None or parsed.problems:
        return None, parsed.problems
    kind, problems = feel.infer(parsed.tree, {name: row[0] for name, row in FIELDS.items()})
    if problems:
        return None, problems
    if not types.is_subtype(kind, types.BOOLEAN) and kind is not types.ANY:
        whole = feel.Problem("type", "a question is a condition, true or false", 0, len(text))
        return None, (whole,)
    zoned = _zoned(parsed.tree)
    return Query(zoned, _filter(zoned), _pinned_case(zoned)), ()


def run(
    connection: Connection,
    query: Query | None,
    *,
    after: int = 0,
    limit: int | None = None,
    seen: Callable[[Sealed], Sealed] = lambda sealed: sealed,
) -> Iterator[Sealed]:
    """Gives the entries that answer, in order of arrival, after a position, at most `limit`; all for no query.

    Each is asked and given as it is `seen`, so that a question tells nothing of what its asker may not read.

    One budget serves the whole question; raises TooCostly.
    """
    env = feel.Env(budget=feel.Budget(MOST_STEPS))
    test = None if query is None or query.filter.exact else feel.compile(feel.steadied(query.tree, env))
    _afford(env)
    names = () if test is None else FIELDS.keys() & test.names  # of a long trail, what nobody reads is not made
    count = 0
    for position, chain, seq, body, record in _rows(connection, query, after, limit if test is None else None):
        found = seen(Sealed(chain, seq, bytes(body), position))
        if test is not None:
            holds = test.evaluate(scope(found, record, names), env)
            _afford(env, STEPS_EACH)
            if holds is not True:
                continue
        yield found
        count += 1
        if count == limit:
            return


def _afford(env: feel.Env, more: int = 0) -> None:
    if env.budget is not None:
        if env.budget.left < 0:
            raise TooCostly
        env.budget.left += more


_ROWS = 'SELECT position, "case", seq, body, record FROM entries WHERE '


def _rows(connection: Connection, query: Query | None, after: int, limit: int | None) -> Iterator[Any]:
    """Gives the rows of the entries that the filter lets through, in order of arrival."""
    most = () if limit is None else (limit,)
    behind = Sql("position > ?", (after,))

    def asked(wanted: Sql, order: str) -> Iterator[Any]:
        text = f"{_ROWS}{wanted.text} ORDER BY {order}{' LIMIT ?' if most else ''}"
        return stream(connection, text, *wanted.values, *most)

    if query is None:
        return asked(behind, "position")
    wanted = joined("AND", (behind, query.filter.sql))
    if query.case is not None:
        # Within one case both orders are one, and the case's own index is the short way.
        return asked(wanted, "seq")
    if query.filter.narrow:
        few = ask(connection, f"{_ROWS}{wanted.text} LIMIT {_AT_ONCE + 1}", *wanted.values)
        if len(few) <= _AT_ONCE:
            return iter(sorted(few, key=itemgetter(0))[:limit])
        places = f"SELECT position FROM entries WHERE {wanted.text} LIMIT {_MOST + 1}"
        found = column_of(connection, places, *wanted.values)
        if len(found) <= _MOST:
            return _at(connection, sorted(found)[:limit])
        # By an index all of so many would have to be brought before the first is known; they are met soon on the way
        # through the trail. What a CASE tests is no reason to use an index.
        tested = Sql(f"CASE WHEN {query.filter.sql.text} THEN 1 END = 1", query.filter.sql.values)
        wanted = joined("AND", (behind, tested))
    return asked(wanted, "position")


def _at(connection: Connection, positions: list[int]) -> Iterator[Any]:
    for first in range(0, len(positions), _AT_ONCE):
        yield from ask(connection, f"{_ROWS}position IN (…) ORDER BY position", positions[first : first + _AT_ONCE])


# What is not in an entry as FEEL has it.
_MADE: Mapping[str, Callable[[Sealed], Any]] = {
    "position": lambda entry: decode(entry.position),
    "seq": lambda entry: decode(entry.fields["seq"]),
    "cause": lambda entry: decode(entry.fields.get("cause")),
    "law": lambda entry: decode(entry.fields.get("law")),
    "at": lambda entry: read_date_time(entry.fields["at"]),
    "node": lambda entry: entry.node,
    "element": lambda entry: entry.element,
    "clauses": lambda entry: entry.fields.get("clauses", []),
    "data": lambda entry: _values(entry.data),
}


def scope(entry: Sealed, record: str | None, names: Iterable[str] = FIELDS) -> dict[str, Any]:
    """Gives an entry's fields as FEEL values under the names of FIELDS, or those of them that somebody reads."""
    fields = entry.fields
    found = {name: _MADE[name](entry) if name in _MADE else fields.get(name) for name in names}
    if "record" in found:
        found["record"] = record
    return found


def _values(data: Any) -> Any:
    try:
        return decode(data)
    except NotAValue:
        return {key: _values(value) for key, value in data.items()} if isinstance(data, Mapping) else None


# --- compiling: one function a form, each giving a Filter ---------------------------------------------------


def _filter(node: tree.Node) -> Filter:
    compile_node = _FILTERS.get(type(node))
    return compile_node(node) if compile_node else _ALL


def _boolean(node: Any) -> Filter:
    return Filter(TRUE if node.value else FALSE, True)


def _binary(node: Any) -> Filter:
    if node.op in ("and", "or"):
        left, right = _filter(node.left), _filter(node.right)
        narrow = left.narrow or right.narrow if node.op == "and" else left.narrow and right.narrow
        return Filter(joined(node.op.upper(), (left.sql, right.sql)), left.exact and right.exact, narrow)
    if node.op in _MIRRORED:
        if isinstance(node.left, tree.Name):
            return _compare(node.left.name, node.op, node.right)
        if isinstance(node.right, tree.Name):
            return _compare(node.right.name, _MIRRORED[node.op], node.left)
    return _ALL


def _compare(name: str, op: str, other: tree.Node) -> Filter:
    kind, column, optional = FIELDS.get(name, (None, None, False))
    if column is None:
        return _ALL
    known, value = _constant(other, kind)
    if not known or (op not in ("=", "!=") and name not in _ORDERED):
        return _ALL
    if value is None:  # FEEL: null equals null, and is in no order
        null = Sql(f"{column} IS NULL")
        return Filter(null if op == "=" else ~null, True) if op in ("=", "!=") else Filter(FALSE, False)
    if op == "=":
        # FEEL's `null = "x"` is false where SQL's is unknown
        there = f"{column} IS NOT NULL AND " if optional else ""
        return Filter(Sql(f"{there}{column} = ?", (value,)), True, name in _INDEXED)
    if op == "!=":
        absent = f"{column} IS NULL OR " if optional else ""
        return Filter(Sql(f"{absent}{column} <> ?", (value,)), True)
    return Filter(Sql(f"{column} {op} ?", (value,)), True, name in _INDEXED)


def _between(node: Any) -> Filter:
    if not isinstance(node.of, tree.Name):
        return _ALL
    low, high = _compare(node.of.name, ">=", node.low), _compare(node.of.name, "<=", node.high)
    return _both(low, high)


def _both(low: Filter, high: Filter) -> Filter:
    sql = joined("AND", (low.sql, high.sql))
    return Filter(sql, low.exact and high.exact, low.narrow or high.narrow)


def _in(node: Any) -> Filter:
    if not isinstance(node.of, tree.Name):
        return _ALL
    tests = [_test(node.of.name, test) for test in node.tests]
    return _any(tests) if tests else _ALL


def _any(tests: Sequence[Filter]) -> Filter:
    sql = joined("OR", (FALSE, *(t.sql for t in tests)))
    return Filter(sql, all(t.exact for t in tests), all(t.narrow for t in tests))


def _test(name: str, test: tree.Node) -> Filter:
    if isinstance(test, tree.Interval):
        whole = feel.compile(test)
        if not whole.names and whole.evaluate({}) is None:  # one that ends before it starts: nobody knows what is in it
            return Filter(FALSE, False)
        low = _compare(name, ">=" if test.ends[0] == "[" else ">", test.low)
        high = _compare(name, "<=" if test.ends[1] == "]" else "<", test.high)
        return _both(low, high)
    if isinstance(test, tree.Comparison):
        return _compare(name, test.op, test.of)
    if isinstance(test, tree.Items):
        return _any([_test(name, item) for item in test.items])
    return _compare(name, "=", test)


def _call(node: Any) -> Filter:
    name = node.function.name if isinstance(node.function, tree.Name) else ""
    if name == "not" and len(node.arguments) == 1:
        inner = _filter(node.arguments[0])
        # what is only a superset says nothing about its complement
        return Filter(~inner.sql, True) if inner.exact else _ALL
    if name in _PATTERNS and len(node.arguments) == 2 and isinstance(node.arguments[0], tree.Name):
        field = node.arguments[0].name
        column = "clauses" if name == "list contains" and field == "clauses" else FIELDS[field][1]
        known, value = _constant(node.arguments[1], types.STRING)
        if column is not None and known and isinstance(value, str) and column != "at":
            before, after = _PATTERNS[name]
            escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            # LIKE takes upper and lower case for the same in some databases: a superset, so not exact
            return Filter(Sql(f"{column} LIKE ? ESCAPE '\\'", (f"{before}{escaped}{after}",)), False)
    return _ALL


_PATTERNS = {
    "starts with": ("", "%"),
    "ends with": ("%", ""),
    "contains": ("%", "%"),
    "list contains": ("% ", " %"),
}
_FILTERS: Mapping[type, Any] = {
    tree.Boolean: _boolean,
    tree.Binary: _binary,
    tree.Between: _between,
    tree.In: _in,
    tree.Call: _call,
}


def _constant(node: tree.Node, kind: types.Type | None) -> tuple[bool, Any]:
    """Gives (whether it is one that SQL can compare with this type, the value as the column holds it)."""
    expression = feel.compile(node)
    if expression.names:
        return False, None
    value = expression.evaluate({})
    if value is None:
        return isinstance(node, tree.Null), None
    if kind is types.DATE_TIME and isinstance(value, DateTime) and value.time.zone is not None:
        return True, instant(value)
    if kind is types.NUMBER and types.conforms(value, types.NUMBER):
        return (True, int(value)) if value == value.to_integral_value() else (False, None)
    return (True, value) if kind is types.STRING and isinstance(value, str) else (False, None)


def _pinned_case(node: tree.Node) -> str | None:
    if isinstance(node, tree.Binary) and node.op == "and":
        return _pinned_case(node.left) or _pinned_case(node.right)
    if isinstance(node, tree.Binary) and node.op == "=" and isinstance(node.right, tree.String):
        return node.right.value if node.left == tree.Name("case") else None
    return None


# --- times: a query that names no zone means the one in which times are shown ---------------------------------


def _zoned(node: tree.Node) -> tree.Node:
    """Gives the tree with dates and zoneless times that are compared with `at` read in the zone of `clock.wall`."""
    if isinstance(node, tree.Binary):
        left, right = _zoned(node.left), _zoned(node.right)
        if left == tree.Name("at"):
            right = _moment(right)
        elif right == tree.Name("at"):
            left = _moment(left)
        return replace(node, left=left, right=right)
    if isinstance(node, tree.Between) and node.of == tree.Name("at"):
        return replace(node, low=_moment(node.low), high=_moment(node.high))
    if isinstance(node, tree.In) and node.of == tree.Name("at"):
        return replace(node, tests=tuple(_moments(test) for test in node.tests))
    if isinstance(node, tree.Call):
        return replace(node, arguments=tuple(_zoned(argument) for argument in node.arguments))
    return node


def _moments(test: tree.Node) -> tree.Node:
    if isinstance(test, tree.Interval):
        return replace(test, low=_moment(test.low), high=_moment(test.high))
    return replace(test, of=_moment(test.of)) if isinstance(test, tree.Comparison) else _moment(test)


def _moment(node: tree.Node) -> tree.Node:
    expression = feel.compile(node)
    if expression.names:
        return node
    present = moment(clock.now())
    value = expression.evaluate({}, feel.Env(now=lambda: present))
    if isinstance(value, Date):
        value = DateTime(value, Time(0, 0, 0, 0, None))
    if isinstance(value, DateTime):
        return tree.At(write_date_time(moment(instant(value))), start=node.start, end=node.end)
    return node


def instant(value: DateTime) -> int:
    """Gives a date and time as microseconds since the epoch; without zone it is a time of `clock.wall`."""
    nanoseconds = value.instant
    if nanoseconds is not None:
        return nanoseconds // 1000
    date, time = value.date, value.time
    local = datetime(date.year, date.month, date.day, time.hour, time.minute, time.second)
    return int(local.astimezone().timestamp()) * 1_000_000 + time.nanosecond // 1000


def moment(at: int) -> DateTime:
    """Gives microseconds since the epoch as a FEEL date and time, UTC."""
    found = read_date_time(clock.text(at))
    assert found is not None
    return found
