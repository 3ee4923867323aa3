"""The registry of CH5xx codes: why a command is refused, why an element is held, why it was passed over.

A code has a slug and the names of the values its sentence may use; the sentences live in the message tables.
Codes are never reused. CH501-549, 567 and 568 refuse a command (`Refusal`), CH550-566, 569, 590 and 591 say what an
element waits for (`waiting.holds`), CH570-579 say why the engine itself passed over or ended an element (`data.because`
of an entry).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field, structs


class Reason(Struct, frozen=True):
    """Why something is refused or held: a CH5xx code, the values its sentence names, and the subject in the file.

    `subject` is a key of `Definition.places` (`decide.separate`).
    """

    code: str
    subject: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


# What only the person who is refused is told: the values that a condition read, the stages in which they decide later.
TOLD_ONCE = frozenset({"values", "later"})


def recorded(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Gives reasons as a trail keeps them."""
    return tuple(
        reason
        if TOLD_ONCE.isdisjoint(reason.arguments)
        else structs.replace(reason, arguments={k: v for k, v in reason.arguments.items() if k not in TOLD_ONCE})
        for reason in reasons
    )


class Refusal(Struct, frozen=True):
    """This person may not do this now. `reasons` has at least one; the first is the main one."""

    reasons: tuple[Reason, ...]

    @property
    def code(self) -> str:
        return self.reasons[0].code

    @property
    def line(self) -> str:
        """The main reason in one line: its code, and the record and field that it names."""
        reason = self.reasons[0]
        what = [str(reason.arguments[name]) for name in ("record", "field") if reason.arguments.get(name)]
        return " ".join([reason.code, *what])


class Code(Struct, frozen=True):
    code: str
    slug: str
    arguments: tuple[str, ...] = ()


