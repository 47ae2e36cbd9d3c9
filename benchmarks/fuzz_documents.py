"""Damage graph files in every way and see that each is opened or refused in one sentence.

    python benchmarks/fuzz_documents.py [CASES] [SEED]

Half of the cases are broken in structure (values swapped, lost, doubled, of other types), half in
bytes. Whatever happens beside a Document or a DocumentError that names a place is a finding: another
exception, more than a second, a write, an import. What opens is then questioned, planned and saved.
"""

from __future__ import annotations

import copy
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests" / "engine")]

# ruff: noqa: E402  (the path comes first)
from nodegraph.cache import Cache
from nodegraph.document import Document
from nodegraph.document_file import from_json, load_document, to_json
from nodegraph.embed import shareable
from nodegraph.errors import DocumentError, RegrooveError
from nodegraph.execute import default_targets, plan
from nodegraph.library import Library
from nodegraph.perform import Session
from nodegraph.recipe import Places

# One file takes about a millisecond; beyond this it counts as a hang (s).
SLOW_S = 1.0

A_PLACE = re.compile(
    r"line \d+, column \d+|byte \d+|^after '|nodes|links|view|frames|format|version|title|comment"
    r"|the file|the key"
)

SEEDS = [
    {
        "format": "regroove.graph",
        "version": 1,
        "title": "Shellac – take 3",
        "comment": "made by hand",
        "added later": {"a": [1, 2, {"b": None}]},
        "nodes": {
            "in": {"kind": "read", "version": 1, "params": {"file": "take.wav"}},
            "tone": {
                "kind": "tone",
                "version": 1,
                "params": {"tone_hz": 440.0, "length_s": 0.1, "channels": 2},
            },
            "split": {"kind": "split", "version": 1, "params": {"at_percent": 40}},
            "gain": {
                "kind": "gain",
                "version": 1,
                "params": {"gain_db": -3.5},
                "bypassed": True,
                "colour": "red",
            },
            "mix": {"kind": "mix", "version": 1, "params": {"gains_db": {"tracks.1": -3, "tracks.2": 1.5}}},
            "old": {"kind": "renamed", "version": 1, "params": {"loudness": 3}},
            "odd": {"kind": "somebody.elses", "version": 9, "params": {"deep": [[1], {"x": "y"}]}},
            "m": {"kind": "measure", "version": 1},
            "out": {"kind": "write", "version": 1, "params": {"file": "sub/out.wav", "subtype": "FLOAT"}},
        },
        "links": [
            {"from": ["tone", "audio"], "to": ["split", "audio"]},
            {"from": ["split", "low"], "to": ["gain", "audio"], "note": "why"},
            {"from": ["gain", "audio"], "to": ["mix", "tracks.1"]},
            {"from": ["split", "high"], "to": ["mix", "tracks.2"]},
            {"from": ["in", "audio"], "to": ["mix", "tracks.10"]},
            {"from": ["mix", "audio"], "to": ["old", "audio"]},
            {"from": ["old", "audio"], "to": ["out", "audio"]},
            {"from": ["old", "audio"], "to": ["m", "audio"]},
            {"from": ["tone", "audio"], "to": ["odd", "x"]},
        ],
        "view": {
            "positions": {"tone": [0, 0], "mix": [400.5, -20]},
            "labels": {"gain": "louder"},
            "frames": [{"title": "Stem", "x": 0, "y": 0, "width": 100, "height": 50, "colour": 3}],
            "zoom": 0,
        },
    },
    {"format": "regroove.graph", "version": 1, "nodes": {}, "links": []},
    {"format": "regroove.graph", "version": 1},
]

LOOP = {
    "format": "regroove.graph",
    "version": 1,
    "nodes": {"a": {"kind": "gain"}, "b": {"kind": "gain"}},
    "links": [{"from": ["a", "audio"], "to": ["b", "audio"]}, {"from": ["b", "audio"], "to": ["a", "audio"]}],
}

