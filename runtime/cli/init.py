"""`charter init`: makes a database and its first steward, the one way in which either comes to be."""

from __future__ import annotations

from charter.runtime.cli.context import Context
from charter.runtime.cli.reasons import refused
from charter.runtime.cli.verb import JSON, Verb, option, switch


def run_init(context: Context, name: str | None, as_json: bool) -> int:
    """Makes the database where there is none, and who asks its first steward; refused where there is a steward."""
    from charter.runtime.people.changes import People
    from charter.runtime.store import create_store

    person = context.person
    with create_store(context.database) as store:
        done = People(store, by=person, clock=lambda: context.now).found(name)
        if done is not None:
            return refused(context, done)
    with context.committed():
        said = context.say("init.done", path=context.database, person=person)
        context.output.done(said, as_json, person=person, database=context.database)
    return 0


VERBS = {"init": Verb("init", run_init, [option("--name", "TEXT"), switch(JSON, name="as_json")])}
