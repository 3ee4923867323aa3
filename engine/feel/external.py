"""Foreign functions of the DMN Technology Compatibility Kit, mapped to Python where that is honest.

Only the Java methods listed in METHODS exist, with the checks of their Java signatures; everything else is not
supported and says so. No process file can reach anything beyond this table.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from charter.engine.feel.frames import Env, NoValue, check_length

Foreign = Callable[..., Any]

_WHOLE = {
    "byte": (-(2**7), 2**7 - 1),
    "short": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
}
_BOXED = {
    "java.lang.Byte": "byte",
    "java.lang.Short": "short",
    "java.lang.Integer": "int",
    "java.lang.Long": "long",
    "java.lang.Float": "float",
    "java.lang.Double": "double",
    "java.lang.String": "string",
    "java.math.BigDecimal": "decimal",
    "String": "string",
    "[Ljava.lang.Object;": "objects",
}


class Single(float):
    """A Java float: a number of IEEE 754 single precision, written with as few digits as tell it from others."""

    def __str__(self) -> str:
        texts = (f"{float(self):.{digits}g}" for digits in range(1, 10))
        return next(text for text in texts if _single(float(text)) == self)


def _single(value: float) -> Single:
    import struct

    return Single(struct.unpack("f", struct.pack("f", value))[0])


def _argument(value: Any, kind: str) -> Any:
    """Convert a FEEL value to what a Java parameter of that kind would hold."""
    if kind == "string" and type(value) is str:
        return value
    if kind == "char" and type(value) is str and len(value) == 1:
        return value
    if type(value) is Decimal:
        if kind in _WHOLE:
            low, high = _WHOLE[kind]
            if value != value.to_integral_value() or not low <= value <= high:
                raise NoValue(f"{value} is not a valid {kind}")
            return int(value)
        if kind in ("double", "float"):
            return float(value) if kind == "double" else _single(float(value))
        if kind == "decimal":
            return value
    raise NoValue(f"the argument is not a valid {kind}")


def _result(value: Any) -> Any:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NoValue("the result is not a number")
        return Decimal(str(value))
    return Decimal(value) if type(value) is int else value


_SPECIFIER = re.compile(r"%(?:([-0 +,]*)(\d{0,3})(?:\.(\d{1,2}))?([sdfxXeb%n]))")


def _format(pattern: str, *values: Any) -> str:
    """Do what java.lang.String.format does with the conversions s d f x e b."""
    waiting = list(values)
    length = len(pattern)

    def bounded(match: re.Match[str]) -> str:
        nonlocal length
        text = written(match)
        length += len(text)
        check_length(length)
        return text

    def written(match: re.Match[str]) -> str:
        flags, width, precision, conversion = match.groups()
        if conversion in "%n":
            return "%" if conversion == "%" else "\n"
        if not waiting:
            raise NoValue("there are fewer arguments than the format asks for")
        value = waiting.pop(0)
        if conversion in "sb":
            text = str(value)
            if conversion == "b" or type(value) is bool:
                text = str(value is not None and value is not False).lower()
            return f"{text[: int(precision)] if precision else text:{'<' if '-' in flags else '>'}{width or 0}}"
        if type(value) is not Decimal:
            raise NoValue(f"%{conversion} needs a number")
        number: Any = float(value) if conversion in "fe" else int(value)
        sign = "+" if "+" in flags else " " if " " in flags else ""
        place = "<" if "-" in flags else "" if "0" in flags else ">"
        digits = f".{precision or 6}" if conversion in "fe" else ""
        form = f"{place}{sign}{'0' * ('0' in flags)}{width}{',' * (',' in flags)}{digits}{conversion}"
        return format(number, form)

    return _SPECIFIER.sub(bounded, pattern)


def _nearest(number: float) -> int:
    return math.floor(number + 0.5)


# method of java.lang.Math -> its number of double parameters, and what it does
_DOUBLES: dict[str, tuple[int, Callable[..., Any]]] = {
    "abs": (1, abs),
    "acos": (1, math.acos),
    "asin": (1, math.asin),
    "atan": (1, math.atan),
    "atan2": (2, math.atan2),
    "cbrt": (1, math.cbrt),
    "ceil": (1, lambda x: float(math.ceil(x))),
    "cos": (1, math.cos),
    "cosh": (1, math.cosh),
    "exp": (1, math.exp),
    "floor": (1, lambda x: float(math.floor(x))),
    "hypot": (2, math.hypot),
    "log": (1, math.log),
    "log10": (1, math.log10),
    "max": (2, max),
    "min": (2, min),
    "pow": (2, math.pow),
    "rint": (1, lambda x: float(round(x))),
    "round": (1, _nearest),
    "signum": (1, lambda x: math.copysign(1.0, x) if x else x),
    "sin": (1, math.sin),
    "sinh": (1, math.sinh),
    "sqrt": (1, math.sqrt),
    "tan": (1, math.tan),
    "tanh": (1, math.tanh),
    "toDegrees": (1, math.degrees),
    "toRadians": (1, math.radians),
}

Method = tuple[str, str, tuple[str, ...]]  # class, method, kinds of its parameters


def _read_whole(kind: str) -> Foreign:
    return lambda text: _argument(Decimal(int(text)), kind)


def _boxed_methods(boxed: str, kind: str) -> dict[Method, Foreign]:
    """List valueOf and parse… of one of Java's number classes."""
    parse = "parse" + boxed.rpartition(".")[2].removesuffix("eger")
    itself: Foreign = int if kind in _WHOLE else _single if kind == "float" else float
    read: Foreign = _read_whole(kind) if kind in _WHOLE else lambda text: itself(float(text))
    return {
        (boxed, "valueOf", (kind,)): itself,
        (boxed, "valueOf", ("string",)): read,
        (boxed, parse, ("string",)): read,
    }


