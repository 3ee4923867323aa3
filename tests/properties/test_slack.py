"""The longest course and its slack: against a plain longest path, and by making work take longer."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings, strategies as st

from charter.dsl.passes import compile
from charter.engine.definition import Definition
from charter.engine.plan.program import prepare
from charter.engine.proof.assumptions import starting
from charter.engine.proof.slack import Schedule, schedule
from tests.properties.sound_texts import text

DAY = 86_400_000_000
Works = list[tuple[int, list[int]]]  # each with its days, and the earlier ones that it comes after


@st.composite
def works(draw: st.DrawFn) -> Works:
    count = draw(st.integers(2, 8))
    return [
        (draw(st.integers(0, 5)), draw(st.lists(st.integers(0, n - 1), unique=True, max_size=3)) if n else [])
        for n in range(count)
    ]


def written(works: Works, within: int, more: dict[int, int] | None = None) -> str:
    lines = ["process p", "  role clerk", "  phase all_", f"    within {within} days"]
    for number, (days, after) in enumerate(works):
        days += (more or {}).get(number, 0)
        lines += [f"    activity a{number}", "      role clerk", f"      takes {days} days"]
        if after:
            lines.append(f"      after {', '.join(f'a{n}' for n in after)}")
    return "\n".join(lines) + "\n"


def longest(works: Works) -> int:
    @cache
    def end(number: int) -> int:
        days, after = works[number]
        return days + max(map(end, after), default=0)

    return max(map(end, range(len(works))))


def reckoned(definition: Definition) -> Schedule:
    found = schedule(prepare(definition), starting(definition))
    assert found is not None
    return found


@settings(max_examples=60, deadline=None)
@given(works())
def test_the_longest_course_is_the_longest_path_and_slack_is_what_may_be_added(works: Works) -> None:
    most = longest(works)
    assume(most > 1)
    for within in (most, most - 1):
        compiled = compile("p.charter", written(works, within))
        late = [d for d in compiled.diagnostics if d.code == "CH450"]
        assert bool(late) == (within < most)
        if late:
            path = [int(name.strip(" `a")) for name in late[0].arguments["path"].split(",")]
            assert sum(works[n][0] for n in path) == most
            assert all(one in works[two][1] for one, two in pairwise(path))
    found = reckoned(compile("p.charter", written(works, most)).definitions[0])
    assert found.ends - found.begins == most * DAY and not found.most
    for each in found.timed[1:]:
        number, spare = int(each.element[1:]), each.slack // DAY
        assert each.slack == spare * DAY >= 0
        for more, late_by in ((spare, 0), (spare + 1, 1)):
            longer = reckoned(compile("p.charter", written(works, most, {number: more})).definitions[0])
            assert longer.ends - found.ends == late_by * DAY, (each, more)


PHASE = """process p
  role clerk
  record plan
    ok boolean
    rows list of text
  record other
    ok boolean
  activity make
    role clerk
    output plan
  activity perhaps
    role clerk
    when plan.ok
    output other
  phase all_
    within 5 days
    LINE
    activity long EACH
      role clerk
      input plan
      takes 9 days
      OWN
    activity short
      role clerk
      input plan
"""


def phase(**lines: str) -> str:
    """Gives the phase with the lines that are named."""
    source = PHASE
    for name in ("LINE", "EACH", "OWN"):
        source = source.replace(name, lines.get(name, ""))
    return source


@pytest.mark.parametrize(
    "lines",
    [
        {"OWN": "when plan.ok"},
        {"OWN": "input other"},
        {"EACH": "for each one in plan.rows"},
        {"LINE": "first of long, short"},
        {"LINE": "exit when plan.ok"},
    ],
    ids=["condition", "dead path", "list", "choice", "exit"],
)
def test_what_may_take_no_time_is_no_reason_to_warn(lines: dict[str, str]) -> None:
    assert "CH450" in {d.code for d in compile("p.charter", phase()).diagnostics}
    compiled = compile("p.charter", phase(**lines))
    assert "CH450" not in {d.code for d in compiled.diagnostics}
    [definition] = compiled.definitions
    found = reckoned(definition)
    assert found.ends - found.begins == 9 * DAY and found.path == ("long",) and found.most


def test_the_calendar_counts() -> None:
    source = phase().replace("takes 9 days", "takes 4 working days")
    found = {
        within: compile("p.charter", source.replace("5 days", within)).diagnostics for within in ("4 days", "3 days")
    }
    # Four working days end three midnights later at the earliest, and not on every day of the week.
    assert not [d for d in found["4 days"] if d.code == "CH450"] and [d for d in found["3 days"] if d.code == "CH450"]


def test_every_random_process_is_reckoned_and_what_is_critical_has_no_slack() -> None:
    paths = 0
    for seed in range(120):
        source = re.sub(r"^(    +)role (\w+)$", r"\g<0>\n\1takes 1 day", text(seed), flags=re.MULTILINE)
        compiled = compile("t.charter", source)
        for definition in compiled.definitions:
            if any(element.takes for element in definition.elements):
                found = reckoned(definition)
                slack = {each.element: each.slack for each in found.timed}
                assert min(slack.values()) >= 0 and not any(slack[name] for name in found.path), seed
                assert 0 < found.ends - found.begins <= len(found.path) * DAY, seed
                paths += len(found.path) > 2
    assert paths > 10
