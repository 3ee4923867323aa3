"""`charter import log FILE --map MAP`: the history of another system becomes cases with trails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from charter.engine.errors import CharterError
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, FINDINGS, Misuse, Trouble, trouble
from charter.runtime.cli.progress import counted
from charter.runtime.cli.reasons import refused
from charter.runtime.cli.verb import JSON, Family, Verb, Whole, argument, option, switch

if TYPE_CHECKING:
    from charter.runtime.imports.findings import Mistake
    from charter.runtime.imports.importing import Imported


def run_import(context: Context, file: str, map: str | None, process: str | None, batch: int, as_json: bool) -> int:
    """Reads map and log, tells all that is wrong with them, and imports what is not there yet."""
    from charter.runtime.author.data import text_of
    from charter.runtime.author.handed import contents, unreadable
    from charter.runtime.imports.findings import Faulty
    from charter.runtime.imports.histories import read_log
    from charter.runtime.imports.importing import import_log, to_json
    from charter.runtime.imports.mapping import against_process, read_map

    if map is None:
        raise Misuse("missing", name="--map")
    person, cases = context.person, context.cases
    try:
        text = text_of(contents(map, _LARGEST_MAP))
    except OSError as cause:
        raise unreadable(map, cause) from None
    read, mistakes = read_map(text)
    if not mistakes:
        mistakes = against_process(read, cases.definition(process or read.process))
    if mistakes:
        return _faulty(context, mistakes, file, map)
    try:
        log = read_log(Path(file), read)
        with counted(log.rows) as told:
            done = import_log(
                context.store,
                log,
                read,
                by=person,
                file=Path(file),
                map_text=text,
                process=process or read.process,
                batch=batch,
                told=told,
            )
    except Faulty as wrong:
        return _faulty(context, wrong.mistakes, file, map)
    except OSError as cause:
        raise unreadable(file, cause) from None
    if done.refusal is not None:
        return refused(context, done.refusal)
    with context.committed():
        for mistake in (*log.warnings, *done.misfits):
            context.note("\n".join(_told(context, mistake, file, map).lines))
        if as_json:
            context.output.json(to_json(done))
        else:
            _account(context, done)
    return DONE


_LARGEST_MAP = 1 << 20


def _account(context: Context, done: Imported) -> None:
    """Says what became of every row."""
    from charter.engine.retracing import KINDS

    say, output = context.say, context.output
    output.sentence(say("import.done", rows=done.rows, cases=done.cases))
    heads = [say(f"import.{head}") for head in ("what", "rows", "share", "first")]
    rows: list[Sequence[Any]] = []

    def row(name: str, count: int, first: str = "") -> None:
        if count:
            rows.append((name, str(count), f"{count / max(done.rows, 1):.2%}", first))

    row(say("import.taken"), done.taken)
    row(say("import.already"), done.already)
    row(say("import.ignored"), done.ignored)
    for kind in KINDS:
        first = ", ".join(f"{number}: {said}" for number, said in done.examples.get(kind, ())[:3])
        row(say(f"import.{kind}"), done.deviations[kind], first)
    output.table(heads, rows)
    for case, refusal in done.unopened[:3]:
        output.sentence(say("import.unopened", case=case, why=refusal.line), "warn")
    for name, one in done.compared.items():
        share = "–" if one.share is None else f"{one.share:.2%}"
        counts = {"agree": one.agree, "differ": one.differ, "unknown": one.unknown}
        output.sentence(say("import.compared", name=name, share=share, **counts))
        for text, count in one.by.most_common(10):
            output.line(f"  {count}  {text}", "faint")


def _faulty(context: Context, mistakes: Sequence[Mistake], file: str, map: str) -> int:
    """Tells why nothing was imported."""
    told = [_told(context, mistake, file, map) for mistake in mistakes]
    lines = [line for one in told for line in one.lines]
    reasons = tuple(
        {"code": one.code, "message": one.message, "help": one.help, "file": place[0], "line": place[1]}
        for one, place in ((one, _place(mistake, file, map)) for one, mistake in zip(told, mistakes, strict=True))
    )
    return context.fail(Trouble(FINDINGS, tuple(lines), told[0].message, told[0].code, told[0].help, reasons))


def _place(mistake: Mistake, file: str, map: str) -> tuple[str, int | None]:
    return (file, None) if mistake.line is None and mistake.row is not None else (map, mistake.line)


def _told(context: Context, mistake: Mistake, file: str, map: str) -> Trouble:
    """Says one mistake: its sentence, its place and its mend."""
    say = context.say
    given = dict(mistake.arguments)
    if mistake.row is not None:
        given["row"] = mistake.row
    if "why" in given:
        kind = "time" if mistake.code == "CH733" else "log"
        given["detail"] = say(f"import.{kind}_{given['why']}", **given)
        given["advice"] = say(f"import.{kind}_{given['why']}_help", **given)
    found = trouble(CharterError(mistake.code, code=mistake.code, **given), say)
    name, line = _place(mistake, file, map)
    place = say("frame.place", place=name if line is None else f"{name}:{line}")
    head, *rest = found.lines
    if mistake.warning:
        head = say("import.warning", code=mistake.code, sentence=found.message)
    return replace(found, lines=(head, place, *rest))


VERBS = {
    "import": Family(
        "import",
        {
            "log": Verb(
                "import log",
                run_import,
                [
                    argument("file", "FILE"),
                    option("--map", "FILE"),
                    option("--process", "PROCESS"),
                    option("--batch", "NUMBER", type=Whole(), default=5_000),
                    switch(JSON, name="as_json"),
                ],
            ),
        },
    )
}
