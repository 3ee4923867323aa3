"""`charter explain CODE`: the page of a code: what it means, with a bad and a good example."""

from __future__ import annotations

from .context import Context
from .errors import Missing
from .verb import Verb, argument


def run_explain(context: Context, code: str) -> int:
    """Prints the page of a diagnostic, or the sentence of a refusal or an error of the environment."""
    from ...dsl.render import explain

    code = code.upper()
    page = explain(code, context.say.lang)
    if page is None:
        page = _short(context, code)
    context.output.line(page.rstrip())
    return 0


def _short(context: Context, code: str) -> str:
    """Says what a code without a page means; its sentence's values stand as their names."""
    for section in ("errors", "refusals"):
        sentence = context.say.find(f"{section}.{code}")
        if sentence:
            help_ = context.say.find(f"{section}.{code}_help")
            return f"{code}: {sentence}" + (f"\n\n{help_}" if help_ else "")
    raise Missing(f"no code {code}", code="CH094", code_=code)


VERBS = {"explain": Verb("explain", run_explain, [argument("code", "CODE")])}
