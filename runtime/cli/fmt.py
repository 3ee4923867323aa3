"""`charter fmt PATH…`: rewrites process files in the one canonical form."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from charter.runtime.author import texts
from charter.runtime.cli.check import report
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS
from charter.runtime.cli.verb import Verb, Words, argument, option, switch

if TYPE_CHECKING:
    from charter.dsl.text.words import Language

KEYWORDS = ("en", "zh-Hans", "zh-Hant")


def run_fmt(context: Context, paths: tuple[str, ...], check: bool, diff: bool, keywords: Language | None) -> int:
    """Formats files in place (`-`: from standard input to standard output).

    A file with syntax errors is left as it is and the errors are shown. Exit 1 then, or when `--check` finds a file
    that is not in canonical form.
    """
    from charter.dsl.text.printer import format
    from charter.dsl.text.source import read

    say, output = context.say, context.output
    changed, failed, files = 0, 0, 0
    for path in texts.find_files(paths):
        files += 1
        data = texts.read_bytes(path)
        source = read(data, "<stdin>" if path == texts.STDIN else path)
        text, diagnostics = format(data, keywords=keywords, path=source.path)
        if any(d.is_error for d in diagnostics):
            failed += 1
            report(context, diagnostics, {source.path: source}, "full")
            output.line()
            continue
        formatted = text.encode("utf-8")
        same = formatted == data
        changed += not same
        if diff and not same:
            output.difference(path, source.text, text)
        if path == texts.STDIN and not check and not diff:
            sys.stdout.write(text)
        elif not same and not check and not diff:
            texts.write_atomically(path, formatted)
            output.line(say("fmt.rewritten", path=path))
        elif not same and check and not diff:
            output.line(say("fmt.would_rewrite", path=path))
    if paths != (texts.STDIN,):
        key = "fmt.checked" if check or diff else "fmt.summary"
        output.line(say(key, files=files, changed=changed, failed=failed))
    return FINDINGS if failed or (check and changed) else 0


VERBS = {
    "fmt": Verb(
        "fmt",
        run_fmt,
        [
            argument("paths", "PATH", many=True),
            switch("--check"),
            switch("--diff"),
            option("--keywords", "NAME", type=Words(KEYWORDS)),
        ],
    )
}
