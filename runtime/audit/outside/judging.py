"""How a bundle is judged: the second part of its `verify.py`, with the standard library alone.

`bundle.py` joins it with `formats.py` and puts a text of what it is before both. Knows nothing of Charter.
"""

# mypy: ignore-errors
from __future__ import annotations

import argparse
import hashlib
import html
import json
import os
import sys
from pathlib import Path

from charter.runtime.audit.outside.formats import (
    Bad,
    Checkpoint,
    Key,
    from64,
    included,
    leaf_hash,
    proof,
    roots,
    signed,
    whole_number,
)

# --- the bundle ------------------------------------------------------------------------------------------------------

USAGE = """Checks a bundle of an audit trail: python3 verify.py [--key KEY] [--against CHECKPOINT] [--lang zh]

It needs Python 3.10 or newer and nothing else: no package, no network, not the program that wrote the trail. It lies in
the folder that it checks and writes nothing. What the files are, README.md says. Exit code: 0 sound, 1 not sound.

  integrity     every entry has the hash that the signed tree has for it, and continues the entry before it
  completeness  no entry is missing: numbers have no gaps, and there are as many as were signed for
  truth         not judged here: whether the entries follow from the process needs `charter audit verify`"""

# what is said, in English and Chinese
WORDS = {
    "integrity": ("integrity", "完整"),
    "completeness": ("completeness", "齐全"),
    "truth": ("truth", "真实"),
    "sound": ("sound", "通过"),
    "unsound": ("NOT SOUND", "不通过"),
    "unjudged": (
        "not judged here: it needs `charter audit verify` on the database",
        "此处不判定，须对数据库运行 `charter audit verify`",
    ),
    "missing": ("the file is missing", "文件缺失"),
    "stray": ("the file does not belong here", "多余的文件"),
    "unreadable": ("it is not in the form that it must have", "格式不符"),
    "lines": (
        "lines are missing: entries.jsonl and leaves.txt go line by line",
        "缺行：entries.jsonl 与 leaves.txt 应逐行对应",
    ),
    "leaf": ("the entry does not have the hash in leaves.txt", "条目与 leaves.txt 中的散列不符"),
    "number": ("the leaf has another number than its place", "叶子的编号与位置不符"),
    "id": ("its id, case and number do not agree, or occur twice", "编号与案例、序号不符，或重复"),
    "gap": ("an entry is missing before this one", "它前面缺少条目"),
    "prev": ("it does not continue the entry before it in its chain", "与同一条链的前一条不相接"),
    "root": ("from here on, the entries are not those that were signed", "自此起，条目与所签名的不同"),
    "fewer": ("there are fewer entries than were signed for", "条目少于所签名的数目"),
    "more": ("there are more entries than were signed for", "条目多于所签名的数目"),
    "signature": ("it is not signed by the key that the trail names", "没有审计追踪所载密钥的签名"),
    "key": ("it is not the key that the trail names, or that was given", "与审计追踪所载或所给的密钥不符"),
    "handed": ("the new key is not signed by the one before it", "新密钥没有前一把密钥的签名"),
    "path": ("the proof does not lead to this entry", "证明与条目不符"),
    "content": ("its content has another hash than its name", "内容的散列与文件名不符"),
    "readable": ("the readable copy differs from the entries", "供阅读的副本与条目不符"),
    "against": (
        "the entries are not those of the checkpoint given with --against",
        "条目与 --against 所给的检查点不符",
    ),
    "entries": (
        "{} entries, {} of them withheld from the person who made the bundle",
        "共 {} 个条目，其中 {} 个对制作者不予显示",
    ),
    "part": (
        "a part of the trail: what came after the last entry of a case cannot be seen from it",
        "只是审计追踪的一部分：案例末条之后是否还有条目，从中看不出来",
    ),
    "own_key": (
        "the key was taken from the bundle itself: compare it with the one that you were given, or use --key",
        "密钥取自本包：请与您得到的公钥核对，或使用 --key",
    ),
    "lost_key": (
        "a key was set that the one before it did not sign: ask why",
        "有密钥没有前一把密钥的签名：请查问原因",
    ),
}


