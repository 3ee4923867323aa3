"""Lines that are a keyword and one part: how each is read and written follows from its row here."""

from __future__ import annotations

from collections.abc import Mapping

from charter.dsl.text import tree as t

# Lines that are a keyword and one part, by their rule in the grammar; all else follows from the type of their field.
PLAIN: Mapping[str, tuple[type[t.Line], str]] = {
    "version": (t.Version, "VERSION"),
    "goal": (t.Goal, "GOAL"),
    "case_subject": (t.CaseSubject, "CASE_SUBJECT"),
    "case_number": (t.CaseNumber, "CASE_NUMBER"),
    "owner": (t.Owner, "OWNER"),
    "customer": (t.Customer, "CUSTOMER"),
    "visible": (t.Visible, "VISIBLE_TO"),
    "amended_by": (t.AmendedBy, "AMENDED_BY"),
    "input": (t.Input, "INPUT"),
    "output": (t.Output, "OUTPUT"),
    "alongside": (t.Alongside, "ALONGSIDE"),
    "offered": (t.Offered, "OFFERED_WHILE"),
    "about": (t.Of, "ABOUT"),
    "veto": (t.Veto, "VETO"),
    "criteria": (t.Criteria, "CRITERIA"),
    "on_calendar": (t.OnCalendar, "ON_CALENDAR"),
    "close_when": (t.CloseWhen, "CLOSE_WHEN"),
    "offers": (t.Offers, "OFFERS"),
    "reopen_within": (t.ReopenWithin, "REOPEN_WITHIN"),
    "condition": (t.Condition, "RULE_WHEN"),
    "amount": (t.Amount, "LEDGER_AMOUNT"),
    "runs_with": (t.RunsWith, "RUNS_WITH"),
}


def only_field(node: type[t.Line]) -> tuple[str, str]:
    """Gives the name of a plain line's field and its type, as the class writes them."""
    ((field, type_),) = node.__annotations__.items()
    return field, type_
