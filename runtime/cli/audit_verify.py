"""`charter audit verify`: the three verdicts on a trail, as lines or as JSON, and the exit code that goes with them.

A fault (exit 1) outweighs what other rules judged than this build has (exit 6). Judges nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from charter.runtime.cli.consulted import chain, consulted, may_verify
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, FINDINGS, UNJUDGED, Misuse, error_sentence
from charter.runtime.cli.output import Cell

if TYPE_CHECKING:
    from charter.runtime.audit.findings import Seals
    from charter.runtime.audit.held import Held
    from charter.runtime.audit.verify import Fault, Unjudged, Verdict, Verification


def run_verify(context: Context, case: str | None, against: str | None, witness: str | None, as_json: bool) -> int:
    """Gives the three verdicts; `against`: a checkpoint that is kept elsewhere, which a `witness` must have signed."""
    from charter.runtime.audit.verify import verify
    from charter.runtime.author.files import Files
    from charter.runtime.cli.progress import along

    if (case and against) or (witness and not against):
        raise Misuse("whole_against" if case else "witness_against")
    wanted = chain(context, case) if case else None
    may_verify(context, wanted, case)
    held = () if case else _held(context, against, witness)
    found = verify(context.seen, wanted, files=Files(context.seen.folder), along=along, held=held)
    code = exit_code(found)
    consulted(context, "verify", case=wanted, sound={DONE: "yes", FINDINGS: "no", UNJUDGED: "not judged"}[code])
    if as_json:
        context.output.json(verification(context, found))
        return code
    say, output = context.say, context.output
    output.table((), verdict_rows(context, found))
    output.sentence(say("audit.looked_at", cases=found.cases, entries=found.entries), "faint")
    for told, style in _seals(context, found.seals) if found.seals is not None else ():
        output.sentence(told, style)
    if wanted is not None and wanted in found.heads:
        output.sentence(say("audit.head", head=found.heads[wanted][1]), "faint")
    return code


def exit_code(found: Verification) -> int:
    """Gives the exit code of a verification."""
    return FINDINGS if found.faulty else DONE if found.sound else UNJUDGED


def verdict_rows(context: Context, found: Verification) -> list[tuple[str, Cell, str]]:
    """Gives the three verdicts as rows of a table."""
    return [_row(context, verdict) for verdict in found.verdicts]


def _held(context: Context, against: str | None, witness: str | None) -> list[Held]:
    """Gives the checkpoints that are kept outside: the one beside the key, and the one that somebody brings."""
    from charter.runtime.audit.held import beside, brought
    from charter.runtime.audit.notes import BadNote

    found: list[Held] = []
    try:
        found += beside(context.seen)
    except BadNote as error:
        context.note(context.say("frame.warning", text=error_sentence(error, context.say)))
    if against is not None:
        found.append(brought(against, witness))
    return found


def _seals(context: Context, seals: Seals) -> Iterator[tuple[str, str]]:
    """Says how far the trail is sealed, and what could still be rewritten unseen."""
    say = context.say
    if seals.key is None:
        yield say("audit.never_sealed"), "warn"
        return
    yield say("audit.sealed", size=seals.size, checkpoints=seals.checkpoints), "faint"
    for seq in seals.unsigned:
        yield say("audit.key_unsigned", seq=seq), "warn"
    for where, size in seals.held.items():
        yield say("audit.held_against", where=where, size=size), "faint"
    if not seals.brought:
        yield say("audit.exposed_all"), "warn"
    elif rest := seals.size + seals.waiting - max(seals.held[where] for where in seals.brought):
        yield say("audit.exposed", count=rest), "faint"


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
        "seals": None if found.seals is None else _seals_json(found.seals),
        "heads": {name: {"entries": count, "head": head} for name, (count, head) in found.heads.items()},
    }


def _seals_json(seals: Seals) -> dict[str, Any]:
    held = [{"where": where, "size": size, "given": where in seals.brought} for where, size in seals.held.items()]
    told = {
        "key": seals.key,
        "size": seals.size,
        "checkpoint_count": seals.checkpoints,
        "unsealed_count": seals.waiting,
    }
    return {**told, "held": held, "unsigned_keys": list(seals.unsigned)}


def _fault_json(context: Context, fault: Fault) -> dict[str, Any]:
    told = {"case": fault.case, "seq": fault.seq, "why": fault.why, "what": fault.what}
    return {**told, "message": _fault(context, fault)}


def _sound(faulty: bool, sound: bool) -> bool | None:
    """Gives the verdict for JSON: null where it could not be judged here."""
    return False if faulty else True if sound else None
