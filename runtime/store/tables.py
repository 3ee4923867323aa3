"""Every table of the database, in SQLAlchemy Core. No SQL of one database only; that is in `sqlite.py`.

Three sorts: the trail (entries, with definitions and texts), what follows from it and is written in the same
transaction (`runtime/folds/` can make it anew), and working memory (outbox, queue, keys, turns). Times are microseconds
since the epoch, UTC. Entries are only ever added; a case's `head` is the SHA-256 of its last, its rows their replay.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from charter.runtime.store.base import NUMBER as _NUMBER, metadata as metadata
from charter.runtime.store.number_tables import case_numbers as case_numbers
from charter.runtime.store.register_tables import (
    case_links as case_links,
    register_entries as register_entries,
    register_fields as register_fields,
    register_reviews as register_reviews,
    register_uses as register_uses,
)
from charter.runtime.store.seal_tables import checkpoints as checkpoints, leaves as leaves, tiles as tiles


def _texts(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]


definitions = Table(
    "definitions",
    metadata,
    Column("digest", Text, primary_key=True),
    *_texts("process", "version", "title"),
    Column("body", Text, nullable=False),  # definition.to_json, places included
)

# The last deployment of a process is the one that new cases run.
deployments = Table(
    "deployments",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("process", Text, nullable=False, index=True),
    Column("digest", Text, ForeignKey("definitions.digest"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
)

texts = Table(
    "texts",
    metadata,
    Column("digest", Text, ForeignKey("definitions.digest"), nullable=False),
    *_texts("name", "sha256", "text"),
    PrimaryKeyConstraint("digest", "name"),
)

# Which processes know a role: a person's grants for `*` become (process, role) pairs with it.
process_roles = Table(
    "process_roles",
    metadata,
    *_texts("role", "process"),
    PrimaryKeyConstraint("role", "process"),
)

cases = Table(
    "cases",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("process", Text, nullable=False),
    Column("definition", Text, ForeignKey("definitions.digest"), nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),  # CaseState.commands
    Column("entries", Integer, nullable=False),  # how many entries its chain has
    Column("head", Text, nullable=False),  # SHA-256 (hex) of the last entry's bytes
    Column("last_at", BigInteger, nullable=False),
    Column("wake", BigInteger),
    Column("opened_at", BigInteger),
    Column("closed_at", BigInteger),
    Column("opened_by", Text),
    Column("parent", Text),  # which `run` waits for it: `CASE NODE ATTEMPT`
    Column("state", Text, nullable=False),  # what else CaseState knows of the case as a whole, as JSON
)
Index("cases_by_process", cases.c.process, cases.c.status, cases.c.number)
Index("cases_to_wake", cases.c.wake, sqlite_where=cases.c.wake.is_not(None))
Index("cases_by_parent", cases.c.parent, unique=True, sqlite_where=cases.c.parent.is_not(None))

# Chains that belong to no case, such as `organisation`.
chains = Table(
    "chains",
    metadata,
    Column("chain", Text, primary_key=True),
    Column("entries", Integer, nullable=False),
    Column("head", Text, nullable=False),
    Column("last_at", BigInteger, nullable=False),
)

# `body` is the entry; the columns beside it repeat some of it for queries. `case` is the chain: a case's id, or
# `organisation`. `position` is the order of arrival in this database.
entries = Table(
    "entries",
    metadata,
    Column("position", _NUMBER, primary_key=True),
    Column("case", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("element", Text),  # the element's name, without instance
    Column("record", Text),  # the record's name, without instance, where a version was written
    Column("clauses", Text),  # ` S003-2.1-04 S003-2.1-05 `, blanks around each
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("case", "seq"),
)
Index("entries_by_actor", entries.c.actor, entries.c.at)
Index("entries_by_time", entries.c.at)
Index("entries_refused", entries.c.at, entries.c.actor, sqlite_where=entries.c.outcome == text("'refused'"))

# A row a node of a case's state. `place`: its place in the order of the case, from 0.
nodes = Table(
    "nodes",
    metadata,
    *_texts("case", "element", "node"),
    Column("place", Integer, nullable=False),
    Column("due", BigInteger),
    Column("body", Text, nullable=False),  # state.node_json
    PrimaryKeyConstraint("case", "element", "node"),
    sqlite_with_rowid=False,
)

# Work that may have failed for good, which is rare and asked for among all: its body, or a value in it, says so.
FAILED = text('instr(body, \'"state":"failed"\') > 0')
Index("nodes_failed", nodes.c.case, sqlite_where=FAILED)

# A row a record of a case's state: the current version. `record` is the name, `version` the key with its instance.
contents = Table(
    "contents",
    metadata,
    Column("case", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("body", Text, nullable=False),  # a state.Version as a list
    PrimaryKeyConstraint("case", "record", "version"),
    sqlite_with_rowid=False,
)

# One row for each role an open piece of work is offered to, or has come up to; one with role '' once somebody holds it.
work_items = Table(
    "work_items",
    metadata,
    *_texts("case", "node", "role", "process", "element", "state"),
    Column("iteration", Integer, nullable=False),
    Column("holder", Text),
    Column("assigned", Integer, nullable=False),
    Column("barred", Text, nullable=False),  # `|li|wang|`: who has voted, or did what must be done by another
    Column("since", BigInteger, nullable=False),
    Column("due", BigInteger),
    Column("rank", BigInteger, nullable=False),  # what comes first: see runtime/folds/work.py
    PrimaryKeyConstraint("case", "node", "role"),
    sqlite_with_rowid=False,
)
_offered, _held = work_items.c.holder.is_(None), work_items.c.holder.is_not(None)
Index(
    "work_offered",
    work_items.c.process,
    work_items.c.role,
    work_items.c.rank,
    work_items.c.case,
    work_items.c.node,
    sqlite_where=_offered,
)
Index("work_held", work_items.c.holder, work_items.c.rank, sqlite_where=_held)

# A row for each role that is in charge of a `for each` which takes more items, or for whoever opened the case.
open_lists = Table(
    "open_lists",
    metadata,
    *_texts("case", "node", "role", "process", "element"),
    Column("iteration", Integer, nullable=False),
    Column("size", Integer, nullable=False),  # how many items it has
    Column("holder", Text),
    Column("since", BigInteger, nullable=False),
    Column("due", BigInteger),
    Column("rank", BigInteger, nullable=False),  # as that of work
    PrimaryKeyConstraint("case", "node", "role"),
    sqlite_with_rowid=False,
)
_o = open_lists.c
Index("lists_offered", _o.process, _o.role, _o.rank, _o.case, _o.node)
Index("lists_held", _o.holder, _o.rank)

# A row a service-level clock that runs or is paused, of a case under way. `rank`: by when its time is used up;
# `spare`: what is left while it is paused; each far away where it is not known.
running_clocks = Table(
    "running_clocks",
    metadata,
    *_texts("case", "clock", "process"),
    Column("rank", BigInteger, nullable=False),
    Column("spare", BigInteger, nullable=False),
    PrimaryKeyConstraint("case", "clock"),
    sqlite_with_rowid=False,
)
_r = running_clocks.c
Index("clocks_by_rank", _r.rank, _r.spare, _r.clock, _r.case, _r.process)

# What the figures of a process read of its cases: {path: the fact, encoded and as text}.
measures = Table(
    "measures",
    metadata,
    Column("case", Text, primary_key=True),
    Column("process", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("opened_at", BigInteger),
    Column("closed_at", BigInteger),
    Column("body", Text, nullable=False),
)
Index("measures_by_process", measures.c.process, measures.c.version)

# The figures of periods that are over, in the order of their entries; the last one of a period is in force.
figures = Table(
    "figures",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("process", Text, nullable=False),
    Column("kpi", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("body", Text, nullable=False),  # the entry's content
    Column("at", BigInteger, nullable=False),
)
Index("figures_by_kpi", figures.c.process, figures.c.kpi, figures.c.since)

record_versions = Table(
    "record_versions",
    metadata,
    Column("case", Text, nullable=False),
    Column("record", Text, nullable=False),  # with its instance: `deliverable[2]`
    Column("number", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("node", Text),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("seq", Integer, nullable=False),  # the entry that holds the value
    PrimaryKeyConstraint("case", "record", "number"),
    sqlite_with_rowid=False,
)

# An entry and a role that it is news to.
notices = Table(
    "notices",
    metadata,
    Column("case", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    *_texts("role", "process", "kind", "by"),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("case", "seq", "role"),
    sqlite_with_rowid=False,
)
Index("notices_by_role", notices.c.process, notices.c.role, notices.c.at)

# Where notices can be sent, and which go there: `sort` is person or role, `process` is `*` for all. `body`: JSON.
channels = Table("channels", metadata, Column("name", Text, primary_key=True), Column("body", Text, nullable=False))
_ROUTE = ("sort", "recipient", "process", "channel")
_body = Column("body", Text, nullable=False)
_key = (Column(name, Text, nullable=False) for name in _ROUTE)
routes = Table("routes", metadata, *_key, _body, PrimaryKeyConstraint(*_ROUTE))

# A notice that waits until it may be sent, by one route. From then on its message lies in the outbox.
queue = Table(
    "queue",
    metadata,
    *(Column(name, Text, nullable=False) for name in _ROUTE),
    Column("case", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("send_at", BigInteger, nullable=False),
    PrimaryKeyConstraint(*_ROUTE, "case", "seq"),
    sqlite_with_rowid=False,
)
Index("queue_by_time", queue.c.send_at)

# How far the entries have been gone through by whoever reads them once, by position.
_position = Column("position", BigInteger, nullable=False)
cursors = Table("cursors", metadata, Column("name", Text, primary_key=True), _position)

outbox = Table(
    "outbox",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("case", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),  # the effect's class (CallConnector, StartCase, Offer, …), or SendNotices
    Column("body", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("leased_until", BigInteger),  # a host is at it, or it is left alone, until then
    Column("deliveries", Integer, nullable=False),
    Column("failure", Text),  # what the last try failed with
    Column("dead_at", BigInteger),  # since then nobody tries again by himself
)

# What a caller's idempotency key did: the entries `seq` .. `seq + count - 1` of the case.
keys = Table(
    "keys",
    metadata,
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("case", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# In turn: who got the element's work last.
# One row: when this was last written, and how far the machine's own count was (store/watch.py).
clock = Table(
    "clock",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("start", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    *_texts("process", "element", "person"),
    PrimaryKeyConstraint("process", "element"),
)

# The versions of public days; the last one of a country is the one by which cases count.
public_days = Table(
    "public_days",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("country", Text, nullable=False, index=True),
    Column("digest", Text, nullable=False),
    Column("body", Text, nullable=False),  # definition.PublicDays
    Column("source", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

persons = Table(
    "persons",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("active", Integer, nullable=False),
)

# `process` is `*` for a role held in every process.
grants = Table(
    "grants",
    metadata,
    Column("person", Text, ForeignKey("persons.id"), nullable=False),
    *_texts("role", "process"),
    PrimaryKeyConstraint("person", "role", "process"),
)

skills = Table(
    "skills",
    metadata,
    Column("person", Text, ForeignKey("persons.id"), nullable=False),
    Column("skill", Text, nullable=False),
    Column("level", Integer, nullable=False),
    PrimaryKeyConstraint("person", "skill"),
)

certificates = Table(
    "certificates",
    metadata,
    Column("person", Text, ForeignKey("persons.id"), nullable=False),
    Column("certificate", Text, nullable=False),
    Column("valid_until", BigInteger),
    PrimaryKeyConstraint("person", "certificate"),
)

absences = Table(
    "absences",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("person", Text, ForeignKey("persons.id"), nullable=False, index=True),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("reason", Text),
)

# kind `substitute` counts while the principal is absent, `delegation` throughout; both only once accepted.
substitutions = Table(
    "substitutions",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("principal", Text, ForeignKey("persons.id"), nullable=False, index=True),
    Column("person", Text, ForeignKey("persons.id"), nullable=False, index=True),
    *_texts("process", "role"),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("accepted_at", BigInteger),
    Column("revoked_at", BigInteger),
)
