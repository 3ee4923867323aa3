"""What a verb of the command line is: a click command whose every word comes from the message tables.

A verb module declares `VERBS = {"check": Verb("check", run_check, [argument(...), option(...)])}`; `main` imports it
only when the verb is used. The function gets the Context and the parameters, and returns an exit code or None.

Where the words are, for a verb `audit log` in section `audit`:
- one line: `verbs.check` for a verb, `audit.verb_log` for one below a family; example: `audit.example_log`; a longer
  text, if any: `audit.about_log`;
- an option `--since`: `audit.o_since`, else `common.o_since`; an argument CASE: `audit.a_case`, else `common.a_case`
  (arguments need none when the metavar says it all); metavars: `metavars.CASE`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from charter.dsl.messages.languages import LANGUAGES, tagged
from charter.dsl.text.width import display_width, folded, wrap
from charter.engine.text import composed
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Misuse, guess
from charter.runtime.cli.messages import Messages
from charter.runtime.cli.output import pad


class Text(click.ParamType[Any]):
    """A text of ours, in its one form; what names a file keeps the bytes that the system knows it by."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return composed(value)


class Words(click.ParamType[Any]):
    """One of a few words."""

    name = "words"

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value in self.words:
            return value
        raise Misuse("not_one_of", ctx, value=value, words=self.words, name=_name(param))

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(word) for word in self.words if word.startswith(incomplete)]


class Tongue(Words):
    """One of the languages, or a tag that names one, as `zh_TW` does."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(tagged(value) or value, param, ctx)


class Whole(click.ParamType[Any]):
    """A whole number, not negative."""

    name = "whole"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, int):
            return value
        if str(value).isascii() and str(value).isdigit():
            return int(value)
        raise Misuse("not_whole", ctx, value=value, name=_name(param))


class Binding(click.ParamType[Any]):
    """`NAME=VALUE`, as a pair; the name may be a path (`schedule.start`)."""

    name = "binding"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        name, equals, rest = str(value).partition("=")
        if not equals or not name.strip():
            raise Misuse("not_binding", ctx, value=value, name=_name(param))
        return (composed(name.strip()), rest.strip())


def _name(param: click.Parameter | None) -> str:
    return param.opts[-1] if param is not None else ""


def _files(_: click.Context, __: click.Parameter, incomplete: str) -> list[Any]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def _known(metavar: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    def offer(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[Any]:
        from charter.runtime.cli.offers import offers

        return list(offers(ctx, metavar, incomplete))

    return offer


# metavar -> what a shell offers for it
_OFFERS = {"PATH": _files, "FILE": _files, "FILE|CASE": _files} | {
    metavar: _known(metavar) for metavar in ("CASE", "ELEMENT", "RECORD", "PROCESS", "PERSON", "CODE", "CLAUSE")
}


# what names a file, or may
_PATHS = frozenset({"PATH", "FILE", "FILE|CASE", "[ELEMENT] FILE", "URL", "NAME=EVIDENCE"})


def _kind(metavar: str) -> click.ParamType[Any]:
    return click.UNPROCESSED if metavar in _PATHS else Text()


class Argument(click.Argument):
    """An argument; `words`: the key of its text, where that is not its name."""

    words: str | None = None


class Option(click.Option):
    """An option; `words` as for an argument."""

    words: str | None = None


def argument(
    name: str,
    metavar: str,
    *,
    many: bool = False,
    required: bool = True,
    complete: Any = None,
    type: click.ParamType[Any] | None = None,
    words: str | None = None,
) -> click.Argument:
    """An argument; `many`: one or more (none at all when not required)."""
    made = Argument(
        [name],
        metavar=metavar,
        nargs=-1 if many else 1,
        required=required,
        type=type or _kind(metavar),
        shell_complete=complete or _OFFERS.get(metavar),
    )
    made.words = words
    return made


def option(
    flag: str,
    metavar: str,
    *,
    short: str | None = None,
    many: bool = False,
    name: str | None = None,
    type: click.ParamType[Any] | None = None,
    default: Any = None,
    complete: Any = None,
    also: str | None = None,
    words: str | None = None,
) -> click.Option:
    """An option with a value; `name` is the function's parameter when the flag's own word will not do (`--as`).

    `also`: another word for it.
    """
    declarations = [d for d in (name, short, flag, also) if d]
    made = Option(
        declarations,
        metavar=metavar,
        multiple=many,
        type=type or _kind(metavar),
        default=() if many else default,
        shell_complete=complete or _OFFERS.get(metavar),
    )
    made.words = words
    return made


def switch(flag: str, *, short: str | None = None, name: str | None = None) -> click.Option:
    """An option without a value."""
    return click.Option([d for d in (name, short, flag) if d], is_flag=True, default=False)


JSON = "--json"  # every verb that lists or shows has `switch(JSON, name="as_json")`


def _set_language(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value:
        ctx.obj.say.lang = value


def _set_database(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value:
        ctx.obj.db = value


def _set_person(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value:
        ctx.obj.person_given = value


def global_options() -> list[click.Parameter]:
    """Builds the options accepted before and after every verb."""
    rows: tuple[tuple[list[str], str, click.ParamType[Any], Callable[..., None]], ...] = (
        (["person", "--as"], "PERSON", Text(), _set_person),
        (["--db"], "URL", click.UNPROCESSED, _set_database),
        (["--lang"], "|".join(LANGUAGES), Tongue(LANGUAGES), _set_language),
    )
    return [
        click.Option(
            names,
            metavar=metavar,
            type=kind,
            callback=callback,
            expose_value=False,
            shell_complete=_OFFERS.get(metavar),
        )
        for names, metavar, kind, callback in rows
    ]


def _is_global(param: click.Parameter) -> bool:
    return not param.expose_value


def parse_in_context(parse: Callable[[], list[str]], ctx: click.Context) -> list[str]:
    """Parses, and tells an error that click's parser raises without a context where it happened."""
    try:
        return parse()
    except click.UsageError as error:
        error.ctx = error.ctx or ctx
        raise


