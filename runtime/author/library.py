"""The processes that Charter ships, and a project that begins with one of them.

A shipped file is taken with all it reads and with the scenarios that are told of it. Invariants: a new project holds
every file that its process needs, checks without errors and passes its scenarios; no file that is there is touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from charter import processes
from charter.dsl.passes import Compiled
from charter.dsl.text import tree
from charter.dsl.text.parser import parse
from charter.dsl.text.source import read
from charter.engine.definition import Definition
from charter.runtime.author.stated import Open, parameters, stated
from charter.runtime.author.texts import SUFFIX, NoProcess, compile_file

SHIPPED = Path(processes.__file__).resolve().parent
SCENARIOS = "_scenarios"
_ASIDE = ("shared", "demo")  # what several processes use, and the data of the demo
VALUES = SHIPPED / "demo" / "values.yaml"  # examples of what an organisation decides


class Shipped(Struct, frozen=True):
    """A process of the library: in which file it stands, and what it is for."""

    name: str
    title: str
    goal: str
    path: Path


def shelf() -> list[Shipped]:
    """Lists the processes of the library by name; reads their headers alone."""
    found = []
    for path in sorted(SHIPPED.rglob(f"*{SUFFIX}")):
        if path.relative_to(SHIPPED).parts[0] not in _ASIDE and not path.stem.endswith(SCENARIOS):
            for item in parse(read(path.read_bytes(), path.name)).tree.items:
                if isinstance(item, tree.Process):
                    goal = next((line.text.text for line in item.body if isinstance(line, tree.Goal)), "")
                    title = item.title.text if item.title is not None else item.name.text
                    found.append(Shipped(item.name.text, title, goal, path))
    return sorted(found, key=lambda each: each.name)


def taken(name: str) -> Shipped:
    """Finds a process of the library by its name, or by that of its file; raises NoProcess."""
    there = shelf()
    for each in there:
        if each.name == name:
            return each
    for each in there:
        if each.path.stem == name:
            return each
    raise NoProcess(f"no process {name} in the library", path=SHIPPED.name, name=name)


def opened(one: Shipped) -> tuple[Compiled, Definition]:
    """Compiles a shipped file: all of it, and the process that was asked for."""
    compiled = compile_file(str(one.path))
    definition = compiled.definition(one.name)
    assert definition is not None  # shipped files have no errors
    return compiled, definition


def files(one: Shipped) -> Iterator[tuple[str, bytes]]:
    """Gives every file that a process of the library needs: (path within a project, bytes)."""
    scenarios = one.path.with_name(f"{one.path.stem}{SCENARIOS}{SUFFIX}")
    seen: dict[str, Path] = {}
    for path in (one.path, scenarios) if scenarios.exists() else (one.path,):
        for source in compile_file(str(path)).sources:
            found = Path(source).resolve()
            seen.setdefault(found.relative_to(one.path.parent).as_posix(), found)
    for name, path in seen.items():
        yield name, path.read_bytes()


def undecided(definitions: Iterable[Definition]) -> list[Open]:
    """Lists the parameters without a value, with the example of the library where there is one."""
    examples = dict(stated(VALUES))
    return [
        replace(one, example=examples.get(f"{one.processes[0]}.{one.name}", examples.get(one.name, one.example)))
        for one in parameters(definitions)
        if one.value is None
    ]


def staff(definitions: Iterable[Definition]) -> str:
    """Writes a file of people, one for each seat of each role, to be replaced by those who there are."""
    seats: dict[str, tuple[str, int]] = {}
    for definition in definitions:
        for role in definition.roles:
            title, count = seats.get(role.name, (role.title, 1))
            stages = (stage for e in definition.elements if e.agreement for stage in e.agreement.stages)
            needed = [many + stage.other for stage in stages for name, many in stage.seats if name == role.name]
            seats[role.name] = (title, max([count, *needed]))
    lines = ["people:"]
    for name, (title, count) in seats.items():
        for number in range(1, count + 1):
            lines += [f"  - id: {name}_{number}", f"    name: {title} {number}", f"    roles: [{name}]"]
    return "\n".join(lines) + "\n"
