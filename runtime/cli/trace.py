"""`charter audit trace`: where a record version came from and what came of it, as trees, over the borders of cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from charter.engine.commands import SYSTEM
from charter.engine.reading import WITHHELD, is_withheld
from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Missing
from charter.runtime.cli.failures import withheld
from charter.runtime.cli.trail import kind_word, shown_time


def run_trace(context: Context, case: str, version: str, as_json: bool) -> int:
    """Draws where a record version came from and what came of it, over the borders of cases."""
    from charter.runtime.desk.crossings import web

    case = context.reading.resolve(case)
    around = web(context.reading)
    graph = around.of(case)
    assert graph is not None
    consulted(context, "trace", case=case, record=version)
    made = graph.find(version)
    if made is None:
        known = context.say.listed(m.name for versions in graph.versions.values() for m in versions)
        raise Missing(f"no version {version}", code="CH096", version=version, known=known or "-")
    sight = context.reading.sight(case)
    up = _as_read(context, case, around.upward(graph, made))
    down = _as_read(context, case, around.downward(graph, made))
    if as_json:
        context.output.json({**up, "value": sight.value(made.key, made.value), "came": down})
        return 0
    say, output = context.say, context.output
    output.line(f"{output.style(made.name, 'strong')}  {_deed(context, up['deed'])}")
    output.sentence(say("audit.came_from"), "faint")
    _draw(context, [_up(context, each) for each in up["from"]] or [(say("audit.nothing_used"), [])])
    output.sentence(say("audit.came_of_it"), "faint")
    _draw(context, [_down(context, d) for d in down] or [(say("audit.not_used"), [])])
    return 0


_FAILED = frozenset({"failed", "retried", "declined"})  # kinds whose reason the engine notes


def _as_read(context: Context, case: str, tree: Any) -> Any:
    """Gives what lineage tells without what is withheld in the case that each part of it is of."""
    if isinstance(tree, list | tuple):
        return [_as_read(context, case, each) for each in tree]
    if not isinstance(tree, Mapping) or is_withheld(tree):
        return tree
    case = tree["case"] if isinstance(tree.get("case"), str) else case
    sight = context.reading.sight(case)
    told = {name: _as_read(context, case, each) for name, each in tree.items()}
    if "digest" in told and sight.hides(told.get("record", "")):
        told["digest"] = WITHHELD
    if told.get("kind") in _FAILED and not sight.whole:
        told["reason"] = None
    return told


Branch = tuple[str, list[Any]]


def _up(context: Context, tree: Mapping[str, Any]) -> Branch:
    again = context.say("audit.repeated") if tree["repeated"] else ""
    text = f"{_version(context, tree)}  {_deed(context, tree['deed'])}{again}"
    return text, [_up(context, below) for below in tree["from"]]


def _down(context: Context, tree: Mapping[str, Any]) -> Branch:
    below = [
        (
            _version(context, made) + (context.say("audit.repeated") if made["repeated"] else ""),
            [_down(context, further) for further in made["came"]],
        )
        for made in tree["made"]
    ]
    return _elsewhere(context, tree) + _deed(context, tree["deed"]), below


def _version(context: Context, tree: Mapping[str, Any]) -> str:
    if "record" not in tree:
        return context.say("audit.in_a_case", case=withheld(context.say.lang)).strip()
    return f"{_elsewhere(context, tree)}{tree['record']}@{tree['record_version']}"


def _elsewhere(context: Context, tree: Mapping[str, Any]) -> str:
    """Says in which case something lies, where it is another one than that which is asked about."""
    return context.say("audit.in_a_case", case=_case(context, tree["case"])) if "case" in tree else ""


def _case(context: Context, case: Any) -> str:
    from charter.runtime.desk.register import number_of

    if is_withheld(case):
        return withheld(context.say.lang)
    with context.reading.read() as connection:
        return f"#{number_of(connection, case)} {context.reading.state(case).process}"


def _deed(context: Context, deed: Mapping[str, Any] | None) -> str:
    if deed is None:
        return ""
    person = context.say("audit.system") if deed["by"] == SYSTEM.person else deed["by"]
    text = context.say(
        "audit.deed",
        node=deed["element"] or "",
        kind=kind_word(context, deed["kind"]),
        person=person,
        at=shown_time(context, deed["at"]),
        seq=deed["seq"],
    )
    asked = deed.get("asked_by")
    if asked is not None:
        there = asked["deed"] or {}
        by = {"case": _case(context, asked["case"]), "node": there.get("element") or "", "seq": there.get("seq", "")}
        because = context.say("audit.asked_by" if there else "audit.asked_by_case", **by)
    else:
        because = context.say("show.because", reason=deed["reason"]) if deed["reason"] else ""
    return " ".join(text.split()) + because + ("" if deed["sure"] else context.say("audit.unsure_deed"))


def _draw(context: Context, branches: Sequence[Branch], lead: str = "") -> None:
    for index, (text, below) in enumerate(branches):
        last = index == len(branches) - 1
        context.output.line(f"{lead}{'└─ ' if last else '├─ '}{text.rstrip()}")
        _draw(context, below, lead + ("   " if last else "│  "))
