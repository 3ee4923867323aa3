"""What values are made of as a process file declares them: types, fields, records, registers and what is filed there.

Part of a definition (`definition.py`), in a module of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from charter.engine.plain import Kept


class TypeRef(Kept, frozen=True):
    """A field's or parameter's type.

    `name` is one of text number integer money percent boolean date time datetime duration period person file choice
    list record; `item` is set for list, `record` for record, `choices` for choice.
    """

    name: str
    item: TypeRef | None = None
    record: str | None = None
    choices: tuple[str, ...] = ()


class Draw(Kept, frozen=True):
    """So many people (`count`, FEEL) drawn by lot from a role, or (`data`) from those whom FEEL names.

    `excluded`: FEEL giving somebody, or a list, who is not to be among them.
    """

    count: str
    pool: str
    data: bool = False
    excluded: str | None = None


class CaseNumber(Kept, frozen=True):
    """By what a case is called: the `serial`-th of a `series` (`sequences.py`)."""

    series: str
    serial: int
    text: str


class Lot(Kept, frozen=True):
    """What a draw needs from outside: for `field` (`record.field`) the seed, and who holds the role it draws from."""

    field: str
    seed: str
    people: tuple[str, ...] = ()


class Field(Kept, frozen=True):
    """A record's field; `where` is a FEEL condition over the record's own fields and the case's scope.

    `visible`: the roles that may read it, all who may read the record where it names none (`engine/reading.py`).
    `computed`: FEEL over the record's own fields and the parameters, what it comes to and nobody gives; `default`: over
    all that `where` sees, what it is where it is left out; `required`: the condition under which it may not be;
    `drawn`: by which lot it is filled, and nobody gives it (`engine/draws.py`).
    """

    name: str
    title: str
    type: TypeRef
    optional: bool = False
    where: str | None = None
    clauses: tuple[str, ...] = ()
    visible: tuple[str, ...] = ()
    computed: str | None = None
    default: str | None = None
    required: str | None = None
    drawn: Draw | None = None

    @property
    def may_lack(self) -> bool:
        """Whether a record may be without it."""
        return self.optional or self.required is not None

    @property
    def needed(self) -> bool:
        """Whether whoever fills the record in has to give it in any case."""
        return not self.may_lack and self.default is None and not self.filled

    @property
    def filled(self) -> bool:
        """Whether nobody gives it: it is computed, or drawn by lot."""
        return self.computed is not None or self.drawn is not None


class RecordType(Kept, frozen=True):
    """`amended`: the processes whose cases may amend it in cases that they are about."""

    name: str
    title: str
    fields: tuple[Field, ...] = ()
    clauses: tuple[str, ...] = ()
    visible: tuple[str, ...] = ()
    amended: tuple[str, ...] = ()


class Review(Kept, frozen=True):
    """Each entry of a register is looked at again a Span (FEEL text) after its last version, by these roles.

    `start`: the process of which a case is opened then, None where these roles are told and that is all; `arguments`
    as of `Work`, over the entry as `reviewed`.
    """

    every: str
    roles: tuple[str, ...] = ()
    start: str | None = None
    arguments: tuple[tuple[str, str], ...] = ()


class Register(Kept, frozen=True):
    """What the organisation knows beyond one case, in entries with these fields.

    `key` is the field that tells entries apart; without one it is the place at which an entry was filed.
    `counts`: its entries are those of a counter (`counters.py`), of what came about within the `window` (FEEL text).
    `visible`: the roles that may know of its entries, everybody who takes part in a process with it where it has none.
    """

    name: str
    title: str
    key: str | None = None
    fields: tuple[Field, ...] = ()
    review: Review | None = None
    clauses: tuple[str, ...] = ()
    counts: bool = False
    window: str | None = None
    visible: tuple[str, ...] = ()


class Filing(Kept, frozen=True):
    """`files SOURCE into REGISTER as …`: what an activity files when it is done.

    `source` is a record or a field of one (`summary.lessons`), a list an entry an item; `given`: (field, FEEL text).
    """

    register: str
    source: str | None = None
    given: tuple[tuple[str, str], ...] = ()


class Link(Kept, frozen=True):
    """`concerns PROCESS as NAME by EXPR`: the case of another process that a case is about.

    `by`: FEEL giving a text that names it; `facts`: what of it is read, each a path as that case is seen from outside.
    """

    name: str
    process: str
    by: str
    facts: tuple[str, ...] = ()


def names_persons(types: Mapping[str, RecordType], name: str) -> bool:
    """Says whether a record names persons, itself or in a record inside (a record never contains itself)."""
    kinds = [field.type.item or field.type for field in types[name].fields] if name in types else []
    return any(k.name == "person" or (k.record is not None and names_persons(types, k.record)) for k in kinds)