NASTY: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2,
    1 << 31,
    1 << 64,
    10**399,
    10**400,
    -(10**390),
    0.1,
    -0.0,
    1e308,
    1e-320,
    5e9,
    float("nan"),
    float("inf"),
    "",
    " ",
    "a",
    "tracks.1",
    "tracks.99999999999999999999",
    "../../etc/passwd",
    "/dev/zero",
    "C:\\Windows",
    "\\\\nas\\x",
    "\x00",
    "\ud800",
    "é\u202e",
    "x" * 5000,
    "__class__",
    "os.system",
    "tone",
    "gain",
    "mix",
    "write",
    "read",
    "renamed",
    "os",
    "nodes.mix",
    [],
    {},
    [[]],
    {"a": 1},
    [1, 2],
    ["tone", "audio"],
    ["mix", "audio"],
    ["gain", "audio"],
    {"kind": "gain"},
    {"kind": "mix", "params": {"gains_db": {"tracks.1": 1e400}}},
    {"": ""},
    {"format": "regroove.graph"},
    {"tracks.1": 10**400},
    {"tracks.01": 0},
    ["a"] * 300,
]

WORDS = [
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"null",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"1" * 500,
    b"\xff",
    b"\xef\xbb\xbf",
    b"\x00",
    b"[" * 3000,
    b'{"a":' * 3000,
    b"//",
    b"'",
    b"\xed\xa0\x80",
    b"-",
    b".5",
    b"[" * 500 + b"]" * 500,
    b"[" * 5000 + b"]" * 5000,
]


def damaged(rng: random.Random) -> bytes:
    """Return a damaged graph file."""
    record = copy.deepcopy(rng.choices(SEEDS, [8, 1, 1])[0])
    if rng.random() < 0.5:
        for _ in range(rng.choice([1, 1, 2, 4])):
            _damage_structure(record, rng)
        return json.dumps(record, ensure_ascii=rng.random() < 0.5).encode(errors="surrogatepass")
    content = bytearray(json.dumps(record, indent=rng.choice([None, 2]), ensure_ascii=False).encode())
    for _ in range(rng.choice([1, 1, 2, 8])):
        _damage_bytes(content, rng)
    return bytes(content)


def _damage_structure(record: Any, rng: random.Random) -> None:
    holders: list[tuple[Any, Any]] = []
    pending = [record]
    while pending:
        holder = pending.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            holders.append((holder, key))
            if isinstance(holder[key], (dict, list)):
                pending.append(holder[key])
    if not holders:
        return
    holder, key = rng.choice(holders)
    other, other_key = rng.choice(holders)
    match rng.randrange(6):
        case 0 | 1:
            holder[key] = copy.deepcopy(rng.choice(NASTY))
        case 2:
            del holder[key]
        case 3:
            holder[key] = copy.deepcopy(other[other_key])
        case 4 if isinstance(holder, dict):
            name = rng.choice([*(x for x in NASTY if isinstance(x, str)), str(other_key)])
            holder[name] = holder.pop(key)
        case _:
            for _ in range(rng.choice([1, 10, 60, 120])):
                holder[key] = rng.choice([[holder[key]], {"a": holder[key]}])


def _damage_bytes(content: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(content) + 1)
    length = rng.choice([1, 1, 2, 10, 100, 1000])
    match rng.randrange(6):
        case 0 if at < len(content):
            content[at] = rng.randrange(256)
        case 1:
            del content[at : at + length]
        case 2:
            content[at:at] = rng.choice(WORDS)
        case 3:
            content[at : at + length] = rng.choice(WORDS)
        case 4:
            begin = rng.randrange(len(content) + 1)
            content[at:at] = content[begin : begin + length]
        case _:
            del content[at:]


