"""`charter init`: makes a database and its first steward; with a folder, begins a project of a user's own there."""

from __future__ import annotations

from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Misuse
from charter.runtime.cli.reasons import refused
from charter.runtime.cli.verb import JSON, Verb, argument, option, switch


def run_init(
    context: Context, folder: str | None, name: str | None, origin: str | None, no_key: bool, as_json: bool
) -> int:
    """Makes the database where there is none, who asks its first steward, and the key that seals its trail; refused
    where there is a steward.

    With `folder`, writes a project there instead: a process of the library with what it needs, people, a README.
    """
    if folder is not None:
        return _begin(context, folder, origin, as_json)
    if origin is not None:
        raise Misuse("missing", name="FOLDER")
    from charter.runtime.audit import keys, sealing
    from charter.runtime.audit.log import Origin
    from charter.runtime.audit.notes import Key
    from charter.runtime.people.changes import People
    from charter.runtime.people.organisation import stewards
    from charter.runtime.store import create_store
    from charter.runtime.store.errors import told

    person = context.person
    key = None
    with create_store(context.database) as store:
        path = keys.place(store)
        with store.read() as connection:
            new = not stewards(connection)
        if new and not no_key and path.exists():
            # Of a database that was here before: what it sealed is not to be forgotten unnoticed.
            raise keys.KeyTaken("a file is there", path=str(path), told="key_of_another")
        done = People(store, by=person, clock=lambda: context.now).found(name)
        if done is not None:
            return refused(context, done)
        if not no_key:
            made = sealing.set_key(store, person, at=context.now, origin=Origin("cli"))
            assert isinstance(made, Key), made
            key = made.text()
    with context.committed():
        said = context.say("init.done", path=told(context.database), person=person)
        if key is not None:
            said += "\n" + context.say("init.sealed", key=keys.near(path))
        context.output.done(said, as_json, person=person, database=told(context.database), key=key)
    return 0


def _begin(context: Context, folder: str, origin: str | None, as_json: bool) -> int:
    from charter.runtime.author.library import files, opened, staff, taken, undecided
    from charter.runtime.author.stated import template
    from charter.runtime.author.texts import is_free, write_files
    from charter.runtime.cli.errors import Missing

    say = context.say
    one = taken(origin or say("init.example"))
    if not is_free(folder):
        raise Missing("the folder is not empty", code="CH099", path=folder)
    compiled, definition = opened(one)
    needed = undecided(compiled.definitions)
    first = next((e.roles[0] for e in definition.elements if e.roles), None)
    titles = [record.title for record in definition.records if record.name in definition.inputs]
    readme = say(
        "init.readme",
        title=definition.title,
        goal=one.goal,
        file=one.path.name,
        process=definition.name,
        settings=" --values values.yaml" if needed else "",
        inputs=say("init.inputs", records=say.listed(titles)) if titles else "",
        parameters=say("init.parameters", count=len(needed), file=one.path.name) if needed else "",
        person=f"{first}_1" if first else "admin",
    )
    made = {
        **dict(files(one)),
        "people.yaml": staff(compiled.definitions).encode(),
        **({"values.yaml": template(needed, say("init.values"), examples=True).encode()} if needed else {}),
        "README.md": readme.lstrip().encode(),
    }
    write_files(folder, made)
    context.output.done(
        say("init.begun", folder=folder, title=definition.title), as_json, folder=folder, files=len(made)
    )
    return 0


VERBS = {
    "init": Verb(
        "init",
        run_init,
        [
            argument("folder", "FOLDER", required=False),
            option("--name", "TEXT"),
            option("--from", "PROCESS", name="origin"),
            switch("--no-key"),
            switch(JSON, name="as_json"),
        ],
    )
}
