"""`charter deploy FILE`: checks a process file, binds its parameters, and makes it what new cases run."""

from __future__ import annotations

from typing import Any

from charter.runtime.author import texts
from charter.runtime.author.bindings import bind_parameters
from charter.runtime.cli.check import report
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS, misbound, refused
from charter.runtime.cli.verb import JSON, Binding, Verb, argument, option, switch
from charter.runtime.refusals import UNBOUND


def run_deploy(
    context: Context, file: str, process: str | None, bindings: tuple[tuple[str, str], ...], as_json: bool
) -> int:
    """Deploys a file's processes, those of the files it uses too, or only the one named."""
    say, output = context.say, context.output
    person = context.person
    compiled = texts.compile_file(file)
    if compiled.failed:
        report(context, compiled.diagnostics, compiled.sources, "full")
        return FINDINGS
    texts.choose(compiled, file, process)
    bound, wrong = bind_parameters(compiled.definitions, bindings)
    if wrong:
        raise misbound(wrong, say)
    wanted = [d for d in bound if process in (None, d.name)]
    answers: list[dict[str, Any]] = []
    for definition in wanted:
        done = context.cases.deploy(definition, by=person, texts=texts.used_texts(compiled))
        if done.refusal is not None:
            code = refused(context.say, context.output, done.refusal, definition)
            if done.refusal.code == UNBOUND:
                output.line(say("frame.help", text=say("deploy.bind", file=file, name=definition.unbound()[0])))
            return code
        told = {"process": definition.name, "version": definition.version, "digest": done.digest}
        answers.append({**told, "new": done.new})
        if not as_json:
            key = "deploy.done" if done.new else "deploy.again"
            output.line(say(key, **{**told, "digest": done.digest[:12]}))
    if as_json:
        output.json(answers)
    return 0


VERBS = {
    "deploy": Verb(
        "deploy",
        run_deploy,
        [
            argument("file", "FILE"),
            option("--process", "PROCESS"),
            option("--set", "NAME=VALUE", many=True, name="bindings", type=Binding()),
            switch(JSON, name="as_json"),
        ],
    )
}
