"""`charter dmn check|run|import FILE.dmn`: looks at, evaluates and takes over decision models of OMG DMN.

Knows how findings, values and reasons are shown, not how they are found. Sentences are in `[dmn]`: `s_SLUG` says a
finding, `at_STEP` a step into a box, `told_SLUG` what an import could not say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC as CLOCK, datetime
from typing import TYPE_CHECKING, Any

from charter.dsl.text.width import display_width, shown
from charter.runtime.author import texts
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS, Misuse, Trouble
from charter.runtime.cli.messages import Messages
from charter.runtime.cli.verb import JSON, Binding, Family, Verb, argument, option, switch

if TYPE_CHECKING:
    from charter.dsl.dmn.boxes import At
    from charter.dsl.dmn.findings import DmnFinding
    from charter.dsl.dmn.from_xml import Problem
    from charter.dsl.dmn.to_decision import Told
    from charter.engine.decisions.graph import Graph, Outcome

# How many findings of one kind in one place are shown; JSON has all.
SHOWN = 3


class NoDecision(texts.NoProcess):
    """A DMN model has no decision or service of this name."""

    code = "CH093"


def run_dmn_check(context: Context, file: str, as_json: bool) -> int:
    """Shows what is wrong with a model; exit 1 when there is an error."""
    from charter.dsl.dmn.findings import check_model
    from charter.runtime.author.dmn import load_model

    loaded = load_model(file)
    found = [] if loaded.graph is None else list(check_model(loaded.graph))
    errors = len(loaded.problems) + sum(finding.error for finding in found)
    if as_json:
        told = [_problem_json(p, context.say) for p in loaded.problems]
        context.output.json([*told, *(_finding_json(finding, context.say) for finding in found)])
        return FINDINGS if errors else 0
    _problems(context, loaded.problems)
    seen: Counter[tuple[str, str, At]] = Counter()
    for finding in found:
        place = (finding.slug, finding.element, finding.at)
        seen[place] += 1
        if seen[place] <= SHOWN:
            _finding(context, finding)
    for (slug, element, _), count in seen.items():
        if count > SHOWN:
            context.output.sentence(context.say("dmn.more", count=count - SHOWN, slug=slug, element=element), "faint")
    if loaded.graph is None:
        return FINDINGS
    warnings = sum(finding.level == "warning" for finding in found)
    model = loaded.graph.model
    sizes = {"decisions": len(model.decisions), "inputs": len(model.inputs)}
    if errors or warnings:
        context.output.sentence(
            context.say("dmn.summary", errors=errors, warnings=warnings), "bad" if errors else "warn"
        )
    else:
        context.output.sentence(context.say("dmn.clean", **sizes), "good")
    return FINDINGS if errors else 0


def _unreadable(context: Context, file: str, problems: Sequence[Problem]) -> int:
    """Says why a model that a verb needs cannot be read; gives the exit code."""
    if not context.as_json:
        _problems(context, problems)
        return FINDINGS
    told = [
        {"code": None, "message": _problem_sentence(p, context.say), "file": file, "line": p.line} for p in problems
    ]
    return context.fail(Trouble(FINDINGS, (), str(told[0]["message"]), reasons=tuple(told)))


def _problems(context: Context, problems: Iterable[Problem]) -> None:
    for problem in problems:
        line = context.say("dmn.error", slug=problem.slug, sentence=_problem_sentence(problem, context.say))
        context.output.line(line, "bad")


def _problem_sentence(problem: Problem, say: Messages) -> str:
    sentence = say(f"dmn.s_{problem.slug.replace('-', '_')}", detail=problem.detail)
    return sentence if problem.line is None else say("dmn.on_line", line=problem.line, sentence=sentence)


def _problem_json(problem: Problem, say: Messages) -> dict[str, Any]:
    return {"slug": problem.slug, "level": "error", "line": problem.line, "message": _problem_sentence(problem, say)}


def _steps(at: At, say: Messages) -> str:
    return "".join(say("dmn.comma") + say(f"dmn.at_{kind}", which=_one_line(str(which))) for kind, which in at)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _feel(text: str, say: Messages) -> str:
    """Says one of FEEL's own sentences in the reader's language."""
    from charter.dsl.messages.render import detail

    return detail(text, say.lang)


def _sentence(finding: DmnFinding, say: Messages) -> str:
    values = dict(finding.values)
    if "detail" in values:
        values["detail"] = _feel(values["detail"], say)
    if values.get("guess"):
        values["guess"] = say("usage.did_you_mean", guess=values["guess"])
    return say(f"dmn.s_{finding.slug.replace('-', '_')}", **values)


def _finding(context: Context, finding: DmnFinding) -> None:
    say, output = context.say, context.output
    place = say("dmn.place", element=_one_line(finding.element), steps=_steps(finding.at, say))
    output.line(
        say(f"dmn.{finding.level}", slug=finding.slug, sentence=place),
        {"error": "bad", "warning": "warn", "note": "faint"}[finding.level],
    )
    output.line(f"  {_sentence(finding, say)}")
    if finding.text is not None and finding.span is not None:
        for line in _marked(finding.text, *finding.span):
            output.line(f"    {line}", "faint")


def _marked(text: str, start: int, end: int) -> Iterable[str]:
    """Gives the line of a text that a place is in, and a line of marks below it."""
    start = min(start, len(text))
    begin = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", start)
    line = text[begin:] if stop < 0 else text[begin:stop]
    line = shown(line)
    marks = "^" * max(1, display_width(line[start - begin : end - begin]))
    yield line
    yield " " * display_width(line[: start - begin]) + marks


def _finding_json(finding: DmnFinding, say: Messages) -> dict[str, Any]:
    return {
        "slug": finding.slug,
        "level": finding.level,
        "element": finding.element,
        "steps": [{"step": kind, "which": str(which)} for kind, which in finding.at],
        "arguments": dict(finding.values),
        **({} if finding.text is None else {"text": finding.text, "span": finding.span}),
        "message": _sentence(finding, say),
    }


# -- run


def run_dmn_run(
    context: Context,
    file: str,
    inputs: str | None,
    bindings: Sequence[tuple[str, str]],
    decision: str | None,
    service: str | None,
    as_json: bool,
) -> int:
    """Evaluates a model's decisions, one of them, or a service; exit 1 when one has no value for a reason.

    So it is where one rests on a text that cannot be read, which `broken` says in JSON.
    """
    from charter.runtime.author.data import load, read_input
    from charter.runtime.author.dmn import BadInputs, load_model, missing, read_inputs, takes, with_undeclared

    if decision is not None and service is not None:
        raise Misuse("dmn_one_of")
    loaded = load_model(file)
    if loaded.graph is None:
        return _unreadable(context, file, loaded.problems)
    graph = loaded.graph
    known = _arguments(graph, service, file) if service is not None else takes(graph)
    data = None if inputs is None else read_input() if inputs == texts.STDIN else load(inputs)
    try:
        given = read_inputs(graph, data, bindings, known)
    except BadInputs as error:
        said: dict[str, Any] = dict(error.arguments)
        if "detail" in said:
            said["detail"] = _feel(said["detail"], context.say)
        raise Misuse(f"dmn_{error.key}", **said) from None
    env = _env(context)
    outcomes: dict[str, Outcome] = {}
    if service is not None:
        outcomes[service] = graph.invoke(service, given, env)
    else:
        every = with_undeclared(graph, given)
        for name in _decisions(graph, decision, file):
            outcomes[name] = graph.evaluate(name, every, env)
    whole = service is not None or decision is not None
    if as_json:
        told = [_outcome_json(graph, name, outcome, whole, context.say) for name, outcome in outcomes.items()]
        context.output.json(told)
    else:
        for name, outcome in outcomes.items():
            _outcome(context, graph, name, outcome, whole)
        if not outcomes:
            context.output.sentence(context.say("dmn.no_decisions"), "warn")
        unsaid = missing(graph, outcomes, given) if service is None and _unanswered(outcomes.values()) else []
        if unsaid:
            inputs = context.say.listed(name + (context.say.aside(type_) if type_ else "") for name, type_ in unsaid)
            context.output.sentence(context.say("dmn.not_given", inputs=inputs, count=len(unsaid)), "warn")
    return FINDINGS if _unanswered(outcomes.values()) else 0


def _unanswered(outcomes: Iterable[Outcome]) -> bool:
    return any(outcome.broken or (outcome.value is None and outcome.reasons) for outcome in outcomes)


def _env(context: Context) -> Any:
    from charter.engine.feel import Env
    from charter.engine.feel.temporal import UTC, Date, DateTime, Time

    now = datetime.fromtimestamp(context.now / 1_000_000, CLOCK)
    present = DateTime(Date(now.year, now.month, now.day), Time(now.hour, now.minute, now.second, 0, UTC))
    return Env(now=lambda: present)


def _decisions(graph: Graph, wanted: str | None, file: str) -> list[str]:
    names = list(dict.fromkeys(each.name for each in graph.model.decisions))
    if wanted is None:
        return names
    if wanted not in names:
        raise NoDecision(f"no decision {wanted}", name=wanted, path=file, known=tuple(names))
    return [wanted]


def _arguments(graph: Graph, service: str, file: str) -> list[str]:
    """Lists what a service or knowledge model takes, by name."""
    model = graph.model
    for knowledge in model.knowledge:
        if knowledge.name == service:
            return [p.name for p in knowledge.logic.parameters] if knowledge.logic is not None else []
    for each in model.services:
        if each.name == service:
            keys = (r if "#" in r else f"{model.namespace}#{r}" for r in (*each.input_data, *each.input_decisions))
            return [graph.elements[key].name for key in keys if key in graph.elements]
    names = [*(each.name for each in model.services), *(each.name for each in model.knowledge)]
    raise NoDecision(f"no service {service}", name=service, path=file, known=tuple(names))


def _asked(graph: Graph, name: str, outcome: Outcome, whole: bool) -> list[tuple[str, tuple[int, ...]]]:
    """Lists the tables asked and the numbers of their rules; those of other decisions only when asked for one."""
    from charter.dsl.dmn.boxes import tables
    from charter.engine.decisions import model as m

    homes = [(table, element, at) for element, at, table, _ in tables(graph)]
    found = []
    for table, rules in outcome.tables:
        element, at = next(((e, at) for each, e, at in homes if each is table), (None, ()))
        if element is None or (isinstance(element, m.Decision) and element.name != name and not whole):
            continue
        path = [element.name, *(str(which) for kind, which in at if kind == "entry")]
        found.append((" / ".join(dict.fromkeys(path)), tuple(rule + 1 for rule in rules)))
    return list(dict.fromkeys(found))


def _text(value: Any, say: Messages) -> str:
    from charter.engine.feel.conversion import text_of
    from charter.engine.feel.frames import NoValue

    try:
        return text_of([value])[1:-1]
    except NoValue:
        return say("dmn.too_long")


def _outcome(context: Context, graph: Graph, name: str, outcome: Outcome, whole: bool) -> None:
    say, output = context.say, context.output
    styled = output.style(_text(outcome.value, say), "faint" if outcome.value is None else "strong")
    output.line(say("dmn.value", name=output.style(_one_line(name), "name"), value=styled))
    for table, rules in _asked(graph, name, outcome, whole):
        held = say.listed(rules)
        output.sentence(
            "  " + say("dmn.decided" if rules else "dmn.undecided", rules=held, table=table, count=len(rules))
        )
    for reason in outcome.reasons:
        output.sentence("  " + say("dmn.reason", reason=_one_line(_feel(reason, say))), "warn")


def _outcome_json(graph: Graph, name: str, outcome: Outcome, whole: bool, say: Messages) -> dict[str, Any]:
    from charter.engine import values
    from charter.engine.feel.conversion import text_of

    try:
        value = values.encode(outcome.value)
    except values.NotAValue:
        value = text_of(outcome.value)
    asked = [{"table": table, "rules": list(rules)} for table, rules in _asked(graph, name, outcome, whole)]
    reasons = [_feel(reason, say) for reason in outcome.reasons]
    return {"name": name, "value": value, "tables": asked, "reasons": reasons, "broken": outcome.broken}


# -- import


def run_dmn_import(context: Context, file: str, output: str | None, as_json: bool) -> int:
    """Writes a model's tables as Charter text; exit 1 when a table could not be taken over."""
    from charter.dsl.dmn.to_decision import import_model
    from charter.dsl.text.printer import to_text
    from charter.runtime.author.dmn import load_model

    loaded = load_model(file)
    if loaded.graph is None:
        return _unreadable(context, file, loaded.problems)
    say, found = context.say, import_model(loaded.graph)
    text = to_text(found.file())
    lost = any(told.lost and told.slug not in ("no-table", "service") for told in found.told)
    code = FINDINGS if lost or not found.taken else 0
    if output is None and found.taken and not as_json:
        context.output.stream.write(text)
    if output is not None and found.taken:
        texts.write_atomically(output, text.encode("utf-8"))
    if as_json:
        rows = [{"slug": t.slug, "element": t.element, "lost": t.lost, "message": _told(t, say)} for t in found.told]
        context.output.json({"file": output, "taken": len(found.taken), "text": text, "told": rows})
        return code
    # What is told stands apart from a text that may go into a file.
    context.output.stream.flush()
    for told in found.told:
        context.note(_told(told, say))
    if not found.taken:
        context.note(say("dmn.nothing"))
    elif output is not None:
        context.output.sentence(say("dmn.written", count=len(found.taken), path=output))
    return code


def _told(told: Told, say: Messages) -> str:
    place = say("dmn.place", element=_one_line(told.element), steps=_steps(told.at, say))
    values = {name: _one_line(str(value)) for name, value in told.values}
    sentence = say(f"dmn.told_{told.slug.replace('-', '_')}", **values)
    return say("dmn.left_out" if told.lost else "dmn.noted", place=place, sentence=sentence)


VERBS = {
    "dmn": Family(
        "dmn",
        {
            "check": Verb("dmn check", run_dmn_check, [argument("file", "FILE"), switch(JSON, name="as_json")]),
            "run": Verb(
                "dmn run",
                run_dmn_run,
                [
                    argument("file", "FILE"),
                    option("--inputs", "FILE"),
                    option("--set", "NAME=VALUE", many=True, name="bindings", type=Binding()),
                    option("--decision", "NAME"),
                    option("--service", "NAME"),
                    switch(JSON, name="as_json"),
                ],
            ),
            "import": Verb(
                "dmn import",
                run_dmn_import,
                [
                    argument("file", "FILE"),
                    option("--output", "FILE", short="-o"),
                    switch(JSON, name="as_json"),
                ],
            ),
        },
    )
}
