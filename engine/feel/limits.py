"""The bounds of every FEEL parse and evaluation, in one table.

Whatever a text says, parsing and evaluating it stays inside these figures: a parse that would cross one
gives a Problem, an evaluation that would cross one gives null with its reason. The module knows nothing of
how the bounds are enforced.
"""

from __future__ import annotations

MAX_TEXT = 100_000  # characters of one expression
MAX_DEPTH = 150  # levels of one tree; every pass over a tree recurses once or twice a level
MAX_STEPS = 2_000_000  # items visited and functions called in one evaluation
MAX_CALL_DEPTH = 60  # function calls inside one another
MAX_LIST = 1_000_000  # items of one list, whether written, appended or counted out of a range
MAX_COMPARED = 200_000  # parts inside the parts of two values compared with each other
MAX_RESULT = 1_500_000  # parts of one result, shared parts counted each time
MAX_STRING = 1_000_000  # characters of one string result
MAX_DIGITS = 34  # significant digits of a number (IEEE 754 decimal128, DMN 10.3.2.3.1)
MAX_EXPONENT = 6144  # largest power of ten of a number
MIN_EXPONENT = -6143
MIN_SCALE = -6111  # scales that decimal() and the rounding functions take (DMN table 74)
MAX_SCALE = 6176
MAX_YEAR = 999_999_999  # years of a date, either side of zero
MAX_PATTERN = 1_000  # characters of a regular expression
MAX_PATTERN_SUBJECT = 100_000  # characters a pattern is matched against
MAX_PROGRAM = 5_000  # steps of one pattern, its counted repeats written out
PARSE_CACHE = 4_096  # expressions remembered by the parser


class OverBudget(Exception):
    """Ends an evaluation that would cross a bound; never leaves this package."""