class Bundle:
    """A folder, and what is found wrong with it: verdict, file, line (0: the whole file), and a word of WORDS."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.found, self.notes = [], []
        self.entries = []  # of each line: bytes, fields (None: withheld or unreadable), id
        self.whole = not (self.folder / "proofs").is_dir()

    def fault(self, verdict, file, line, word):
        self.found.append((verdict, file, line, word))

    def read(self, name):
        try:
            return (self.folder / name).read_bytes()
        except OSError:
            self.fault("completeness", name, 0, "missing")
            return b""

    def lines(self, name):
        held = self.read(name)
        if held and not held.endswith(b"\n"):
            self.fault("integrity", name, held.count(b"\n") + 1, "unreadable")
        return held.split(b"\n")[:-1]

    def text(self, name):
        try:
            return self.read(name).decode()
        except UnicodeDecodeError:
            self.fault("integrity", name, 0, "unreadable")
            return ""

    def judge(self, given=None, against=None):
        """Looks at everything; `given`: a public key, `against`: the text of a checkpoint, both from elsewhere."""
        self.take_entries()
        leaves = self.take_leaves()
        self.check_chains()
        key = self.take_key(given)
        if self.whole:
            self.check_tree(leaves, key, given, against)
        else:
            self.check_proofs(leaves, key)
        self.check_files()
        for name, again in (("words.json", worded(self)), ("entries.html", page(self))):
            if self.text(name) != again:
                self.fault("integrity", name, 0, "readable")

    def take_entries(self):
        for number, body in enumerate(self.lines("entries.jsonl"), 1):
            try:
                fields = json.loads(body, object_pairs_hook=once)
                if not isinstance(fields, dict):
                    raise Bad
                withheld = fields.get("withheld") is True
                self.entries.append((body, None if withheld else fields, fields["id"], fields if withheld else None))
                if not isinstance(fields["id"], str):
                    raise Bad
            except (ValueError, KeyError, RecursionError, Bad):
                self.fault("integrity", "entries.jsonl", number, "unreadable")
                self.entries[number - 1 :] = [(body, None, "", None)]

    def take_leaves(self):
        """Reads the leaves, (number, hash), and holds each entry against its own."""
        found = []
        for number, line in enumerate(self.lines("leaves.txt"), 1):
            try:
                index, _, held = line.decode("ascii").partition(" ")
                found.append((whole_number(index), bytes.fromhex(held)))
                if len(held) != 64 or held != held.lower():
                    raise Bad
            except (ValueError, Bad):
                self.fault("integrity", "leaves.txt", number, "unreadable")
                found[number - 1 :] = [(-1, b"")]
        if len(found) != len(self.entries):
            short = "entries.jsonl" if len(self.entries) < len(found) else "leaves.txt"
            self.fault("completeness", short, min(len(self.entries), len(found)) + 1, "lines")
        for number, ((body, _, _, withheld), (_, held)) in enumerate(zip(self.entries, found, strict=False), 1):
            if withheld is None and leaf_hash(body) != held:
                self.fault("integrity", "entries.jsonl", number, "leaf")
        return found

    def check_chains(self):
        last, seen = {}, set()
        for number, (body, fields, id_, _) in enumerate(self.entries, 1):
            case, _, seq = id_.rpartition(".")
            try:
                seq = whole_number(seq)
            except Bad:
                self.fault("integrity", "entries.jsonl", number, "id")
                continue
            if id_ in seen or (fields is not None and (fields.get("case"), fields.get("seq")) != (case, seq)):
                self.fault("integrity", "entries.jsonl", number, "id")
            seen.add(id_)
            before, prev = last.get(case, (0, "0" * 64))
            if seq != before + 1 and (self.whole or case != "organisation"):
                self.fault("completeness", "entries.jsonl", number, "gap")
            elif seq == before + 1 and fields is not None and prev is not None and fields.get("prev") != prev:
                self.fault("integrity", "entries.jsonl", number, "prev")
            last[case] = seq, None if fields is None else hashlib.sha256(body).hexdigest()

    def take_key(self, given):
        try:
            key = Key(self.text("key.txt"))
            if self.text("key.txt") != key.text + "\n" or (given is not None and given.strip() != key.text):
                self.fault("integrity", "key.txt", 0, "key")
        except Bad:
            self.fault("integrity", "key.txt", 0, "unreadable")
            return None
        if self.text("key.pem") != key.pem():
            self.fault("integrity", "key.pem", 0, "key")
        if given is None:
            self.notes.append("own_key")
        return key

    def check_tree(self, leaves, key, given, against):
        for number, (index, _) in enumerate(leaves, 1):
            if index != number - 1:
                self.fault("completeness", "leaves.txt", number, "number")
        wanted, final, last = {}, 0, self.text("checkpoint.txt")
        numbered = self.lines("checkpoints.jsonl")
        for number, held in enumerate(numbered, 1):
            try:
                row = json.loads(held)
                if not isinstance(row, list) or json.dumps(row).encode() != held:
                    raise Bad
                checkpoint = Checkpoint(row[1])
                if row[0] != number or checkpoint.size <= final or (number == len(numbered)) != (row[1] == last):
                    raise Bad
            except (ValueError, TypeError, IndexError, AttributeError, Bad):
                self.fault("integrity", "checkpoints.jsonl", number, "unreadable")
                continue
            wanted.setdefault(checkpoint.size, []).append(("checkpoints.jsonl", number, checkpoint))
            final = checkpoint.size
        if not numbered:
            self.fault("completeness", "checkpoints.jsonl", 0, "missing")
        if against is not None:
            held = Checkpoint(against)
            wanted.setdefault(held.size, []).append(("--against", 0, held))
        current, sealed = None, 0
        for size, root in enumerate(roots([held for _, held in leaves]), 1):
            fields = self.entries[size - 1][1] if size <= len(self.entries) else None
            if fields is not None and (fields.get("kind"), fields.get("case")) == ("key_set", "organisation"):
                current = self.hand_over(size, fields.get("data"), current)
            for file, line, checkpoint in wanted.pop(size, ()):
                if file == "--against":
                    if checkpoint.root != root():
                        self.fault("integrity", file, 0, "against")
                elif checkpoint.root != root():
                    self.fault("integrity", "entries.jsonl", sealed + 1, "root")
                elif current is None or checkpoint.origin != current.name or not checkpoint.signed_by(current):
                    self.fault("integrity", file, line, "signature")
                else:
                    sealed = size
        for checkpoints in wanted.values():
            for file, line, _ in checkpoints:
                self.fault("completeness", file, line, "fewer")
        if len(leaves) > final:
            self.fault("completeness", "entries.jsonl", len(leaves), "more")
        if key is not None and (current is None or current.text != key.text):
            self.fault("integrity", "key.txt", 0, "key")

    def hand_over(self, number, data, before):
        """Gives the key that an entry sets, which the one before it has signed."""
        try:
            key = Key(data["key"])
            if data.get("was") != (None if before is None else before.text):
                self.fault("integrity", "entries.jsonl", number, "handed")
            elif before is not None and data.get("signature") is None:
                self.notes.append("lost_key")
            elif before is not None:
                message = f"charter key\n{before.text}\n{key.text}\n".encode()
                if not signed(before.public, message, from64(data["signature"])):
                    self.fault("integrity", "entries.jsonl", number, "handed")
        except (Bad, AttributeError, KeyError, TypeError):
            self.fault("integrity", "entries.jsonl", number, "handed")
            return before
        return key

    def check_proofs(self, leaves, key):
        self.notes.append("part")
        current = None
        for number, (_, fields, _, _) in enumerate(self.entries, 1):
            if fields is not None and (fields.get("kind"), fields.get("case")) == ("key_set", "organisation"):
                current = self.hand_over(number, fields.get("data"), current)
        if key is not None and (current is None or current.text != key.text):
            self.fault("integrity", "key.txt", 0, "key")
        names = {id_ + ".tlog-proof" for _, _, id_, _ in self.entries}
        for name in sorted(set(os.listdir(self.folder / "proofs")) - names):
            self.fault("integrity", "proofs/" + name, 0, "stray")
        note = self.text("checkpoint.txt")
        try:
            last = Checkpoint(note)
            if key is None or last.origin != key.name or not last.signed_by(key):
                self.fault("integrity", "checkpoint.txt", 0, "signature")
        except Bad:
            self.fault("integrity", "checkpoint.txt", 0, "unreadable")
            return
        for number, ((_, _, id_, _), (index, leaf)) in enumerate(zip(self.entries, leaves, strict=False), 1):
            name = "proofs/" + id_ + ".tlog-proof"
            try:
                text = self.text(name)
                at, path, _ = proof(text)
                if not text.endswith("\n\n" + note) or at != index:
                    self.fault("integrity", name, 0, "path")
                elif not included(leaf, index, last.size, path, last.root):
                    self.fault("integrity", "entries.jsonl", number, "path")
            except Bad:
                self.fault("integrity", name, 0, "unreadable")

    def check_files(self):
        """Holds the process files against their names, and those against what was deployed."""
        folder = self.folder / "processes"
        there = set(os.listdir(folder)) if folder.is_dir() else set()
        for name in sorted(there):
            if name != hashlib.sha256((folder / name).read_bytes()).hexdigest() + ".charter":
                self.fault("integrity", "processes/" + name, 0, "content")
        named = set()
        for _, fields, _, withheld in self.entries:
            fields = fields or (withheld or {}).get("read") or {}
            if fields.get("kind") == "deployed":
                named.update(str(held) + ".charter" for held in fields["data"].get("texts", {}).values())
        for name in sorted(named - there):
            self.fault("completeness", "processes/" + name, 0, "missing")
        for name in sorted(there - named):
            self.fault("integrity", "processes/" + name, 0, "stray")


def once(pairs):
    """Refuses an object in which a key occurs twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Bad
    return found


