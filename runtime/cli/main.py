"""The command line `charter`: which verbs there are, and how every run begins and ends.

`charter --help` imports no verb module; a verb's module is imported when the verb is used. Exit codes are those of
`errors.EXITS`. Invariant: whatever happens, the process ends with one of them and without a traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from charter import __version__
from charter.dsl.messages.languages import tagged
from charter.dsl.text.width import wrap
from charter.engine.errors import CharterError
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import (
    DONE,
    EXITS,
    INTERRUPTED,
    STORAGE,
    USAGE,
    Trouble,
    Unforeseen,
    bug,
    misused,
    trouble,
)
from charter.runtime.cli.messages import Messages, language
from charter.runtime.cli.verb import (
    JSON,
    global_options,
    help_option,
    metavar_text,
    parse_in_context,
    two_columns,
    unknown_verb,
)

# group -> verb -> module that declares it in its VERBS
VERBS: dict[str, dict[str, str]] = {
    "write": {
        "check": "check",
        "fmt": "fmt",
        "test": "test",
        "prove": "prove",
        "simulate": "simulate",
        "explain": "explain",
        "graph": "graph",
        "diff": "diff",
        "clauses": "clauses",
        "coverage": "coverage",
        "docs": "docs",
        "values": "values",
        "library": "library",
        "dmn": "dmn",
    },
    "deploy": {
        "init": "init",
        "deploy": "deploy",
        "people": "people",
        "handover": "handovers",
        "verify-staffing": "verify_staffing",
        "connectors": "connectors",
        "channels": "channels",
        "calendar": "calendar",
        "import": "imports",
    },
    "work": {
        "start": "start",
        "inbox": "inbox",
        "show": "show",
        "cases": "cases",
        "board": "board",
        "register": "register",
        "services": "services",
        "gantt": "gantt",
        "claim": "act",
        "release": "act",
        "delegate": "act",
        "begin": "act",
        "confirm": "act",
        "complete": "act",
        "approve": "act",
        "reject": "act",
        "return": "act",
        "withdraw": "act",
        "comment": "act",
        "attach": "attach",
    },
    "steer": {
        "suspend": "act",
        "resume": "act",
        "skip": "act",
        "cancel": "act",
        "reopen": "act",
        "impact": "impact",
        "migrate": "migrate",
        "amend": "act",
        "add": "act",
        "close": "act",
        "retry": "act",
        "signal": "signal",
        "tick": "tick",
        "work": "work",
    },
    "measure": {"sla": "sla", "kpi": "kpi", "report": "report", "audit": "audit", "export": "export"},
    "operate": {
        "doctor": "doctor",
        "backup": "backup",
        "incidents": "incidents",
        "completion": "completion",
        "demo": "demo",
    },
}
MODULES = {verb: module for verbs in VERBS.values() for verb, module in verbs.items()}


class Charter(click.Group):
    """The root command; its verbs are looked up in MODULES."""

    def __init__(self) -> None:
        version = click.Option(["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_show_version)
        super().__init__("charter", params=[*global_options(), version], no_args_is_help=True)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return help_option(self)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return parse_in_context(lambda: super(Charter, self).parse_args(ctx, args), ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in MODULES:
            return None
        module = import_module(f".{MODULES[cmd_name]}", __package__)
        command: click.Command = module.VERBS[cmd_name]
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in MODULES:
            families = (self.get_command(ctx, name) for name in MODULES)
            below = [f"{f.name} {args[0]}" for f in families if isinstance(f, click.Group) and args[0] in f.commands]
            # `charter why` is `charter audit why`; `charter list` may be one of several
            raise unknown_verb(args[0], list(MODULES), ctx, below[0] if len(below) == 1 else None)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[click.shell_completion.CompletionItem]:
        # click would import every verb module to learn its one line
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return super(click.Group, self).shell_complete(ctx, incomplete)
        say = ctx.obj.say
        return [CompletionItem(v, help=say(f"verbs.{v}")) for v in MODULES if v.startswith(incomplete)]

    def get_usage(self, ctx: click.Context) -> str:
        say: Messages = ctx.obj.say
        return say("frame.usage", line=f"charter {metavar_text('VERB', say)} …")

    def get_help(self, ctx: click.Context) -> str:
        context: Context = ctx.obj
        say, columns = context.say, context.output.columns
        lines = [*wrap(say("frame.about"), columns), "", self.get_usage(ctx), ""]
        left = max(map(len, MODULES))
        for group, verbs in VERBS.items():
            lines.append(say(f"groups.{group}"))
            lines += two_columns([(verb.ljust(left), say(f"verbs.{verb}")) for verb in verbs], columns)
            lines.append("")
        rows = [
            (", ".join(p.opts) + (f" {metavar_text(p.metavar, say)}" if p.metavar else ""), say(f"common.o_{p.name}"))
            for p in self.params
        ]
        lines += [say("frame.globals"), *two_columns([*rows, ("-h, --help", say("common.o_help"))], columns), ""]
        exits = [(str(code).rjust(3), say(f"exits.{word}")) for code, word in EXITS.items()]
        lines += [say("frame.exits"), *two_columns(exits, columns), ""]
        lines.append(say("frame.more", line=f"charter {metavar_text('VERB', say)} --help"))
        return "\n".join(lines)


def _show_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        ctx.obj.output.line(f"charter {__version__}")
        ctx.exit()


def _language(argv: Sequence[str]) -> str:
    # Looked for before parsing, because --help and mistakes elsewhere on the line are answered in this language too.
    for index, word in enumerate(argv):
        if word == "--":
            break
        value = word[7:] if word.startswith("--lang=") else None
        if word == "--lang" and index + 1 < len(argv):
            value = argv[index + 1]
        if value and (lang := tagged(value)):
            return lang
    return language()


def _wants_json(argv: Sequence[str]) -> bool:
    # Looked for before parsing too: a mistake elsewhere on the line is told as what was asked for.
    return JSON in argv[: argv.index("--") if "--" in argv else None]


def run(argv: Sequence[str], context: Context | None = None) -> int:
    """Runs one command line and gives its exit code; writes to sys.stdout and sys.stderr.

    `context` is for callers in the same process (the demo, tests) that share a store over several runs. Raises
    BrokenPipeError when the reader of the output has gone, which ends the process and no run alone.
    """
    arguments = list(argv)
    context = context or Context(Messages(_language(arguments)))
    context.as_json = _wants_json(arguments)
    say = context.say
    try:
        # Not `main`, which takes a reader who has gone (`| head`) for a failure and ends the process itself.
        with Charter().make_context("charter", arguments, obj=context) as ctx:
            code = ctx.command.invoke(ctx)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        assert error.ctx is not None
        context.output.line(error.ctx.command.get_help(error.ctx))
        return USAGE
    except click.UsageError as error:
        return context.fail(misused(error, say))
    except CharterError as error:
        return context.fail(trouble(error, say))
    except (KeyboardInterrupt, click.Abort):
        return context.fail(Trouble(INTERRUPTED, ("",), say("exits.interrupted")))
    except BrokenPipeError:
        raise
    except OSError as error:
        return context.fail(_unforeseen(error, say))
    except Exception as error:
        return context.fail(bug(error, arguments, say))
    finally:
        context.end()


def _unforeseen(error: OSError, say: Messages) -> Trouble:
    # A full disk behind standard output, for one: the environment's fault, not ours.
    refused = Unforeseen(str(error), path=error.filename or "-", detail=error.strerror or str(error))
    refused.__cause__ = error
    return trouble(refused, say)


def _open_streams() -> None:
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # Closed by who called us (`>&-`): to be read as empty, and written to nowhere.
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        # a terminal that cannot show a character gets a question mark, not an error
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]


def _close_streams() -> None:
    """Keeps the interpreter from complaining at its end of output that nobody can take."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def main() -> None:
    """The console entry point. Here alone it shows whether what a run has said reaches anybody."""
    _open_streams()
    arguments = sys.argv[1:]
    say = Messages(_language(arguments))
    context = Context(say)
    code = DONE
    try:
        if "_CHARTER_COMPLETE" in os.environ:
            from click.shell_completion import shell_complete

            asked = os.environ["_CHARTER_COMPLETE"]
            code = shell_complete(Charter(), {"obj": context}, "charter", "_CHARTER_COMPLETE", asked)
        else:
            code = run(arguments, context)
        sys.stdout.flush()
    except BrokenPipeError:
        pass  # the reader has gone (`| head`), which is no failure
    except OSError as error:
        if context.done and code == DONE:
            context.untold(error)
        elif code != STORAGE:
            code = context.fail(_unforeseen(error, say))
    _close_streams()
    sys.exit(code)


if __name__ == "__main__":
    main()
