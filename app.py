"""Regroove: the composition root. It brings engine and library of nodes together and starts them."""

from __future__ import annotations

import sys
from pathlib import Path

import nodes
from nodegraph.cli import run_cli
from nodegraph.library import Library

GRAPHS = Path(__file__).resolve().parent / "graphs"


def main() -> int:
    """Run the command line; return the exit code."""
    library = Library.from_package(nodes, skip=("dsp",))
    return run_cli(library, GRAPHS)


if __name__ == "__main__":
    sys.exit(main())
