"""Secrets of connectors: named where they are, never written where they are read.

In a word of a command, an address, a header or a declared variable, `env:NAME` stands for a variable of the host's
environment and `file:PATH` for what a file holds, its last line break left out; at the beginning, or after a blank or
`=`: `Bearer env:ERP_TOKEN`, `--token=file:token.txt`. They are read when a call is made. What is written out although
its name says that it is a secret is `MASK` wherever a connector is listed or recorded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

from charter.runtime.author.handed import contents

MASK = "***"
# Compiled when they are first used: every verb of the command line imports this module, and few call anybody.
_REFERENCE = r"(?<![^ =])(?:env:|file:(?!//))\S+"
_PASSWORDS = ("password", "passwd", "passphrase", "pwd")
_SECRET = frozenset((*_PASSWORDS, "token", "secret", "credential", "credentials", "authorization", "cookie", "apikey"))
_OF_A_KEY = frozenset(("api", "access", "private", "secret", "signing", "account"))
_CHINESE = "密码|口令|密钥|令牌|密碼|密鑰"
_LONGEST = 1 << 16
_ADDRESS = r"(\w[\w+.-]*://)([^/?#@\s]*)@"


class Unresolved(Exception):
    """What a reference names is not there, or cannot be what is wanted; says so without the secret."""


def names_secret(name: str) -> bool:
    """Says whether what carries this name (an option, a header, a variable, a parameter) is a secret."""
    parts = [p for p in re.split(r"[^a-z0-9]+", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()) if p]
    keys = any(one in _OF_A_KEY and other == "key" for one, other in pairwise(parts))
    return keys or not _SECRET.isdisjoint(parts) or re.search(_CHINESE, name) is not None


def refers(text: str) -> bool:
    """Says whether a text names a secret instead of holding it."""
    return re.search(_REFERENCE, text) is not None


def resolve(text: str, folder: Path, found: list[str]) -> str:
    """Gives a text with its references read, a relative file being in `folder`; adds what they hold to `found`.

    Raises Unresolved.
    """

    def value(match: re.Match[str]) -> str:
        kind, _, name = match[0].partition(":")
        held = os.environ.get(name) if kind == "env" else _file(folder / name)
        if held is None or not held.isprintable() or not held:
            raise Unresolved(f"{match[0]} {'is not set' if held is None else 'is not one line of text'}")
        found.append(held)
        return held

    return re.sub(_REFERENCE, value, text)


def _file(path: Path) -> str:
    try:
        data = contents(path, _LONGEST + 1)
        held = data.decode("utf-8")
    except (OSError, ValueError) as cause:
        raise Unresolved(f"file:{path} cannot be read") from cause
    if len(data) > _LONGEST:
        raise Unresolved(f"file:{path} is longer than {_LONGEST} bytes")
    return held.removesuffix("\n").removesuffix("\r")


Hide = Callable[[str], str]


def named(name: str, value: str, hide: Hide) -> str:
    """Gives what carries a name, hidden where that names a secret and the value is written out."""
    return hide(value) if value and names_secret(name) and not refers(value) else value


def words(command: Iterable[str], hide: Hide) -> list[str]:
    """Gives a command with the secrets in it hidden: after an option, after `=` or `: `, in an address."""
    out: list[str] = []
    option = ""
    for word in command:
        name, mark, value = _parted(word)
        pieces = re.split(r"(\s+)", word)
        if len(pieces) > 1 and not names_secret(name if mark else option):  # a whole command line in one word: `sh -c`
            pieces[::2] = words(pieces[::2], hide)
            shown = "".join(pieces)
        elif mark:
            shown = f"{name}{mark}{address(named(name, value, hide), hide)}"
        else:
            shown = named(option, word, hide) if not word.startswith("-") else word
        out.append(address(shown, hide) if shown == word else shown)
        option = word if word.startswith("-") and not mark else ""
    return out


def _parted(word: str) -> tuple[str, str, str]:
    """Parts `--token=x` and `Authorization: x` into name, mark and value; an address is not parted."""
    found = re.match(r"([^\s=:/]+)(=|:\s*(?!/))(.*)", word, re.DOTALL)
    return (found[1], found[2], found[3]) if found else (word, "", "")


def address(url: str, hide: Hide) -> str:
    """Gives an address with the password in it hidden, and parameters whose names say that they are secrets."""
    if "://" not in url:
        return url
    found = re.match(_ADDRESS, url)
    if found is not None and found[2] and not refers(found[2]):
        user, colon, password = found[2].partition(":")
        told = f"{user}:{hide(password)}" if password else f"{hide(user)}{colon}"
        url = f"{found[1]}{told}@{url[found.end() :]}"
    place, mark, query = url.partition("?")
    if not mark:
        return url
    pairs = [pair.partition("=") for pair in query.split("&")]
    return place + mark + "&".join(f"{name}{equals}{named(name, value, hide)}" for name, equals, value in pairs)


def masked(text: str, secrets: Iterable[str]) -> str:
    """Gives a text in which every one of these secrets is `MASK`."""
    for secret in sorted({s for s in secrets if s}, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text
