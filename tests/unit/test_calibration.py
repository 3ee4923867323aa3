"""What a trail tells of how work goes: known parameters, simulated onto a database, are found again in its trail."""

from __future__ import annotations

import json
import math
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings, strategies as st
from tests.replayed import run_on

from charter.dsl.passes import compile
from charter.runtime.cli.main import run as main
from charter.runtime.simulation.crew import staffed
from charter.runtime.simulation.fit import Lengths, fitted
from charter.runtime.simulation.forecast import forecast
from charter.runtime.simulation.loop import simulate
from charter.runtime.simulation.setting import Habits, Setting, Written
from charter.runtime.simulation.trail import read

MINUTE = 60_000_000
TEXT = """process claim
  owner clerk
  input wish
  role clerk
  role boss
  record wish
    amount number
    by     date
  activity look
    role clerk
  approval decide of wish
    by    boss
    after look
  activity survey
    role  clerk
    after decide
    when  wish.amount > 5
  activity rare
    role  clerk
    after survey
    when  wish.amount > 50
    takes 3 working hours
"""
LOOK = Lengths("lognormal", 1, 0, mean=math.log(20 * MINUTE), spread=0.6)
DECIDE = Lengths("exponential", 1, 0, mean=10 * MINUTE)
SURVEY = Lengths("quantiles", 1, 0, seen=(10 * MINUTE, 10 * MINUTE, 60 * MINUTE, 61 * MINUTE))


def wish(amount: int) -> Written:
    return Written((("wish", {"amount": amount, "by": {"date": "2026-03-10"}}),), 20_514)


KNOWN = Habits(
    lengths={("claim", "look"): LOOK, ("claim", "decide"): DECIDE, ("claim", "survey"): SURVEY},
    granted={("claim", "decide"): 0.7},
    gaps=Lengths("exponential", 1, 0, mean=25 * MINUTE),
    written={("claim", ("wish",)): tuple(wish(9 if n < 3 else 1) for n in range(10))},
)


@pytest.fixture(scope="module")
def setting() -> Setting:
    compiled = compile("claim.charter", TEXT.encode())
    assert not compiled.failed, compiled.diagnostics
    known = tuple(compiled.definitions)
    return Setting(known[0], known, 500, 1.0, 5, staffed(known, {"clerk": 3, "boss": 2}), KNOWN)


def test_known_parameters_are_found_again(
    tmp_path: Path, setting: Setting, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """500 cases: means within 20 % (three standard errors), shares within 0.07, a new run like the old."""
    run, store = run_on(tmp_path / "charter.db", setting)
    with store.read() as connection:
        seen = read(connection, setting.definitions)
    store.close()
    habits, elements = seen.habits, {one.element: one for one in seen.elements}
    assert seen.cases == 500
    assert habits.gaps is not None and habits.gaps.average == pytest.approx(25 * MINUTE, rel=0.15)
    look, decide, survey = (habits.lengths["claim", name] for name in ("look", "decide", "survey"))
    assert look.kind == "lognormal" and look.error < 0.05
    assert math.exp(look.mean) == pytest.approx(20 * MINUTE, rel=0.1) and look.spread == pytest.approx(0.6, abs=0.06)
    assert decide.kind == "exponential" and decide.average == pytest.approx(10 * MINUTE, rel=0.15)
    assert survey.kind == "quantiles" and survey.average == pytest.approx(35 * MINUTE, rel=0.2)
    assert habits.granted["claim", "decide"] == pytest.approx(0.7, abs=0.07)
    opened, skipped = elements["survey"].opened, elements["survey"].skipped
    assert opened / (opened + skipped) == pytest.approx(0.3, abs=0.07)
    assert ("claim", "rare") not in habits.lengths and not elements["rare"].lengths  # falls back to `takes`
    # every piece of work that was simulated is seen, to the microsecond
    for name in ("look", "survey"):
        lengths = sorted(job.ended - job.begun for job in run.jobs if job.element == name)
        assert sorted(elements[name].lengths) == lengths
    again = forecast(simulate(Setting(setting.definition, setting.definitions, 500, 1.0, 6, setting.people, habits)))
    for measure in ("throughput", "lead_time"):
        was, now = (f.find("process", "claim", measure) for f in (forecast(run), again))
        assert was and now and now.estimate.mean == pytest.approx(was.estimate.mean, rel=0.33)
    # and as people ask for it
    monkeypatch.chdir(tmp_path)
    Path("claim.charter").write_text(TEXT, "utf-8")
    line = ["simulate", "claim.charter", "--from-trail", "--cases", "60", "--as", "root"]
    assert main([*line, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["arrive"] is None and told["calibration"]["case_count"] == 500
    kinds = {
        one["element"]: one["distribution"] and one["distribution"]["kind"] for one in told["calibration"]["elements"]
    }
    assert kinds == {"look": "lognormal", "decide": "exponential", "survey": "quantiles", "rare": None}
    staff = {m["name"]: m["staff"] for m in told["measures"] if m["measure"] == "busy"}
    assert staff == {"clerk": 4, "boss": 3}  # whoever opens cases has both roles
    for lang, word in (("en", "lognormal"), ("zh", "对数正态")):
        assert main([*line, "--lang", lang]) == 0
        out = capsys.readouterr().out
        assert word in out
    assert main(["simulate", "claim.charter", "--from-trail", "--process", "claim", "--as", "nobody"]) == 3
    Path("claim.charter").write_text(TEXT.replace("process claim", "process other"), "utf-8")
    assert main(line) == 2 and "other" in capsys.readouterr().err


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["exponential", "lognormal", "other"]), st.integers(60, 400))
def test_a_fit_draws_what_was_seen(seed: int, kind: str, count: int) -> None:
    rng = Random(seed)
    draw = {
        "exponential": lambda: rng.expovariate(1 / 5e9),
        "lognormal": lambda: rng.lognormvariate(20, 0.8),
        "other": lambda: rng.choice((1e9, 1.1e9, 9e9)),
    }[kind]
    values = [draw() for _ in range(count)]
    law = fitted(values)
    assert kind != "other" or law.kind == "quantiles"
    shares = [(n + 0.5) / 2000 for n in range(2000)]
    drawn = [law.at(share) for share in shares]
    assert drawn == sorted(drawn) and min(drawn) >= 0
    ordered = sorted(values)
    for share in (0.25, 0.5, 0.75):
        # the share of the values below a quantile of the law is near it: the distance that a fit may have, and its step
        below = sum(value <= law.at(share) for value in ordered) / count
        assert abs(below - share) <= 1.1 / math.sqrt(count) + 1 / count or kind == "other"
    if kind == "other":
        assert min(values) <= min(drawn) and max(drawn) <= max(values)
