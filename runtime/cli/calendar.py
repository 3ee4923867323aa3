"""`charter calendar`: the public days by which cases count: shown, compared, taken from a file, published."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, FINDINGS, Misuse
from charter.runtime.cli.reasons import refused
from charter.runtime.cli.verb import JSON, Family, Verb, Whole, argument, option, switch
from charter.runtime.clock import iso

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from charter.engine.days import Year
    from charter.runtime.host.days import Version
    from charter.runtime.host.publishing import Foreseen

SHORT = 12  # digits of a digest that people are shown


def run_show(context: Context, country: str | None, year: int | None, as_json: bool) -> int:
    """Shows the years that are known; of one year its days."""
    found = context.cases.public_days.in_force()
    consulted(context, "calendar show")
    shown = [v for name, v in sorted(found.items()) if country in (None, name)]
    years = [(version, one) for version in shown for one in version.days.years if year in (None, one.number)]
    if as_json:
        context.output.json([_data(version, one, year is not None) for version, one in years])
        return DONE
    if not years:
        context.output.sentence(context.say("calendar.none"))
    elif year is not None:
        for version, one in years:
            context.output.sentence(_state(context, version.days.country, one))
            days = [(day, context.say(f"calendar.{kind}"), title or "") for day, kind, title in _days(one)]
            context.output.table([context.say(f"calendar.{head}") for head in ("day", "kind", "title")], days)
    else:
        heads = ("country", "year", "state", "closed", "open", "source", "digest")
        rows = [
            (
                version.days.country,
                one.number,
                context.say("calendar.provisional" if one.provisional else "calendar.published"),
                len(one.closed),
                len(one.open),
                version.source,
                version.digest[:SHORT],
            )
            for version, one in years
        ]
        context.output.table([context.say(f"calendar.{head}") for head in heads], rows, styles=("name",))
    return DONE


def _state(context: Context, country: str, year: Year) -> str:
    key = "year_provisional" if year.provisional else "year_published"
    return context.say(f"calendar.{key}", country=country, year=year.number)


def _days(year: Year) -> Iterator[tuple[str, str, str | None]]:
    yield from sorted(
        [(day.date, "closed", day.title) for day in year.closed] + [(day.date, "open", day.title) for day in year.open]
    )


def _data(version: Version, year: Year, whole: bool) -> dict[str, Any]:
    days = [{"day": day, "kind": kind, "title": title} for day, kind, title in _days(year)]
    return {
        "country": version.days.country,
        "year": year.number,
        "provisional": year.provisional,
        "off": len(year.closed),
        "made_up": len(year.open),
        "digest": version.digest,
        **({"days": days} if whole else {}),
    }


def run_check(context: Context, as_json: bool) -> int:
    """Tells which years running processes lack, and what the library has otherwise; 1 where there is anything."""
    from charter.runtime.author.public_days import NoPublicDays, from_library
    from charter.runtime.clock import text

    found = context.cases.public_days.in_force()
    needed = context.cases.public_days.processes()
    consulted(context, "calendar check")
    this = int(text(context.now)[:4])
    told: list[dict[str, Any]] = []
    for country, processes in needed.items():
        years = {} if country not in found else {one.number: one for one in found[country].days.years}
        for number in (this, this + 1):
            known = years.get(number)
            if known is None or known.provisional:
                kind = "missing" if known is None else "provisional"
                told.append({"kind": kind, "country": country, "year": number, "processes": processes})
    for country, version in found.items():
        for one in version.days.years:
            try:
                library = from_library(country, one.number)
            except NoPublicDays:
                continue
            one_way, other = (
                {day.date for days in (year.closed, year.open) for day in days} for year in (one, library)
            )
            days = sorted(one_way ^ other)
            if days:
                told.append({"kind": "differs", "country": country, "year": one.number, "days": days})
    if as_json:
        context.output.json(told)
    elif not told:
        context.output.sentence(context.say("calendar.clean"))
    else:
        for found_ in told:
            listed = {name: ", ".join(value) for name, value in found_.items() if isinstance(value, list)}
            context.output.line(context.say(f"calendar.check_{found_['kind']}", **{**found_, **listed}))
    return FINDINGS if told else DONE


def run_import(context: Context, file: str, country: str, provisional: bool, dry_run: bool, as_json: bool) -> int:
    """Takes years from a calendar file."""
    from charter.runtime.author.public_days import from_file

    refusal = context.cases.public_days.refusal(context.person)
    if refusal is not None:
        return refused(context, refusal)
    years = from_file(file, provisional=provisional)
    return _published(context, country, years, Path(file).name, dry_run, as_json)


def run_publish(context: Context, year: int, country: str, provisional: bool, dry_run: bool, as_json: bool) -> int:
    """Publishes a year: what is known of it, else what the library has."""
    from msgspec.structs import replace

    from charter.runtime.author.public_days import LIBRARY, from_library

    refusal = context.cases.public_days.refusal(context.person)
    if refusal is not None:
        return refused(context, refusal)
    known = context.cases.public_days.in_force().get(country)
    one = None if known is None else next((y for y in known.days.years if y.number == year), None)
    if one is not None and known is not None:
        return _published(context, country, [replace(one, provisional=provisional)], known.source, dry_run, as_json)
    years = [from_library(country, year, provisional=provisional)]
    return _published(context, country, years, LIBRARY, dry_run, as_json)


def run_list(context: Context, as_json: bool) -> int:
    """Lists the calendars that the organisation keeps, by which people may work."""
    from charter.runtime.people.hours import named

    with context.store.read() as connection:
        found = named(connection)
    consulted(context, "calendar list")
    if as_json:
        context.output.json([{"calendar": name, "lines": list(hours.lines)} for name, hours in found.items()])
    elif not found:
        context.output.sentence(context.say("calendar.no_named"))
    else:
        rows = [(name, "; ".join(hours.lines)) for name, hours in found.items()]
        context.output.table([context.say(f"calendar.{head}") for head in ("name", "lines")], rows, styles=("name",))
    return DONE


def run_define(context: Context, name: str, hours: str, as_json: bool) -> int:
    """Keeps a calendar of the organisation's by a name."""
    from charter.runtime.cli.people import change
    from charter.runtime.people.files import lines_of

    if not re.fullmatch(r"\w[\w-]{0,99}", name):
        raise Misuse("no_calendar_name", value=name)
    lines = lines_of(hours)
    refusal = change(context).define(name, lines)
    if refusal is not None:
        return refused(context, refusal)
    with context.committed():
        said = context.say("calendar.defined", name=name, lines="; ".join(lines))
        context.output.done(said, as_json, calendar=name, lines=list(lines))
    return DONE


