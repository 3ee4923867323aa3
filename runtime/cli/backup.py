"""`charter backup FILE`: copies the database while it is in use, with what belongs to it, and verifies the copy.

The operator's: it shows nothing of what it copies. Exit codes are those of `audit verify`, told of the copy.
"""

from __future__ import annotations

from charter.runtime.cli.context import Context
from charter.runtime.cli.verb import JSON, Verb, argument, switch


def run_backup(context: Context, file: str, as_json: bool) -> int:
    """Copies to a file that is not there yet, and gives the verdicts on the copy."""
    from charter.runtime.cli.audit_verify import exit_code, verdict_rows, verification
    from charter.runtime.cli.progress import along, counted
    from charter.runtime.host.backup import back_up

    done = back_up(context.db, file, counted=counted, along=along)
    code = exit_code(done.found)
    if as_json:
        copied = {
            "file": str(done.path),
            "size": done.size,
            "connectors_file": None if done.connectors is None else str(done.connectors),
            "files": done.files,
            "files_there": done.there,
            "files_damaged": list(done.damaged),
        }
        context.output.json({**copied, **verification(context, done.found)})
        return code
    say, output = context.say, context.output
    output.sentence(say("backup.done", path=done.path, size=_size(done.size)))
    output.table((), verdict_rows(context, done.found))
    output.sentence(say("audit.looked_at", cases=done.found.cases, entries=done.found.entries), "faint")
    output.sentence(say("backup.files", came=done.files, there=done.there), "faint")
    if done.connectors is not None:
        output.sentence(say("backup.connectors", path=done.connectors.name), "faint")
    if done.damaged:
        names = say.listed([digest[:12] for digest in done.damaged[:5]] + ["…"] * (len(done.damaged) > 5))
        output.sentence(say("backup.damaged", count=len(done.damaged), names=names), "bad")
    return code


def _size(size: int) -> str:
    unit = next(unit for unit in (30, 20, 10) if size >= 1 << unit or unit == 10)
    return f"{size / (1 << unit):.1f} {({30: 'GiB', 20: 'MiB', 10: 'KiB'})[unit]}"


VERBS = {"backup": Verb("backup", run_backup, [argument("file", "FILE"), switch(JSON, name="as_json")])}
