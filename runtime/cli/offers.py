"""What a shell offers to complete: cases, elements, processes, people and codes that there are.

Asks and never makes or changes anything, and enters no look: nothing is offered to whom the directory does not know,
nor where there is no database or it cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

from charter.engine.errors import CharterError
from charter.engine.keys import name_of
from charter.runtime.cli.consulted import is_known
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Misuse

MOST = 100
Offer = tuple[str, str]  # what to type, and what it is


def _cases(context: Context, _: Mapping[str, Any]) -> Iterator[Offer]:
    from charter.runtime.desk.register import listed

    with context.reading.read() as connection:
        for case in listed(connection, limit=MOST):
            yield str(case.number), f"{case.process}, {context.say(f'states.{case.status}')}"


def _elements(context: Context, given: Mapping[str, Any]) -> Iterator[Offer]:
    case = context.reading.resolve(given["case"])
    titles = {element.name: element.title for element in context.reading.definition(case).elements}
    for key, node in context.reading.state(case).nodes.items():
        yield key, f"{titles.get(node.element, '')} {context.say(f'states.{node.state}')}"


def _records(context: Context, given: Mapping[str, Any]) -> Iterator[Offer]:
    case = context.reading.resolve(given["case"])
    titles = {record.name: record.title for record in context.reading.definition(case).records}
    for key, version in context.reading.state(case).versions.items():
        yield key, f"{titles.get(name_of(key), '')} v{version.number}"


def _processes(context: Context, _: Mapping[str, Any]) -> Iterator[Offer]:
    yield from ((definition.name, definition.title) for definition in context.reading.processes())


def _people(context: Context, _: Mapping[str, Any]) -> Iterator[Offer]:
    from charter.runtime.people.changes import People

    yield from ((person.id, person.name) for person in People(context.store, by="").all())


def _codes(context: Context, _: Mapping[str, Any]) -> Iterator[Offer]:
    from charter.runtime.cli.codes import codes

    yield from codes(context.say)


def _clauses(context: Context, _: Mapping[str, Any]) -> Iterator[Offer]:
    from charter.runtime.audit.clauses import by_clause

    for definition in context.reading.processes():
        for clause, found in by_clause(definition).items():
            yield clause, ", ".join(carrier.name for carrier in found)


# metavar -> what there is
OFFERS: Mapping[str, Callable[[Context, Mapping[str, Any]], Iterator[Offer]]] = {
    "CASE": _cases,
    "ELEMENT": _elements,
    "RECORD": _records,
    "PROCESS": _processes,
    "PERSON": _people,
    "STAND_IN": _people,
    "CODE": _codes,
    "CLAUSE": _clauses,
}


def offers(ctx: click.Context, metavar: str, incomplete: str) -> list[CompletionItem[str]]:
    """Gives what fits the word begun; nothing where that cannot be known."""
    try:
        if metavar != "CODE" and not is_known(ctx.obj, ctx.obj.person):
            return []
        found = list(OFFERS[metavar](ctx.obj, ctx.params))
    except (CharterError, KeyError, Misuse):
        return []
    return [CompletionItem(word, help=what) for word, what in found if word.startswith(incomplete)]
