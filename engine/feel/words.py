"""The words and marks of FEEL: keywords, operators, names of built-ins and types that hold spaces.

Tables only; the lexer reads them and nothing here reads text.
"""

from __future__ import annotations

KEYWORDS = {
    "if": "IF",
    "then": "THEN",
    "else": "ELSE",
    "for": "FOR",
    "in": "IN",
    "return": "RETURN",
    "some": "SOME",
    "every": "EVERY",
    "satisfies": "SATISFIES",
    "and": "AND",
    "or": "OR",
    "between": "BETWEEN",
    "true": "TRUE",
    "false": "FALSE",
    "null": "NULL",
}

MARKS = {
    "(": "LPAR",
    ")": "RPAR",
    "[": "LSQB",
    "]": "RSQB",
    "{": "LBRACE",
    "}": "RBRACE",
    ",": "COMMA",
    ".": "DOT",
    "..": "DOTDOT",
    "=": "EQ",
    "!=": "NE",
    "<": "LT",
    "<=": "LE",
    ">": "GT",
    ">=": "GE",
    "+": "PLUS",
    "-": "MINUS",
    "*": "TIMES",
    "/": "DIVIDE",
    "**": "POWER",
}

# Token types after which an operand is complete, so that `[`, `(` and `-` continue it.
OPERAND_ENDS = frozenset(
    (
        "NAME",
        "NUMBER",
        "PERCENT",
        "AMOUNT",
        "LENGTH",
        "STRING",
        "AT",
        "TRUE",
        "FALSE",
        "NULL",
        "RPAR",
        "RSQB",
        "CLOSE",
        "RBRACE",
        "TYPE",
        "TGT",
    )
)

# Words that cannot begin an operand, so that a `[` before them closes a range.
NO_OPERAND = frozenset(("then", "else", "return", "satisfies", "and", "or", "between", "in", "instance"))

# Properties whose names hold a space: of ranges and temporal values (DMN tables 65 to 67), and of Charter's own values.
PROPERTIES = ("start included", "end included", "time offset", "media type", "working days", "working seconds")

TYPE_NAMES = ("date and time", "days and time duration", "years and months duration", "day and time duration")

GENERICS = frozenset(("list", "range", "context", "function"))

# Built-in functions whose names hold spaces (DMN 10.3.4), for longest match.
SPACED_BUILTINS = (
    "date and time",
    "years and months duration",
    "string length",
    "upper case",
    "lower case",
    "substring before",
    "substring after",
    "starts with",
    "ends with",
    "string join",
    "list contains",
    "list replace",
    "insert before",
    "index of",
    "distinct values",
    "get value",
    "get entries",
    "context put",
    "context merge",
    "round up",
    "round down",
    "round half up",
    "round half down",
    "met by",
    "overlaps before",
    "overlaps after",
    "finished by",
    "started by",
    "day of year",
    "day of week",
    "month of year",
    "week of year",
)

# functions of other tools whose names hold blanks, and how FEEL says the same
MEANT = {
    "is defined": "x != null",
    "get or else": "if x != null then x else y",
    "is empty": "count(x) = 0",
}
