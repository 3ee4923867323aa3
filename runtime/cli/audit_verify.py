"""`charter audit verify`: the three verdicts on a trail, as lines or as JSON, and the exit code that goes with them.

A fault (exit 1) outweighs what other rules judged than this build has (exit 6). Judges nothing itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charter.runtime.cli.consulted import chain, consulted, may_verify
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, FINDINGS, UNJUDGED
from charter.runtime.cli.output import Cell

if TYPE_CHECKING:
    from charter.runtime.audit.verify import Fault, Unjudged, Verdict, Verification


def run_verify(context: Context, case: str | None, as_json: bool) -> int:
    """Gives the three verdicts."""
    from charter.runtime.audit.verify import verify
    from charter.runtime.author.files import Files
    from charter.runtime.cli.progress import along

    wanted = chain(context, case) if case else None
    may_verify(context, wanted, case)
    found = verify(context.seen, wanted, files=Files(context.seen.folder), along=along)
    code = exit_code(found)
    consulted(context, "verify", case=wanted, sound={DONE: "yes", FINDINGS: "no", UNJUDGED: "not judged"}[code])
    if as_json:
        context.output.json(verification(context, found))
        return code
    say, output = context.say, context.output
    output.table((), verdict_rows(context, found))
    output.sentence(say("audit.looked_at", cases=found.cases, entries=found.entries), "faint")
    if wanted is not None and wanted in found.heads:
        output.sentence(say("audit.head", head=found.heads[wanted][1]), "faint")
    return code


def exit_code(found: Verification) -> int:
    """Gives the exit code of a verification."""
    return FINDINGS if found.faulty else DONE if found.sound else UNJUDGED


def verdict_rows(context: Context, found: Verification) -> list[tuple[str, Cell, str]]:
    """Gives the three verdicts as rows of a table."""
    return [_row(context, verdict) for verdict in found.verdicts]


def _row(context: Context, verdict: Verdict) -> tuple[str, Cell, str]:
    say = context.say
    if verdict.fault is not None:
        word, style, told = "unsound", "bad", _fault(context, verdict.fault)
    elif verdict.unjudged:
        word, style, told = "unjudged", "warn", _unjudged(context, verdict.unjudged)
    else:
        word, style, told = "sound", "good", say(f"audit.{verdict.name}_holds")
    return say(f"audit.{verdict.name}"), Cell(say(f"audit.{word}"), style), told


def _fault(context: Context, fault: Fault) -> str:
    from charter.dsl.messages.render import failure

    why = context.say(f"verify.{fault.why}", what=failure(fault.what or "", context.say.lang))
    if fault.case is None:
        return context.say("audit.fault_whole", why=why)
    if fault.seq is None:
        return context.say("audit.fault_beside", case=fault.case, why=why)
    return context.say("audit.fault", case=fault.case, seq=fault.seq, why=why)


def _unjudged(context: Context, unjudged: tuple[Unjudged, ...]) -> str:
    from charter.engine.law import PRESENT

    first, *others = unjudged
    rule = "law" if first.rules.law != PRESENT.law else "tzdata"
    there, here = getattr(first.rules, rule), getattr(PRESENT, rule)
    told = context.say(f"audit.other_{rule}", case=first.case, seq=first.seq, there=there, here=here)
    return told + context.say("audit.others_too", count=len(others)) if others else told


def verification(context: Context, found: Verification) -> dict[str, Any]:
    """Gives a verification for scripts."""
    return {
        "sound": _sound(found.faulty, found.sound),
        "case_count": found.cases,
        "entry_count": found.entries,
        "verdicts": [
            {
                "name": v.name,
                "sound": _sound(v.fault is not None, v.sound),
                "fault": None if v.fault is None else _fault_json(context, v.fault),
                "unjudged": [{"case": u.case, "seq": u.seq, **u.rules._asdict()} for u in v.unjudged],
            }
            for v in found.verdicts
        ],
        "heads": {name: {"entries": count, "head": head} for name, (count, head) in found.heads.items()},
    }


def _fault_json(context: Context, fault: Fault) -> dict[str, Any]:
    told = {"case": fault.case, "seq": fault.seq, "why": fault.why, "what": fault.what}
    return {**told, "message": _fault(context, fault)}


def _sound(faulty: bool, sound: bool) -> bool | None:
    """Gives the verdict for JSON: null where it could not be judged here."""
    return False if faulty else True if sound else None
