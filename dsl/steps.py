"""The steps of a scenario, as `tree.py` mirrors everything else of a process file."""

from __future__ import annotations

from dataclasses import dataclass

from charter.dsl.nodes import Argument, Expr, Line, Name, Node, Text


@dataclass(frozen=True, slots=True)
class CaseStep(Line):
    """`case PROCESS with a = v, …`: opens the case; arguments bind parameters and give process inputs."""

    process: Name
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Casting(Node):
    """`li is employee`."""

    person: Name
    roles: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class CastStep(Line):
    """`li is marketing, wang is department_head`; a person with two roles is named twice."""

    castings: tuple[Casting, ...]


@dataclass(frozen=True, slots=True)
class Target(Node):
    """An element or record of the case, with the index of its instance: `do_task[2]`, `rectify[2.1]`; or `case`."""

    name: Name
    index: str = ""


@dataclass(frozen=True, slots=True)
class ActStep(Line):
    """`PERSON VERB TARGET …`. `verb` is a verb of engine.commands (`does` is complete).

    `arguments`: `with …`; `reason`: `because "…"`; `to`: a person (delegates), or an element (returns … to);
    `check`: `wang confirms skills of form_team with evidence = …`; `text`: comments.
    """

    person: Name
    verb: str
    target: Target | None = None
    arguments: tuple[Argument, ...] = ()
    to: Name | None = None
    check: Name | None = None
    text: Text | None = None
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class RefuseStep(Line):
    """`refuse STEP` · `refuse STEP because CH503`."""

    step: ActStep
    code: Name | None = None


@dataclass(frozen=True, slots=True)
class AfterStep(Line):
    """`after 5 working days`: virtual time passes."""

    span_: Expr


@dataclass(frozen=True, slots=True)
class ConnectorStep(Line):
    """`connector C answers r = {…}` · `connector C fails` (`times` calls, then answers again; None: from now on)."""

    connector: Name
    answers: tuple[Argument, ...] = ()
    fails: bool = False
    times: int | None = None


@dataclass(frozen=True, slots=True)
class SignalStep(Line):
    """`signal NAME with r = …` arrives from outside."""

    name: Name
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpectState(Line):
    """`expect apply is ready, iteration 2` · `expect case is cancelled` · `expect form_team is overdue`."""

    target: Target
    state: str
    iteration: int | None = None


@dataclass(frozen=True, slots=True)
class ExpectDoer(Line):
    """`expect apply was done by li`."""

    target: Target
    person: Name


@dataclass(frozen=True, slots=True)
class ExpectKpi(Line):
    """`expect kpi NAME >= 95%` · `expect kpi NAME is unknown` (test None)."""

    name: Name
    test: Expr | None = None


@dataclass(frozen=True, slots=True)
class ExpectTrue(Line):
    expr: Expr
