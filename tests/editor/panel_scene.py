"""A window on a graph of four nodes, and what tests of its panels do there."""

from __future__ import annotations

from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from nodegraph.document import Document
from nodegraph.editor.desk.desk import Selection
from nodegraph.graph import Graph, Link, Node

__all__ = ["DOCUMENT", "GRAPH", "PanelScene", "texts_of"]

GRAPH = Graph(
    {
        "load": Node("load"),
        "declick": Node("repair.declick"),
        "gain": Node("gain", {"gain_db": 3.0}),
        "mix": Node("mix"),
    },
    (
        Link("load", "audio", "declick", "audio"),
        Link("declick", "audio", "gain", "audio"),
        Link("gain", "audio", "mix", "tracks.1"),
        Link("declick", "removed", "mix", "tracks.2"),
    ),
)
DOCUMENT = Document(
    GRAPH,
    title="Größe",
    positions={"load": (0, 0), "declick": (300, 0), "gain": (600, 0), "mix": (900, 0)},
    labels={"gain": "Räume öffnen"},
)


@dataclass
class PanelScene:
    user: object
    studio: object

    @property
    def desk(self):
        return self.studio.desk

    @property
    def graph(self):
        return self.desk.document.graph

    def select(self, *nodes):
        self.desk.select(Selection(frozenset(nodes)))
        self.user.frames(3)

    def do(self, action):
        assert self.studio.actions.do(action)
        self.user.frames(5)

    def enter(self, then):
        """Press Enter, and wait until something holds: what it closes goes before something else opens."""
        self.user.key("Enter")
        self.user.wait(then)
        self.user.frames(3)

    def param(self, node, name):
        return self.graph.nodes[node].params.get(name)

    def click_text(self, field, text):
        self.user.click_item(field)
        self.user.frames(2)
        self.user.key("Ctrl+A")
        self.user.type(text)


def texts_of(item):
    """Return every text shown in an item."""
    found = []
    for children in dpg.get_item_children(item).values():
        for child in children:
            if dpg.get_item_type(child) == "mvAppItemType::mvText":
                found.append(dpg.get_value(child))
            found += texts_of(child)
    return found
