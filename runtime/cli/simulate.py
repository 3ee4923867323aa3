"""`charter simulate FILE`: how cases would go: lead time, waiting, lateness, what one more person changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from charter.runtime.author import texts
from charter.runtime.cli.check import broken
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Misuse
from charter.runtime.cli.progress import counted
from charter.runtime.cli.verb import JSON, Binding, Verb, Whole, Words, argument, option, switch

if TYPE_CHECKING:
    from charter.engine.commands import Actor
    from charter.engine.definition import Definition
    from charter.runtime.simulation.fit import Lengths
    from charter.runtime.simulation.setting import Rate, Setting

FORMATS = ("text", "csv")
_MOST_CASES = 200_000  # six kilobytes each
_MOST_YEARS = 200  # in which the cases arrive
_MOST_STAFF = 10_000


class Arrivals(click.ParamType[Any]):
    """How often cases arrive: `20 a day`."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from charter.runtime.simulation.setting import Rate, rate

        found = value if isinstance(value, Rate) else rate(str(value))
        if found is None:
            raise Misuse("no_rate", ctx, value=value)
        return found


def run_simulate(
    context: Context,
    file: str,
    process: str | None,
    cases: int,
    arrive: Rate | None,
    people: str | None,
    staff: Sequence[tuple[str, str]],
    trail: bool,
    seed: int,
    what_if: str | None,
    chart: str | None,
    as_json: bool,
    form: str,
) -> int:
    """Simulates, and tells what is forecast."""
    from charter.engine.proof.assumptions import assumed
    from charter.runtime.cli import calibrated
    from charter.runtime.cli.forecasts import Report, as_data, write_csv
    from charter.runtime.simulation.forecast import forecast
    from charter.runtime.simulation.loop import simulate
    from charter.runtime.simulation.setting import Habits, Setting

    compiled = texts.compile_file(file)
    if compiled.failed:
        return broken(context, [d for d in compiled.diagnostics if d.is_error], compiled.sources)
    chosen = texts.choose(compiled, file, process)
    given = assumed(chosen)
    definition = chosen.bind(dict(given))
    others = [d.bind(dict(assumed(d))) for d in compiled.definitions if d.name != definition.name]
    if not 0 < cases <= _MOST_CASES:
        raise Misuse("no_cases", value=cases, most=f"{_MOST_CASES:,}")
    definitions = (definition, *others)
    if trail:
        definition, *others = definitions = calibrated.dated(context, definitions)
    seen = None if not trail else calibrated.from_trail(context, definitions)
    habits = Habits() if seen is None else seen.habits
    if arrive is None and habits.gaps is None:
        raise Misuse("missing", name="--arrive")
    given_people = (*_people(people, definitions), *_staff(staff, definitions))
    setting = Setting(
        definition=definition,
        definitions=definitions,
        cases=cases,
        gap=_gap(definition, arrive, habits.gaps, cases),
        seed=seed,
        people=given_people if given_people or seen is None else calibrated.people(context, definitions),
        habits=habits if arrive is None else replace(habits, gaps=None),
    )
    changed = None if what_if is None else _changed(setting, what_if)
    with counted(cases * (1 if changed is None else 2)) as told:
        try:
            found = forecast(simulate(setting, told))
            then = None if changed is None else forecast(simulate(changed, told))
        except OverflowError:
            raise Misuse("too_long", most=9999) from None
    report = Report(context, found, arrive, given)
    if chart is not None:
        texts.write_atomically(chart, report.chart().encode("utf-8"))
    if as_json:
        data = as_data(context, found, then, arrive, given, what_if)
        context.output.json({**data, "calibration": None if seen is None else calibrated.as_data(seen)})
    elif form == "csv":
        write_csv(context, found, then)
    else:
        report.tell(then, what_if)
        if seen is not None:
            calibrated.told(context, seen, definitions)
        if chart is not None:
            context.output.line(f"  {context.say('simulate.chart_written', path=chart)}")
    return 0


# -- what is given ---------------------------------------------------------------------------------------------------


