"""By what a case is judged: the number of the engine's law, and the version of the zone rules.

The law is what a step makes of a state and a command. A case names the law that it began under; going on under another
one leaves an entry (`continued`). Raise `LAW` with a line in `HISTORY` whenever a step may give other entries or
another state for the same command, and add a trail of the law before to `tests/trails` (CONTRIBUTING says how). No
old law is carried along until a release names it as kept; `replay` says what cannot be judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from charter.engine.zones import TZDATA

HISTORY: Mapping[int, str] = MappingProxyType(
    {
        0: "builds that named no law, and took zone rules from the machine",
        1: "the first law that entries name; zone rules are those of the tzdata package; a required text is not blank; "
        "null picks no row of a decision table, a range that ends before it starts is null, a step has one budget; "
        "`item` in a filter over elements is the element; "
        "texts are in Unicode's form NFC; "
        "everybody who made something counts in separations, and rights are judged when they are used; "
        "what another system recorded moves nothing by itself; "
        "early signals keep what came with them, clocks stop with their work, rhythms stay, work begun chooses; "
        "no gap between approvals lets a record pass, and each stage is another person's; "
        "`where` may ask whether its field is there, items of lists are not blank, a person is one who is known; "
        "work whose `when` still holds is kept, whatever else the record that it reads says; "
        "what is added to a list is checked as one of its items, and who made a record counts in other cases, too; "
        "`doer` is who did it last, also where they had done it before; "
        "a condition on a record that never comes is a dead path, a round that opened nothing is not repeated; "
        "whom a control binds does not reopen a phase in which it is over, and a refused `assign` names who may; "
        "a text of more than a million characters is null, whichever function of FEEL would give it; "
        "a vote for which no seat is left is refused with the roles of the person who gave it; "
        "null for a record with fields is a record that is missing; "
        "a `when` that compares how an element ends waits for that end, counts of elements are decided as soon as they "
        "can be, and an element in a `for each` is the list of its instances, also of those that are not there yet; "
        "`skipped` and `cancelled` are known when it is over, a signal reaches all who find in it what they write; "
        "a case that is over ends its rhythms and passes over its milestones for good, and a list those of its items; "
        "a `done when` without a number that can be one keeps its group open; "
        "a milestone in a `first of` chooses when it is reached; "
        "who hands over what is there already does not make its author a maker of their own work; "
        "a wait that ends beyond the calendar is told; "
        "one person does all that an element is to be done by the same person as, whichever comes first; "
        "two elements in one `for each` are kept apart item by item; what is never skipped keeps what it contains; "
        "what a missed date leads to is an action with an entry of its own; "
        "reminders, what ends an element and what happens beside it are its events, each once for what brings it; "
        "other public days move rounds that are over and `wait until`, and conditions are looked at again with them; "
        "service-level clocks count once nothing else follows, and wake a case; "
        "rules look at a case when all else of a step has followed; "
        "rounds that are passed over are told, and an element says what becomes of them; "
        "what a case asks for and nobody does is told; "
        "a `for each` fits itself to its list when another element updates it; "
        "ledgers are looked at when all else has followed, and may refuse what is written; "
        "work that somebody holds comes up to a higher role, too, and of a block what is open in it; "
        "a role that is told and that nobody holds, and a case or rule beyond its bound, are declined; "
        "rules may wait for a share of a clock's time; "
        "registers are looked up by steps, and what they hold is part of the command; "
        "queues say who may take work, and in which order; "
        "what figures read of a round is kept when it is over, and what begins again with a round has no times yet; "
        "a clock may count the time in which work is with a role; "
        "computed fields and defaults are filled in when a record is written, and a condition may require a field; "
        "data may name who does and decides, which is pinned when the work opens; "
        "a case that is completed brings counters up to date, after all else; "
        "a case may go over to another version of its process; "
        "work is handed over with how far it has come; "
        "a drill files nothing, calls nobody and is in no queue; "
        "what work rests on is kept in the order of its names, in every process; "
        "work that files an entry whose review is due files it again, also as it was; "
        "a register's review may come as often as a parameter says; "
        "a stage of an approval is asked where its condition holds, and held while that is unknown; "
        "people are drawn by lot from what a command brings, and cases are called by numbers; "
        "a case looks up the case that it concerns, and amends it by a command of its own; "
        "what is over for too long is not reopened, and an open list closes by its condition; "
        "what a register offers is pinned when work opens, and answered before it is done; "
        "what a round has filed is kept when the next one files; "
        "outsiders open only what is offered to them, and a request names what its writer may request",
    }
)
LAW = max(HISTORY)


class Rules(NamedTuple):
    """What judged: a law, and the version of the zone rules (empty: nobody knows which)."""

    law: int = 0
    tzdata: str = ""


PRESENT = Rules(LAW, TZDATA)