class Verb(click.Command):
    """A verb; `section` is the table its options' words are in (the verb's first word unless given)."""

    def __init__(
        self,
        name: str,
        run: Callable[..., int | None],
        params: Sequence[click.Parameter] = (),
        *,
        section: str | None = None,
        raw: bool = False,
    ) -> None:
        # Extra arguments are allowed here and refused below, in our own words.
        settings: dict[str, Any] = {"allow_extra_args": True, "ignore_unknown_options": raw}
        super().__init__(name.split()[-1], callback=run, params=[*params, *global_options()], context_settings=settings)
        self.full_name = name
        self.section = section or name.split()[0]

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return help_option(self)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        parse_in_context(lambda: super(Verb, self).parse_args(ctx, args), ctx)
        if ctx.args and not ctx.resilient_parsing:
            raise Misuse("extra_record" if self.full_name == "show" else "extra", ctx, value=" ".join(ctx.args))
        return ctx.args

    def invoke(self, ctx: click.Context) -> Any:
        from charter.runtime.cli.calling import called

        run, context = self.callback, ctx.obj
        assert run is not None
        context.verb = self.full_name
        return called(context, lambda: run(context, **ctx.params))

    def get_usage(self, ctx: click.Context) -> str:
        return usage_line(self, ctx.obj.say, f"charter {self.full_name}")

    def get_help(self, ctx: click.Context) -> str:
        context: Context = ctx.obj
        say = context.say
        lines = [*folded(self.get_usage(ctx), context.output.columns), ""]
        for key in (one_line_key(self.full_name), f"{self.section}.about_{self.name}"):
            if say.find(key):
                lines += [*wrap(say(key), context.output.columns), ""]
        lines += parameter_lines(self, self.section, context)
        if say.find(f"{self.section}.example_{self.name}"):
            lines += [say("frame.examples"), *_indented(say(f"{self.section}.example_{self.name}")), ""]
        return "\n".join(lines).rstrip()


