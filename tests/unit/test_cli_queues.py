"""What people see, in both languages, of the queue that their work is in, across cases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.desk import Desk, transcript

GOLDEN = Path(__file__).parents[1] / "golden" / "cli_cases"

QUEUE = """
charter init --as chen
charter people add li --as chen
charter people add wu --as chen
charter people grant chen clerk --as chen
charter people grant li engineer --as chen
charter people grant wu engineer --as chen
charter deploy queue.charter --as chen
charter start desk --as chen
charter start desk --as chen
charter start desk --as chen
charter start desk --as chen
charter complete 1 take --set level=3 --set text=a --as chen
charter complete 2 take --set level=2 --set text=b --as chen
charter complete 3 take --set level=1 --set text=c --as chen
charter complete 4 take --set level=2 --set text=d --as chen
charter inbox --as li
charter claim 1 solve --as li
charter claim 3 solve --as li
charter inbox --as li
charter claim 4 solve --as li
charter claim 2 solve --as li
charter inbox --as li
charter claim 4 solve --as li
charter inbox --as wu --json
charter audit verify --as chen
"""


def test_transcript(desk: Desk, golden: Callable[[Path, str], None], tmp_path: Path) -> None:
    (tmp_path / "queue.charter").write_bytes((GOLDEN / "files" / "queue.charter").read_bytes())
    golden(GOLDEN / f"queues.{desk.lang}.txt", transcript(desk, QUEUE))
