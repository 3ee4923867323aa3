"""The DMN Technology Compatibility Kit, whole: every case passes but those listed, and those listed do fail.

`KNOWN` maps (suite, file, case) to the reason why Charter does otherwise; a listed case that passes fails the test, so
that the list stays exact.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from . import dmn_tck

ROOT = Path(__file__).resolve().parents[2]
KIT = Path(os.environ.get("CHARTER_DMN_TCK", ROOT.parent / "shared/conformance/dmn-tck"))
KNOWN: dict[tuple[str, str, str], str] = {}


@pytest.mark.skipif(not KIT.is_dir(), reason=f"the DMN kit is not at {KIT}; CHARTER_DMN_TCK names another place")
def test_every_case_of_the_kit_passes() -> None:
    results = list(dmn_tck.run(KIT))
    failed = {(r.suite, r.file, r.case): r.failures for r in results if r.failures}
    assert len(results) > 2_900, "the kit is not whole"
    assert failed.keys() == KNOWN.keys(), {key: failed.get(key, "passes") for key in failed.keys() ^ KNOWN.keys()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<testCases", "cannot be read"),
        ("<testCases/>", "no test case"),
        ("<testCases><testCase/></testCases>", "no model"),
        (
            f'<testCases xmlns:i="{dmn_tck.XSI[1:-1]}"><testCase><inputNode>'
            '<value i:type="x:decimal">x</value></inputNode></testCase></testCases>',
            "`x` is not a number",
        ),
    ],
)
def test_a_test_file_that_is_none_fails(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "m.dmn").write_text("<definitions/>")
    (tmp_path / "m-test-01.xml").write_text(text)
    (result,) = dmn_tck.run(tmp_path)
    assert said in result.failures[0]


def test_nothing_to_run_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dmn_tck.main([str(tmp_path)]) == dmn_tck.main([str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err.count("there ") == 2