COLUMNS = ("id", "at", "actor", "role", "on_behalf_of", "kind", "element", "before", "after", "outcome", "reason")


def words(bundle):
    """Reads what kinds and columns are called in the readable copy."""
    try:
        found = json.loads((bundle.folder / "words.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def worded(bundle):
    """Writes the words again, those that the readable copy needs and no others."""
    kinds = {"kind." + str(shown_of(entry).get("kind")) for entry in bundle.entries}
    needed = {name: word for name, word in words(bundle).items() if name in kinds or name in (*COLUMNS, "data")}
    return json.dumps(needed, ensure_ascii=False, indent=1, sort_keys=True)


def shown_of(entry):
    """Gives the fields of an entry as they are shown."""
    _, fields, id_, withheld = entry
    shown = fields or (withheld or {}).get("read") or {"id": id_}
    return shown if isinstance(shown, dict) else {}


def page(bundle):
    """Writes the readable copy: a row an entry, in their order, with all that the entry says."""
    called = words(bundle)
    out = ["<!DOCTYPE html><html><head><meta charset='utf-8'><title>Audit trail 审计追踪</title><style>"]
    out.append("body{font:14px sans-serif}table{border-collapse:collapse}td,th{border:1px solid #bbb;padding:2px 6px;")
    out.append("text-align:left;vertical-align:top}td:last-child{font:12px monospace;overflow-wrap:anywhere}</style>")
    heads = "".join("<th>" + html.escape(str(called.get(name, name))) + "</th>" for name in (*COLUMNS, "data"))
    out.append("</head><body><table>\n<tr>" + heads + "</tr>\n")
    for entry in bundle.entries:
        shown, withheld = shown_of(entry), entry[3]
        kind = shown.get("kind")
        told = dict(shown, kind="{} {}".format(kind, called.get("kind." + str(kind), ""))) if kind else shown
        rest = {name: value for name, value in shown.items() if name not in COLUMNS and name not in ("case", "seq")}
        if withheld is not None:
            rest["withheld"] = True
        cells = [str(told.get(name, "")) for name in COLUMNS]
        cells.append(json.dumps(rest, ensure_ascii=False, sort_keys=True))
        out.append("<tr>" + "".join("<td>" + html.escape(cell) + "</td>" for cell in cells) + "</tr>\n")
    return "".join(out) + "</table></body></html>\n"


def main():
    parser = argparse.ArgumentParser(description=USAGE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", default=Path(__file__).resolve().parent)
    parser.add_argument("--key", help="the public key, as you were given it")
    parser.add_argument("--against", help="a file with a checkpoint that you kept")
    parser.add_argument("--lang", default="zh" if os.environ.get("LANG", "").startswith("zh") else "en")
    given = parser.parse_args()
    tongue = 1 if given.lang.startswith("zh") else 0
    bundle = Bundle(given.folder)
    bundle.judge(given.key, Path(given.against).read_text(encoding="utf-8") if given.against else None)
    for verdict in ("integrity", "completeness"):
        faults = [fault for fault in bundle.found if fault[0] == verdict]
        print("{}: {}".format(WORDS[verdict][tongue], WORDS["unsound" if faults else "sound"][tongue]))
        for _, file, line, word in faults[:20]:
            place = f"{file}:{line}" if line else file
            if file == "entries.jsonl" and 0 < line <= len(bundle.entries):
                place += " " + bundle.entries[line - 1][2]
            print(f"  {place}: {WORDS[word][tongue]}")
    print("{}: {}".format(WORDS["truth"][tongue], WORDS["unjudged"][tongue]))
    withheld = sum(one[3] is not None for one in bundle.entries)
    print(WORDS["entries"][tongue].format(len(bundle.entries), withheld))
    for note in dict.fromkeys(bundle.notes):
        print(WORDS[note][tongue])
    return 1 if bundle.found else 0


if __name__ == "__main__":
    sys.exit(main())
