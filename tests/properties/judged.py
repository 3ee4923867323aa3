"""Processes that were once judged otherwise than a plain look judges them, each for a reason of its own."""

from __future__ import annotations

from textwrap import indent
from typing import Final

_HEAD = """process random
  owner boss
  role boss
  record r
    ok boolean
  record s
    ok boolean
"""

_BODIES: Final = {
    "what is read when all else is over: whose turn was first matters": """
activity a
  role boss
activity b
  role boss
activity c
  role boss
  after b
  when a.settled
""",
    "an offer is looked at when all that it waits for is over: what it reads may be over before or after": """
activity w call robot
activity a
  role boss
activity b
  role boss
  when a.done
  offered while w.done
  output r
""",
    "the last of a round hides what was there before it": """
phase f
  repeat until r.ok
  activity a
    role boss
    output r
  activity b
    role boss
activity w wait 2 hours
  input r
  when not(r.ok)
""",
    "what is inside of a block that is still to be opened looks at what is over": """
activity a
  role boss
  output r
activity w wait 1 hour
  when a.done
phase f
  after w
  activity b
    role boss
    input r
    output s
  activity c wait 1 hour
    after b
    when not(r.ok)
""",
    "a signal that comes before anybody waits for it": """
activity a
  role boss
  output r
activity v wait for bell
  input r
activity w wait for bell
  after any of v, a
  output s
approval p of s
  by boss
  after v
  on reject cancel because "no"
""",
    "work that is to be done by the person who did two others": """
activity a
  role boss
activity b
  role boss
activity c
  role boss
  same as a, b
  after a, b
""",
    "work whose turn never comes": """
phase f
  exit when w.skipped
  activity v wait 3 hours
  activity w wait 1 hour
activity a
  role boss
one at a time f, a
""",
}

JUDGED: Final = {why: _HEAD + indent(body.lstrip("\n"), "  ") for why, body in _BODIES.items()}
