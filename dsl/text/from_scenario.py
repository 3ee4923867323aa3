"""Builds the steps of scenarios from the parse, as `from_parse` builds everything else."""

from __future__ import annotations

from typing import Any

from charter.dsl.text import tree as t
from charter.dsl.text.from_parse import Parts, expr_of, name_of, place, register, text_of
from charter.dsl.text.lexer import Lexeme
from charter.dsl.text.words import spellings
from charter.engine.keys import split

_CASE = frozenset(word for word, terminal, *_ in spellings() if terminal == "CASE")


def _cast_step(c: Parts) -> t.CastStep:
    """The rule `casting` gives the lexemes of a person and a role."""
    pairs = c[0]
    castings = tuple(
        t.Casting(name_of(who), (name_of(role),), span=(who.start_pos, role.end_pos)) for who, role in pairs
    )
    span = (pairs[0][0].start_pos, pairs[-1][1].end_pos)
    return t.CastStep(castings, span=span, comments=pairs[0][0].comments)


def _act_step(c: Parts) -> t.ActStep:
    """Puts the person before what a rule of `act` gave: the verb's lexeme, the fields, and what ends the step."""
    verb, fields, end = c[1]
    span = (c[0].start_pos, end.span[1])
    return t.ActStep(name_of(c[0]), verb.value, **fields, span=span, comments=c[0].comments)


def _act(verb: Lexeme, *parts: Any, **fields: Any) -> tuple[Lexeme, dict[str, Any], Any]:
    return verb, fields, next(p for p in reversed((verb, *parts)) if p is not None)


def _last(arguments: Parts) -> Any:
    return arguments[-1] if arguments else None


def _expect_state(c: Parts, iteration: int | None = None) -> t.ExpectState:
    target = _target(c[1])
    return t.ExpectState(target, state_of(target.name.text, c[3]), iteration, **place(c))


def state_of(name: str, lexeme: Lexeme) -> t.Name:
    """Gives the state that a word means: a case that goes on is open, an element active; 进行中 is said of both."""
    state = "open" if name == "case" and lexeme.value == "active" else lexeme.value
    return t.Name(state, span=lexeme.span)


def _expect_period(c: Parts, test: t.Expr | None = None, verdict: str | None = None) -> t.ExpectKpi:
    period = t.Name(c[4].value, span=c[4].span)
    return t.ExpectKpi(name_of(c[2]), test, verdict, period, **place(c))


def _target(lexeme: Lexeme) -> t.Target:
    """`do_task[2]`: the index apart. The word for the case, whatever its language, is the name `case`."""
    name, index = split(lexeme.value)
    start, end = lexeme.span
    if lexeme.type == "CASE" or name in _CASE:
        return t.Target(t.Name("case", span=lexeme.span), span=lexeme.span)
    return t.Target(t.Name(name, span=(start, start + len(name) if index else end)), index, span=lexeme.span)


register(
    ("target", lambda c: _target(c[0])),
    ("target_case", lambda c: _target(c[0])),
    ("case_step", lambda c: t.CaseStep(name_of(c[1]), tuple(c[2]), **place(c))),
    ("cast_step", _cast_step),
    ("casting", lambda c: (c[0], c[2])),
    ("act_step", _act_step),
    (
        "act",
        lambda c: _act(c[0], c[1], _last(c[2]), c[3], target=c[1], arguments=tuple(c[2]), reason=c[3]),
    ),
    ("act_back", lambda c: _act(c[0], c[1], c[2], target=c[1], reason=c[2])),
    ("act_to", lambda c: _act(c[0], c[3], c[4], target=c[1], to=name_of(c[3]), reason=c[4])),
    (
        "act_confirm",
        lambda c: _act(
            c[0],
            c[3],
            _last(c[4]),
            c[5],
            check=name_of(c[1]),
            target=c[3],
            arguments=tuple(c[4]),
            reason=c[5],
        ),
    ),
    ("act_say", lambda c: _act(c[0], c[1], c[2], text=text_of(c[1]), reason=c[2])),
    ("act_say_of", lambda c: _act(c[0], c[2], c[3], target=c[1], text=text_of(c[2]), reason=c[3])),
    ("act_attach", lambda c: _act(c[0], c[3], c[4], text=text_of(c[1]), target=c[3], reason=c[4])),
    ("refuse", lambda c: t.RefuseStep(c[1], **place(c))),
    ("refuse_code", lambda c: t.RefuseStep(c[1], name_of(c[3]), **place(c))),
    ("after_step", lambda c: t.AfterStep(expr_of(c[1]), **place(c))),
    ("answers", lambda c: t.ConnectorStep(name_of(c[1]), tuple(c[3]), **place(c))),
    ("answers_nothing", lambda c: t.ConnectorStep(name_of(c[1]), **place(c))),
    ("fails", lambda c: t.ConnectorStep(name_of(c[1]), fails=True, **place(c))),
    ("fails_times", lambda c: t.ConnectorStep(name_of(c[1]), (), True, int(c[3].value), **place(c))),
    ("signal_step", lambda c: t.SignalStep(name_of(c[1]), tuple(c[2]), **place(c))),
    ("given_step", lambda c: t.GivenStep(name_of(c[1]), text_of(c[2]), tuple(c[3]), **place(c))),
    ("expect_state", _expect_state),
    ("expect_iteration", lambda c: _expect_state(c, int(c[6].value))),
    ("expect_doer", lambda c: t.ExpectDoer(_target(c[1]), name_of(c[3]), **place(c))),
    ("expect_sees", lambda c: t.ExpectSees(name_of(c[1]), c[3], c[2].type == "SEES", **place(c))),
    ("expect_unknown", lambda c: t.ExpectKpi(name_of(c[2]), **place(c))),
    ("expect_kpi", lambda c: t.ExpectKpi(name_of(c[2]), expr_of(c[3]), **place(c))),
    ("expect_report", lambda c: t.ExpectReport(name_of(c[2]), expr_of(c[3]), **place(c))),
    ("expect_verdict", lambda c: t.ExpectKpi(name_of(c[2]), verdict=c[4].value, **place(c))),
    ("expect_unknown_in", lambda c: _expect_period(c)),
    ("expect_kpi_in", lambda c: _expect_period(c, expr_of(c[5]))),
    ("expect_verdict_in", lambda c: _expect_period(c, verdict=c[6].value)),
    ("expect", lambda c: t.ExpectTrue(expr_of(c[1]), **place(c))),
)
