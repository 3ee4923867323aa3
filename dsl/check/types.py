"""The FEEL types of what a process declares: fields, records, elements, the case.

What there is to know of elements and cases stands in `engine/plan/facts.py`. Knows nothing of expressions themselves.
"""

from __future__ import annotations

from charter.dsl.check.scopes import BUILT_IN_TYPES, Part, ProcessScope
from charter.dsl.text import tree as t
from charter.engine.feel import types as y
from charter.engine.feel.own import UNITS
from charter.engine.machines import CASE_STATES, LIFECYCLES, states
from charter.engine.plan import clocks, facts, ledgers
from charter.engine.plan.looking import REVIEW_FACTS

BOOLEAN = y.BOOLEAN
SPAN = y.SPAN
# a value of each type, as it is written
FORMS: dict[y.Type, str] = {
    y.NUMBER: "3",
    y.STRING: '"…"',
    y.DATE: "2026-03-15",
    y.TIME: 'time("09:00:00")',
    y.DATE_TIME: 'date and time("2026-03-15T09:00:00")',
    y.MONEY: "500 CNY",
    y.OneOf(options=(y.DATE, y.DATE_TIME)): "today() + 5 days",
}
PERIOD = y.ContextType(fields={"start": y.DATE, "end": y.DATE})

_BUILT_IN: dict[str, y.Type] = {
    "text": y.STRING,
    "number": y.NUMBER,
    "integer": y.NUMBER,
    "money": y.MONEY,
    "percent": y.NUMBER,
    "boolean": y.BOOLEAN,
    "date": y.DATE,
    "time": y.TIME,
    "datetime": y.DATE_TIME,
    "duration": y.SPAN,
    "period": PERIOD,
    "person": y.STRING,
    "file": y.FILE,
    "choice": y.STRING,
    "list": y.ListType(item=y.ANY),
}

_WITH_ITEM = y.ContextType(fields={name: fact.type for name, fact in facts.ELEMENT.items()})
ELEMENT = y.ContextType(fields={name: kind for name, kind in _WITH_ITEM.fields.items() if name != "item"})
_INSTANCES = y.DescribedType(item=_WITH_ITEM, own=_WITH_ITEM)
CASE = y.ContextType(fields={name: fact.type for name, fact in facts.CASE.items()})
CLOCK = y.ContextType(fields={name: fact.type for name, fact in clocks.CLOCK.items()})
PROCESS = y.ContextType(fields=dict.fromkeys(facts.PROCESS, y.STRING))
# What a rule on the verdict of a KPI sees (`engine/verdicts.py`).
FIGURE = y.ContextType(
    fields={
        **dict.fromkeys(("kpi", "verdict", "was", "period"), y.STRING),
        **dict.fromkeys(("value", "group"), y.ANY),
        **dict.fromkeys(("since", "until"), y.DATE_TIME),
    }
)


_STATES: dict[str, tuple[str, ...]] = {**{kind: states(kind) for kind in LIFECYCLES}, "case": CASE_STATES}


def states_of(kind: str) -> tuple[str, ...]:
    """The states an element of a kind can be in (`case` for the case itself, once it has been started)."""
    return _STATES[kind]


def type_of(type_: t.Type, scope: ProcessScope) -> y.Type:
    """Gives the FEEL type of a declared type."""
    if type_.item is not None:
        return y.ListType(item=type_of(type_.item, scope))
    if type_.name in BUILT_IN_TYPES:
        return _BUILT_IN[type_.name]
    return record_type(type_.name, scope)


def record_type(name: str, scope: ProcessScope) -> y.Type:
    """Gives the FEEL type of a record's value; anything where nobody declared its fields."""
    known = scope.types.get(name)
    if known is None:
        scope.types[name] = y.ANY  # while it is looked at, and for good where it contains itself
        symbol = scope.record(name)
        lines = symbol.node.fields if symbol is not None else ()
        fields = {line.name.text: type_of(line.type, scope) for line in lines}
        known = y.ContextType(fields=fields) if fields else y.ANY
        scope.types[name] = known
    return known


def seen_from(name: str, part: Part | None, scope: ProcessScope) -> y.Type | None:
    """Gives the type a name has in the expressions of an element (None: of the process); None for unknown names.

    What instances of a `for each` write, and the elements inside them, are one inside the instance and a list
    outside; the element that is `for each` has the facts of the whole behind its dot.
    """
    seen = scope.elements.get(name)
    if seen is not None:
        one = _WITH_ITEM if t.ForEach in seen.lines else ELEMENT
        if _beside(part, seen.instances):
            return one
        whole = one is _WITH_ITEM and _beside(part, seen.parent.instances if seen.parent else ())
        return _INSTANCES if whole else y.ListType(item=one)
    if scope.is_record(name):
        type_ = record_type(name, scope)
        return type_ if _beside(part, scope.written_in(name) or ()) else y.ListType(item=type_)
    if name in scope.slas:
        stands = scope.clocked.get(name)
        return CLOCK if _beside(part, stands.instances if stands is not None else ()) else y.ListType(item=CLOCK)
    if name in scope.links:
        return link_type(scope.other(scope.links[name]))
    if name in scope.ledgers:
        return _ledger_type(scope.ledgers[name].node, scope)
    parameter = scope.parameter(name)
    if parameter is not None:
        return parameter_type(parameter.node, scope)
    register = scope.register(name)
    return None if register is None else register_type(register.node, scope)


