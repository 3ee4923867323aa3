"""A forecast as it is told: as text, as JSON data, as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from charter.dsl.text.width import wrap
from charter.runtime.author.shown import shown
from charter.runtime.cli.context import Context
from charter.runtime.cli.failures import failure_sentence
from charter.runtime.cli.messages import Messages
from charter.runtime.cli.output import Cell
from charter.runtime.cli.reasons import reason_sentence
from charter.runtime.desk.views import placed
from charter.runtime.simulation.forecast import Estimate, Forecast, Measure, compare
from charter.runtime.simulation.setting import Rate
from charter.runtime.simulation.standing import MOST_COMMANDS, Standing

_STATUS = {"met": "good", "warn": "warn", "missed": "bad"}
_HOURS_OF_DAYS = 48  # so many hours and more are told in days


class Report:
    """A forecast as text."""

    def __init__(self, context: Context, found: Forecast, arrive: Rate | None, given: Mapping[str, str]) -> None:
        self.context, self.found, self.arrive, self.given = context, found, arrive, given
        self.say, self.output = context.say, context.output
        self.definition = found.run.setting.definition

    def tell(self, then: Forecast | None, what_if: str | None) -> None:
        say, output = self.say, self.output
        name = self.definition.name
        title = f" {self.definition.title}" if self.definition.title != name else ""
        output.line(output.style(f"{name}{title}", "strong"))
        output.line(f"  {self._counts()}")
        lead = self.of("process", name, "lead_time")
        half, most = (self.of("process", name, f"lead_time_{part}") for part in (50, 95))
        if lead is not None and half is not None and most is not None:
            lead = say("simulate.lead", lead=lead, half=half, most=most)
        through, waiting, late = (self.of("process", name, key) for key in ("throughput", "waiting", "late"))
        rows = [
            (say("simulate.throughput"), through and say("simulate.a_day", count=through)),
            (say("simulate.lead_time"), lead),
            (say("simulate.waiting"), waiting and say("simulate.a_case", amount=waiting)),
            (say("simulate.late"), late and say("simulate.of_cases", share=late)),
        ]
        output.sheet(rows, indent=2)
        self._table("role", ("people", "busy", "waiting"))
        self._table("element", ("times", "waiting", "work", "late"))
        self._table("kpi", ("value", "status"))
        self._stood()
        self._scarce()
        if then is not None:
            self._compared(then, what_if or "")
        self._assumed()

    def _counts(self) -> str:
        found, say = self.found, self.say
        return say(
            "simulate.counts",
            cases=len(found.run.arrived),
            rate=say("simulate.as_seen") if self.arrive is None else self.arrive.text,
            completed=found.ended - found.cancelled,
            cancelled=found.cancelled,
        )

    def chart(self) -> str:
        """Gives the forecast as an SVG chart."""
        from charter.runtime.drawing.chart import write_chart

        seed = self.say("simulate.seed", seed=self.found.run.setting.seed)
        return write_chart(self.found, self.say, (self._counts(), bottleneck(self.found, self.say), seed), self.shown)

    def of(self, what: str, name: str, measure: str) -> str | None:
        measured = self.found.find(what, name, measure)
        return None if measured is None else self.shown(measured, measured.estimate)

    def _table(self, what: str, heads: Sequence[str]) -> None:
        measures = [m for m in self.found.measures if m.what == what]
        if not measures:
            return
        self.output.line()
        rows: dict[tuple[str, str], dict[str, Any]] = {}
        for m in measures:
            row = rows.setdefault((m.name, repr(m.group)), {"times": f"{m.count:,}"})
            style = "bad" if m.measure == "late" and m.estimate.mean > 0 else None
            row[m.measure] = Cell(self.shown(m, m.estimate), style)
            if what == "role":
                row["people"] = self.say("simulate.unlimited") if m.people is None else str(m.people)
            if m.status in _STATUS:
                row["status"] = Cell(self.say(f"kpi.{m.status}"), _STATUS[m.status])
            if m.group is not None:
                row["name"] = f"{m.name} {_group(m)}"
        cells = [(row.get("name", name), *(row.get(head, "") for head in heads)) for (name, _), row in rows.items()]
        titles = [self.say(f"simulate.{head}") for head in (what, *heads)]
        self.output.table(titles, cells, styles=("name",), indent=2)

    def _stood(self) -> None:
        for stood in self.found.run.stood:
            key = "stood" if stood.element else "unopened"
            line = self.say(f"simulate.{key}", count=stood.count, element=stood.element, why=why(stood, self.context))
            parts = wrap(line, self.output.columns - 2)
            for part in parts:
                self.output.line(f"  {part}", "bad")
            place = _place(self.found, stood)
            if place is not None:
                self.output.line("  " + self.say("frame.place", place=place), "faint")

    def _scarce(self) -> None:
        self.output.line()
        style = "warn" if self.found.bottleneck.kind == "overloaded" else None
        for part in wrap(bottleneck(self.found, self.say), self.output.columns - 2):
            self.output.line(f"  {part}", style)

    def _compared(self, then: Forecast, what_if: str) -> None:
        rows = []
        for old, new, less in compare(self.found, then):
            if old.measure in ("throughput", "work") or (less.mean == 0 and not less.half):
                continue
            name = f"{old.name} {_group(old)}".strip() if old.what != "process" else ""
            sure = less.half is not None and abs(less.mean) > less.half
            said = self.say("simulate.value" if old.measure == "value" else f"simulate.{old.measure}")
            rows.append(
                (
                    name,
                    said,
                    self.shown(old, old.estimate, bare=True),
                    self.shown(new, new.estimate, bare=True),
                    Cell(self.shown(old, less, signed=True), None if sure else "faint"),
                )
            )
        self.output.line()
        self.output.sentence("  " + self.say("simulate.what_if", change=what_if), "strong")
        if rows:
            heads = ["", "", *(self.say(f"simulate.{head}") for head in ("now", "then", "difference"))]
            self.output.table(heads, rows, styles=("name",), indent=2)
        else:
            self.output.sentence("  " + self.say("simulate.same"))

    def _assumed(self) -> None:
        say, run = self.say, self.found.run
        comma = say("happened.comma")
        unlimited = [m.name for m in self.found.measures if m.measure == "busy" and m.people is None]
        lines = [say("simulate.interval")]
        for role, count in self.found.short.items():
            lines.append(say("simulate.short", role=role, count=f"{count:,}"))
        told = (("without_limit", unlimited), ("usual", sorted(run.usual)), ("instant", sorted(run.instant)))
        for key, names in told:
            if names:
                lines.append(say(f"simulate.{key}", names=comma.join(f"`{name}`" for name in names)))
        lines.append(say("simulate.seed", seed=run.setting.seed))
        if self.given:
            named = comma.join(f"`{name} = {text}`" for name, text in self.given.items())
            lines.append(say("prove.assumed", names=named))
        self.output.line()
        for line in lines:
            for part in wrap(line, self.output.columns - 2):
                self.output.line(f"  {self.output.style(part, 'faint')}")

    def shown(self, measure: Measure, estimate: Estimate, *, bare: bool = False, signed: bool = False) -> str:
        """Shows an estimate in its unit, with half its interval unless `bare`."""
        unit, mean, half = measure.unit, estimate.mean, None if bare else estimate.half
        sign = "+" if signed else ""
        if unit in ("share", "percent"):
            about = "" if half is None else f" ± {half * 100:.1f}"
            return f"{mean * 100:{sign}.1f}%{about}"
        if "hours" not in unit:
            about = "" if half is None else f" ± {half:.2f}"
            return f"{mean:{sign}.2f}{about}"
        factor, word = 1.0, "hours"
        if abs(mean) >= _HOURS_OF_DAYS and unit == "hours":
            factor, word = 24.0, "days"
        elif abs(mean) < 1:
            factor, word = 1 / 60, "minutes"
        about = "" if half is None else f" ± {half / factor:.1f}"
        return self.say(f"simulate.in_{word}", amount=f"{mean / factor:{sign}.1f}{about}")


def bottleneck(found: Forecast, say: Messages) -> str:
    """Says in a sentence what holds cases up most, and why it is that."""
    one = found.bottleneck
    return say(
        f"simulate.bottleneck_{one.kind}",
        role=one.role,
        element=one.element,
        load=f"{one.load:.0%}",
        people=one.people,
        enough=one.enough,
        waiting=in_hours(one.waiting, say),
        share=f"{one.share:.0%}",
    )


def in_hours(hours: float, say: Messages) -> str:
    """Says a length of working time."""
    if hours < 1:
        return say("simulate.in_minutes", amount=f"{hours * 60:.1f}")
    return say("simulate.in_hours", amount=f"{hours:.1f}")


def why(stood: Standing, context: Context) -> str:
    """Says in a sentence why cases stand still."""
    say = context.say
    if stood.kind == "turning":
        most = f"{MOST_COMMANDS:,}"
        if stood.reason is None:
            return say("simulate.turning", most=most)
        return say("simulate.turning_because", most=most, why=reason_sentence(stood.reason, say))
    if stood.reason is not None:
        return reason_sentence(stood.reason, say)
    if stood.failure:
        return failure_sentence(stood.failure, stood.element, say.lang)
    return say("simulate.failed" if stood.kind == "failed" else "simulate.unknown")


def _place(found: Forecast, stood: Standing) -> str | None:
    """Gives the line that holds cases back: of the condition, else of the element."""
    definition = next(d for d in found.run.setting.definitions if d.name == stood.process)
    subject = stood.reason.subject if stood.reason is not None else None
    return (definition.place(subject) if subject else None) or definition.place(stood.element)


def _group(measure: Measure) -> str:
    return "" if measure.group is None else shown(measure.group)


def _row(measure: Measure) -> dict[str, Any]:
    estimate = measure.estimate
    half = estimate.half
    return {
        "what": measure.what,
        "name": measure.name,
        "group": measure.group,
        "measure": measure.measure,
        "mean": round(float(estimate.mean), 6),
        "low": None if half is None else round(estimate.mean - half, 6),
        "high": None if half is None else round(estimate.mean + half, 6),
        "unit": measure.unit or None,
        "times": measure.count,
        "staff": measure.people,
        "status": measure.status,
    }


def _differences(found: Forecast, then: Forecast) -> Iterator[dict[str, Any]]:
    for _, new, less in compare(found, then):
        half = less.half
        yield {
            **_row(new),
            "difference": round(float(less.mean), 6),
            "difference_low": None if half is None else round(less.mean - half, 6),
            "difference_high": None if half is None else round(less.mean + half, 6),
        }


def _stood(found: Forecast, stood: Standing, context: Context) -> dict[str, Any]:
    return {
        "process": stood.process,
        "element": stood.element or None,
        "case_count": stood.count,
        "code": None if stood.reason is None else stood.reason.code,
        "condition": stood.condition,
        "message": why(stood, context),
        **placed(_place(found, stood)),
    }


def _because(found: Forecast, say: Messages) -> dict[str, Any]:
    one = found.bottleneck
    return {
        "kind": one.kind,
        "message": bottleneck(found, say),
        "element": one.element,
        "load": round(one.load, 6),
        "staff": one.people or None,
        "enough": one.enough or None,
        "mean": round(one.waiting, 6),
        "share": round(one.share, 6),
    }


def as_data(
    context: Context,
    found: Forecast,
    then: Forecast | None,
    arrive: Rate | None,
    given: Mapping[str, str],
    what_if: str | None,
) -> dict[str, Any]:
    run = found.run
    return {
        "process": run.setting.definition.name,
        "version": run.setting.definition.version,
        "arrive": None if arrive is None else arrive.text,
        "seed": run.setting.seed,
        "case_count": len(run.arrived),
        "completed": found.ended - found.cancelled,
        "cancelled": found.cancelled,
        "measures": [_row(measure) for measure in found.measures],
        "bottleneck": found.bottleneck.role,
        "because": _because(found, context.say),
        "stood": [_stood(found, stood, context) for stood in run.stood],
        "short_of_cases": [{"role": role, "case_count": count} for role, count in found.short.items()],
        "unmeasured": sorted(run.usual | run.instant),
        "assumed": dict(given),
        "what_if": None
        if then is None
        else {"text": what_if, "bottleneck": then.bottleneck.role, "measures": list(_differences(found, then))},
    }


def write_csv(context: Context, found: Forecast, then: Forecast | None) -> None:
    rows = [_row(m) for m in found.measures] if then is None else list(_differences(found, then))
    writer = csv.writer(context.output.stream, lineterminator="\n")
    if rows:
        writer.writerow(rows[0])
        writer.writerows(row.values() for row in rows)
