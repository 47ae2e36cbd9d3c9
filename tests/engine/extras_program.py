"""The command line with extras of a test's own: `python extras_program.py CATALOGUE.json WORD…`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from nodegraph import Extra
from nodegraph.cli import run_cli
from nodegraph.library import Library
from nodegraph.overlay import use_overlay


def read_extras(path: Path) -> list[Extra]:
    found = []
    for facts in json.loads(path.read_text()):
        pythons = facts.pop("pythons", None)
        plain = {
            "text": "Does a thing.",
            "download_bytes": 1000,
            "disk_bytes": 1000,
            "licence": "MIT",
            **facts,
        }
        found.append(
            Extra(
                **{
                    **plain,
                    "lines": tuple(plain["lines"]),
                    "packages": tuple(plain.get("packages", ())),
                    "pythons": pythons and tuple(map(tuple, pythons)),
                }
            )
        )
    return found


if __name__ == "__main__":
    use_overlay()
    library = Library([], extras=read_extras(Path(sys.argv[1])))
    sys.exit(run_cli(library, Path(), sys.argv[2:]))
