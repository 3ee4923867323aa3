"""A picture as text for a terminal and as Mermaid (flowchart syntax), and lifecycles as Mermaid state diagrams.

Knows formats, not processes: what is drawn comes from `picture.build_picture` and from the engine's machine tables.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from charter.runtime.cli.messages import Messages
from charter.runtime.drawing.picture import Item, Picture
from charter.runtime.drawing.svg import CLASSES

# kind of element -> its mark on a terminal, one column wide
MARKS = {"phase": "▸", "activity": "□", "approval": "◇", "milestone": "○"}
_CLASS_STYLES = {
    "live": "fill:#dcebff,stroke:#1a5fb4,color:#10233c",
    "held": "fill:#fff0cf,stroke:#a86500,color:#3a2600",
    "good": "fill:#def3e2,stroke:#26803f,color:#0d2a15",
    "bad": "fill:#fde1e1,stroke:#b3261e,color:#3d0f0c",
    "gone": "fill:#eeeff2,stroke:#a9b1bc,color:#5c6570,stroke-dasharray:3 3",
}


def write_text(picture: Picture, say: Messages) -> str:
    """Draws a picture as an indented tree: mark, title, name, who, where it goes next, where it is sent back to."""
    lines = [picture.title + (f"  {picture.name}" if picture.title != picture.name else "")]
    if picture.status:
        lines[0] += f"  [{say(f'states.{picture.status}')}]"
    lines += _branch(picture, picture.children, [(a.source, a.target) for a in picture.arrows], "", say)
    return "\n".join(lines) + "\n"


def _branch(
    picture: Picture, items: tuple[Item, ...], arrows: list[tuple[str, str]], indent: str, say: Messages
) -> Iterator[str]:
    titles = {item.name: item.title for item in picture.items()}
    for number, item in enumerate(items):
        last = number == len(items) - 1
        parts = [f"{MARKS[item.kind]}{'*' if item.many else ''} {item.title}"]
        if item.title != item.name:
            parts.append(item.name)
        if item.state:
            count = f" {item.settled}/{item.count}" if item.count else ""
            parts.append(f"[{say(f'states.{item.state}')}{count}]")
        parts += item.captions
        following = [titles[target] for source, target in arrows if source == item.name]
        if following:
            parts.append("→ " + ", ".join(following))
        backs = [r for r in picture.returns if r.source == item.name]
        parts += [f"↩ {titles[r.target]} ({say(f'graph.on_{r.kind}')})" for r in backs]
        yield f"{indent}{'└─' if last else '├─'} {'  '.join(parts)}"
        below = indent + ("   " if last else "│  ")
        yield from _branch(picture, item.children, [(a.source, a.target) for a in item.arrows], below, say)


def write_mermaid(picture: Picture, say: Messages) -> str:
    """Writes a picture as a Mermaid flowchart: phases as subgraphs, approvals as diamonds, returns as dotted arrows."""
    ids = {item.name: f"n{number}" for number, item in enumerate(picture.items(), 1)}
    lines = ["---", f"title: {_yaml(picture.title)}", "---", "flowchart TB"]
    lines += _mermaid_items(picture.children, ids, "  ")
    pairs = [picture.arrows, *(item.arrows for item in picture.items())]
    lines += [f"  {ids[a.source]} --> {ids[a.target]}" for arrows in pairs for a in arrows]
    lines += [f"  {ids[r.source]} -. {_quoted(say(f'graph.on_{r.kind}'))} .-> {ids[r.target]}" for r in picture.returns]
    members: dict[str, list[str]] = {}
    for item in picture.items():
        members.setdefault(CLASSES.get(item.state or "planned", "planned"), []).append(ids[item.name])
    for style, rule in _CLASS_STYLES.items():
        if style in members:
            lines += [f"  classDef {style} {rule}", f"  class {','.join(members[style])} {style}"]
    critical = [ids[item.name] for item in picture.items() if item.critical]
    if critical:
        lines += ["  classDef critical stroke-width:4px", f"  class {','.join(critical)} critical"]
    return "\n".join(lines) + "\n"


def _mermaid_items(items: Iterable[Item], ids: dict[str, str], indent: str) -> Iterator[str]:
    shapes = {"activity": "[{}]", "approval": "{{{}}}", "milestone": "([{}])"}
    for item in items:
        count = (f"{item.settled}/{item.count}",) if item.count else ()
        if item.kind == "phase":
            label = " · ".join((item.title, *item.captions, *count))
            yield f"{indent}subgraph {ids[item.name]} [{_quoted(label)}]"
            yield f"{indent}  direction LR"
            yield from _mermaid_items(item.children, ids, indent + "  ")
            yield f"{indent}end"
            continue
        label = "\n".join((item.title, *item.captions, *count))
        shape = "[[{}]]" if item.many and item.kind == "activity" else shapes[item.kind]
        yield f"{indent}{ids[item.name]}{shape.format(_quoted(label))}"


_CODES = {"#": "#35;", "&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;"}  # `#` first


def _quoted(text: str) -> str:
    """Quotes a Mermaid label: markup characters as entity codes, line ends as <br/>."""
    for character, code in (
        ("#", "#35;"),
        ("&", "#amp;"),
        ('"', "#quot;"),
        ("<", "#lt;"),
        (">", "#gt;"),
        ("`", "#96;"),
    ):
        text = text.replace(character, code)
    return '"' + text.replace("\n", "<br/>") + '"'


def _yaml(text: str) -> str:
    """Quotes a text of the front matter: a JSON string is a YAML scalar. No mark of HTML stands in it as it is."""
    quoted = json.dumps(text, ensure_ascii=False)
    for mark in "<>&":
        quoted = quoted.replace(mark, f"\\u{ord(mark):04x}")
    return quoted


def write_lifecycle(rows: Sequence[tuple[str, str, str]]) -> str:
    """Writes a machine table, (trigger, source, dest) rows, as a Mermaid state diagram; the first source begins."""
    moves: dict[tuple[str, str], list[str]] = {}
    for trigger, source, dest in rows:
        moves.setdefault((source, dest), []).append(trigger)
    lines = ["stateDiagram-v2", f"  [*] --> {rows[0][1]}"]
    lines += [f"  {source} --> {dest}: {', '.join(triggers)}" for (source, dest), triggers in moves.items()]
    return "\n".join(lines) + "\n"
