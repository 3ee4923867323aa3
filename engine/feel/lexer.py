"""Text to tokens, settling everything in FEEL that depends on context.

The standard's names may hold spaces and operators, its keys and parameters need no quotes, a `[` may close a
range and a `]` open one, types have words of their own. The lexer reads the text once into raw pieces and
walks over them with a stack of open brackets; what it hands on is plain LALR(1). It knows no grammar beyond
that and no values except literals. Source: DMN 1.5 grammar rules 22 to 36 and 10.3.1.5.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from charter.engine.feel.limits import MAX_DEPTH
from charter.engine.feel.own import UNITS, money_before, money_of, spoken_length, spoken_money, unit_of
from charter.engine.feel.tokens import (
    PROPERTY_NAMES,
    TYPES,
    Malformed,
    Names,
    Raw,
    Token,
    copied,
    cut,
    known_names,
    tabulate,
    unescaped,
)
from charter.engine.feel.words import GENERICS, KEYWORDS, MARKS, NO_OPERAND, OPERAND_ENDS


class Lexer:
    """One walk over one text; `tokens()` gives the terminals or raises Malformed."""

    def __init__(self, text: str, names: frozenset[str], *, units: bool, unary: bool) -> None:
        self.text = text
        self.units = units
        self.unary = unary
        self.known = known_names(names, units)
        self.own_names = False  # whether `known` is a copy that may grow
        self.raws: list[Raw] = cut(text, units)
        self.out: list[Token] = []
        self.open: list[str] = []  # one mark an open bracket: ( f p [ r { i < and the starts of iterations
        self.at = 0
        self.first_closed = 0  # where the first bracket is closed again

    def tokens(self) -> list[Token]:
        """Give every terminal of the text."""
        alone = self.text.strip()
        if self.units and alone in UNITS and not self.unary:
            # A unit by itself is one of it: `every month`.
            start = self.text.index(alone)
            self._emit("LENGTH", (Decimal(1), alone), start, start + len(alone))
            return self.out
        raws, count = self.raws, len(self.raws)
        if self.unary and count == 1 and raws[0][1] == "-":
            return [Token("DASH", "-", raws[0][2], raws[0][3])]
        while self.at < count:
            raw = raws[self.at]
            _KINDS[raw[0]](self, raw)
        if self.unary and self._is_negated():
            self.out[0].type = "NOT"
        return self.out

    def _is_negated(self) -> bool:
        """Tell whether the tests as a whole stand in `not(…)`."""
        out = self.out
        return len(out) > 3 and out[0].value == "not" and out[1].type == "LPAR" and self.first_closed == len(out) - 1

    # -- small steps

    def _text(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.raws[at][1] if at < len(self.raws) else ""

    def _emit(self, type: str, value: Any, start: int, end: int, taken: int = 1) -> None:
        self.out.append(Token(type, value, start, end))
        self.at += taken

    def _last(self) -> str:
        return self.out[-1].type if self.out else ""

    def _top(self) -> str:
        return self.open[-1] if self.open else ""

    def _push(self, mark: str, raw: Raw) -> None:
        self.open.append(mark)
        if len(self.open) > MAX_DEPTH:
            raise Malformed("too-deep", f"more than {MAX_DEPTH} levels of nesting", raw[2], raw[3])

    def _pop(self) -> str:
        while self.open and self.open[-1] == "i":
            self.open.pop()
        mark = self.open.pop() if self.open else ""
        if not self.open and not self.first_closed:
            self.first_closed = len(self.out)
        return mark

    def _learn(self, name: str) -> None:
        if not self.own_names:
            self.known, self.own_names = copied(self.known), True
        tabulate((name,), self.known, self.units)

    def _match(self, known: Names, text: str) -> tuple[int, str] | None:
        rows = known.get(text)
        if rows:
            for pieces, name in rows:
                here = self.raws[self.at : self.at + len(pieces)]
                if len(here) == len(pieces) and all(raw[1] == piece for raw, piece in zip(here, pieces, strict=True)):
                    return len(pieces), name
        return None

    def _collect(self, stops: tuple[str, ...], longest: int = 60) -> int:
        """Count the pieces before the next stop at this level; 0 when there is none or a bracket comes first."""
        for ahead in range(longest):
            text = self._text(ahead)
            if text in stops:
                return ahead
            if not text or text[0] == '"':
                return 0
        return 0

    def _name_of(self, count: int) -> tuple[str, int, int]:
        start, end = self.raws[self.at][2], self.raws[self.at + count - 1][3]
        return " ".join(self.text[start:end].split()), start, end

    def _take_name(self, type: str, count: int, skipped: int = 0) -> None:
        name, start, end = self._name_of(count)
        if count > 1:
            self._learn(name)
        self._emit(type, name, start, end, count + skipped)

    # -- the kinds of raw piece

    def _string(self, raw: Raw) -> None:
        _, text, start, end = raw
        last = self._last()
        if self._text(1) == ":" and self._top() == "{" and last in ("LBRACE", "COMMA"):
            key = unescaped(text[1:-1])
            if all(piece.isidentifier() for piece in key.split(" ")):
                self._learn(key)
            self._emit("KEY", key, start, end, 2)
        elif text[0] == "@":
            self._emit("AT", unescaped(text[2:-1]), start, end)
        else:
            self._emit("STRING", unescaped(text[1:-1]), start, end)

    def _date(self, raw: Raw) -> None:
        _, text, start, end = raw
        short = len(text) > 10 and (len(text) < 19 or text[16] != ":")
        self._emit("AT", f"{text[:16]}:00{text[16:]}" if short else text, start, end)

    def _money(self, raw: Raw) -> None:
        self._emit("AMOUNT", money_before(raw[1]), raw[2], raw[3])

    def _number(self, raw: Raw) -> None:
        if self._name_starts_here(raw):
            return
        _, text, start, end = raw
        if len(text) > 7_000:
            raise Malformed("too-long", "the number has too many digits", start, end)
        try:
            value = Decimal(text)
        except ArithmeticError:
            raise Malformed("too-long", "the exponent of the number is too large", start, end) from None
        if self.units and self._unit(value, start):
            return
        self._emit("NUMBER", value, start, end)

    def _unit(self, value: Decimal, start: int) -> bool:
        """Read what makes a number an amount, a share or a length of time in Charter's dialect."""
        following = self.raws[self.at + 1] if self.at + 1 < len(self.raws) else None
        if following is None or following[0] not in ("word", "sign"):
            return False
        kind, word, _, end = following
        if kind == "sign":
            if word == "%":
                self._emit("PERCENT", value, start, end, 2)
            return word == "%"
        amount = money_of(value, word)
        if amount is not None:
            self._emit("AMOUNT", amount, start, end, 2)
            return True
        phrase = f"{word} {self._text(2)}"
        if phrase in UNITS:
            self._emit("LENGTH", (value, phrase), start, self.raws[self.at + 2][3], 3)
            return True
        unit = unit_of(word)
        if unit is not None:
            self._emit("LENGTH", (value, unit), start, end, 2)
        return unit is not None

    def _name_starts_here(self, raw: Raw) -> bool:
        """Read what only its position makes a name: a key, a parameter, a variable, a property, a known name."""
        last, top = self._last(), self._top()
        if raw[0] == "number":
            return self._known_name(raw)
        if last == "DOT":
            found = self._match(PROPERTY_NAMES, raw[1]) or self._match(self.known, raw[1])
            count, name = found or (1, raw[1])
            self._emit("NAME", name, raw[2], self.raws[self.at + count - 1][3], count)
            return True
        if top == "{" and last in ("LBRACE", "COMMA"):
            count = self._collect((":",))
            if count:
                self._take_name("KEY", count, 1)
                return True
        elif top in ("f", "p", "<") and last in ("LPAR", "COMMA", "TLT"):
            if top == "p":
                count = self._collect((":", ",", ")"))
                if count:
                    typed = self._text(count) == ":"
                    self._take_name("ARGUMENT" if typed else "NAME", count, int(typed))
                    return True
            else:
                # An argument's name ends at a colon; any bracket or comma before it means there is none.
                count = self._collect((":", ",", "(", ")", "[", "]", "{", "}", "<", ">"), 12)
                if count and self._text(count) == ":":
                    self._take_name("ARGUMENT", count, 1)
                    return True
        if last in ("FOR", "SOME", "EVERY") or (top == "i" and last == "COMMA"):
            count = self._collect(("in", "(", ")", "[", "]", "{", "}", ","))
            if count and self._text(count) == "in":
                self._take_name("NAME", count)
                return True
        return self._known_name(raw)

    def _known_name(self, raw: Raw) -> bool:
        found = self._match(self.known, raw[1])
        if found and not self._expects_type():
            self._emit("NAME", found[1], raw[2], self.raws[self.at + found[0] - 1][3], found[0])
            return True
        return False

    def _expects_type(self) -> bool:
        last = self._last()
        if last in ("INSTANCE_OF", "ARROW", "TLT"):
            return True
        if self._top() == "<":
            return last in ("COMMA", "ARGUMENT")
        return last == "ARGUMENT" and self._top() == "p"

    def _word(self, raw: Raw) -> None:
        _, text, start, end = raw
        if self._name_starts_here(raw):
            return
        if self._expects_type():
            self._type(raw)
            return
        keyword = KEYWORDS.get(text)
        if keyword:
            if keyword in ("FOR", "SOME", "EVERY"):
                self._push("i", raw)
            elif keyword in ("RETURN", "SATISFIES") and self._top() == "i":
                self.open.pop()
            self._emit(keyword, text, start, end)
        elif text == "instance" and self._text(1) == "of":
            self._emit("INSTANCE_OF", text, start, self.raws[self.at + 1][3], 2)
        elif text == "function" and self._text(1) == "(":
            self._emit("FUNCTION", text, start, end)
        elif text == "external" and self._last() == "RPAR":
            self._emit("EXTERNAL", text, start, end)
        elif self.units and (length := spoken_length(text)) is not None:
            self._emit("LENGTH", length, start, end)
        elif self.units and (amount := spoken_money(text)) is not None:
            self._emit("AMOUNT", amount, start, end)
        else:
            self._emit("NAME", text, start, end)

    def _type(self, raw: Raw) -> None:
        _, text, start, end = raw
        if text in GENERICS and self._text(1) == "<":
            self._emit("GENERIC", text, start, end)
            opening = self.raws[self.at]
            self._push("<", opening)
            self._emit("TLT", "<", opening[2], opening[3])
            return
        found = self._match(TYPES, text) or self._match(self.known, text)
        count, name = found or (1, text)
        while self._text(count) == "." and self.at + count + 1 < len(self.raws):
            name += "." + self._text(count + 1)
            count += 2
        self._emit("TYPE", name, start, self.raws[self.at + count - 1][3], count)

    def _mark(self, raw: Raw) -> None:
        _, text, start, end = raw
        if text == "->" and self._last() == "TGT":
            self._emit("ARROW", text, start, end)
        elif text == "->":
            self._emit("MINUS", "-", start, start + 1, 0)
            self._emit("GT", ">", start + 1, end)
        else:
            if text == ".." and self._top() == "[":
                self.open[-1] = "r"
            elif text == ".." and self._top() in ("(", "f"):
                self.open[-1] = "q"
            self._emit(MARKS[text], text, start, end)

    def _sign(self, raw: Raw) -> None:
        _, text, start, end = raw
        special = _BRACKETS.get(text)
        if special:
            special(self, raw)
            return
        type = MARKS.get(text)
        if type is None:
            if text == '"':
                raise Malformed("syntax", "missing closing quote", start, len(self.text))
            raise Malformed("syntax", f"unexpected `{text}`", start, end)
        if text == ">" and self._top() == "<":
            self.open.pop()
            type = "TGT"
        self._emit(type, text, start, end)

    def _left_parenthesis(self, raw: Raw) -> None:
        last = self._last()
        self._push("p" if last == "FUNCTION" else "f" if last in OPERAND_ENDS else "(", raw)
        self._emit("LPAR", "(", raw[2], raw[3])

    def _left_square(self, raw: Raw) -> None:
        if self._last() in OPERAND_ENDS and self._top() in ("r", "q") and not self._operand_follows():
            self._pop()
            self._emit("CLOSE", "[", raw[2], raw[3])
        else:
            self._push("[", raw)
            self._emit("LSQB", "[", raw[2], raw[3])

    def _operand_follows(self) -> bool:
        if self.at + 1 >= len(self.raws):
            return False
        kind, text, _, _ = self.raws[self.at + 1]
        if kind == "word":
            return text not in NO_OPERAND
        return kind in ("string", "number") or text in "([{-"

    def _right_square(self, raw: Raw) -> None:
        last = self._last()
        opens = last not in OPERAND_ENDS and (last != "LSQB" or self._range_follows())
        if opens:
            self._push("[", raw)
            self._emit("OPEN", "]", raw[2], raw[3])
        else:
            self._pop()
            self._emit("RSQB", "]", raw[2], raw[3])

    def _range_follows(self) -> bool:
        """Tell whether `]` behind `[` opens a range: a plain value follows, and a `..` before anything ends it."""
        if not self._operand_follows() or self.raws[self.at + 1][0] == "sign":
            return False
        level = 0
        for _, text, _, _ in self.raws[self.at + 1 :]:
            if text == ".." and not level:
                return True
            level += (text in "([{") - (text in ")]}")
            if level < 0 or (text == "," and not level):
                return False
        return False

    def _left_brace(self, raw: Raw) -> None:
        self._push("{", raw)
        self._emit("LBRACE", "{", raw[2], raw[3])

    def _closing(self, raw: Raw) -> None:
        self._pop()
        self._emit(MARKS[raw[1]], raw[1], raw[2], raw[3])


_KINDS: dict[str, Callable[[Lexer, Raw], None]] = {
    "string": Lexer._string,
    "date": Lexer._date,
    "money": Lexer._money,
    "number": Lexer._number,
    "word": Lexer._word,
    "mark": Lexer._mark,
    "sign": Lexer._sign,
}
_BRACKETS: dict[str, Callable[[Lexer, Raw], None]] = {
    "(": Lexer._left_parenthesis,
    "[": Lexer._left_square,
    "]": Lexer._right_square,
    "{": Lexer._left_brace,
    ")": Lexer._closing,
    "}": Lexer._closing,
}