class Family(click.Group):
    """A verb with verbs below it: `charter audit log`."""

    def __init__(self, name: str, verbs: Mapping[str, click.Command]) -> None:
        super().__init__(name, commands=dict(verbs), params=global_options(), no_args_is_help=True)
        self.full_name = name

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return help_option(self)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return parse_in_context(lambda: super(Family, self).parse_args(ctx, args), ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            raise unknown_verb(args[0], list(self.commands), ctx)
        return super().resolve_command(ctx, args)

    def get_usage(self, ctx: click.Context) -> str:
        say: Messages = ctx.obj.say
        return say("frame.usage", line=f"charter {self.full_name} {metavar_text('VERB', say)} …")

    def get_help(self, ctx: click.Context) -> str:
        say = ctx.obj.say
        names = [f"{self.full_name} {name}" for name in self.commands]
        rows = [(f"charter {name}", say(one_line_key(name))) for name in names]
        more = f"charter {self.full_name} {metavar_text('VERB', say)} --help"
        lines = [self.get_usage(ctx), "", say(f"verbs.{self.full_name}"), ""]
        return "\n".join([*lines, *two_columns(rows, ctx.obj.output.columns), "", say("frame.more", line=more)])


def one_line_key(full_name: str) -> str:
    """Gives the key of a verb's one line: `verbs.check`, `audit.verb_log`."""
    family, _, name = full_name.partition(" ")
    return f"{family}.verb_{name}" if name else f"verbs.{family}"


def unknown_verb(word: str, verbs: Sequence[str], ctx: click.Context, meant: str | None = None) -> Misuse:
    """Makes the misuse for a verb that does not exist, with the one that is meant, else the nearest one that does."""
    say: Messages = ctx.obj.say
    near = say("usage.did_you_mean", guess=meant) if meant else guess(word, verbs, say)
    return Misuse("no_verb", ctx, verb=word, guess=near)


def help_option(command: click.Command) -> click.Option:
    """Builds `--help` in the reader's language, written where all else is."""

    def show(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            ctx.obj.output.line(command.get_help(ctx))
            ctx.exit()

    return click.Option(["--help", "-h"], is_flag=True, is_eager=True, expose_value=False, callback=show)


def metavar_text(metavar: str, say: Messages) -> str:
    """Gives a metavar in the reader's language."""
    return say.find(f"metavars.{metavar}") or metavar


def usage_line(command: click.Command, say: Messages, name: str) -> str:
    """Writes the one line of how a verb is called."""
    parts = [name]
    for param in command.params:
        if isinstance(param, click.Argument):
            text = metavar_text(param.metavar or "", say) + (" …" if param.nargs == -1 else "")
            parts.append(text if param.required else f"[{text}]")
    parts.append(f"[{say('frame.options_word')}]")
    return say("frame.usage", line=" ".join(parts))


def parameter_lines(command: click.Command, section: str, context: Context) -> list[str]:
    """Writes arguments, options and global options under their headings, in two columns."""
    say = context.say
    blocks: dict[str, list[tuple[str, str]]] = {"arguments": [], "options": [], "globals": []}
    for param in command.params:
        prefix = "a_" if isinstance(param, click.Argument) else "o_"
        key = getattr(param, "words", None) or f"{prefix}{param.name}"
        own, shared = f"{section}.{key}", f"common.{key}"
        text = say(own) if say.find(own) else say(shared) if say.find(shared) else ""
        if isinstance(param, click.Argument):
            if text:
                blocks["arguments"].append((metavar_text(param.metavar or "", say), text))
            continue
        assert isinstance(param, click.Option)
        # words of a choice are shown as they are typed; other metavars in the reader's language
        kind = "|".join(param.type.words) if isinstance(param.type, Words) else metavar_text(param.metavar or "", say)
        label = ", ".join(sorted(param.opts, key=len)) + ("" if param.is_flag else f" {kind}")
        blocks["globals" if _is_global(param) else "options"].append((label, text))
    blocks["globals"].append(("-h, --help", say("common.o_help")))
    lines: list[str] = []
    for heading, rows in blocks.items():
        if rows:
            lines += [say(f"frame.{heading}"), *two_columns(rows, context.output.columns), ""]
    return lines


def two_columns(rows: Sequence[tuple[str, str]], columns: int) -> list[str]:
    """Sets labels and texts in two columns; texts wrap within theirs; a label too wide stands on its own line."""
    left = min(34, columns - 28, max((display_width(label) for label, _ in rows), default=0))
    lines: list[str] = []
    for label, text in rows:
        wrapped = wrap(text, max(24, columns - left - 4)) or [""]
        if display_width(label) > left:
            lines.append(f"  {label}")
            label = ""
        for index, part in enumerate(wrapped):
            lines.append(f"  {pad(label if index == 0 else '', left)}  {part}".rstrip())
    return lines


def _indented(text: str) -> list[str]:
    return [f"  {line}".rstrip() for line in text.strip("\n").splitlines()]