_ROWS: tuple[tuple[str, str, str], ...] = (
    # commands refused
    ("CH501", "not-your-role", "element person roles later"),
    ("CH502", "wrong-state", "element state verb"),
    ("CH503", "separate-from", "element other person"),
    ("CH504", "same-as", "element other person doers"),
    ("CH505", "requirement-missing", "person role kind requirement level"),
    ("CH506", "reason-missing", "verb"),
    ("CH507", "assigned-to-another", "element holder person"),
    ("CH508", "criteria-not-met", "element criteria values"),
    ("CH509", "unknown-element", "element"),
    ("CH510", "record-not-expected", "element record"),
    ("CH511", "record-missing", "element record"),
    ("CH512", "field-missing", "record field"),
    ("CH513", "field-unknown", "record field"),
    ("CH514", "value-of-wrong-type", "record field expected"),
    ("CH515", "check-missing", "element check title"),
    ("CH516", "evidence-missing", "element check evidence"),
    ("CH517", "already-voted", "element person"),
    ("CH518", "stage-not-known", "element stage condition"),
    ("CH519", "case-not-open", "status verb"),
    ("CH520", "not-the-holder", "element holder person"),
    ("CH521", "already-used", "element user state"),
    ("CH522", "no-return-target", "element candidates"),
    ("CH523", "not-upstream", "element target"),
    ("CH524", "one-at-a-time", "element other"),
    ("CH525", "late-answer", "element attempt current"),
    ("CH526", "unbound-parameters", "parameters"),
    ("CH527", "criteria-unknown", "element criteria values"),
    ("CH528", "condition-not-met", "record field condition values"),
    ("CH529", "condition-unknown", "record field condition values"),
    ("CH530", "check-needs-role", "element check role person"),
    ("CH531", "check-needs-another-person", "element check person"),
    ("CH532", "unknown-check", "element check"),
    ("CH533", "only-the-engine", "verb person"),
    ("CH534", "only-people", "verb"),
    ("CH535", "not-in-charge", "element person roles verb"),
    ("CH536", "nobody-waits-for-signal", "signal"),
    ("CH537", "not-an-open-list", "element"),
    ("CH538", "list-closed", "element"),
    ("CH539", "no-such-record", "record"),
    ("CH540", "case-already-started", "case"),
    ("CH541", "too-much-follows", "limit"),
    ("CH542", "bad-value", "record field"),
    ("CH543", "no-seat-left", "element roles"),
    ("CH544", "runs-by-itself", "element target"),
    ("CH545", "container-ended", "element container state"),
    ("CH546", "not-the-doer", "element person doers"),
    ("CH547", "not-an-approval", "element verb"),
    ("CH548", "decided-since", "element other person"),
    ("CH549", "run-by-another", "case element status verb"),
    ("CH566", "cases-too-deep", "element target limit"),
    ("CH567", "never-skipped", "element verb"),
    ("CH568", "handed-to-oneself", "element person"),
    ("CH596", "signal-for-nobody", "signal"),
    ("CH330", "field-is-computed", "record field"),
    ("CH672", "field-is-drawn", "record field"),
    ("CH673", "draw-unknown", "record field condition"),
    ("CH674", "too-few-to-draw", "record field count candidates"),
    ("CH331", "computes-nothing", "record field expression"),
    ("CH332", "required-here", "record field condition values"),
    ("CH333", "requirement-unknown", "record field condition values"),
    ("CH660", "rules-in-a-circle", "rule rules limit"),
    ("CH661", "rules-held-back", "rule limit"),
    ("CH630", "baseline-not-approved", "ledger record"),
    ("CH631", "line-overrun", "ledger line record baseline used"),
    ("CH632", "amount-not-known", "ledger line record baseline"),
    ("CH633", "baseline-amended", "ledger record"),
    ("CH634", "capacity-reached", "element role used most"),
    ("CH635", "another-goes-first", "element role ahead first"),
    ("CH592", "person-not-known", "person record field"),
    ("CH618", "case-not-found", "process name"),
    ("CH668", "no-case-to-amend", "element process"),
    ("CH669", "record-moved-on", "record process version"),
    ("CH670", "record-under-approval", "record process approval"),
    ("CH671", "not-amended-from-here", "record process other"),
    ("CH687", "nothing-offered-here", "process person roles"),
    ("CH688", "not-yours-to-request", "service person roles"),
    ("CH620", "too-much-found", "register limit"),
    ("CH621", "too-late-to-reopen", "element condition at"),
    ("CH637", "reopening-not-dated", "element condition"),
    ("CH638", "offer-not-answered", "element register key check"),
    ("CH622", "entry-twice", "register key"),
    # why nothing came of what a case asked for
    ("CH597", "process-not-deployed", "target"),
    ("CH599", "nobody-to-choose", "element roles"),
    ("CH614", "nobody-to-notify", "process roles"),
    ("CH615", "too-few-named", "element names"),
    ("CH616", "named-and-not-there", "element persons"),
    ("CH617", "not-called-in-a-drill", "element target"),
    # why nobody was asked
    ("CH627", "no-stage-asked", "element"),
    # what an element waits for
    ("CH550", "waits-for-container", "element container state"),
    ("CH551", "waits-for-record", "element record producers"),
    ("CH552", "waits-for-approval", "element record approval state"),
    ("CH553", "waits-for-elements", "element elements needed"),
    ("CH554", "waits-for-condition", "element clause condition"),
    ("CH555", "waits-for-people", "element roles"),
    ("CH556", "waits-for-holder", "element holder"),
    ("CH557", "waits-for-rework", "element elements"),
    ("CH558", "waits-for-exit", "element condition"),
    ("CH559", "waits-for-children", "element elements"),
    ("CH560", "waits-for-time", "element at"),
    ("CH561", "waits-for-signal", "element signal"),
    ("CH562", "waits-for-answer", "element target attempt"),
    ("CH563", "waits-for-case", "element status"),
    ("CH564", "waits-for-resume", "element"),
    ("CH565", "waits-for-retry", "element target"),
    ("CH569", "no-due-date", "element clause condition"),
    ("CH578", "waits-for-count", "element condition"),
    ("CH590", "no-approval-applies", "element record approvals"),
    ("CH591", "signal-kept", "element signal by"),
    # why the engine passed over or ended an element
    ("CH570", "condition-false", "element condition"),
    ("CH571", "input-never-comes", "element record"),
    ("CH572", "predecessor-never-satisfied", "element elements"),
    ("CH573", "choice-taken", "element other"),
    ("CH574", "container-over", "element container"),
    ("CH575", "enough-done", "element enough"),
    ("CH576", "removed-from-list", "element list"),
    ("CH577", "milestone-not-reached", "element condition"),
    ("CH593", "not-offered", "element condition"),
    ("CH594", "ended-by-its-line", "element clause condition"),
    ("CH579", "follows-its-parent", "case element"),
)

CODES: Mapping[str, Code] = MappingProxyType(
    {code: Code(code, slug, tuple(arguments.split())) for code, slug, arguments in _ROWS}
)
