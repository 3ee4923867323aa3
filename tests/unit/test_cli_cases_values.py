"""What flags, data files and the form mean: typed values of a record, or a sentence about what does not read."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from charter.engine import values
from charter.engine.definition import Field, RecordType, TypeRef
from charter.engine.errors import CharterError
from charter.runtime.author.data import NoWay, Unreadable, load, parse, put, steps
from charter.runtime.author.forms import Form, Gathered, gather, yes
from charter.runtime.author.handed import FileNotReadable
from charter.runtime.author.intake import READERS, Misfit, Reader
from charter.runtime.author.shown import shown
from charter.runtime.cli.messages import Messages

TASK = RecordType(
    "task",
    "任务",
    (
        Field("name", "名称", TypeRef("text")),
        Field("due", "期限", TypeRef("date")),
        Field("cost", "成本", TypeRef("money"), optional=True),
    ),
)
PLAN = RecordType(
    "plan",
    "计划",
    (
        Field("tasks", "任务", TypeRef("list", item=TypeRef("record", record="task"))),
        Field("tags", "标签", TypeRef("list", item=TypeRef("text")), optional=True),
        Field("when", "时间", TypeRef("period"), optional=True),
        Field("share", "比例", TypeRef("percent"), optional=True, where="share <= 100%"),
        Field("urgency", "紧急", TypeRef("choice", choices=("high", "low")), optional=True),
        Field("paper", "文件", TypeRef("file"), optional=True),
    ),
)


def reader(folder: Path) -> Reader:
    return Reader([TASK, PLAN], lambda path: values.File("0" * 64, path.name, path.stat().st_size), base=folder)


def given_values(folder: Path, sets: list[str], data: list[str] | None = None, current: object = None) -> Gathered:
    pairs = [(s.partition("=")[0], s.partition("=")[2]) for s in sets]
    return gather(reader(folder), ["plan"], pairs, data or [], {} if current is None else {"plan": current})


def test_flags_files_and_tables_give_the_same_plan(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(
        '{"tasks": [{"name": "a, b", "due": "2026-03-01", "cost": "12.50 CNY"}, {"name": "c", "due": "2026-03-02"}]}'
    )
    (tmp_path / "plan.yaml").write_text(
        "任务:\n- {名称: 'a, b', 期限: 2026-03-01, 成本: 12.50 CNY}\n- name: c\n  due: 2026-03-02\n"
    )
    (tmp_path / "tasks.csv").write_text('名称,due,成本\n"a, b",2026-03-01,12.50 CNY\nc,2026-03-02,\n')
    flags = [
        "plan.tasks[1].name=a, b",
        "tasks[1].due=2026-03-01",
        "tasks[1].cost=CNY 12.50",
        "tasks[2].name=c",
        "tasks[2].due=2026-03-02",
    ]
    plans = [
        given_values(tmp_path, flags),
        *(
            given_values(tmp_path, [], [spec])
            for spec in (
                str(tmp_path / "plan.json"),
                str(tmp_path / "plan.yaml"),
                f"tasks={tmp_path / 'tasks.csv'}",
                f"plan.tasks={tmp_path / 'tasks.csv'}",
                str(tmp_path / "tasks.csv"),
            )
        ),
    ]
    assert all(not plan.faults for plan in plans)
    assert len({values.digest(plan.records["plan"]) for plan in plans}) == 1
    assert plans[0].records["plan"]["tasks"][0]["cost"] == values.Money(values.decode({"number": "12.5"}), "CNY")


def test_set_changes_the_current_value_and_nothing_else(tmp_path: Path) -> None:
    before = {"tasks": [{"name": "a", "due": {"date": "2026-03-01"}}], "share": {"number": "0.5"}}
    found = given_values(tmp_path, ["tasks[1].due=2026-04-01"], current=before)
    assert not found.faults
    assert values.encode(found.records["plan"]) == {**before, "tasks": [{"name": "a", "due": {"date": "2026-04-01"}}]}
    assert before["tasks"] == [{"name": "a", "due": {"date": "2026-03-01"}}]


@pytest.mark.parametrize(
    ("flag", "path", "expected"),
    [
        ("share=many", "plan.share", "percent"),
        ("when=tomorrow", "plan.when", "period"),
        ("when=2026-03-01..soon", "plan.when.end", "date"),
        ("tasks[1].cost=12", "plan.tasks[1].cost", "money"),
        ("tasks[1].due=2026-02-30", "plan.tasks[1].due", "date"),
        ("urgency=medium", "plan.urgency", "choice"),
        ("paper=nowhere.pdf", "plan.paper", "file"),
    ],
)
def test_what_does_not_read_is_said_with_its_path(tmp_path: Path, flag: str, path: str, expected: str) -> None:
    [fault] = given_values(tmp_path, [flag]).faults
    assert isinstance(fault, Misfit)
    assert (fault.path, fault.expected) == (path, expected)


def test_numbers_with_an_exponent_are_read_from_everywhere(tmp_path: Path) -> None:
    task = '{"name": "a", "due": "2026-03-01", "cost": "1E5 CNY"}'
    (tmp_path / "plan.json").write_text(f'{{"share": 5e-1, "tasks": [{task}]}}')
    plan = given_values(tmp_path, [], [str(tmp_path / "plan.json")]).records["plan"]
    assert (
        plan
        == given_values(
            tmp_path,
            [
                "share=5e-1",
                "tasks[1].name=a",
                "tasks[1].due=2026-03-01",
                "tasks[1].cost=100000 CNY",
            ],
        ).records["plan"]
    )
    assert given_values(tmp_path, ["share=50%"]).records["plan"]["share"] == plan["share"]
    assert given_values(tmp_path, ["share=1e99999"]).faults


def test_repeated_flags_make_a_list(tmp_path: Path) -> None:
    assert given_values(tmp_path, ["tags=a; b", "share=5%"]).records["plan"]["tags"] == ["a", "b"]
    assert given_values(tmp_path, ["tags=a; b", "tags=c"]).records["plan"]["tags"] == ["a; b", "c"]


SHOWN = {
    "number": st.decimals(-(10**12), 10**12, allow_nan=False, places=3),
    "money": st.builds(values.Money, st.decimals(0, 10**9, places=2), st.sampled_from(("CNY", "EUR"))),
    "boolean": st.booleans(),
    "date": st.dates().map(lambda d: values.Date(d.year, d.month, d.day)),
    "duration": st.builds(values.Span.of, st.integers(1, 50), st.sampled_from(("days", "working days", "hours"))),
    "text": st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda t: t.strip() == t),
}


@given(st.sampled_from(sorted(SHOWN)).flatmap(lambda kind: st.tuples(st.just(kind), SHOWN[kind])))
def test_what_is_shown_can_be_typed_again(pair: tuple[str, object]) -> None:
    kind, value = pair
    text = shown(values.encode(value))
    found = Reader([], lambda path: pytest.fail(str(path))).value(text, TypeRef(kind), "x")
    assert values.encode(found) == values.encode(value)


_STEP = st.sampled_from(("a", "b", "[0]", "[1]", "[3]", "[100001]", "[99999999999999999999]"))


@given(st.lists(st.tuples(st.lists(_STEP, max_size=70), st.text(max_size=2)), max_size=4))
def test_any_path_leads_somewhere_or_says_why_not(pairs: list[tuple[list[str], str]]) -> None:
    tree: dict[str, object] = {}
    for path, value in pairs:
        try:
            put(tree, path, value)
        except NoWay as why:
            assert str(why)
            continue
        here: object = tree
        for step in path:
            here = here[int(step[1:-1]) - 1] if step.startswith("[") else here[step]  # type: ignore[index]
        assert here == value


def _bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        (_bomb(), ".yaml"),
        ("a: &a [*a]", ".yaml"),
        ("[" * 100 + "]" * 100, ".json"),
        (".".join(["a"] * 5000) + "\nx\n", ".csv"),
    ],
)
def test_data_that_unfolds_without_end_is_refused(text: str, suffix: str) -> None:
    with pytest.raises(Unreadable):
        parse(text, suffix)


def test_a_file_that_never_ends_is_not_read_to_its_end() -> None:
    with pytest.raises(FileNotReadable):
        load(Path("/dev/zero"))


@pytest.mark.parametrize(
    ("text", "suffix", "place"),
    [
        ('{\n  "a": 1,\n  "b": }', ".json", (3, 8)),
        ("a: 1\nb: [1\nc: 2\n", ".yaml", (3, 2)),
    ],
)
def test_unreadable_data_is_shown_where_it_goes_wrong(text: str, suffix: str, place: tuple[int, int]) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(text, suffix)
    told = caught.value.arguments
    assert (told["line"], told["column"]) == place
    assert text.splitlines()[place[0] - 1].strip() == told["given"]


@pytest.mark.parametrize(("answer", "meant"), [("y", True), ("是", True), ("No", False), ("", None), ("yellow", None)])
def test_only_yes_is_yes(answer: str, meant: bool | None) -> None:
    for otherwise in (True, False):
        assert yes(answer, otherwise) is (otherwise if not answer else meant)


@given(st.text(max_size=60), st.sampled_from((".json", ".yaml", ".csv")))
def test_any_data_file_reads_or_says_why_not(text: str, suffix: str) -> None:
    try:
        parse(text, suffix)
    except Unreadable as error:
        assert str(error)


@given(
    st.recursive(
        st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_data_gives_a_value_or_a_misfit(data: object) -> None:
    def ingest(path: Path) -> values.File:
        raise CharterError(str(path))

    there = Reader([TASK, PLAN], ingest, base=Path("/nonexistent"))
    value = there.value(data, TypeRef("record", record="plan"), "plan")
    values.encode(value)
    assert value is not None or data in ("", None) or there.misfits


@given(st.lists(st.sampled_from(("a", "b", "[1]", "[2]")), min_size=1, max_size=4), st.text(max_size=4))
def test_a_path_is_found_again_where_it_was_put(way: list[str], value: str) -> None:
    if way[0].startswith("["):
        way = ["a", *way]
    tree: dict[str, object] = {}
    put(tree, steps(".".join(way).replace(".[", "[")), value)
    here: object = tree
    for step in way:
        here = here[int(step[1:-1]) - 1] if step.startswith("[") else here[step]  # type: ignore[index]
    assert here == value


def test_the_form_asks_again_until_a_value_fits(tmp_path: Path) -> None:
    answers = iter(["y", "survey", "tomorrow", "2026-03-01", "", "n", "one", "", "", "150%", "", "2", ""])
    told: list[str] = []
    form = Form(reader(tmp_path), Messages("en"), lambda prompt: next(answers), told.append)
    plan = form.record(PLAN)
    assert values.encode(plan) == {
        "tasks": [{"name": "survey", "due": {"date": "2026-03-01"}}],
        "tags": ["one"],
        "urgency": "low",
    }
    said = "\n".join(told)
    assert "`due` expects a day, such as 2026-03-01, not `tomorrow`" in said
    assert "share <= 100%" in said
    assert next(answers, None) is None


def test_the_form_asks_again_until_somebody_is_known(tmp_path: Path) -> None:
    plan = RecordType("plan", "plan", (Field("host", "host", TypeRef("person")),))
    answers, told = iter(["li wang", "nobody", "li"]), list[str]()
    form = Form(
        Reader([plan], lambda path: pytest.fail(str(path))), Messages("en"), lambda _: next(answers), told.append
    )
    form.knows = {"li"}.__contains__
    assert form.record(plan) == {"host": "li"} and next(answers, None) is None
    assert [line for line in told if "li wang" in line] == ["    `host` expects a person's id, not `li wang`"]
    assert [line for line in told if "nobody" in line] == ["    unknown person `nobody`"]


@given(
    st.lists(st.text("0123456789", min_size=1, max_size=5), min_size=2, max_size=4),
    st.sampled_from(",_ "),
    st.sampled_from(("number", "integer", "money", "percent")),
)
def test_figures_are_parted_into_groups_of_three_or_refused(groups: list[str], mark: str, kind: str) -> None:
    """`1,50` may mean 1.50 or 150: what is not plainly a thousands' mark is asked back, by every reader of figures."""
    ends = {"money": " EUR", "percent": "%"}
    found = READERS[kind](mark.join(groups) + ends.get(kind, ""))
    if len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]):
        whole = READERS[kind]("".join(groups) + ends.get(kind, ""))
        assert found is not None and found == whole
    else:
        assert found is None


@pytest.mark.parametrize(("text", "share"), [("0.95", "0.95"), ("95%", "0.95"), ("120 %", "1.2"), ("1", "1")])
def test_a_share_is_read_as_it_is_meant(text: str, share: str) -> None:
    assert READERS["percent"](text) == Decimal(share)


@pytest.mark.parametrize("text", ["95", "1.5", "-2"])
def test_a_share_above_the_whole_has_to_say_percent(text: str) -> None:
    assert READERS["percent"](text) is None


def test_the_form_asks_for_what_a_condition_says_must_be_there() -> None:
    bill = Field("bill", "bill", TypeRef("text"), optional=True, where='kind != "works" or bill != null')
    tender = RecordType("tender", "tender", (Field("kind", "kind", TypeRef("text")), bill))
    for kind, answers in (("works", ["   ", "works", "", "b"]), ("goods", ["goods", ""])):
        left = iter(answers)
        form = Form(
            Reader([tender], lambda path: pytest.fail(str(path))),
            Messages("en"),
            lambda prompt, left=left: next(left),  # type: ignore[misc]
            lambda _: None,
        )
        assert form.record(tender) == {"kind": kind} | ({"bill": "b"} if kind == "works" else {})
        assert next(left, None) is None
