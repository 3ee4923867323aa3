"""What is proved of a process with unbound parameters is so for all their values, but for those that it names."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from charter.runtime.author.proof import Prover

# type -> fields of it, what it may be held against, values
_KINDS = {
    "number": ("number", ["3", "7"], ["-9", "0", "3", "5", "7", "40"]),
    "integer": ("integer", ["3", "4"], ["-9", "0", "3", "4", "40"]),
    "money": ("money", ["3 CNY", "7 USD"], ["-1 CNY", "0 CNY", "3 CNY", "50 CNY", "5 USD", "5 EUR"]),
    "percent": ("percent", ["10%"], ["0.05", "10%", "0.9", "7"]),
    "text": ("text", ['"a"'], ['"a"', '"b"']),
    "date": ("date", ["2026-05-01"], ["2020-01-01", "2026-05-01", "2031-01-01"]),
    'choice "a" | "b"': ("text", ['"a"'], ['"a"', '"b"']),
    "boolean": ("boolean", ["true"], ["true", "false"]),
    "duration": ("duration", ["2 days"], ["1 hour", "2 days", "9 days"]),
}
_ORDERED = ("number", "integer", "money", "percent", "date")


@st.composite
def parametrised(draw: st.DrawFn) -> tuple[str, dict[str, list[str]]]:
    """Gives a process with two unbound parameters, and values of them."""
    kind = draw(st.sampled_from(list(_KINDS)))
    field, literals, values = _KINDS[kind]
    operators = ["=", "!=", *(["<", ">", ">="] if field in _ORDERED else [])]
    sides = ["p", "need.x", "need.y", "q", *literals]

    def condition() -> str:
        parts = st.builds("{} {} {}".format, *map(st.sampled_from, (sides, operators, sides)))
        return " or ".join(draw(st.lists(parts, min_size=1, max_size=2)))

    wheres = draw(st.sampled_from(["", "", f" where x {operators[-1]} {literals[0]}", f" where x {operators[-1]} p"]))
    waits = [f"wait {draw(st.sampled_from(['p', 'q', '3 days']))}" for _ in range(2)] if kind == "duration" else []
    lines = [
        "process r\n  owner boss\n  role boss\n  input need",
        f"  parameter p {kind}\n  parameter q {kind}",
        f"  record need\n    x {field}{wheres}\n    y {field}",
        "  activity a\n    role boss",
        f"  activity b\n    role boss\n    after a\n    when {condition()}",
        f"  activity c\n    role boss\n    when {condition()}",
        *(f"  activity w{number} {line}\n    after a" for number, line in enumerate(waits)),
        *("  activity d\n    role boss\n    after w0\n    when not(w1.settled)" for _ in waits[:1]),
    ]
    return "\n".join(lines) + "\n", dict.fromkeys("pq", values)


@settings(max_examples=50)
@given(parametrised())
def test_what_is_said_without_a_condition_is_so_for_every_value(drawn: tuple[str, dict[str, list[str]]]) -> None:
    text, values = drawn
    prover = Prover("r.charter", text.encode(), lambda name, _: name)
    for definition in prover.definitions():
        proof = prover.prove(definition, 5)
        for number, finding in enumerate(proof.findings):
            verdict = finding.verdict
            if verdict.said == "unknown" or (proof.varied and verdict.property in ("opens", "grants")):
                continue  # `opens`: for some value of what is varied
            for name in set(values).difference(verdict.assuming):
                for value in values[name]:
                    bound = {**finding.given, name: value}
                    there = prover.prove(definition.bind(bound), 5).findings[number].verdict
                    # What is bound here is not in the file, in which a scenario of what is refuted has to play.
                    shown = {verdict.said, "unknown"} if verdict.said == "refuted" else {verdict.said}
                    assert there.said in shown, (text, bound, verdict, there)


def test_of_an_amount_in_an_unknown_currency_nothing_is_refuted() -> None:
    text = (
        "process r\n  owner boss\n  role boss\n  input need\n  parameter p money\n"
        "  record need\n    x money where x > 0 CNY\n    y money where y > 0 USD\n    z money\n"
        "  activity a\n    role boss\n    when {}\n"
    )
    held = "need.x > p or need.x <= p"
    for condition, ends in ((held, "proved"), (f"({held}) and (need.y > 0 USD or need.y > p)", "unknown")):
        prover = Prover("r.charter", text.format(condition).encode(), lambda name, _: name)
        [definition] = prover.definitions()
        proof = prover.prove(definition, 5)
        assert proof.findings[0].verdict.said == ends
        assert [doubt.names for doubt in proof.doubts] == ([("p",)] if ends == "unknown" else [])