def _published(context: Context, country: str, years: Sequence[Year], source: str, dry_run: bool, as_json: bool) -> int:
    from charter.dsl.check.calendars import COUNTRY

    if not re.fullmatch(COUNTRY, country):
        raise Misuse("no_country", country=country)
    if dry_run:
        return _foreseen(context, country, years, as_json)
    done = context.cases.public_days.publish(country, years, source=source, by=context.person)
    if done.refusal is not None:
        return refused(context, done.refusal)
    with context.committed():
        key = "done" if done.changed else "same"
        named = ", ".join(str(year.number) for year in years)
        said = context.say(f"calendar.{key}", country=country, years=named, cases=len(done.cases))
        digest = None if done.version is None else done.version.digest
        context.output.done(said, as_json, country=country, digest=digest, recounted=list(done.cases))
    return DONE


def _foreseen(context: Context, country: str, years: Sequence[Year], as_json: bool) -> int:
    """Shows what publishing would move in open cases."""
    from charter.engine.entries.cases import Redated
    from charter.engine.entries.clocks import ClockRecounted

    output, say = context.output, context.say
    found = context.cases.public_days.foresee(country, years)
    consulted(context, "calendar", text=country)
    if as_json:
        output.json({"country": country, "foreseen": [_foreseen_data(one) for one in found]})
        return DONE
    named = ", ".join(str(year.number) for year in years)
    output.sentence(say("calendar.would", country=country, years=named, cases=len(found)))
    rows = []
    for one in found:
        for entry in one.entries:
            moved = (entry.told.was, entry.told.due) if isinstance(entry.told, Redated | ClockRecounted) else ()
            dates = ["" if at is None else output.deadline(at) for at in moved] or ["", ""]
            rows.append((f"#{one.number}", entry.element or "", say(f"kinds.{entry.kind}"), *dates))
    heads = [say(f"calendar.{head}") for head in ("case", "element", "change", "was", "then")]
    output.table(heads, rows, styles=("name",))
    return DONE


def _foreseen_data(one: Foreseen) -> dict[str, Any]:
    from charter.engine.entries.cases import Redated
    from charter.engine.entries.clocks import ClockRecounted

    moved = [(entry, entry.told if isinstance(entry.told, Redated | ClockRecounted) else None) for entry in one.entries]
    return {
        "case": one.case,
        "number": one.number,
        "changes": [
            {"element": entry.element, "kind": entry.kind, "due": told and iso(told.due), "was": told and iso(told.was)}
            for entry, told in moved
        ],
    }


_CHANGES = [switch("--provisional"), switch("--dry-run", name="dry_run"), switch(JSON, name="as_json")]

VERBS = {
    "calendar": Family(
        "calendar",
        {
            "show": Verb(
                "calendar show",
                run_show,
                [option("--country", "CODE"), option("--year", "NUMBER", type=Whole()), switch(JSON, name="as_json")],
            ),
            "list": Verb("calendar list", run_list, [switch(JSON, name="as_json")]),
            "define": Verb(
                "calendar define",
                run_define,
                [argument("name", "NAME"), argument("hours", "HOURS"), switch(JSON, name="as_json")],
            ),
            "check": Verb("calendar check", run_check, [switch(JSON, name="as_json")]),
            "import": Verb(
                "calendar import",
                run_import,
                [
                    argument("file", "FILE"),
                    option("--country", "CODE", default="CN"),
                    *_CHANGES,
                ],
            ),
            "publish": Verb(
                "calendar publish",
                run_publish,
                [
                    argument("year", "YEAR", type=Whole()),
                    option("--country", "CODE", default="CN"),
                    *_CHANGES,
                ],
            ),
        },
    )
}
