"""The steps of a scenario, as `tree.py` mirrors everything else of a process file."""

from __future__ import annotations

from charter.dsl.text.nodes import Argument, Expr, Line, Name, Node, Text


class CaseStep(Line, frozen=True):
    """`case PROCESS with a = v, …`: opens the case; arguments bind parameters and give process inputs."""

    process: Name
    arguments: tuple[Argument, ...] = ()


class Casting(Node, frozen=True):
    """`li is employee`."""

    person: Name
    roles: tuple[Name, ...]


class CastStep(Line, frozen=True):
    """`li is marketing, wang is department_head`; a person with two roles is named twice."""

    castings: tuple[Casting, ...]


class Target(Node, frozen=True):
    """An element or record of the case, with the index of its instance: `do_task[2]`, `rectify[2.1]`; or `case`."""

    name: Name
    index: str = ""


class ActStep(Line, frozen=True):
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


class RefuseStep(Line, frozen=True):
    """`refuse STEP` · `refuse STEP because CH503`."""

    step: ActStep
    code: Name | None = None


class AfterStep(Line, frozen=True):
    """`after 5 working days`: virtual time passes."""

    span_: Expr


class ConnectorStep(Line, frozen=True):
    """`connector C answers r = {…}` · `connector C fails` (`times` calls, then answers again; None: from now on)."""

    connector: Name
    answers: tuple[Argument, ...] = ()
    fails: bool = False
    times: int | None = None


class SignalStep(Line, frozen=True):
    """`signal NAME with r = …` arrives from outside."""

    name: Name
    arguments: tuple[Argument, ...] = ()


class GivenStep(Line, frozen=True):
    """`given REGISTER "KEY" with a = v, …`: an entry that is there already."""

    register: Name
    key: Text
    fields: tuple[Argument, ...] = ()


class ExpectState(Line, frozen=True):
    """`expect apply is ready, iteration 2` · `expect case is cancelled` · `expect form_team is overdue`."""

    target: Target
    state: Name
    iteration: int | None = None


class ExpectDoer(Line, frozen=True):
    """`expect apply was done by li`."""

    target: Target
    person: Name


class ExpectSees(Line, frozen=True):
    """`expect li sees plan.cost` · `expect client cannot see case`: a person, or whoever holds a role."""

    who: Name
    what: Target
    sees: bool = True

    @property
    def word(self) -> str:
        """The keyword in the middle."""
        return "SEES" if self.sees else "CANNOT_SEE"


class ExpectKpi(Line, frozen=True):
    """`expect kpi NAME >= 95%` · `expect kpi NAME is missed` · `expect kpi NAME is unknown` (neither test nor verdict);
    of a closed period: `expect kpi NAME in 2026-03 …`.
    """

    name: Name
    test: Expr | None = None
    verdict: str | None = None
    period: Name | None = None


class ExpectReport(Line, frozen=True):
    """`expect report NAME.FIGURE TEST`: a figure of a report that is made now."""

    figure: Name
    test: Expr


class ExpectFired(Line, frozen=True):
    """`expect rule R fired` · `fired 2 times` · `not fired` (times 0)."""

    rule: Name
    times: int | None = None


class ExpectTrue(Line, frozen=True):
    expr: Expr
