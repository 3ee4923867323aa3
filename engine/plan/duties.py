"""Separation and binding of duties as they hold: each rule said of whoever works second, whichever of the two that is.

Knows the process, and nobody who works in it.
"""

from __future__ import annotations

from itertools import permutations
from typing import NamedTuple

from charter.engine.definition import Definition, Separation


class Duties(NamedTuple):
    """Rules by the element whose doer they bind; `controls`: what an element is a control of.

    That is what it says itself, and of an approval the work that keeps apart from it.
    """

    rules: dict[str, list[Separation]]
    controls: dict[str, list[str]]


def duties(definition: Definition) -> Duties:
    """Gives what holds of each element."""
    kinds = {element.name: element.kind for element in definition.elements}
    found = Duties({}, {})
    for rule in definition.separations:
        found.rules.setdefault(rule.element, []).append(rule)
        if not rule.same:
            found.controls.setdefault(rule.element, []).append(rule.other)
            if kinds[rule.other] == "approval" and kinds[rule.element] != "approval":
                found.controls.setdefault(rule.other, []).append(rule.element)
            # Two persons, whichever of the two works first.
            found.rules.setdefault(rule.other, []).append(Separation(rule.other, rule.element, False, rule.clauses))
    # One person does all that another element is bound to; else nobody could do that.
    for one, other in permutations([rule for rule in definition.separations if rule.same], 2):
        if one.element == other.element and one.other != other.other:
            found.rules.setdefault(one.other, []).append(Separation(one.other, other.other, True, other.clauses))
    return found
