"""LALR(1) automata and the tables that they run: the one place that knows Lark, which turns grammars into tables.

Building a table takes longer than most commands do, so each is a file of the package beside its grammar: JSON that
`written` lays out, held current by a test. Reading and running a table needs no Lark. Knows nothing of any language:
what a rule makes of its parts, and how a text is cut into tokens, is said by whoever brings the grammar.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Maker = Callable[[list[Any]], Any]

# What a rule is, how many parts it takes, by which name its maker is known (None: its one part is passed on, "": its
# parts are collected), and which of its parts are collections to be spread out.
Rule = tuple[str, int, str | None, list[int]]


class Unexpected(Exception):
    """Carries the token at which no rule goes on."""

    def __init__(self, token: Any) -> None:
        self.token = token


class Table:
    """A table, with what its rules make. `states`: by symbol the state that it leads to, or -1 - the rule to apply."""

    __slots__ = ("rules", "starts", "states")

    def __init__(self, text: str, makers: Mapping[str, Maker]) -> None:
        data = json.loads(text)
        known: dict[str | None, Maker | None] = {None: None, "": list}
        known.update(makers)
        self.starts: dict[str, tuple[int, int]] = data["starts"]
        self.states: list[dict[str, int]] = data["states"]
        self.rules: list[tuple[str, int, Maker | None, list[int]]] = [
            (origin, count, known[maker], spread) for origin, count, maker, spread in data["rules"]
        ]


class Automaton:
    """Runs a table over the tokens of one text. `stack` holds the states, `values` what stands between them."""

    __slots__ = ("last", "rules", "stack", "states", "values")

    def __init__(self, table: Table, start: str) -> None:
        first, self.last = table.starts[start]
        self.states, self.rules = table.states, table.rules
        self.stack: list[int] = [first]
        self.values: list[Any] = []

    def takes(self, *kinds: str) -> bool:
        """Says whether tokens of these kinds could be taken in; the table alone tells only where one might be."""
        stack = list(self.stack)
        for kind in kinds:
            while (action := self.states[stack[-1]].get(kind)) is not None and action < 0:
                origin, count, maker, _ = self.rules[-1 - action]
                del stack[len(stack) - (count if maker is not None else 1) :]
                stack.append(self.states[stack[-1]][origin])
            if action is None:
                return False
            stack.append(action)
        return True

    def feed(self, token: Any) -> Any:
        """Takes one token in, making nodes from the bottom up; gives the whole when the token is `$END`."""
        stack, values, states = self.stack, self.values, self.states
        kind = token.type
        while True:
            action = states[stack[-1]].get(kind)
            if action is None:
                raise Unexpected(token)
            if action >= 0:
                stack.append(action)
                values.append(token)
                return None
            origin, count, maker, spread = self.rules[-1 - action]
            if maker is None:
                stack.pop()
            else:
                parts: list[Any] = []
                if count:
                    parts = values[-count:]
                    del stack[-count:], values[-count:]
                    if spread:
                        for index in reversed(spread):
                            parts[index : index + 1] = parts[index]
                values.append(maker(parts))
            stack.append(states[stack[-1]][origin])
            if kind == "$END" and stack[-1] == self.last:
                return values[-1]


# --- building -------------------------------------------------------------------------------------


def written(grammar: str, *starts: str) -> str:
    """Lets Lark turn a grammar into a table, and gives its text."""
    from lark import Lark
    from lark.lexer import Lexer
    from lark.parsers.lalr_analysis import Shift

    class NoText(Lexer):
        """Satisfies Lark, which wants a lexer even to build a table."""

        def __init__(self, conf: Any) -> None:
            pass

        def lex(self, lexer_state: Any, parser_state: Any) -> Any:
            return iter(())

    lark: Any = Lark(grammar, parser="lalr", lexer=NoText, start=list(starts), maybe_placeholders=False)
    table: Any = lark.parser.parser._parse_table
    # Lark numbers states by the order of its sets; here they are numbered by the way they are reached.
    order = [table.start_states[name] for name in sorted(table.start_states)]
    place = {state: index for index, state in enumerate(order)}
    rules: list[Rule] = []
    numbers: dict[Any, int] = {}
    states: list[dict[str, int]] = []
    for state in order:
        actions: dict[str, int] = {}
        for symbol, (action, target) in sorted(table.states[state].items()):
            if action is not Shift:
                if target not in numbers:
                    numbers[target] = len(rules)
                    rules.append(_rule(target))
                actions[symbol] = -1 - numbers[target]
                continue
            if target not in place:
                place[target] = len(order)
                order.append(target)
            actions[symbol] = place[target]
        states.append(actions)
    ends = {name: [place[table.start_states[name]], place[end]] for name, end in sorted(table.end_states.items())}
    return f'{{"starts": {json.dumps(ends)},\n"rules": [\n{_rows(rules)}\n],\n"states": [\n{_rows(states)}\n]}}\n'


def _rule(rule: Any) -> Rule:
    origin, parts = rule.origin.name, rule.expansion
    spread = [index for index, part in enumerate(parts) if part.name.startswith("__")]
    if rule.options.expand1 and len(parts) == 1 and not rule.alias:
        return origin, 1, None, []
    return origin, len(parts), "" if origin.startswith("__") else rule.alias or origin, spread


def _rows(items: list[Any]) -> str:
    return ",\n".join(json.dumps(item, separators=(",", ":")) for item in items)
