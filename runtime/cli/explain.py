"""`charter explain CODE`: the page of a code, what it means, what to do, an example; without CODE, the list of all.

Every code has one page and one line. Who may say a code keeps its page: `dsl` those of diagnostics and of the engine's
refusals, `runtime/pages` those of the host's refusals and of the environment. This module is the only reader of both.
"""

from __future__ import annotations

from charter.dsl.text.width import wrap
from charter.runtime.cli.codes import codes, family, folders, meaning, page
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Missing
from charter.runtime.cli.verb import JSON, Verb, argument, switch, two_columns


def run_explain(context: Context, code: str | None, as_json: bool) -> int:
    """Prints the page of a code, or lists all codes by family."""
    if code is None:
        return _list(context, as_json)
    code = code.upper()
    if code not in folders():
        raise Missing(f"no code {code}", code="CH094", code_=code)
    say, output, lang = context.say, context.output, context.say.lang
    told, kind = page(code), family(code)[1]
    line, text, examples = meaning(code, say), told.text(lang), told.shown(lang)
    if as_json:
        output.json(
            {
                "code": code,
                "slug": told.slug,
                "kind": kind,
                "meaning": line,
                "text": text,
                "examples": list(examples),
            }
        )
        return 0
    output.line(f"{output.style(say.of(code, told.slug), 'strong')}{say.aside(say(f'explain.{kind}'))}")
    for paragraph in ("", line, "", text):
        for part in paragraph.split("\n"):
            for wrapped in [part] if part.startswith((" ", "|")) else wrap(part, output.columns) or [""]:
                output.line(wrapped)
    headings = ("example",) if len(examples) == 1 else ("wrong", "right")
    for heading, example in zip(headings, examples, strict=False):
        output.line()
        output.sentence(say(f"explain.{heading}"), "faint")
        output.line()
        for part in example.splitlines():
            output.line(f"    {part}".rstrip())
    return 0


def _list(context: Context, as_json: bool) -> int:
    say, output = context.say, context.output
    if as_json:
        output.json(
            [
                {
                    "code": code,
                    "slug": page(code).slug,
                    "family": family(code)[0],
                    "kind": family(code)[1],
                    "meaning": line,
                }
                for code, line in codes(say)
            ]
        )
        return 0
    rows: dict[str, list[tuple[str, str]]] = {}
    for code, line in codes(say):
        rows.setdefault(family(code)[0], []).append((code, line))
    for name, listed in rows.items():
        output.sentence(say(f"explain.{name}"), "strong")
        for line in two_columns(listed, output.columns):
            output.line(line)
        output.line()
    output.sentence(say("frame.more", line=f"charter explain {say('metavars.CODE')}"), "faint")
    return 0


VERBS = {
    "explain": Verb("explain", run_explain, [argument("code", "CODE", required=False), switch(JSON, name="as_json")])
}
