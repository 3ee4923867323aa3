"""Exports, read by programs that are not ours, each in an environment of its own (`make readers` makes them).

pm4py is AGPL and large, and drops what it does not expect without a word: a reader, and no judge. r4pm (Rust) and prov
are the second ones. Where an environment is not there, or cannot be made, these tests are left out, and say so.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.desk import Desk
from tests.unit.test_exports import exported, office as office

from charter.runtime.exports.formats import FORMATS
from charter.runtime.exports.judging import entries

READERS = Path(os.environ.get("CHARTER_READERS") or Path(os.environ.get("HOME", ".")) / ".cache/charter/readers")


def needs(name: str) -> pytest.MarkDecorator:
    """Leaves a test out where an environment is not there."""
    return pytest.mark.skipif(not (READERS / name / ".ready").exists(), reason=f"no {name} (make readers)")


def read(name: str, program: str, *arguments: str) -> Any:
    """Runs a program in one of the environments; gives the JSON that it ends with."""
    python = READERS / name / "bin" / "python"
    done = subprocess.run([str(python), "-I", "-c", program, *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


PM4PY = """
import json, sys, warnings
warnings.simplefilter("ignore")
import pm4py
from pm4py.objects.ocel.validation import ocel20_rel_validation
database, document, log = sys.argv[1:]
told = {"broken": ocel20_rel_validation.apply(database)[1]}
for name, found in (("ocel", pm4py.read_ocel2_sqlite(database)), ("ocel-json", pm4py.read_ocel2_json(document))):
    events = found.events
    told[name] = dict(zip(events["ocel:eid"], events["digest"]))
    told[name + " objects"], told[name + " relations"] = len(found.objects), len(found.relations)
found = pm4py.read_xes(log)
told["xes"] = dict(zip(found["id"], found["digest"]))
told["reasons"] = sorted(set(found["data"].dropna()))
print("\\n" + json.dumps(told))
"""
R4PM = """
import json, sys
import r4pm
database, document = sys.argv[1:]
told = {}
for name, path in (("ocel", database), ("ocel-json", document)):
    item = r4pm.import_item("OCEL", path)
    told[name] = [r4pm.bindings.num_events(item), r4pm.bindings.num_objects(item)]
print("\\n" + json.dumps(told))
"""
PROV = """
import json, sys
from collections import Counter
from prov.model import ProvDocument
one, other = (ProvDocument.deserialize(path, format=form) for path, form in zip(sys.argv[1:], ("json", "provn")))
print("\\n" + json.dumps({"same": one == other, "kinds": Counter(type(each).__name__ for each in one.get_records())}))
"""


def written(desk: Desk, folder: Path, *forms: str, among: str = "--only-cases") -> list[str]:
    """Exports all cases, or some, in some formats; gives the paths."""
    names = [f"{form}{FORMATS[form].suffix}" for form in forms]
    return [str(exported(desk, form, f"'{folder}/{name}'", among)[0]) for form, name in zip(forms, names, strict=True)]


@needs("pm4py")
def test_pm4py_reads_what_the_trail_says(office: Desk, tmp_path: Path) -> None:
    files = written(office, tmp_path, "ocel", "ocel-json", "xes")
    told = read("pm4py", PM4PY, *files)
    assert not told["broken"]
    digests = {cells["id"]: cells["digest"] for cells in entries(Path(files[2]), "xes")}
    assert told["ocel"] == told["ocel-json"] == told["xes"] == digests
    log = json.loads(Path(files[1]).read_text("utf-8"))
    assert told["ocel objects"] == told["ocel-json objects"] == len(log["objects"])
    assert told["ocel relations"] == told["ocel-json relations"]


@needs("second")
def test_a_second_reader_counts_the_same_events_and_objects(office: Desk, tmp_path: Path) -> None:
    files = written(office, tmp_path, "ocel", "ocel-json")
    told = read("second", R4PM, *files)
    log = json.loads(Path(files[1]).read_text("utf-8"))
    assert told["ocel"] == told["ocel-json"] == [len(log["events"]), len(log["objects"])]


@needs("second")
def test_provenance_is_the_same_document_in_both_forms(office: Desk, tmp_path: Path) -> None:
    # PROV-N has no escapes for what a terminal obeys, so that only texts without such are the same in both
    files = written(office, tmp_path, "prov-json", "prov-n", among="--case 1")
    told = read("second", PROV, *files)
    count = len(list(entries(Path(files[0]), "prov-json")))
    assert told["same"] and told["kinds"]["ProvActivity"] == told["kinds"]["ProvAssociation"] == count
    assert told["kinds"]["ProvEntity"] == told["kinds"]["ProvGeneration"] > 0 and told["kinds"]["ProvUsage"] > 0
