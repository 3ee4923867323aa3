"""What people see, in both languages, of a report: listed, frozen, revised, signed off and made again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.desk import Desk, transcript

from charter.engine.compact import compact_sorted

GOLDEN = Path(__file__).parents[1] / "golden" / "cli_cases"

STORY = """
charter init --as chen
charter people add li --as chen
charter people add bo --as chen
charter people add gu --as chen
charter people grant li clerk --as chen
charter people grant bo head --as chen
charter people grant bo clerk --as chen
charter people grant gu guest --as chen
charter deploy desk.charter --as chen
charter start desk --as li
charter complete 1 draw_up --set kind=a --set cost=40CNY --as bo
charter approve 1 agree --as bo
charter complete 1 reply --set kind=a --set cost=12CNY --set note=hello --as li
charter complete 1 file --as li
charter start desk --as li
charter report --as li
charter report monthly --as li
charter report monthly --period 2026-03 --freeze --as li
+40
charter report monthly --freeze --as chen
charter report monthly --freeze --as li
charter report monthly --freeze --as li
charter report monthly --freeze --reason again --as li
charter report monthly --period 2026-03 --freeze --reason again --as li
charter report monthly --period 2026-03 --as bo
charter report monthly --period 2026-03 --as gu
charter report monthly --period 2026-03 --as chen
charter report monthly --period 2026-03 --sign-off --as bo
charter report monthly --period 2026-03 --sign-off --reason fine --as li
charter report monthly --period 2026-03 --sign-off --reason fine --as bo
charter report monthly --period 2026-03 --sign-off --reason fine --as bo
charter report monthly --period 2026-03 --again --as bo
charter amend 1 answer --set cost=70CNY --reason mistyped --as li
charter report monthly --period 2026-03 --as li
charter report monthly --period 2026-03 --again --as li
charter report monthly --period 2026-03 --freeze --reason "a cost was mistyped" --as bo
charter report monthly --period 2026-03 --sign-off --reason fine --as bo
charter report monthly --period 2026-03 --number 1 --as li
charter report monthly --period 2026-03 --number 9 --as li
charter report monthly --period 2026-99 --as li
charter report sheet --period 2026-03 --as li
charter report sheet --case 1 --as li
charter report sheet --case 1 --freeze --as li
charter report sheet --case 1 --again --as li
charter report sheet --case 1 --freeze --again --as li
charter report closed_book --as li
charter report closed_book --as bo
charter report nothing --as li
charter report --as li
charter report monthly --period 2026-03 --json --as li
charter report sheet --case 1 --again --json --as li
charter report --as li --json
charter audit log organisation --as chen
charter audit verify --as chen
"""


def desk_with(desk: Desk, folder: Path) -> None:
    (folder / "desk.charter").write_bytes((GOLDEN / "files" / "desk.charter").read_bytes())


@pytest.mark.sqlite("positions of entries are its own on a server, and openings are entered later")
def test_transcript(desk: Desk, golden: Callable[[Path, str], None], tmp_path: Path) -> None:
    desk_with(desk, tmp_path)
    said = re.sub(r'"(account|host)": "[^"]*"', r'"\1": "…"', transcript(desk, STORY))
    golden(
        GOLDEN / f"reports.{desk.lang}.txt", re.sub(r'"entries_digest": "[0-9a-f]+"', '"entries_digest": "HASH"', said)
    )


def test_a_figure_that_was_changed_in_the_trail_is_named(desk: Desk, tmp_path: Path) -> None:
    """Whoever rewrites the entry of a report, with its digest, is told by what the cases themselves say."""
    desk_with(desk, tmp_path)
    lines = STORY.strip().splitlines()
    transcript(desk, "\n".join(lines[: lines.index("charter report monthly --period 2026-03 --as bo")]))
    with desk.store.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER entries_no_update")
        [(body, position)] = connection.exec_driver_sql(
            "SELECT body, position FROM entries WHERE kind = 'report_frozen'"
        ).fetchall()
        fields = json.loads(body)
        figure = next(f for f in fields["data"]["figures"] if f["name"] == "handled")
        figure["value"] = {"number": "9"}
        text = compact_sorted(fields).encode()
        connection.exec_driver_sql("UPDATE entries SET body = ? WHERE position = ?", (text, position))
    said = desk.type("charter report monthly --period 2026-03 --again --as bo")
    assert desk.code == 1 and "Handled" in said and "Received" not in said, said


def test_a_page_shows_the_same_figures(desk: Desk, tmp_path: Path) -> None:
    desk_with(desk, tmp_path)
    lines = STORY.strip().splitlines()
    transcript(desk, "\n".join(lines[: lines.index("charter report monthly --period 2026-03 --as bo")]))
    desk.type("charter report monthly --period 2026-03 --html page.html --as bo")
    page = Path("page.html").read_text(encoding="utf-8")
    assert desk.code == 0 and "<script" not in page and "http" not in page
    for text in ("Monthly report", "Received", "2026-03", "organisation."):
        assert text in page, text
