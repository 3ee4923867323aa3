"""Where the records of a verb come from: flags, data files, or a form that asks field by field on a terminal.

`gather` puts flags and files together, `Form` asks. Both end in the values of `intake.Reader`. The module knows
nothing of cases and writes to nobody: it asks and tells through the two functions it is given. Invariant: a form
never ends with a value that its field's type cannot read or whose `where` is false.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from charter.engine import feel, values
from charter.engine.definition import Field, RecordType, TypeRef
from charter.engine.step.contents import is_blank, speaks_of_absence
from charter.runtime.author.data import SUFFIXES, NoWay, clash, load, put, read_input, steps
from charter.runtime.author.intake import Misfit, Reader
from charter.runtime.author.shown import shown

if TYPE_CHECKING:
    from charter.runtime.cli.messages import Messages


class Astray(Struct, frozen=True):
    """A flag or file that belongs to no wanted record or leads nowhere: `key` under [data], and what it names."""

    key: str
    arguments: Mapping[str, Any]


_FILE = TypeRef("file")


class Gathered(Struct, frozen=True):
    """Values by record name, and what was wrong with what was given."""

    records: dict[str, Any]
    faults: tuple[Misfit | Astray, ...]


def gather(
    reader: Reader,
    wanted: Sequence[str],
    sets: Sequence[tuple[str, str]],
    data: Sequence[str],
    current: Mapping[str, Any],
) -> Gathered:
    """Reads `--set path=value` and `--data [path=]FILE` into values of the wanted records.

    A path may leave the record's name out where only one is wanted. What a path names changes the record's current
    value (`current`: encoded) where there is one and no file gives the whole record. The file of a path that leads to a
    `file` is that file. Raises FileNotReadable and data.Unreadable.
    """
    trees: dict[str, Any] = {}
    bases: dict[str, Path] = {}
    sources: dict[tuple[str, ...], str] = {}
    faults: list[Misfit | Astray] = []

    def home(path: str) -> tuple[list[str], TypeRef | None] | None:
        way = steps(path)
        if not way or way[0] not in wanted:
            if len(wanted) != 1:
                faults.append(_astray(path, wanted))
                return None
            way = [wanted[0], *way]
        return reader.way(way)

    def place(way: list[str], kind: TypeRef | None, value: Any, source: str) -> None:
        value = reader.named(value, kind, ".".join(way))
        if sources.setdefault(tuple(way), source) != source:
            faults.append(
                Astray("given_twice", {"path": ".".join(way), "other": sources[tuple(way)], "source": source})
            )
        if len(way) == 1:
            trees[way[0]] = value
            return
        if way[0] not in trees:
            trees[way[0]] = _thawed(reader.typed(current.get(way[0]), way[0]))
        try:
            put(trees, way, value)
        except NoWay as error:
            faults.append(Astray(error.told, error.arguments))

    named: list[tuple[list[str], TypeRef | None, str]] = []
    for spec in data:
        path, equals, name = spec.partition("=")
        if not equals or Path(spec).is_file():
            named.append(([], None, spec))
        elif (found := home(path)) is not None:
            named.append((*found, name))
    # What a whole file says stands before what a path changes in it, whichever was named first.
    for way, kind, name in sorted(named, key=lambda each: len(each[0])):
        if _is_file(kind, name):
            place(way, kind, Path(name) if kind == _FILE else [Path(name)], name)
            continue
        content = read_input() if name == "-" else load(name)
        shares = {".".join(way): content} if way else _shared_out(content, wanted, reader, name, faults)
        for each, tree in shares.items():
            place(way or [each], kind if way else TypeRef("record", record=each), tree, name)
            bases[(way or [each])[0]] = Path(name).parent
    _apart((way for way in sources if len(way) > 1), faults)

    given: dict[tuple[str, ...], tuple[TypeRef | None, list[str]]] = {}
    for path, text in sets:
        found = home(path)
        if found is not None:
            given.setdefault(tuple(found[0]), (found[1], []))[1].append(text)
    _apart(given, faults)
    for path_, (kind, texts) in given.items():
        values_ = [Path(text) if kind == _FILE else text for text in texts]
        place([*path_], None, values_[0] if len(values_) == 1 else values_, "--set")

    out: dict[str, Any] = {}
    for record, tree in trees.items():
        reader.base = bases.get(record, Path())
        out[record] = reader.value(tree, TypeRef("record", record=record), record)
    return Gathered(out, (*faults, *reader.misfits))


def _is_file(kind: TypeRef | None, name: str) -> bool:
    """Tells whether what stands at a path is the file itself, not what it says."""
    return kind == _FILE or (kind is not None and kind.item == _FILE and not name.endswith(SUFFIXES))


def _apart(paths: Iterable[tuple[str, ...]], faults: list[Misfit | Astray]) -> None:
    if pair := clash(paths):
        first, second = (".".join(path) for path in pair)
        faults.append(Astray("inside", {"name": first, "other": second}))


def _astray(path: str, wanted: Sequence[str]) -> Astray:
    """Says that a flag or file belongs to none of the wanted records, or that none is wanted."""
    if not wanted:
        return Astray("no_record", {"path": path})
    return Astray("which_record", {"path": path, "records": ", ".join(wanted)})


def _thawed(encoded: Any) -> Any:
    """Gives a current value as plain data that may be changed; tagged values stay as they are."""
    if isinstance(encoded, Mapping):
        return {key: _thawed(value) for key, value in encoded.items()}
    if isinstance(encoded, list | tuple):
        return [_thawed(item) for item in encoded]
    return {} if encoded is None else encoded


def _shared_out(
    content: Any, wanted: Sequence[str], reader: Reader, name: str, faults: list[Misfit | Astray]
) -> dict[str, Any]:
    """Tells which record a whole file gives: one keyed by records, the only one wanted, or the rows of its list."""
    if isinstance(content, Mapping) and content and set(content) <= set(wanted):
        sole = reader.records.get(wanted[0]) if len(wanted) == 1 else None
        if sole is None or not set(content) <= {f.name for f in sole.fields}:
            return dict(content)
    if len(wanted) != 1:
        faults.append(_astray(name, wanted))
        return {}
    record = wanted[0]
    if isinstance(content, list):
        fields = [f for f in reader.records[record].fields if f.type.name == "list"]
        tables = [f.name for f in fields if f.type.item and f.type.item.name == "record"]
        lists = tables or [f.name for f in fields]
        if len(lists) == 1:
            return {record: {lists[0]: content}}
        if len(content) == 1:
            return {record: content[0]}
    return {record: content}


def said(fault: Misfit | Astray, say: Messages) -> str:
    """Says a fault in one sentence."""
    if isinstance(fault, Astray):
        return say(f"data.{fault.key}", **fault.arguments)
    expected = say(f"intake.{fault.expected}", **fault.arguments)
    return say("intake.misfit", path=fault.path, given=fault.given, expected=expected)


class Form:
    """Asks a person for a record, field by field, in the language of `say`.

    `ask` gives the answer to a prompt (EOFError or KeyboardInterrupt end the form), `tell` shows a line, `knows` says
    whether there is a person of an id.
    """

    def __init__(
        self,
        reader: Reader,
        say: Messages,
        ask: Callable[[str], str],
        tell: Callable[[str], None],
        knows: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self.reader = reader
        self.knows = knows
        self.say = say
        self.ask = ask
        self.tell = tell

    def record(self, record: RecordType, current: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Asks for every field; an empty answer keeps the current value, or leaves an optional field out."""
        self.tell(self.say("intake.form", title=record.title, record=record.name))
        return self._fields(record, current or {}, "  ")

    def _fields(self, record: RecordType, current: Mapping[str, Any], indent: str) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for f in record.fields:
            if f.filled:
                continue
            value = self._field(f, out, current.get(f.name), indent)
            if value is not None:
                out[f.name] = value
        return out

    def _field(self, f: Field, so_far: Mapping[str, Any], current: Any, indent: str) -> Any:
        self.tell(f"{indent}{self.label(f)}")
        while True:
            value = self._answer(f.type, f.name, current, indent, not f.needed)
            if value is None and f.default is not None:
                return None  # which its default takes the place of
            if value is None and f.required is not None and _holds(f.required, so_far) is not True:
                return None
            if value is None and f.optional and not (f.where and speaks_of_absence(f.where, f.name)):
                return None
            if not f.optional and (value is None or is_blank(value)):
                self.tell(f"{indent}  {self.say('intake.needed')}")
                continue
            if f.where and _holds(f.where, {**so_far, f.name: value}) is False:
                self.tell(f"{indent}  {self.say('intake.where', condition=f.where)}")
                continue
            return value

    def label(self, f: Field) -> str:
        """Says what a field wants: title, name, type, choices, constraint, whether it may stay empty."""
        parts = [self.say(f"intake.{f.type.name}", choices=_choices(f.type), record=f.type.record)]
        if f.where:
            parts.append(self.say("intake.constraint", condition=f.where))
        if f.optional:
            parts.append(self.say("intake.optional"))
        if f.required:
            parts.append(self.say("intake.required_when", condition=f.required))
        if f.default:
            parts.append(self.say("intake.default", value=f.default))
        name = f.name if f.title == f.name else self.say("intake.named", title=f.title, name=f.name)
        return self.say("intake.label", name=name, wants=self.say("intake.and").join(parts))

    def _answer(self, kind: TypeRef, name: str, current: Any, indent: str, optional: bool) -> Any:
        if kind.name == "record":
            assert kind.record is not None
            inner = current if isinstance(current, Mapping) else {}
            return self._fields(self.reader.records[kind.record], inner, indent + "    ")
        if kind.name == "list":
            return self._items(kind, name, current, indent, optional)
        default = shown(current)
        while True:
            text = self.ask(f"{indent}  {name}{f' [{default}]' if default else ''}{self.say('frame.colon')}").strip()
            if not text:
                return values.decode(current) if current is not None else None
            if kind.name == "choice" and text.isdigit() and 0 < int(text) <= len(kind.choices):
                return kind.choices[int(text) - 1]
            value = self.reader.value(text, kind, name)
            if self.reader.misfits:
                self.tell(f"{indent}  {said(self.reader.misfits[0], self.say)}")
                self.reader.misfits.clear()
            elif kind.name == "person" and not self.knows(value):
                self.tell(f"{indent}  {self.say('refusals.CH580', person=value)}")
            else:
                return value

    def _items(self, kind: TypeRef, name: str, current: Any, indent: str, optional: bool) -> Any:
        assert kind.item is not None
        items: list[Any] = []
        kept = list(current) if isinstance(current, list | tuple) else []
        if kept and self._yes("intake.keep", indent, True, count=len(kept)):
            items = [values.decode(item) for item in kept]
        if kind.item.name == "record":
            # the first item of a list that must not be empty is no question
            while self._yes("intake.another", indent, not (items or optional), name=name, number=len(items) + 1):
                items.append(self._answer(kind.item, name, None, indent, False))
        else:
            self.tell(f"{indent}  {self.say('intake.end_with_empty')}")
            while (value := self._answer(kind.item, f"{name}[{len(items) + 1}]", None, indent, True)) is not None:
                items.append(value)
        return items or (None if optional else [])

    def _yes(self, key: str, indent: str, otherwise: bool, **arguments: Any) -> bool:
        """Asks until the answer is one; `otherwise` is what an empty answer means."""
        while True:
            answer = self.ask(
                indent + "  " + self.say(key, **arguments) + self.say("intake.or_yes" if otherwise else "intake.or_no")
            )
            meant = yes(answer, otherwise)
            if meant is not None:
                return meant
            self.tell(f"{indent}  {self.say('intake.yes_or_no')}")


def yes(answer: str, otherwise: bool) -> bool | None:
    """Tells what an answer to a yes-or-no question means; None where it is neither."""
    word = answer.strip().lower()
    return otherwise if not word else True if word in _YES else False if word in _NO else None


_YES = frozenset(("y", "yes", "是", "1", "true"))
_NO = frozenset(("n", "no", "否", "0", "false"))


def _choices(kind: TypeRef) -> str:
    return "  ".join(f"{number}={choice}" for number, choice in enumerate(kind.choices, 1))


def _holds(condition: str, scope: Mapping[str, Any]) -> Any:
    """Evaluates a field's `where` over the record so far; unknown (null) where it reads what is not there yet."""
    parsed = feel.parse(condition)
    return feel.compile(parsed.tree).evaluate(scope) if parsed.tree is not None else None
