"""A scripted session without a window that is killed while it edits: run as a program.

`crashing.py STEP_MS` edits on and on; after each edit it writes the edit's number to its standard
output. Whoever runs it kills it and looks at what the journal has.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import nodes
from nodegraph.document import Document
from nodegraph.editor.desk.desk import Desk
from nodegraph.editor.desk.edits import add_node
from nodegraph.editor.desk.journal import Journal
from nodegraph.library import Library


def session(step_s: float) -> None:
    library = Library.from_package(nodes, skip=("dsp",))
    desk, journal = Desk(library), Journal()
    for number in range(1, 100_000):
        document, node_id = add_node(desk.document, "gain", (0.0, 0.0), library)
        if len(document.graph.nodes) > 30:
            document = Document()
        # The title tells how many edits there were.
        document = Document(document.graph, str(number), positions=document.positions)
        desk.edit(document, "Add node")
        # A drag: many documents, one edit.
        for frame in range(5):
            if node_id in document.graph.nodes:
                desk.edit(desk.document.move(node_id, frame, number), "Move", "drag")
        desk.history.close_step()
        journal.record(desk.document, None, desk.history.edits)
        print(number, flush=True)
        time.sleep(step_s)


if __name__ == "__main__":
    session(float(sys.argv[1]) / 1000)
