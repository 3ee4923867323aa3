"""How the command line ends: the one table of exit codes, and what is said when something goes wrong.

Three kinds reach a user: a misuse of the command line (exit 2), a coded error of the environment, and a bug (CH001),
whose report goes to a file. No traceback is shown unless CHARTER_DEBUG=1. Sentences come from `[errors]` (`CH090`,
`CH090_help`) and `[usage]` of the message tables.
"""

from __future__ import annotations

import errno
import os
import string
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from charter.engine.errors import CharterError
from charter.runtime.cli.messages import Messages

if TYPE_CHECKING:
    from charter.engine.refusals import Refusal
    from charter.runtime.author.bindings import Misbinding

# exit code -> message key under [exits]; `charter --help` and docs/exit-codes.md print this table
EXITS: dict[int, str] = {
    0: "done",
    1: "findings",
    2: "usage",
    3: "refused",
    4: "missing",
    5: "conflict",
    6: "unjudged",
    70: "bug",
    74: "storage",
    130: "interrupted",
}
DONE, FINDINGS, USAGE, REFUSED, MISSING, CONFLICT, UNJUDGED, BUG, STORAGE, INTERRUPTED = EXITS
# refusals that mean "somebody was faster" or "no such thing" rather than "you may not"
_REFUSAL_EXITS = {"CH581": CONFLICT, "CH582": CONFLICT}


class Missing(CharterError):
    """Something that the command line names does not exist."""

    code = "CH094"
    exit_code = MISSING


class Unforeseen(CharterError):
    """The system refused something that no verb foresaw."""

    code = "CH095"
    exit_code = STORAGE


class Misuse(click.UsageError):
    """A command line that cannot be meant: `key` under [usage] and what its sentence names."""

    def __init__(self, key: str, ctx: click.Context | None = None, **arguments: Any) -> None:
        super().__init__(key, ctx or click.get_current_context(silent=True))
        self.key = key
        self.arguments = arguments


def misbound(wrong: Sequence[Misbinding], say: Messages) -> Misuse:
    """Makes the misuse for values that cannot be bound to parameters."""
    sentences = [say(f"bindings.{one.key}", **one.arguments) for one in wrong]
    return Misuse("bindings", detail=say("frame.semicolon").join(sentences))


def usage_sentence(error: click.ClickException, say: Messages) -> str:
    """Says in the reader's language what is wrong with the command line."""
    if isinstance(error, Misuse):
        return say(f"usage.{error.key}", **_meaning(error.arguments, say))
    if isinstance(error, click.NoSuchOption):
        near = error.possibilities
        sentence = say("usage.no_option", option=error.option_name)
        return sentence + (say("usage.did_you_mean", guess=near[0]) if near else "")
    if isinstance(error, click.BadOptionUsage):
        parameter = _option(error)
        flag = isinstance(parameter, click.Option) and parameter.is_flag
        return say("usage.takes_no_value" if flag else "usage.needs_value", option=error.option_name)
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return say("usage.missing", name=_label(error.param, say))
    if isinstance(error, click.BadParameter) and error.param is not None:
        return say("usage.bad_value", name=_label(error.param, say), detail=error.message)
    return error.format_message()


def _option(error: click.BadOptionUsage) -> click.Parameter | None:
    parameters = error.ctx.command.params if error.ctx else []
    return next((p for p in parameters if error.option_name in p.opts), None)


def _label(parameter: click.Parameter, say: Messages) -> str:
    if isinstance(parameter, click.Option):
        return parameter.opts[-1]
    metavar = parameter.metavar or (parameter.name or "").upper()
    return say.find(f"metavars.{metavar}") or metavar


class Trouble(Struct, frozen=True):
    """Why a run gives no answer, as it is told: `lines` for people; all else for scripts (docs/scripts.md).

    `reasons`: each with code, message, file and line; `more`: what only some have, such as who could do it.
    """

    exit: int
    lines: tuple[str, ...]
    message: str
    code: str | None = None
    help: str | None = None
    reasons: tuple[Mapping[str, Any], ...] = ()
    more: Mapping[str, Any] = {}

    def to_json(self) -> dict[str, Any]:
        first: Mapping[str, Any] = self.reasons[0] if self.reasons else {}
        told = {
            "exit": self.exit,
            "kind": EXITS[self.exit],
            "code": self.code,
            "message": self.message,
            "help": self.help,
            "file": first.get("file"),
            "line": first.get("line"),
            "reasons": list(self.reasons),
            **self.more,
        }
        return {"error": told}


def misused(error: click.UsageError, say: Messages) -> Trouble:
    """Says what is wrong with a command line, and how it is called."""
    sentence, usage = usage_sentence(error, say), list[str]()
    if error.ctx is not None:
        name = f"charter {getattr(error.ctx.command, 'full_name', '')}".strip()
        usage = [error.ctx.command.get_usage(error.ctx), say("frame.more", line=f"{name} --help")]
    return Trouble(USAGE, (say("frame.misuse", sentence=sentence), *usage), sentence, help="\n".join(usage) or None)


def trouble(error: CharterError, say: Messages) -> Trouble:
    """Says a coded error: its sentence, and the help where the table has one."""
    filled = _filled(f"errors.{error.code}", error, say)
    sentence = str(error) if filled is None else filled
    told = error.arguments.get("told")
    advice = _filled(f"data.{told}_help" if told else f"errors.{error.code}_help", error, say)
    lines = (say("frame.error", code=error.code, sentence=sentence),)
    help = () if advice is None else (say("frame.help", text=advice),)
    return Trouble(error.exit_code, lines + help, sentence, error.code, advice)


