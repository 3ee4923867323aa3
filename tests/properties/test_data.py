"""Any table that a program writes as CSV, in any dialect and encoding, reads back the same or is refused."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import assume, given, strategies as st

from charter.engine.text import composed
from charter.runtime.author.data import Unreadable, load

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=6) | st.sampled_from(
    ["", " ", "a,b", "a;b", 'a"b', "a\nb", "1,500", "名称", "é", "sep=;"]
)
NAME = st.text(st.characters(categories=("L",)), min_size=1, max_size=4).map(composed) | st.sampled_from(
    ["sku", "数量"]
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "gb18030", "latin-1", "utf-16-le")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@given(
    st.lists(NAME, min_size=1, max_size=4),
    st.lists(st.lists(TEXT, min_size=4, max_size=4), max_size=4),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(ENCODINGS),
    st.booleans(),
)
def test_a_table_reads_back_the_same_or_is_refused(
    head: list[str], rows: list[list[str]], divider: str, quoting: int, end: str, encoding: str, declared: bool
) -> None:
    rows = [row[: len(head)] for row in rows]
    out = io.StringIO(newline="")
    if declared:
        out.write(f"sep={divider}{end}")
    writer = csv.writer(out, delimiter=divider, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    writer.writerow(head)
    writer.writerows(rows)
    try:
        data = out.getvalue().encode(encoding)
    except UnicodeEncodeError:
        return
    if encoding in ("gb18030", "latin-1") and not data.isascii():
        # few bytes of these are text in UTF-8 too, or begin like UTF-16; nothing could tell
        assume(not data.startswith((b"\xff\xfe", b"\xfe\xff")) and not _is_utf8(data))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(data)
        try:
            found = load(path)
        except Unreadable as error:
            told = error.arguments["told"]
            # a table with one heading shows no divider, so a cell that holds one needs quotes, or a line `sep=`
            shown = declared or divider == "," or len(head) > 1
            assert told != "unnamed" or not shown
            assert told != "twice" or len(set(head)) < len(head)
            assert told not in ("encoding", "binary") or encoding not in ENCODINGS[:3]
            assert told in ("unnamed", "twice", "encoding", "binary")
            return
    wanted = [
        {name: composed(cell.strip()) for name, cell in zip(head, row, strict=True) if cell.strip()} for row in rows
    ]
    assert found == [row for row in wanted if row]
