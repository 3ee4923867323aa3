"""The recipes of CONTRIBUTING.md, walked: what they name is enough, and is all there is to touch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text
from tests.founded import founded

from charter.dsl.passes import compile
from charter.engine.entries.cases import Commented
from charter.runtime import folds
from charter.runtime.audit import log
from charter.runtime.folds.fold import Change, Fold, Stride
from charter.runtime.folds.shape import Shape
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store.connection import core
from charter.runtime.store.rows import Rows

ROOT = Path(__file__).resolve().parents[2]

# An element line `guide "…"`, as the recipe has it: by file, what is put before the first line that begins so.
GUIDE = {
    "dsl/keywords/en.toml": [("ASSIGN =", 'GUIDE = "guide"')],
    "dsl/keywords/zh_hans.toml": [("ASSIGN =", 'GUIDE = "指引"')],
    "dsl/keywords/zh_hant.toml": [("ASSIGN =", 'GUIDE = "指引"')],
    "dsl/text/charter.lark": [("    | on | ", "    | guide"), ("raci: DONE_BY", "guide: GUIDE STRING")],
    "dsl/text/tree.py": [
        ("class Assign(", "class Guide(Line, frozen=True):\n    text: Text\n\n"),
    ],
    "dsl/text/plain_lines.py": [('    "veto": (', '    "guide": (t.Guide, "GUIDE"),')],
    "dsl/check/lines.py": [
        (
            "    (t.Assign,)",
            '    (t.Guide,): LineSpec("guide", ACTIVITY, becomes=lambda line: {"guide": line.text.text}),',
        )
    ],
    "engine/definition.py": [("    agreement: Agreement | None", "    guide: str | None = None")],
}

WALK = """
from pathlib import Path
from charter.dsl.text import parser, printer
from charter.dsl import passes
from charter.engine import lalr
from charter.engine.definition import digest

table = Path(parser.__file__).with_name(parser.TABLE)
table.write_text(lalr.written(parser.grammar(), *parser.STARTS), encoding="utf-8")
TEXT = 'process p\\n  role clerk\\n  activity work\\n    role clerk\\n'
LINE = '    guide "ask first"\\n'

def compiled(text):
    found = passes.compile("p.charter", text)
    return [d.code for d in found.diagnostics], found.definitions

codes, (plain,) = compiled(TEXT)
assert codes == []
codes, (guided,) = compiled(TEXT + LINE)
assert codes == [] and guided.elements[0].guide == "ask first" and plain.elements[0].guide is None
assert digest(plain) != digest(guided) and guided.place("work.guide") == "p.charter:5"
assert compiled(TEXT + LINE + LINE)[0] == ["CH213"]
assert compiled(TEXT + "  milestone there\\n    when work.done\\n" + LINE)[0] == ["CH214"]
for language, word in (("en", "guide"), ("zh-Hans", "指引"), ("zh-Hant", "指引")):
    text, wrong = printer.format(TEXT + LINE, language)
    assert not wrong and f'{word} "ask first"' in " ".join(text.split()), text
    assert digest(compiled(text)[1][0]) == digest(guided)
"""


def test_a_new_element_line_is_a_few_rows(tmp_path: Path) -> None:
    package = tmp_path / "charter"
    shutil.copytree(
        ROOT / "src" / "charter", package, ignore=shutil.ignore_patterns("__pycache__", "runtime", "processes")
    )
    for name, rows in GUIDE.items():
        path = package / name
        lines = path.read_text("utf-8").split("\n")
        for before, row in rows:
            at = next(n for n, line in enumerate(lines) if line.startswith(before))
            lines.insert(at, row)
        path.write_text("\n".join(lines), encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONUTF8": "1"}
    done = subprocess.run([sys.executable, "-c", WALK], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_recipe_names_every_file_that_is_touched() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    recipe = text[text.index("**A keyword.**") : text.index("**An export.**")]
    recipe = recipe.replace("{en,zh_hans,zh_hant}.toml", "en.toml zh_hans.toml zh_hant.toml")
    named = [name for name in GUIDE if Path(name).name not in recipe]
    assert named == []


def test_a_fold_is_a_table_a_function_and_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What people said about a case, by its entries' numbers: kept along, made anew and compared from then on."""
    said = Table(
        "said",
        MetaData(),
        Column("case", Text, primary_key=True),
        Column("seq", Integer, primary_key=True),
        Column("by", Text, nullable=False),
        Column("text", Text, nullable=False),
    )

    def change(stride: Stride) -> Change:
        numbered = enumerate(stride.entries, stride.first)
        return Change(
            come=[(stride.case, seq, e.actor, e.told.text) for seq, e in numbered if isinstance(e.told, Commented)]
        )

    monkeypatch.setattr(
        folds, "FOLDS", (*folds.FOLDS, Fold(Rows("said", ("case", "seq"), ("case", "seq", "by", "text")), change))
    )
    with founded(tmp_path / "a.db", "li") as store:
        with store.write() as connection:
            said.create(core(connection))
        People(store, by="li").grant("li", "clerk")
        host = Cases(store)
        text = b"process p\n  role clerk\n  activity work\n    role clerk\n"
        (definition,) = compile("p.charter", text).definitions
        host.deploy(definition, by="li")
        case = host.start("p", person="li").case
        for text in ("one", "two"):
            host.perform(case, person="li", verb="comment", text=text)
        state, shape = host.state(case), Shape(definition)
        with store.write() as connection:
            entries = list(log.to_entries(log.load(connection, case)))
            kept = folds.snapshot(connection, case)
            assert [row[2:] for row in kept["said"]] == [["li", "one"], ["li", "two"]]
            folds.rebuild(connection, shape, state, entries)
            assert folds.snapshot(connection, case) == kept
            assert folds.differs(connection, shape, state, entries, folds.FOLDS) is None
            core(connection).execute(said.update().values(text="three"))
            assert folds.differs(connection, shape, state, entries, folds.FOLDS) == "said"
