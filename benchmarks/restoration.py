"""The restoration table: every bar that the repairs are held to, with the peers beside it.

    python -m benchmarks.restoration [SECTION …] [--write] [--without-peers]

Sections: damages (or one of them: denoise, declick, …), codec, tone, harm, shellac. `--write` puts the
table into `benchmarks/RESULTS.md`; of single sections it renews the rows. Without the bench in
`shared/bench` beside the repository, what needs it is left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from benchmarks import codec, damages, harm, shellac, tone, wow
from benchmarks.ours import CLIPS, ROOT
from benchmarks.table import Row, shown, shown_head, write_results

DAMAGES = tuple(task.name for task in damages.TASKS)
SECTIONS = (*DAMAGES, "codec", "tone", "harm", "shellac")


def rows(chosen: list[str], *, with_peers: bool) -> Iterator[Row]:
    """Yield the rows of the chosen sections."""
    wanted = [name for name in DAMAGES if name in chosen or "damages" in chosen]
    if wanted:
        yield from damages.rows(wanted, with_peers=with_peers)
    if "wow" in chosen:
        yield from wow.rows()
    for name, section in (("codec", codec), ("tone", tone), ("harm", harm), ("shellac", shellac)):
        if name in chosen:
            yield from section.rows()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", help=f"damages, {', '.join(SECTIONS)}; by default all")
    parser.add_argument("--write", action="store_true", help="write benchmarks/RESULTS.md")
    parser.add_argument("--without-peers", action="store_true", help="leave the peers out: much quicker")
    arguments = parser.parse_args()
    unknown = set(arguments.sections) - {"damages", *SECTIONS}
    if unknown:
        parser.error(f"there is no section {', '.join(sorted(unknown))}")
    if not CLIPS.is_dir():
        print("The bench (shared/bench beside the repository) is not here: nothing to measure.")
        return 0
    print(shown_head(), flush=True)
    found = []
    for row in rows(arguments.sections or list(SECTIONS), with_peers=not arguments.without_peers):
        found.append(row)
        print(shown(row), flush=True)
        if arguments.write:
            write_results(found, ROOT / "benchmarks" / "RESULTS.md", keep=bool(arguments.sections))
    missed = sum(not row.reached for row in found)
    print(f"{len(found) - missed} of {len(found)} bars reached")
    return 0


if __name__ == "__main__":
    sys.exit(main())