def error_sentence(error: BaseException, say: Messages) -> str:
    """Says in one line what was raised, coded or not."""
    if isinstance(error, CharterError):
        return trouble(error, say).lines[0]
    return f"{type(error).__name__}: {error}".splitlines()[0]


def failed(error: BaseException, say: Messages) -> dict[str, str | None]:
    """Gives what was raised as JSON data: its code, None where it has none; and the sentence."""
    if isinstance(error, CharterError):
        told = trouble(error, say)
        return {"code": told.code, "message": told.message}
    return {"code": None, "message": error_sentence(error, say)}


# what the operating system and SQLite say most, by their own names; each has its sentence under [reasons]
REASONS = frozenset(
    {
        "ENOENT",
        "EACCES",
        "EPERM",
        "EROFS",
        "ENOSPC",
        "EDQUOT",
        "EFBIG",
        "EIO",
        "EISDIR",
        "ENOTDIR",
        "EEXIST",
        "ENAMETOOLONG",
        "ELOOP",
        "EMFILE",
        "ENFILE",
        "EBUSY",
        "ETXTBSY",
        "EINVAL",
        "ENXIO",
        "ENODEV",
        "ENOMEM",
        "SQLITE_CORRUPT",
        "SQLITE_IOERR",
        "SQLITE_CANTOPEN",
        "SQLITE_NOTADB",
        "SQLITE_PERM",
        "SQLITE_NOMEM",
        "SQLITE_PROTOCOL",
        "SQLITE_SCHEMA",
        "SQLITE_TOOBIG",
        "SQLITE_FULL",
        "SQLITE_READONLY",
    }
)


def _reason(error: BaseException | None, say: Messages) -> str | None:
    """Says in the reader's language what the system underneath complained of; None where it is not among the usual."""
    while error is not None:
        name = errno.errorcode.get(error.errno or 0, "") if isinstance(error, OSError) else ""
        name = name or "_".join(str(getattr(error, "sqlite_errorname", "")).split("_")[:2])
        if name in REASONS:
            return say(f"reasons.{name}")
        error = getattr(error, "orig", None) or error.__cause__
    return None


def _filled(key: str, error: CharterError, say: Messages) -> str | None:
    """Fills an error's sentence; an argument it lacks is shown by its name, so that an error never hides an error."""
    raw = say.find(key)
    if raw is None:
        return None
    named = {name: name for _, name, _, _ in string.Formatter().parse(raw) if name}
    given = _meaning(error.arguments, say)
    if "detail" in named and "told" not in given:
        from charter.dsl.messages.render import failure

        given["detail"] = _reason(error, say) or failure(str(given["detail"]), say.lang)
    return say(key, **{**named, **given})


def _meaning(arguments: Mapping[str, Any], say: Messages) -> dict[str, Any]:
    """Adds the `guess` at the name that the first argument could have been, where the `known` ones are listed.

    `told` names the sentence under [data] that says what is wrong in what came in, `line` and `column` where.
    """
    given = {name: say.listed(each) if name == "words" else each for name, each in arguments.items()}
    if "told" in given:
        given["detail"] = say(f"data.{given['told']}", **arguments)
        place = None if given.get("line") is None else "at_line" if given["column"] is None else "at"
        given["at"] = "" if place is None else say(f"data.{place}", **arguments)
    known = given.get("known")
    if isinstance(known, tuple):
        word = next(value for name, value in given.items() if name not in ("detail", "known"))
        given["guess"] = guess(word, known, say)
        given["known"] = say("happened.comma").join(known) or "–"
    return given


def guess(word: object, known: Iterable[str], say: Messages) -> str:
    """Asks whether the nearest known word was meant; nothing where none is near."""
    import difflib

    text, known = str(word), list(known)
    if text in known:
        return ""  # it was meant, and something else is wrong
    # Of two Chinese characters one is often mistaken for another, which leaves half of the name.
    near = difflib.get_close_matches(text, known, 1, 0.5 if len(text) < 3 and not text.isascii() else 0.55)
    return say("usage.did_you_mean", guess=near[0]) if near else ""


def refusal_exit(refusal: Refusal) -> int:
    """Gives the exit code of a refusal."""
    return _REFUSAL_EXITS.get(refusal.code, REFUSED)


def bug(error: BaseException, argv: list[str], say: Messages) -> Trouble:
    """Writes an unexpected exception into a report file and says where."""
    import platform
    import tempfile
    import traceback

    trace = "".join(traceback.format_exception(error))
    if os.environ.get("CHARTER_DEBUG") == "1":
        sys.stderr.write(trace)
    head = f"charter {' '.join(argv)}\npython {sys.version}\n{platform.platform()}\n\n"
    try:
        descriptor, path = tempfile.mkstemp(prefix="charter-bug-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(head + trace)
    except OSError:
        path = "-"  # a full disk must not hide the bug itself
    kind = f"{type(error).__name__}: {error}".splitlines()[0]
    sentence, advice = say("errors.CH001", detail=kind, path=path), say("errors.CH001_help")
    told = (say("frame.error", code="CH001", sentence=sentence), say("frame.help", text=advice))
    return Trouble(BUG, told, sentence, "CH001", advice)
