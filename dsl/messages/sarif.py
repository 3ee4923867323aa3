"""What was found in files, as a log in SARIF 2.1.0 (OASIS), which places of code review and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html. It knows the format
and the sentences, and nothing of where the findings came from. Columns count code units of UTF-16 (`columnKind`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from charter.dsl.codes import CODES
from charter.dsl.diagnostic import Diagnostic, Edit, Span
from charter.dsl.messages import pages
from charter.dsl.messages.languages import TAGS
from charter.dsl.messages.render import help_of, keywords_of, label, meaning, message, table
from charter.dsl.text.source import Source
from charter.dsl.text.written import Written

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")


def sarif(
    diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source], *, lang: str = "en", version: str
) -> dict[str, Any]:
    """Gives a log of one run of Charter `version`; paths are relative to where it ran, as they were typed."""
    codes = sorted({d.code for d in diagnostics})
    files = sorted({*sources, *(d.file for d in diagnostics)})
    log = _Log(files, codes, {path: Written(source.data or source.text) for path, source in sources.items()}, lang)
    driver = {"name": "charter", "version": version, "rules": [_rule(code, lang) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True}],
        "language": TAGS[lang],
        "columnKind": "utf16CodeUnits",
        "artifacts": [{"location": {"uri": _uri(file)}, "encoding": "UTF-8"} for file in files],
        "results": [log.result(d, sources.get(d.file)) for d in diagnostics],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _uri(path: str) -> str:
    """Gives a path as a URI (RFC 3986): relative as it is, absolute with its scheme."""
    octets = path.encode("utf-8", "surrogateescape")
    quoted = "".join(chr(octet) if octet in _UNRESERVED else f"%{octet:02X}" for octet in octets)
    return ("file://" if path.startswith("/") else "") + quoted


def _rule(code: str, lang: str) -> dict[str, Any]:
    page = pages.read(pages.FOLDER, code).text(lang)
    return {
        "id": code,
        "name": "".join(part.capitalize() for part in CODES[code].slug.split("-")),
        "shortDescription": {"text": meaning(code, lang)},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": CODES[code].severity},
    }


class _Log:
    def __init__(self, files: Sequence[str], codes: Sequence[str], written: Mapping[str, Written], lang: str) -> None:
        self.files, self.codes, self.written, self.lang = files, codes, written, lang

    def result(self, found: Diagnostic, source: Source | None) -> dict[str, Any]:
        keywords = keywords_of(source)
        said, mend = message(found, self.lang, keywords), help_of(found, self.lang, keywords)
        guess = label(found, self.lang)
        result: dict[str, Any] = {
            "ruleId": found.code,
            "ruleIndex": self.codes.index(found.code),
            "level": found.severity,
            "message": {"text": "\n".join(filter(None, (said, guess, mend, found.scenario)))},
            "locations": [{"physicalLocation": self.place(found.file, found.span)}],
        }
        if also := [place for place in found.also if place.file in self.written]:
            result["relatedLocations"] = [
                {
                    "id": number,
                    "message": {"text": table(self.lang)["frame"][place.note]},
                    "physicalLocation": self.place(place.file, place.span),
                }
                for number, place in enumerate(also, 1)
            ]
        if found.fix is not None and found.file in self.written:
            replacements = [self.replacement(found.file, edit) for edit in found.fix.edits]
            change = {"artifactLocation": self.artifact(found.file), "replacements": replacements}
            result["fixes"] = [{"description": {"text": guess or mend}, "artifactChanges": [change]}]
        return result

    def artifact(self, file: str) -> dict[str, Any]:
        return {"uri": _uri(file), "index": self.files.index(file)}

    def place(self, file: str, span: Span) -> dict[str, Any]:
        place: dict[str, Any] = {"artifactLocation": self.artifact(file)}
        if file in self.written:
            place["region"] = _region(self.written[file].region(span))
        return place

    def replacement(self, file: str, edit: Edit) -> dict[str, Any]:
        written = self.written[file]
        (start, end), text = written.replacement(edit)
        deleted = _region((written.position(start), written.position(end)))
        return {"deletedRegion": deleted, "insertedContent": {"text": text}}


def _region(places: tuple[tuple[int, int], tuple[int, int]]) -> dict[str, int]:
    (line, column), (end_line, end_column) = places
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
