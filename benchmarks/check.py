"""Times the checker against Lark alone on the same text: `python -m benchmarks.check [LINES]`.

Lark alone is the same grammar with Lark's own contextual lexer and indenter, building its trees with positions.
`parse` is bytes to tree, `check` everything up to definitions. Our parser pauses Python's cyclic collector, a user of
Lark would not; the goal is held against what Lark takes with the collector paused, which is the harder comparison.
"""

from __future__ import annotations

import gc
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any, ClassVar

from lark import Lark
from lark.indenter import Indenter

from charter.dsl.text import parser, source
from charter.dsl.text.lexer import PATTERNS
from charter.dsl.text.words import spellings

from .figures import ratio, say, timed

PROCESS = """process process_{n} "服务项目 {n}"
  version 1
  goal    "Every request is answered within two working days"
  owner   manager_{n}
  source  S003-1.{n} S003-2.{n}

  parameter limit percent = 95%

  role clerk_{n}   "经办人"
  role manager_{n} "经理"
    requires skill negotiation >= 3

  record request_{n} "申请"
    background text  "项目背景"
    budget     money "预算"     where budget > 0 CNY
    urgency    choice "high" | "low" optional
    items      list of text

  record plan_{n}
    first_day date
    last_day  date where last_day >= first_day

  separate decide_{n} from apply_{n}

  phase ask_{n} "申请阶段"
    activity apply_{n} "提出申请"
      role   clerk_{n}
      output request_{n}
      within 3 working days
      checklist
        "资料齐全"
        checked "已核对" by other manager_{n}

    # The manager looks at it.
    approval decide_{n} of request_{n}
      by       manager_{n}
      criteria request_{n}.budget < 500000 CNY and count(request_{n}.items) > 0
      within   2 working days
      on reject return to apply_{n}

  phase do_{n} "执行阶段"
    activity make_{n} for each item in request_{n}.items
      role   clerk_{n}
      output plan_{n}
      takes  2 days

  kpi on_time_{n}
    formula count(cases[decide_{n}.on_time]) / count(cases)
    target  >= limit
    every   1 month

"""
PART = """    activity step_{n} "工作 {n}"
      role   clerk
      input  paper_{m}
      output paper_{n}
      within 2 working days

"""


def many_processes(lines: int) -> str:
    each = PROCESS.count("\n")
    return "".join(PROCESS.format(n=n) for n in range(lines // each))


def one_process(lines: int) -> str:
    head = "process huge\n  role clerk\n  input paper_0\n  phase work\n"
    return head + "".join(PART.format(n=n, m=n - 1) for n in range(1, lines // PART.count("\n")))


def lark_alone() -> Any:
    """Builds Lark as a user of Lark would: terminals as regular expressions, contextual lexer, indenter."""

    class Blocks(Indenter):
        NL_type, INDENT_type, DEDENT_type = "NL", "INDENT", "DEDENT"
        OPEN_PAREN_types: ClassVar[list[str]] = []
        CLOSE_PAREN_types: ClassVar[list[str]] = []
        tab_len = 8

    expression = r'(?:"[^"\n]*"|\((?:[^()\n]|\([^()\n]*\))*\)|\[[^\]\n]*\]|\{[^}\n]*\}|STOP[^\n"])+'
    ends = {
        "EXPR": "",
        "ITEMS": r"(?!\s+(?:open|evidence|by|source|call|run|start)\b)",
        "PERIOD": r"(?!\s+while\b)",
        "COND": r"(?!\s+(?:optional|source)\b)",
        "VALUE": r"(?!,|\s+because\b|\s+for each\b)",
    }
    words: dict[str, list[str]] = {}
    for spelled, terminal, _, _ in spellings():
        words.setdefault(terminal, []).append(spelled)
    lines = [line for line in parser.grammar().splitlines() if not line.startswith("%declare")]
    for terminal, spelled in words.items():
        pattern = "|".join(re.escape(w).replace(r"\ ", r"\s+") for w in sorted(spelled, key=len, reverse=True))
        lines.append(f"{terminal}.2: /(?:{pattern})(?!\\w)/")
    lines += [f"{name}: /{pattern}/" for name, pattern in PATTERNS.items() if name != "STATE"]
    lines += [f"{name}: /(?!\\s){expression.replace('STOP', stop)}/" for name, stop in ends.items()]
    lines += [r"NL: /(?:(?:#[^\n]*)?\r?\n *)+/", r"%ignore / +/", "%declare INDENT DEDENT"]
    return Lark(
        "\n".join(lines), parser="lalr", lexer="contextual", postlex=Blocks(), start="file", propagate_positions=True
    )


COLD = """
import re, sys, time
from charter.dsl import passes
data = sys.stdin.buffer.read()
start = time.perf_counter()
compiled = passes.compile("bench.charter", data)
seconds = time.perf_counter() - start
errors = [d.code for d in compiled.diagnostics if d.is_error]
assert not errors, errors[:3]
# What `getrusage` calls the peak may be the parent's.
print(seconds, int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024)
"""


def cold(text: str) -> tuple[float, float]:
    """Gives seconds and peak memory (MiB) of a whole check in a fresh process: the checker remembers expressions."""
    command = [sys.executable, "-c", COLD]
    said = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, check=True).stdout.split()
    return float(said[0]), float(said[1])


def paused(work: Callable[[], object]) -> float:
    """Times a work without the cyclic collector."""
    gc.collect()
    gc.disable()
    try:
        return timed(work)
    finally:
        gc.enable()


def main() -> None:
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    alone = lark_alone()
    for title, make in (("many processes", many_processes), ("one process", one_process)):
        text, tenth = make(lines), make(lines // 10)
        data = text.encode()
        assert not parser.parse(source.read(data)).diagnostics
        ours, theirs, without, whole, part, memory = ([] for _ in range(6))
        for _ in range(3):
            ours.append(timed(lambda data=data: parser.parse(source.read(data))))
            theirs.append(timed(lambda text=text: alone.parse(text)))
            without.append(paused(lambda text=text: alone.parse(text)))  # type: ignore[misc]
            seconds, peak = cold(text)
            whole.append(seconds)
            memory.append(peak)
            part.append(cold(tenth)[0])
        print(f"{title}, {text.count(chr(10)):,} lines")
        say("Lark alone", theirs, "s")
        say("Lark alone, its collector paused", without, "s")
        say("parse, bytes to tree", ours, "s")
        say("check, everything", whole, "s")
        say("check / Lark alone", ratio(whole, theirs))
        say("check / Lark alone, its collector paused", ratio(whole, without), most=3)
        say("check, ten times the text", ratio(whole, part), most=15)
        say("check, peak memory of the process", memory, "MiB")


if __name__ == "__main__":
    main()
