"""`charter docs`: pages that lead nowhere wrong, leave nothing out and say nothing by themselves."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from charter.dsl.messages.languages import LANGUAGES
from charter.dsl.text import printer, tree
from charter.runtime.author import texts
from charter.runtime.cli.main import run
from charter.runtime.handbook.html import MANIFEST, written
from charter.runtime.handbook.pages import BLOCKS

ROOT = Path(__file__).resolve().parent.parent.parent
GOLDEN = ROOT / "tests/golden/handbook"
SHIPPED = ("service_project", "cost_control", "service_desk", "customer_feedback", "communication")
SMALL = """# What we buy, and who says so.
process buying "Buying <b>&amp; paying</b>"
  version 2
  goal    "Nobody orders what nobody asked for"
  owner   head
  calendar office
  output  order

  calendar office
    zone Asia/Shanghai
    Monday to Friday 09:00-17:00

  role buyer "Buyer"
  role head  "Head of purchasing"

  parameter limit "Limit" money = 500 EUR

  record order "Order"
    amount money "Amount" where amount > 0 EUR
    note   text  "Note" optional

  decision stamp "Stamp" (amount)
    hit policy first
    | amount  | -> ink |
    | > 5 EUR | "red"  |
    | -       | "blue" |

  activity write "Write the order"
    role      buyer
    informed  head
    output    order
    within    2 days
    checklist
      read "The terms are read"  by head

  approval agree "Agree" of order
    by        head
    on reject return to write
    when      order.amount > limit

  record mark "Mark"
    ink text

  activity ink decide stamp with amount = order.amount
    after  agree
    output mark

  kpi slow "Slow orders" # the fewer the better
    formula count(cases)
    target  <= 3

scenario "a small order"
  case buying
  bo is buyer, he is head
  he confirms read of write
  bo does write with order = {amount: 5 EUR}

"""


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.tags: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.links += [link for link in (found.get("href"), found.get("src")) if link]
        if "id" in found:
            assert found["id"] not in self.anchors, f"{found['id']} stands twice"
            self.anchors.add(str(found["id"]))


@pytest.fixture(scope="module")
def shipped() -> dict[str, str]:
    files = [texts.compile_file(str(ROOT / "processes" / f"{name}.charter")) for name in SHIPPED]
    return dict(written(files))


def test_every_block_of_the_language_has_its_section() -> None:
    """Whatever is printed as a block of lines has a card, as do parameters and roles.

    Meetings and services are elements.
    """
    assert {*printer._BLOCKS} - {tree.Process, tree.Scenario, tree.Meeting, tree.Service, tree.Section} <= {*BLOCKS}


def test_every_link_leads_somewhere(shipped: dict[str, str]) -> None:
    pages = {path: _Page(text) for path, text in shipped.items() if path.endswith(".html")}
    for path, page in pages.items():
        assert "script" not in page.tags
        for link in page.links:
            file, _, anchor = link.partition("#")
            target = Path(path).parent.joinpath(unquote(file)) if file else Path(path)
            name = str(target).replace("zh/../", "").replace("en/../", "").replace("zh-Hant/../", "")
            assert name in shipped, (path, link)
            assert not anchor or anchor in pages[name].anchors, (path, link)


def test_nothing_of_a_process_is_left_out(shipped: dict[str, str]) -> None:
    for name in SHIPPED:
        compiled = texts.compile_file(str(ROOT / "processes" / f"{name}.charter"))
        for definition in compiled.definitions:
            for lang in LANGUAGES:
                there = _Page(shipped[f"{lang}/{definition.name}.html"]).anchors
                parts = (("role", definition.roles), ("record", definition.records), ("kpi", definition.kpis))
                parts = (*parts, ("sla", definition.slas), ("rule", definition.rules), ("ledger", definition.ledgers))
                filed = [each for each in definition.registers if not each.counts]
                parts = (*parts, ("register", filed), ("counter", definition.counters))  # type: ignore[assignment]
                parts = (*parts, ("parameter", definition.parameters))  # type: ignore[assignment]
                parts = (*parts, ("report", definition.reports))  # type: ignore[assignment]
                expected = {f"{kind}-{each.name}" for kind, several in parts for each in several}
                expected |= {f"{e.kind}-{e.name}" for e in definition.elements}
                expected |= {f"clause-{clause.id}" for clause in definition.cited}
                handed = {f"record-{name}" for e in definition.elements if e.work is not None for name in e.outputs}
                assert expected - there <= handed  # what another process declares stands on its page


def test_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Callable[[Path, str], None]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("buying.charter").write_text(SMALL, encoding="utf-8")
    assert run(["docs", "buying.charter", "--out", "book"]) == 0
    for lang in ("en", "zh"):
        golden(GOLDEN / f"buying.{lang}.html", Path(f"book/{lang}/buying.html").read_text(encoding="utf-8"))
    page = Path("book/en/buying.html").read_text(encoding="utf-8")
    assert "<b>" not in page and html.escape("Buying <b>&amp; paying</b>") in page


def test_pages_that_are_no_more_are_removed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.charter").write_text(SMALL + SMALL.partition("\nscenario")[0].replace("buying", "selling"), "utf-8")
    assert run(["docs", "p.charter", "--out", "book", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pages"] == ["buying", "selling"]
    Path("book/en/mine.txt").write_text("mine", "utf-8")
    with open(f"book/{MANIFEST}", "a", encoding="utf-8") as manifest:
        manifest.write("../p.charter\n")  # who edits the list cannot make it remove what is not in the folder
    Path("p.charter").write_text(SMALL, "utf-8")
    assert run(["docs", "p.charter", "--out", "book", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["removed"] == 6
    assert Path("book/en/mine.txt").exists() and Path("p.charter").exists()
    assert not Path("book/zh/selling.html").exists()
    assert run(["docs", "p.charter", "--out", "."]) == 4
    assert "CH099" in capsys.readouterr().err


def test_nothing_is_written_of_a_file_with_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.charter").write_text(SMALL.replace("by        head", "by        heed"), "utf-8")
    assert run(["docs", "p.charter", "--out", "book"]) == 1
    assert not Path("book").exists()