def link_type(other: ProcessScope | None) -> y.Type:
    """Gives the type of a case of another process: what it has, seen from outside, but for elements in lists."""
    if other is None:
        return y.ANY
    elements = [name for name, part in other.elements.items() if not part.instances]
    kinds = {name: seen_from(name, None, other) for name in (*elements, *other.producers, *other.inputs)}
    own = {name: kind for name, kind in kinds.items() if kind is not None}
    return y.ContextType(fields=own | {"case": CASE, "process": PROCESS})


def register_type(node: t.Register, scope: ProcessScope) -> y.Type:
    """Gives the type of a register: the list of its entries, of which a key in brackets chooses one."""
    fields = {line.name.text: type_of(line.type, scope) for line in node.fields}
    return y.KeyedType(item=y.ContextType(fields=_review_facts(node) | fields), key=key_type(node, fields))


def key_type(node: t.Register, fields: dict[str, y.Type]) -> y.Type:
    """Gives the type of what tells the entries of a register apart."""
    return y.STRING if node.key is None else fields.get(node.key.text, y.ANY)


def _review_facts(node: t.Register) -> dict[str, y.Type]:
    """Gives what an entry of a register that is reviewed tells beside its fields."""
    is_reviewed = any(isinstance(line, t.Review) for line in node.body)
    return dict(zip(REVIEW_FACTS, (y.DATE_TIME, y.BOOLEAN), strict=True)) if is_reviewed else {}


def _ledger_type(node: t.Ledger, scope: ProcessScope) -> y.Type:
    """Gives the type of a ledger: the list of its lines, each found by its name, with the facts of all of them."""
    record, *path = node.baseline.text.split(".")
    found = record_type(record, scope)
    for name in path:
        found = found.fields.get(name, y.ANY) if isinstance(found, y.ContextType) else y.ANY
    row, amounts = y.item_of(found), [line.field.text for line in node.body if isinstance(line, t.Amount)]
    plain = bool(amounts) and isinstance(row, y.ContextType) and row.fields.get(amounts[0]) == y.NUMBER
    facts = ledgers.facts_of(y.NUMBER if plain else y.MONEY)
    return y.DescribedType(y.ContextType({"line": y.STRING, **facts}), y.ContextType(facts), True)


def _beside(part: Part | None, instances: tuple[Part, ...]) -> bool:
    """Whether an element stands inside all of these `for each` elements."""
    return not instances or (part is not None and set(instances) <= set(part.instances))


def type_word(type_: y.Type) -> str:
    """Gives a type as a word of the message tables: `number`, `list of context`, `date or span`."""
    if isinstance(type_, y.ListType):
        return "list" if type_.item is y.ANY else f"list of {type_word(type_.item)}"
    if type_ is CLOCK:
        return "clock"
    if type_ is ELEMENT or type_ is _WITH_ITEM:
        return "element"
    if isinstance(type_, y.OneOf):
        return " or ".join(type_word(option) for option in type_.options)
    return str(type_.name)


def parameter_type(node: t.Parameter, scope: ProcessScope) -> y.Type:
    """Gives a parameter's declared type; anything where it says none."""
    return type_of(node.type, scope) if node.type is not None else y.ANY


def case_type(scope: ProcessScope) -> y.ContextType:
    """Gives the type of one item of `cases`: everything a case has, seen from outside."""
    names = [
        *scope.elements,
        *scope.records,
        *scope.parameters,
        *scope.producers,
        *scope.inputs,
        *scope.slas,
        *scope.ledgers,
    ]
    fields = {name: seen_from(name, None, scope) for name in names}
    return y.ContextType(fields={**_CASE_FIELDS, **{n: v for n, v in fields.items() if v is not None}})


_CASE_FIELDS: dict[str, y.Type] = dict(CASE.fields) | {"case": CASE, "process": PROCESS}


def unit_fits(unit: str, figure: y.Type | None) -> bool:
    """Tells whether a figure can be shown in a unit: a length of time in one that it has, money in its currency."""
    field = UNITS[unit][0] if unit in UNITS else None
    if figure == y.DAYS_DURATION:
        return field in ("seconds", "days")
    if figure == y.YEARS_DURATION:
        return field == "months"
    return figure != y.MONEY or (field is None and unit != "percent")


def trend_fits(figure: y.Type | None) -> bool:
    """Tells whether figures can be held against one another; what is not known may be anything."""
    return figure in (None, y.ANY, y.NUMBER, y.MONEY, y.DAYS_DURATION, y.YEARS_DURATION)


def fits(found: y.Type, wanted: y.Type) -> bool:
    """Whether a value of an inferred type can be what a line wants; what is not known may be anything."""
    if found is y.ANY or found is y.NULL:
        return True
    if isinstance(found, y.OneOf):
        return any(fits(option, wanted) for option in found.options)
    if isinstance(wanted, y.OneOf):
        return any(fits(found, option) for option in wanted.options)
    if isinstance(found, y.ListType) and isinstance(wanted, y.ListType):
        return fits(found.item, wanted.item)
    if isinstance(found, y.ContextType) and isinstance(wanted, y.ContextType):
        return all(name in found.fields and fits(found.fields[name], ty) for name, ty in wanted.fields.items())
    return y.is_subtype(found, wanted)