class Watch:
    """Notices writes, imports and processes while it is on. Python offers no way to take a hook away."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open":
            mode, flags = args[1], args[2]
            if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & 3):
                self.seen.append(f"open {args[0]!r} {mode} {flags}")
        elif event in (
            "import",
            "exec",
            "os.rename",
            "os.remove",
            "os.mkdir",
            "os.system",
            "subprocess.Popen",
            "os.exec",
        ):
            self.seen.append(f"{event} {args[:1]!r}"[:200])


def try_one(content: bytes, path: Path, session: Session, watch: Watch) -> str:
    """Open, question, plan and save one file; return how it ended.

    Raises
    ------
    AssertionError
        With the finding.
    """
    library = session.library
    modules = set(sys.modules)
    begin = time.perf_counter()
    watch.seen.clear()
    watch.on = True
    document, refusal = None, ""
    try:
        document = from_json(content, library)
    except DocumentError as error:
        refusal = str(error)
    finally:
        watch.on = False
        took = time.perf_counter() - begin
        assert took < SLOW_S, f"{took:.1f} s to read"
        assert set(sys.modules) == modules, f"imported {set(sys.modules) - modules}"
        assert not watch.seen, str(watch.seen)
    if document is None:
        assert A_PLACE.search(refusal), f"no place in: {refusal}"
        assert len(refusal) < 1000, f"an endless message: {refusal[:200]}"
        return "refused: " + re.sub(r"[^a-z ]+.*", "", refusal.partition(": ")[2].lower())[:50]
    path.write_bytes(content)
    assert load_document(path, library) == document
    _question(document, session)
    took = time.perf_counter() - begin
    assert took < SLOW_S, f"{took:.1f} s in all"
    return "opened"


def _question(document: Document, session: Session) -> None:
    library, graph = session.library, document.graph
    text = to_json(document)
    assert from_json(text) == document
    assert to_json(from_json(text, library)) == text
    problems = graph.problems(library)
    assert all(str(problem) for problem in problems)
    from_json(to_json(shareable(document, library)))
    default_targets(document, library)
    for node_id, node in graph.nodes.items():
        graph.new_id(node.kind)
        spec = library.get(node.kind)
        for port in spec.inputs if spec else ():
            graph.free_port(node_id, port)
    for link in graph.links:
        graph.link_problem(link, library)
    try:
        steps = plan(document, session, list(graph.nodes)).steps
    except RegrooveError:
        return
    assert {step.node_id for step in steps} <= set(graph.nodes)


def fuzz(
    cases: int,
    seed: int,
    library: Library,
    told: Callable[[int, Counter[str]], None] = lambda done, ends: None,
) -> tuple[Counter[str], list[tuple[bytes, BaseException]]]:
    """Try so many files; return how they ended, and the findings."""
    rng, watch = random.Random(seed), Watch()
    ends: Counter[str] = Counter()
    findings: list[tuple[bytes, BaseException]] = []
    with tempfile.TemporaryDirectory(prefix="regroove-fuzz-") as name:
        folder = Path(name)
        (folder / "out").mkdir()
        session = Session(library, Cache(folder / "cache"), Places(folder / "in", folder / "out"), "fuzz")
        # What we and networkx import and compile late is no finding.
        _question(from_json(json.dumps(SEEDS[0]).encode(), library), session)
        try:
            from_json(json.dumps(LOOP), library)
        except DocumentError:
            pass
        for number in range(cases):
            content = damaged(rng)
            try:
                ends[try_one(content, folder / "graph.json", session, watch)] += 1
            except BaseException as error:
                ends["FINDING"] += 1
                findings.append((content, error))
                if isinstance(error, KeyboardInterrupt):
                    raise
            if number % 500 == 0:
                told(number, ends)
        left = [path for path in folder.rglob("*") if "cache" not in path.parts and path.name != "graph.json"]
        assert left == [folder / "out"], f"something was written: {left}"
    return ends, findings


def main() -> None:
    """Fuzz, and print how it went."""
    from engine_kinds import make_library

    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    begin = time.perf_counter()
    ends, findings = fuzz(cases, seed, make_library())
    took = time.perf_counter() - begin
    opened = ends["opened"]
    print(
        f"{cases} files, seed {seed}, {took:.0f} s: {opened} opened, "
        f"{cases - opened - len(findings)} refused,"
    )
    print(f"{len(ends) - 1} kinds of refusal, {len(findings)} findings")
    for end, count in ends.most_common(12):
        print(f"  {count:6d}  {end}")
    for content, error in findings[:10]:
        print("---", type(error).__name__, str(error)[:300])
        print(content[:1500])
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
