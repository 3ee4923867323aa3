"""What a decision model is (OMG DMN 1.5, chapters 6 to 10), as frozen data; nothing here evaluates.

Expressions and unary tests are kept as FEEL text. Names are those of the model, blanks and operators included.
References between elements are element ids, imported ones prefixed by their namespace: `namespace#id`.
"""

from __future__ import annotations

from typing import Literal as OneOf

from msgspec import Struct

NOTHING = "null"  # what is read where a column has no expression

HitPolicy = OneOf["UNIQUE", "FIRST", "PRIORITY", "ANY", "COLLECT", "RULE ORDER", "OUTPUT ORDER"]
Aggregation = OneOf["SUM", "COUNT", "MIN", "MAX"]


class Box(Struct, frozen=True, kw_only=True):
    """A boxed expression (DMN 1.5, 10.2). `type` is the name of the type its value must have, if declared."""

    type: str | None = None


class Literal(Box, frozen=True):
    """FEEL text (7.3.1); `language` is set when the text is in another expression language."""

    text: str
    language: str | None = None


class Entry(Struct, frozen=True):
    """A named part of a context, an argument, a formal parameter's place: its name, type and expression."""

    name: str
    value: Box | None
    type: str | None = None


class Context(Box, frozen=True):
    """A boxed context (10.2.1.4); `result` is the last entry without a name, whose value is the whole's."""

    entries: tuple[Entry, ...]
    result: Box | None = None


class Items(Box, frozen=True):
    """A boxed list (10.2.1.5)."""

    items: tuple[Box, ...]


class Relation(Box, frozen=True):
    """A relation (10.2.1.6): rows of cells under named columns; a list of contexts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Box, ...], ...]


class Invocation(Box, frozen=True):
    """A boxed invocation (10.2.1.3) with named arguments."""

    function: Box
    arguments: tuple[Entry, ...]


class Parameter(Struct, frozen=True):
    name: str
    type: str | None = None


class FunctionBox(Box, frozen=True):
    """A boxed function definition (10.2.1.7); kind FEEL, Java or PMML. `body` None: nothing to call."""

    parameters: tuple[Parameter, ...]
    body: Box | None
    kind: str = "FEEL"


class Conditional(Box, frozen=True):
    """A boxed conditional (10.2.1.8)."""

    condition: Box
    then: Box
    otherwise: Box


class FilterBox(Box, frozen=True):
    """A boxed filter (10.2.1.9): the items of `items` for which `match` is true."""

    items: Box
    match: Box


class Iterator(Box, frozen=True):
    """A boxed iterator (10.2.1.10): `for` gives a list, `every` and `some` a truth value."""

    kind: OneOf["for", "every", "some"]
    variable: str
    items: Box
    body: Box


class InputClause(Struct, frozen=True):
    """A column of conditions: the expression tested, its type, the values it may have (unary tests)."""

    expression: str
    type: str | None = None
    allowed: str | None = None
    label: str | None = None


class OutputClause(Struct, frozen=True):
    """A column of conclusions. `allowed` is in order of priority; `default` holds when no rule matches."""

    name: str | None
    type: str | None = None
    allowed: str | None = None
    default: str | None = None


class Rule(Struct, frozen=True):
    """One row: a unary test for each input, an expression for each output."""

    tests: tuple[str, ...]
    outputs: tuple[str, ...]
    id: str | None = None


class Table(Box, frozen=True):
    """A decision table (DMN 1.5, chapter 8)."""

    inputs: tuple[InputClause, ...]
    outputs: tuple[OutputClause, ...]
    rules: tuple[Rule, ...]
    hit_policy: HitPolicy = "UNIQUE"
    aggregation: Aggregation | None = None


class ItemDefinition(Struct, frozen=True):
    """A named type (7.3.2): a base type with allowed values, or components; perhaps a list; or a function's type."""

    name: str
    type: str | None = None
    allowed: str | None = None
    constraint: str | None = None
    components: tuple[ItemDefinition, ...] = ()
    collection: bool = False
    function: tuple[tuple[str | None, ...], str | None] | None = None


class InputData(Struct, frozen=True):
    id: str
    name: str
    type: str | None = None


class Decision(Struct, frozen=True):
    """A decision: its logic and the ids of the inputs, decisions and knowledge that it requires."""

    id: str
    name: str
    logic: Box | None = None
    type: str | None = None
    requires: tuple[str, ...] = ()
    question: str | None = None


class Knowledge(Struct, frozen=True):
    """A business knowledge model: a named function and the knowledge that it requires."""

    id: str
    name: str
    logic: FunctionBox | None = None
    type: str | None = None
    requires: tuple[str, ...] = ()


class Service(Struct, frozen=True):
    """A decision service (6.3.8): which decisions it gives, computes inside, and takes as arguments; ids."""

    id: str
    name: str
    outputs: tuple[str, ...]
    encapsulated: tuple[str, ...] = ()
    input_decisions: tuple[str, ...] = ()
    input_data: tuple[str, ...] = ()
    type: str | None = None


class Import(Struct, frozen=True):
    """Another model, known here under `name` (empty: its names join this model's)."""

    namespace: str
    name: str


class Model(Struct, frozen=True):
    """A whole definitions element."""

    name: str
    namespace: str
    imports: tuple[Import, ...] = ()
    items: tuple[ItemDefinition, ...] = ()
    inputs: tuple[InputData, ...] = ()
    decisions: tuple[Decision, ...] = ()
    knowledge: tuple[Knowledge, ...] = ()
    services: tuple[Service, ...] = ()
