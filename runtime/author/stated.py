"""Values that an organisation states once, in a file, for parameters that its processes leave open.

The file is YAML or JSON: `inspection_rhythm: 2 weeks` is for every process that has such a parameter, and what stands
below the name of a process is for that one. A value is written as `--set` takes it; an empty one is not decided yet.
Knows neither the database nor what the values mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from charter.engine.definition import Definition
from charter.runtime.author.data import Unreadable, load

# type -> a value, as a file states it, that stands for it until somebody decides
EXAMPLES = {
    "duration": "1 week",
    "period": "1 month",
    "percent": "95%",
    "money": "10000 CNY",
    "number": "10",
    "integer": "10",
    "boolean": "true",
    "date": "2026-01-01",
}


class Open(Struct, frozen=True):
    """A parameter that one or several processes leave open or have got a value for: `value` is FEEL, None while open.

    `type` and `example` are as they are written, `clauses` those that the parameter is cited from.
    """

    name: str
    title: str
    type: str
    processes: tuple[str, ...]
    clauses: tuple[str, ...]
    example: str
    value: str | None


def stated(file: str | Path) -> tuple[tuple[str, str], ...]:
    """Reads a file of values: each with the parameter's name, or `PROCESS.NAME`; raises Unreadable, FileNotReadable."""
    data = load(file)
    if not isinstance(data, Mapping):
        raise _misshapen(file, "")
    common = [(name, value) for name, value in data.items() if not isinstance(value, Mapping)]
    own = [
        (f"{process}.{name}", value)
        for process, inner in data.items()
        if isinstance(inner, Mapping)
        for name, value in inner.items()
    ]
    # what is stated for one process comes after what is stated for all, and replaces it there
    return tuple(_texts(file, (*common, *own)))


def _texts(file: str | Path, found: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    for name, value in found:
        if isinstance(value, Mapping | list):
            raise _misshapen(file, name)
        if value is not None and str(value).strip():
            yield name, str(value).lower() if isinstance(value, bool) else str(value).strip()


def _misshapen(file: str | Path, name: str) -> Unreadable:
    error = Unreadable("values" if not name else "value", name=name)
    error.arguments["file"] = str(file)
    return error


def unused(definitions: Iterable[Definition], given: Iterable[tuple[str, str]]) -> list[str]:
    """Names what a file states and none of these processes has."""
    there = {name for d in definitions for p in d.parameters for name in (p.name, f"{d.name}.{p.name}")}
    return [name for name, _ in given if name not in there]


def parameters(definitions: Iterable[Definition]) -> list[Open]:
    """Lists every parameter by name; those of several processes that are one in name, title, type and value, once."""
    found: dict[tuple[Any, ...], list[tuple[str, tuple[str, ...]]]] = {}
    for d in definitions:
        for p in d.parameters:
            kind = p.type.name if p.type is not None else "text"
            example = p.type.choices[0] if p.type is not None and p.type.choices else EXAMPLES.get(kind, "…")
            found.setdefault((p.name, p.title, kind, example, p.value), []).append((d.name, p.clauses))
    rows = []
    for (name, title, kind, example, value), owners in found.items():
        clauses = tuple(dict.fromkeys(clause for _, cited in owners for clause in cited))
        processes = tuple(sorted({process for process, _ in owners}))
        rows.append(Open(name, title, kind, processes, clauses, example, value))
    return sorted(rows, key=lambda one: (one.name, one.processes))


def template(found: Iterable[Open], head: str, *, examples: bool = False) -> str:
    """Writes a file of values to fill in, `head` being its first lines: what each is, and where it is said.

    A name that means one thing stands for all processes; one that means several stands below each process.
    With `examples`, each value is an example.
    """
    rows = [one for one in found if one.value is None]
    names = [one.name for one in rows]
    lines = [f"# {line}" for line in head.splitlines()]
    own: dict[str, list[str]] = {}
    for one in rows:
        about = " · ".join(filter(None, (one.title, one.type, " ".join(one.clauses))))
        value = f" {_scalar(one.example)}" if examples else f"  # {one.example}"
        if names.count(one.name) == 1:
            lines += ["", f"# {about} · {', '.join(one.processes)}", f"{one.name}:{value}"]
        else:
            for process in one.processes:
                own.setdefault(process, []).extend((f"  # {about}", f"  {one.name}:{value}"))
    for process in sorted(own):
        lines += ["", f"{process}:", *own[process]]
    return "\n".join(lines) + "\n"


def _scalar(text: str) -> str:
    return text if text.isascii() and text[:1].isalnum() else f'"{text}"'
