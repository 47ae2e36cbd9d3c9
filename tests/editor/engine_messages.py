"""Every message that the engine and the nodes can have for a user, collected from their sources.

The engine knows no gettext: it says English sentences, put together by f-strings. Each of them, and each
piece that others are put together from, is a template here: constant text with the names of what is
filled in, as in "{name} is empty: it has no bytes." `python tests/editor/engine_messages.py` prints
those that German still lacks.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

# What speaks to programmers, to the command line, or to nobody.
_NOT_SHOWN = frozenset(
    {
        "nodegraph/__init__.py",
        "nodegraph/cli.py",
        "nodegraph/cli_extras.py",
        "nodegraph/cli_models.py",
        "nodegraph/console.py",
        "nodegraph/doctor.py",
        "nodegraph/docstring.py",
        "nodegraph/events.py",
        "nodegraph/overlay_pip.py",
        "nodegraph/request.py",
        "nodegraph/single.py",
        "nodegraph/spec.py",
        "nodegraph/terminal.py",
        "nodes/_torchaudio.py",
    }
)
# Parts of the editor that raise the engine's errors.
_OF_THE_EDITOR = ("nodegraph/editor/desk/share.py", "nodegraph/editor/desk/edits_links.py")
_FOR_PROGRAMMERS = frozenset(
    {"TypeError", "ValueError", "KeyError", "AssertionError", "RuntimeError", "OSError"}
)
# What is marked is in the editor's own catalogue.
_MARKS = frozenset({"_", "N_", "ngettext"})
# What these are given is shown even where it is a single word.
_SHOWN_WORDS = frozenset({"Measure", "Curve", "Report"})
_UNITS = frozenset(
    {"Hz", "dB", "dBFS", "dBTP", "LUFS", "LU", "ms", "s", "µs", "1/s", "dBFS/Hz", "SDR", "samples", "% rms"}
)
# Names of files, pages and commands, patterns, and what only a programmer sees.
_NOT_SAID = re.compile(
    r"^[.]|\\d|^\w+( \w+)? install |^regroove \w+ \w+ \{|"
    r"^seconds per value|^last runs$|^(not kept|no file|other file| or )$"
    r"|^(file|run) \{|^Audio\(|, shape |^silence or mirror$| excerpts$"
    r"|^import sys, |^No module named pip$|^from versions: | requires \| |Building wheels"
    r"|^Installing collected "
)
# The plan as the command line prints it: the editor says it in its own words.
_OF_THE_COMMAND_LINE = "_SENTENCES"
# Single words that sentences and names of measures are put together from, values with their units, and
# what the system says of files.
_PUT_TOGETHER = (
    "{value} samples",
    "{number} to {number_2}{unit}",
    "at {number} Hz{machine}",
    "a number",
    "a value",
    "text",
    "1 channel",
    "one of {choices}; did you mean {hint}?",
    "{node_id} ({kind}) failed: {reason} [{settings}]",
    "{value} % rms",
    "Short-term",
    "Momentary",
    "Wow",
    "Flutter",
    "below",
    "above",
    "failed",
    "No such file or directory",
    "Permission denied",
    "No space left on device",
    "Is a directory",
    "Not a directory",
    "Read-only file system",
    "Input/output error",
    "File name too long",
)


@cache
def templates() -> dict[str, list[str]]:
    """Return template → where it is said."""
    found = {text: ["put together"] for text in _PUT_TOGETHER}
    files = [*ROOT.glob("nodegraph/*.py"), *ROOT.glob("nodes/**/*.py"), *map(ROOT.joinpath, _OF_THE_EDITOR)]
    for path in sorted(files):
        name = path.relative_to(ROOT).as_posix()
        if name not in _NOT_SHOWN:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for text, line in _said(tree, shown=False):
                found.setdefault(text, []).append(f"{name}:{line}")
    return found


def _said(tree: ast.AST, *, shown: bool) -> Iterator[tuple[str, int]]:
    if isinstance(tree, ast.Call):
        called = tree.func.attr if isinstance(tree.func, ast.Attribute) else getattr(tree.func, "id", "")
        if called in _FOR_PROGRAMMERS | _MARKS:
            return
        shown = called in _SHOWN_WORDS or (shown and called == "join")
    if isinstance(tree, ast.Expr) and isinstance(tree.value, ast.Constant):
        return
    if isinstance(tree, ast.Subscript):
        return
    if isinstance(tree, ast.AnnAssign) and ast.unparse(tree.target) == _OF_THE_COMMAND_LINE:
        return
    text = _template(tree)
    if text is not None:
        if _is_said(text, shown=shown):
            yield text, tree.lineno
        for piece in _filled_in(tree):
            yield from _said(piece, shown=False)
        return
    for child in ast.iter_child_nodes(tree):
        yield from _said(child, shown=shown)


def _is_said(text: str, *, shown: bool) -> bool:
    """Return whether a text is one for the user: a sentence or a piece of one, or a word that is shown."""
    if text in _UNITS or _NOT_SAID.search(text):
        return False
    own = re.sub(r"\{\w+\}", " ", text)
    if shown:
        return bool(re.search(r"[^\W\d_]{2}", own))
    full = re.sub(r"\{\w+\}", "Xx", text)
    return bool(
        re.search(r"[^\W\d_]{3}", own)
        and re.search(r"[^\W\d_]{2,}[,:;)]* [(]?[^\W\d_]|[^\W\d_]{2,}[.?]$|^[ .,;:]+[^\W\d_]", full)
    )


def _template(tree: ast.AST) -> str | None:
    """Return the template of a text, None if it is none."""
    parts = list(_parts(tree))
    if not any(isinstance(part, str) for part in parts) or not isinstance(
        tree, (ast.Constant, ast.JoinedStr, ast.BinOp)
    ):
        return None
    names: dict[str, str] = {}
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
        else:
            whole = ast.unparse(part)
            names.setdefault(whole, _name_of(part, names))
            text += "{" + names[whole] + "}"
    return text


def _parts(tree: ast.AST) -> Iterator[str | ast.expr]:
    """Yield the constant texts and the expressions that a text is put together from."""
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        yield tree.value
    elif isinstance(tree, ast.JoinedStr):
        for value in tree.values:
            if isinstance(value, ast.FormattedValue):
                yield value.value
            else:
                yield from _parts(value)
    elif isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add):
        for side in (tree.left, tree.right):
            yield from _parts(side)
    elif isinstance(tree, ast.expr):
        yield tree


def _filled_in(tree: ast.AST) -> Iterator[ast.expr]:
    return (part for part in _parts(tree) if not isinstance(part, str))


def _name_of(part: ast.expr, taken: dict[str, str]) -> str:
    """Return a name for what is filled in: that of the variable or attribute, else a number."""
    name = part.id if isinstance(part, ast.Name) else part.attr if isinstance(part, ast.Attribute) else ""
    return name if name and name not in taken.values() else str(len(taken))


def main() -> None:
    """Print the entries that German lacks."""
    from messages import WORDS, quoted

    from nodegraph.editor.words.catalogue import read_po

    path = WORDS / "engine.de.po"
    have = read_po(path.read_text(encoding="utf-8")) if path.exists() else {}
    for text, places in templates().items():
        if not all(have.get(text, ("",))):
            print(f'#: {" ".join(places[:2])}\nmsgid {quoted(text)}\nmsgstr ""\n')


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "editor")]
    main()
