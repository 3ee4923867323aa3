"""DMN models on the disk and the values they are given: files to a linked model, JSON and FEEL to inputs by name.

Imported models are looked for beside the file, by namespace. Knows the file system and JSON; nothing of how a model is
shown. Invariant: reading a model never raises for what stands in it, only for a file that is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from charter.dsl.dmn.findings import undeclared
from charter.dsl.dmn.from_xml import MOST_BYTES, Problem, read_dmn
from charter.engine import feel, values
from charter.engine.decisions import model as m
from charter.engine.decisions.graph import Graph
from charter.engine.feel import types as f
from charter.engine.feel.temporal_text import read_date, read_date_time, read_duration, read_time
from charter.runtime.author import texts

SUFFIX = ".dmn"


class Loaded(Struct, frozen=True):
    """A model with those it imports; `graph` None where the file is no model, for the reasons in `problems`."""

    graph: Graph | None
    problems: tuple[Problem, ...]


class BadInputs(Exception):
    """Inputs that cannot be meant: `key` of a sentence and what it names."""

    def __init__(self, key: str, **arguments: Any) -> None:
        super().__init__(key)
        self.key = key
        self.arguments = arguments


def load_model(path: str) -> Loaded:
    """Reads a model and, where it imports others, the models beside it; raises NoSuchFile or Unreadable."""
    model, problems = read_dmn(texts.read_bytes(path, MOST_BYTES + 1))
    if model is None:
        return Loaded(None, problems)
    imported: dict[str, m.Model] = {}
    if model.imports and path != texts.STDIN:
        beside: dict[str, m.Model] = {}
        for file in sorted(Path(path).parent.glob(f"*{SUFFIX}")):
            other = None if file.name == Path(path).name else _readable(file)
            if other is not None:
                beside.setdefault(other.namespace, other)
        todo = [model]
        while todo:
            for each in todo.pop().imports:
                found = beside.get(each.namespace)
                if found is not None and each.namespace not in imported and each.namespace != model.namespace:
                    imported[each.namespace] = found
                    todo.append(found)
    return Loaded(Graph(model, imported), problems)


def _readable(file: Path) -> m.Model | None:
    # Another file in the folder, broken or forbidden, is no matter of this one.
    try:
        return read_dmn(texts.read_bytes(file.as_posix(), MOST_BYTES + 1))[0]
    except (texts.NoSuchFile, texts.Unreadable):
        return None


def read_inputs(graph: Graph, data: Any, bindings: Iterable[tuple[str, str]], takes: Sequence[str]) -> dict[str, Any]:
    """Gives input values by name, from a file's data and from `NAME=FEEL` pairs, which go before; raises BadInputs.

    `data`: None where there is no file. `takes` are the names there are. A text where the model wants a date, time or
    duration is read as one.
    """
    given: dict[str, Any] = {}
    if data is not None:
        given |= _decoded(data)
    for name, text in bindings:
        parsed = feel.parse(text)
        if parsed.tree is None:
            raise BadInputs("bad_feel", name=name, detail=parsed.problems[0].message, text=text)
        value, reasons = feel.compile(parsed.tree).explain({})
        if value is None and reasons:
            raise BadInputs("bad_feel", name=name, detail=reasons[0], text=text)
        prefix, dot, rest = name.partition(".")
        if name not in takes and dot and prefix in takes:
            part = given.setdefault(prefix, {})
            if not isinstance(part, dict):
                raise BadInputs("bad_feel", name=name, detail=prefix, text=text)
            part[rest] = value
        else:
            given[name] = value
    for name in given:
        if name not in takes:
            raise BadInputs("no_input", name=name, known=tuple(takes))
    loose = {name: type_ for free in _loose(graph).values() for name, type_ in free.items()}
    types = {**loose, **{e.name: e.type for e in graph.own().values()}}
    kinds = {name: graph.items(graph.model).named(type_) for name, type_ in types.items()}
    return {
        name: _fitted(value, item.type) if (item := kinds.get(name)) is not None else value
        for name, value in given.items()
    }


def _decoded(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise BadInputs("no_object")
    try:
        return {name: values.decode(value) for name, value in data.items()}
    except values.NotAValue as error:
        raise BadInputs("bad_json", detail=str(error)) from None


_READERS: Mapping[f.Type, Any] = {
    f.DATE: read_date,
    f.TIME: read_time,
    f.DATE_TIME: read_date_time,
    f.DAYS_DURATION: read_duration,
    f.YEARS_DURATION: read_duration,
}


def _fitted(value: Any, type_: f.Type) -> Any:
    """Reads the texts of JSON that stand for dates and the like, as the type says; leaves all else to the model."""
    if isinstance(value, str) and type_ in _READERS:
        found = _READERS[type_](value)
        return value if found is None else found
    if isinstance(value, list) and isinstance(type_, f.ListType):
        return [_fitted(item, type_.item) for item in value]
    if isinstance(value, Mapping) and isinstance(type_, f.ContextType):
        return {key: _fitted(part, type_.fields.get(key, f.ANY)) for key, part in value.items()}
    return value


def missing(graph: Graph, decisions: Iterable[str], inputs: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """Lists the inputs that decisions need, directly or through others, and that are not given; with their types."""
    given, seen, found = graph.given(inputs), set[str](), list[tuple[str, str | None]]()
    loose = _loose(graph)
    todo = [key for name in decisions for key in graph.keys(name)]
    while todo:
        key = todo.pop()
        if key in seen or key in given:
            continue
        seen.add(key)
        element = graph.elements[key]
        if isinstance(element, m.InputData):
            home = graph.home[key]
            found.append((element.name if home is graph.model else f"{home.name}.{element.name}", element.type))
        found += [(name, type_) for name, type_ in loose.get(key, {}).items() if name not in inputs]
        todo += [target for _, _, target in reversed(graph.requires(key))]
    return list(dict.fromkeys(found))


def takes(graph: Graph) -> list[str]:
    """Lists the names that inputs may have: input data, decisions whose answer is given, and imported models.

    And names that decisions read and nothing declares: some tools declare no input data.
    """
    own = graph.own()
    inputs = [e.name for e in own.values() if isinstance(e, m.InputData)]
    decisions = [e.name for e in own.values() if isinstance(e, m.Decision)]
    imported = [each.name for each in graph.model.imports if each.name]
    merged = [e.name for key, e in graph.elements.items() if key not in own and isinstance(e, m.InputData)]
    loose = [name for free in _loose(graph).values() for name in free]
    return list(dict.fromkeys([*inputs, *loose, *imported, *merged, *decisions]))


def with_undeclared(graph: Graph, given: Mapping[str, Any]) -> dict[str, Any]:
    """Gives inputs with null for each that nothing declares and nobody gave, as input data have it."""
    return {**dict.fromkeys(name for free in _loose(graph).values() for name in free), **given}


def _loose(graph: Graph) -> dict[str, dict[str, str | None]]:
    return {key: free for key in graph.own() if (free := undeclared(graph, key))}
