"""Times the checker against Lark alone on the same text: `python benchmarks/check.py [LINES]`.

Lark alone is the same grammar with Lark's own contextual lexer and indenter, building its trees with positions. The
ratios are of medians in one run; nothing is asserted. `parse` is bytes to tree, `check` everything up to definitions.
"""

from __future__ import annotations

import gc
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from lark import Lark
from lark.indenter import Indenter

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from charter.dsl import parser, source  # noqa: E402
from charter.dsl.lexer import PATTERNS  # noqa: E402
from charter.dsl.words import spellings  # noqa: E402

PROCESS = '''process process_{n} "服务项目 {n}"
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

'''
PART = '''    activity step_{n} "工作 {n}"
      role   clerk
      input  paper_{m}
      output paper_{n}
      within 2 working days

'''


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
        "EXPR": "", "ITEMS": r"(?!\s+(?:open|evidence|by|source|call|run|start)\b)", "PERIOD": r"(?!\s+while\b)",
        "COND": r"(?!\s+(?:optional|source)\b)", "VALUE": r"(?!,|\s+because\b|\s+for each\b)",
    }  # fmt: skip
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


def timed(work: Callable[[], object], rounds: int = 3) -> float:
    times = []
    for _ in range(rounds):
        gc.collect()
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
        del result
    return statistics.median(times)


COLD = """
import sys, time
sys.path.insert(0, sys.argv[1])
from charter.dsl import passes
data = sys.stdin.buffer.read()
start = time.perf_counter()
compiled = passes.compile("bench.charter", data)
print(time.perf_counter() - start, [d.code for d in compiled.diagnostics if d.is_error][:3] or "")
"""


def cold(text: str) -> float:
    """Times a whole check in a process of its own, since the checker remembers expressions that it has read."""
    command = [sys.executable, "-c", COLD, str(ROOT / "src")]
    said = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout.decode()
    seconds, _, errors = said.strip().partition(" ")
    if errors:
        print("  the text does not check:", errors)
    return float(seconds)


def main() -> None:
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    alone = lark_alone()
    for title, make in (("many processes", many_processes), ("one process", one_process)):
        text = make(lines)
        data = text.encode()
        parsed = parser.parse(source.read(data))
        assert not parsed.diagnostics, parsed.diagnostics[:3]
        ours = timed(lambda data=data: parser.parse(source.read(data)))  # type: ignore[misc]
        theirs = timed(lambda text=text: alone.parse(text))  # type: ignore[misc]
        gc.disable()
        theirs_paused = timed(lambda text=text: alone.parse(text))  # type: ignore[misc]
        gc.enable()
        tenth = make(lines // 10).encode()
        small = timed(lambda tenth=tenth: parser.parse(source.read(tenth)))  # type: ignore[misc]
        print(f"{title}, {text.count(chr(10)):,} lines")
        print(f"  Lark alone            {theirs:6.2f} s   (its collector paused: {theirs_paused:.2f} s)")
        print(f"  parse, bytes to tree  {ours:6.2f} s   ratio {ours / theirs:.2f} ({ours / theirs_paused:.2f})")
        whole, part = cold(text), cold(tenth.decode())
        print(f"  check, everything     {whole:6.2f} s   ratio {whole / theirs:.2f} ({whole / theirs_paused:.2f})")
        print(f"  ten times the text costs {whole / part:.1f} times the time to check")
        print(f"  ten times the text costs {ours / small:.1f} times the time to parse")


if __name__ == "__main__":
    main()