def _methods() -> dict[Method, Foreign]:
    table: dict[Method, Foreign] = {("java.lang.String", "format", ("string", "objects")): _format}
    for name, (count, call) in _DOUBLES.items():
        table["java.lang.Math", name, ("double",) * count] = call
    for kind in ("int", "long", "float"):
        table["java.lang.Math", "max", (kind, kind)] = max
        table["java.lang.Math", "min", (kind, kind)] = min
        table["java.lang.Math", "abs", (kind,)] = abs if kind != "float" else lambda x: _single(abs(x))
    for boxed, kind in _BOXED.items():
        if kind in _WHOLE or kind in ("float", "double"):
            table.update(_boxed_methods(boxed, kind))
    for kind in ("char", "int", "long", "double", "float"):
        table["java.lang.String", "valueOf", (kind,)] = str
    return table


METHODS = _methods()
_SIGNATURE = re.compile(r"\s*([A-Za-z_$][\w$]*)\s*\(([^()]*)\)\s*").fullmatch


def foreign(description: Any, env: Env) -> Foreign | None:
    """Find the function that `external {java: {class: …, method signature: …}}` describes; None if not supported."""
    if not isinstance(description, Mapping):
        return None
    if env.external is not None:
        return env.external(description)
    java = description.get("java", description)
    if not isinstance(java, Mapping):
        return None
    owner, signature = java.get("class"), java.get("method signature")
    match = _SIGNATURE(signature) if type(signature) is str else None
    if match is None or type(owner) is not str:
        return None
    written = [part.strip() for part in match[2].split(",") if part.strip()]
    kinds = tuple(_BOXED.get(part, part) for part in written)
    call = METHODS.get((owner, match[1], kinds))
    if call is None:
        return None

    def checked(*values: Any) -> Any:
        if kinds and kinds[-1] == "objects":
            fixed = len(kinds) - 1
            rest = values[fixed:]
            if len(rest) == 1 and isinstance(rest[0], (list, tuple)):
                rest = tuple(rest[0])
            given = [*(_argument(v, k) for v, k in zip(values[:fixed], kinds[:fixed], strict=True)), *rest]
        elif len(values) != len(kinds):
            raise NoValue(f"`{match[1]}` takes {len(kinds)} arguments")
        else:
            given = [_argument(value, kind) for value, kind in zip(values, kinds, strict=True)]
        return _result(call(*given))

    return checked
