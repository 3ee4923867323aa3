"""Five hundred hostile strings through texts that people give, into all that is written: nothing is obeyed or lost.

SQL, exports, HTML, SVG, Mermaid and terminals each get them; what is written for programs is parsed by readers of the
standard library, and holds the same texts again.
"""

from __future__ import annotations

import itertools
import json
import re
import shlex
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.desk import Desk
from tests.founded import founded

from charter.engine.text import composed
from charter.runtime.cli.export import DRAWN, NAMES
from charter.runtime.exports.judging import check, entries

# what is obeyed somewhere, and what it stands in
CORES = (
    *("'; DROP TABLE entries; --", "' OR '1'='1", '"; DELETE FROM cases; --', "1); ATTACH 'x' AS y;", "%' ESCAPE '\\"),
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '" onload="alert(1)', "</style><script>x</script>"),
    *("]]><!ENTITY x SYSTEM 'file:///etc/passwd'>", "&x; &#0; &#27;", "<!--", "javascript:alert(1)", "</svg><script>"),
    *("=HYPERLINK(0)", "@SUM(1)", "+1|cmd", "-2+3", "\t=1", "＝1+1", "'=1", '=cmd|"/C calc"!A0', "#quot;", "`x`"),
    *("\x1b[2J\x1b[31m", "\x1b]0;title\x07", "\x9b31m", "\r\x1b[K", "\x08\x08", "\x00", "\x7f", "\u202etxt.exe"),
    *("x\u2028y", '"]; click n1 "javascript:x"', 'end\n  n1 --> n2["x"]', "%%{init: {}}%%", "---\ntitle: x", "\ufffe"),
    *("$(reboot)", "`reboot`", "${jndi:ldap://x}", "{{7*7}}", "%s%n", "../../etc/passwd", "\\u0041\\", "\\x1b"),
    *("SELECT pg_sleep(9)", '{"$ref":"#"}', "@import url(x)", "王'); alert(1)//"),
)
AROUND = ("{}", "'{}'", '"{}"', " {}\n{}", "a,{};b", "<b>{}</b>", "\\{}\\", "{}\u0301é𝒳", "[{}]", "--{}--")
STRINGS = [composed(around.replace("{}", core)) for core, around in itertools.product(CORES, AROUND)][:500]

# A process file is one line a title, so that what breaks lines or speaks to terminals is refused there.
TITLES = [text for text in STRINGS if text.isprintable() and text.strip()][::17]
TITLED = iter(itertools.cycle(TITLES))
PROCESS = """process probe TITLE
  owner boss
  role boss TITLE
  record note TITLE
    said list of text TITLE
  phase part TITLE
    activity write TITLE
      role boss
      output note
    approval judge TITLE of note
      by boss
      on reject return to write
    milestone over TITLE
      after judge
"""
EACH = 100


def titled(texts: Iterator[str]) -> str:
    return re.sub("TITLE", lambda _: json.dumps(next(texts), ensure_ascii=False), PROCESS)


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("injection")
    with pytest.MonkeyPatch.context() as patch, founded(folder / "a.db", "root") as store:
        patch.chdir(folder)
        desk = Desk(store, "en")
        Path("probe.charter").write_text(titled(TITLED), "utf-8")
        Path("plain.charter").write_text(titled(itertools.repeat("x")), "utf-8")

        def done(line: str) -> None:
            said = desk.type(line if " --as root" in line else f"{line} --as root")
            assert desk.code == 0, (line, said)

        def typed(line: str, text: str) -> None:
            done(f"{line} --as root -- {shlex.quote(text)}" if text.startswith("-") else f"{line} {shlex.quote(text)}")

        for person, text in enumerate(TITLES[:10]):
            done(f"charter people add p{person} --name={shlex.quote(text)}")
        done("charter people grant root boss --process probe")
        done("charter people grant root auditor --process organisation")
        done("charter deploy probe.charter")
        for case, start in enumerate(range(0, len(STRINGS), EACH), 1):
            Path(f"{case}.json").write_text(json.dumps({"note": {"said": STRINGS[start : start + EACH]}}), "utf-8")
            done("charter start probe")
            done(f"charter complete {case} write --data {case}.json")
            for text in STRINGS[start : start + EACH : 20]:
                typed(f"charter comment {case}", text)
                done(f"charter reject {case} judge --reason={shlex.quote(text)}")
                done(f"charter complete {case} write --data {case}.json")
        yield desk


