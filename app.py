"""Regroove: puts the node library, the command line and the editor together, and starts them."""

from __future__ import annotations

import sys
from pathlib import Path

import nodes
from nodegraph.cli import Editor, run_cli
from nodegraph.library import Library
from nodegraph.overlay import use_overlay
from nodes.catalogue import EXTRAS, WEIGHTS

GRAPHS = Path(__file__).resolve().parent / "graphs"


def main() -> int:
    """Run the command line; without arguments, the editor. Return the exit code."""
    use_overlay()
    library = Library.from_package(nodes, skip=("dsp",), extras=EXTRAS, weights=WEIGHTS)

    def open_window(file: Path | None) -> int:
        # DearPyGui is for those who open a window.
        from nodegraph.editor.window.opening import open_editor

        return open_editor(library, GRAPHS, file)

    def refusal() -> str | None:
        from nodegraph.editor.window.display import no_display

        return no_display()

    return run_cli(library, GRAPHS, sys.argv[1:] or ["edit"], Editor(open_window, refusal))


if __name__ == "__main__":
    sys.exit(main())