def _gap(definition: Definition, arrive: Rate | None, gaps: Lengths | None, cases: int) -> float:
    """Gives the working time between two arrivals, on average: as given, else as seen; refuses what is absurd."""
    from charter.engine.proof.hours import day

    calendar = definition.calendar
    hours = day(calendar) * sum(map(bool, calendar.hours)) * 52
    if not hours:
        raise Misuse("no_hours", name=calendar.name)
    gap = arrive.gap(calendar) if arrive is not None else gaps.average if gaps is not None else 0.0
    if gap * cases > hours * _MOST_YEARS:
        raise Misuse("too_rare", value="" if arrive is None else arrive.text, count=cases, most=_MOST_YEARS)
    return gap


def _roles(definitions: Sequence[Definition]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(role.name for d in definitions for role in d.roles))


def _known(role: str, definitions: Sequence[Definition]) -> str:
    """Gives a role, by its name or title; refuses another."""
    titles = {role.title: role.name for d in definitions for role in d.roles}
    name = titles.get(role, role)
    if name not in _roles(definitions):
        raise Misuse("no_such_role", role=role, known=_roles(definitions))
    return name


def _staff(given: Sequence[tuple[str, str]], definitions: Sequence[Definition]) -> list[Actor]:
    from charter.runtime.simulation.crew import staffed

    counts: dict[str, int] = {}
    for role, count in given:
        name = _known(role, definitions)
        if not re.fullmatch("[0-9]{1,9}", count) or not 0 < int(count) <= _MOST_STAFF:
            raise Misuse("no_staff", value=count, role=role, most=f"{_MOST_STAFF:,}")
        if name in counts:
            raise Misuse("staff_twice", role=role)
        counts[name] = int(count)
    return staffed(definitions, counts)


def _people(file: str | None, definitions: Sequence[Definition]) -> list[Actor]:
    """Reads those people of a file who hold a role of the processes."""
    from charter.engine.commands import Actor
    from charter.runtime.people import files
    from charter.runtime.people.directory import ANY

    if file is None:
        return []
    names, roles = {ANY, *(d.name for d in definitions)}, set(_roles(definitions))
    found = []
    for entry in map(files.Entry.of, files.read(Path(file))):
        held = tuple(role for role, scope in entry.roles if scope in names and role in roles)
        if held:
            certificates = tuple(name for name, _ in entry.certificates)
            found.append(Actor(entry.id, held, skills=entry.skills, certificates=certificates))
    if not found:
        raise Misuse("nobody", file=file, known=_roles(definitions))
    return found


_CHANGE = re.compile(r"(?:role\s+|角色\s*)?(?P<role>.+?)\s*(?P<sign>[+\-−＋－])\s*(?P<count>[0-9]{1,5})")


def _changed(setting: Setting, text: str) -> Setting:
    """Gives the setting with more or fewer people of a role: `role support +1`."""
    from charter.runtime.simulation.crew import somebody

    found = _CHANGE.fullmatch(text.strip())
    if found is None:
        raise Misuse("no_change", value=text)
    role = _known(found["role"], setting.definitions)
    there = [actor for actor in setting.people if role in actor.roles]
    count = int(found["count"]) * (1 if found["sign"] in "+＋" else -1)
    if not there:
        raise Misuse("not_limited", role=found["role"])
    if len(there) + count < 1 or count > _MOST_STAFF:
        raise Misuse("too_few", value=text, role=found["role"], count=len(there))
    if count < 0:
        gone = {actor.person for actor in there[count:]}
        return replace(setting, people=[actor for actor in setting.people if actor.person not in gone])
    more = [somebody(setting.definitions, f"{role}+{number}", (role,)) for number in range(1, count + 1)]
    return replace(setting, people=[*setting.people, *more])


VERBS = {
    "simulate": Verb(
        "simulate",
        run_simulate,
        [
            argument("file", "FILE"),
            option("--process", "PROCESS"),
            option("--cases", "NUMBER", type=Whole(), default=1000),
            option("--arrive", "RATE", type=Arrivals()),
            option("--people", "FILE"),
            option("--staff", "ROLE=NUMBER", many=True, type=Binding()),
            switch("--from-trail", name="trail"),
            option("--seed", "NUMBER", type=Whole(), default=1),
            option("--what-if", "CHANGE", name="what_if"),
            option("--chart", "FILE"),
            switch(JSON, name="as_json"),
            option("--format", "NAME", name="form", type=Words(FORMATS), default="text"),
        ],
    )
}