def test_the_trail_holds_and_has_every_text(probe: Desk) -> None:
    assert len(STRINGS) == 500 == len(set(STRINGS))
    said = probe.type("charter audit verify --as root")
    assert probe.code == 0, said
    told = json.loads(probe.type("charter audit query 'kind = \"written\"' --json --as root"))
    assert {text for each in told for text in each["data"]["value"]["said"]} == set(STRINGS)
    # as a question, too, each is a text and no SQL
    for text in STRINGS[::25]:
        asked = json.dumps(text, ensure_ascii=False).replace("\\/", "/")
        probe.type(f"charter audit query {shlex.quote(f'reason = {asked}')} --json --as root")
        assert probe.code in (0, 2)


@pytest.mark.parametrize("form", [name for name in NAMES if name not in (*DRAWN, "parquet")])
def test_exports_are_sound_and_say_every_text_again(probe: Desk, form: str) -> None:
    probe.type(f"charter audit export {form} --out out-{form} --as root")
    assert probe.code == 0 and not list(check(Path(f"out-{form}"), form))
    found = list(entries(Path(f"out-{form}"), form))
    data = [json.loads(cells["data"]) for cells in found if cells["kind"] == "written"]
    assert {text for each in data for text in each["value"]["said"]} == set(STRINGS)
    assert {cells["reason"] for cells in found if cells["kind"] == "rejected"} == set(STRINGS[::20])
    if form != "ocel":
        written = Path(f"out-{form}").read_text("utf-8")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028]", written.replace("\r\n", "\n"))


class Tags(HTMLParser):
    """What a browser would take for tags, with the names of their attributes, and where these lead."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.led: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))
        self.led |= {str(value) for name, value in attrs if name in ("href", "src", "action")}


def tags(text: str) -> Tags:
    read = Tags()
    read.feed(text)
    return read


def test_pages_have_no_tag_that_is_not_ours(probe: Desk) -> None:
    for name in ("probe", "plain"):
        said = probe.type(f"charter docs {name}.charter --out pages-{name}")
        assert probe.code == 0, said
    probe.type("charter audit key --make --name example.com/q --as root")
    probe.type("charter audit bundle --out bundle --as root")
    assert probe.code == 0
    ours = {one for path in Path("pages-plain").rglob("*.html") for one in tags(path.read_text("utf-8")).found}
    for path in [*Path("pages-probe").rglob("*.html"), Path("bundle/entries.html")]:
        read = tags(path.read_text("utf-8"))
        assert path.parent.name == "bundle" or set(read.found) <= ours, set(read.found) - ours
        names = {name for _, attributes in read.found for name in attributes}
        assert not [name for name in names if name.startswith("on")] and not {"script", "img", "iframe"} & {
            tag for tag, _ in read.found
        } - {tag for tag, _ in ours}
        assert not [where for where in read.led if where.strip().lower().startswith(("javascript:", "data:"))]


def test_drawings_have_no_tag_and_no_line_that_is_not_ours(probe: Desk) -> None:
    drawn = [probe.type(f"charter graph {name}.charter --format svg") for name in ("probe", "plain")]
    drawn += [probe.type("charter graph 1 --format svg --as root")]
    probe.type("charter audit export prov-svg --case 1 --out p.svg --as root")
    for text in (*drawn, Path("p.svg").read_text("utf-8")):
        for element in ElementTree.fromstring(text).iter():
            assert element.tag.rpartition("}")[2] in ("svg", "title", "style", "rect", "path", "text", "circle", "g")
            assert not [name for name in element.attrib if name.startswith("on") or "href" in name]
    mermaid = [probe.type(f"charter graph {name}.charter --format mermaid") for name in ("probe", "plain")]
    bare = [re.sub(r'"[^"\n]*"', '""', text).splitlines() for text in mermaid]
    assert bare[0] == bare[1]
    probe.type("charter audit export prov-dot --case 1 --out p.dot --as root")
    lines = [re.sub(r'"(?:[^"\\]|\\.)*"', '""', line) for line in Path("p.dot").read_text("utf-8").splitlines()]
    shape = re.compile(
        r'digraph provenance \{|  rankdir=LR;|  (label|node \[fontname)=""\]?;|  n\d+ (\[.*\]|-> n\d+);|\}'
    )
    assert all(shape.fullmatch(line) for line in lines), [line for line in lines if not shape.fullmatch(line)]


def test_no_terminal_is_spoken_to(probe: Desk) -> None:
    for line in ("show 1 --records", "audit log 1", "audit query", "people list", "cases", "inbox", "audit show 1.3"):
        for more in ("", " --json") if line != "audit show 1.3" else ("",):
            said = probe.type(f"charter {line}{more} --as root")
            assert probe.code == 0 and not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028]", said), line
