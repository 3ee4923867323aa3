"""`charter fmt PATH…`: rewrites process files in the one canonical form."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from charter.runtime.author import texts
from charter.runtime.cli.check import as_data, report
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS
from charter.runtime.cli.verb import JSON, Verb, Words, argument, option, switch

if TYPE_CHECKING:
    from charter.dsl.text.words import Language

KEYWORDS = ("en", "zh-Hans", "zh-Hant")


def run_fmt(
    context: Context, paths: tuple[str, ...], check: bool, diff: bool, keywords: Language | None, as_json: bool
) -> int:
    """Formats files in place (`-`: from standard input to standard output).

    A file with syntax errors is left as it is and the errors are shown. Exit 1 then, or when `--check` finds a file
    that is not in canonical form.
    """
    from charter.dsl.text.printer import format
    from charter.dsl.text.source import read

    say, output = context.say, context.output
    changed, broken = [], []
    files = list(texts.find_files(paths))
    write = not check and not diff
    for path in files:
        data = texts.read_bytes(path)
        source = read(data, texts.name_of(path))
        text, diagnostics = format(data, keywords=keywords, path=source.path)
        if any(d.is_error for d in diagnostics):
            broken.append((diagnostics, {source.path: source}))
            if not as_json:
                report(context, *broken[-1], "full")
                output.line()
            continue
        formatted = text.encode("utf-8")
        if formatted != data:
            changed.append({"file": source.path, "text": text} if path == texts.STDIN else {"file": source.path})
            if write and path != texts.STDIN:
                texts.write_atomically(path, formatted)
        if not as_json:
            if path == texts.STDIN and write:
                sys.stdout.write(text)
            elif formatted != data and diff:
                output.difference(path, data.decode("utf-8", "replace"), text)
            elif formatted != data:
                output.sentence(say("fmt.rewritten" if write else "fmt.would_rewrite", path=path))
    count = {"files": len(files), "changed": len(changed), "failed": len(broken)}
    if as_json:
        found = [row for one in broken for row in as_data(context, *one)]
        output.json({"summary": count, "changes": changed, "diagnostics": found})
    elif paths != (texts.STDIN,):
        output.sentence(say("fmt.summary" if write else "fmt.checked", **count))
    return FINDINGS if broken or (check and changed) else 0


VERBS = {
    "fmt": Verb(
        "fmt",
        run_fmt,
        [
            argument("paths", "PATH", many=True),
            switch("--check"),
            switch("--diff"),
            switch(JSON, name="as_json"),
            option("--keywords", "NAME", type=Words(KEYWORDS)),
        ],
    )
}
