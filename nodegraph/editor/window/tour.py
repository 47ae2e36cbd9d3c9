"""The tour: four steps for somebody who sees the editor for the first time."""

from __future__ import annotations

from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.actions import Action
from nodegraph.editor.desk.keymap import Chord
from nodegraph.editor.panels.styling import FONTS, accent_theme, flat_theme, sheet_theme
from nodegraph.editor.space.panes import Pane, card_beside
from nodegraph.editor.words import N_, _
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["STEPS", "Tour"]

# Of its text; and how high the card is thought to be until it is drawn.
_WIDTH, _HEIGHT = 340, 190
_GAP = 12


@dataclass(frozen=True)
class Step:
    """One step: which pane it is about, and what it says."""

    pane: str
    title: str
    text: str


STEPS: tuple[Step, ...] = (
    Step(
        "left",
        N_("Nodes"),
        N_(
            "Everything that can be done to a sound, by family. Drag a node onto the canvas, or press Tab "
            "and type its name."
        ),
    ),
    Step(
        "canvas",
        N_("The graph"),
        N_(
            "Sound flows from the left to the right. Drag from a node's output to another's input to link "
            "them. Settings can be changed right in the node."
        ),
    ),
    Step(
        "bottom",
        N_("Listening"),
        N_(
            "Click any output to hear it at once. Choose a second one to compare: A and B play at the same "
            "place and at the same loudness. Every repair lets you hear what it removed."
        ),
    ),
    Step(
        "toolbar",
        N_("Running the graph"),
        N_(
            "What you listen to is brought up to date by itself. Run makes everything, and writes the files "
            "of the export nodes. Nothing is ever overwritten without asking."
        ),
    ),
)


class Tour:
    """Shows the steps, one after the other.

    Parameters
    ----------
    studio : Studio
        Its settings remember that the tour was seen.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._panes: dict[str, Pane] = {}
        self._step: int | None = None
        self._items: list[Tag] = []
        self._size = (0.0, 0.0)

    @property
    def shown(self) -> bool:
        """Whether it is on the screen."""
        return self._step is not None

    def place(self, panes: dict[str, Pane]) -> None:
        """Learn where the panes lie."""
        self._panes = panes
        if self._step is not None:
            self._draw()

    def actions(self) -> tuple[Action, ...]:
        """Return what shows it again."""
        return (Action("help.tour", N_("A short tour"), self.start, lambda: not self.shown, icon="info"),)

    def update(self) -> None:
        """Put the card where it belongs, now that its size is known; begin by itself if it should."""
        if self._step is not None:
            width, height = dpg.get_item_rect_size("tour")
            if width and (width, height) != self._size:
                self._size = width, height
                dpg.set_item_pos("tour", self._beside(self._step))
        self.offer()

    def offer(self) -> None:
        """Begin by itself for somebody who has not seen it, once there is a graph to talk about."""
        waiting = self._studio.dialogs.showing or not self._studio.desk.document.graph.nodes
        if not (self._studio.settings.tour_done or self.shown or waiting):
            self.start()

    def start(self) -> None:
        """Show the first step."""
        self._step = 0
        if self._take not in self._studio.takers:
            self._studio.takers.append(self._take)
        self._draw()

    def _take(self, chord: Chord) -> bool:
        moves = {"Escape": len(STEPS), "Enter": 1, "Right": 1, "Left": -1}
        if chord.key not in moves or chord != Chord(chord.key):
            return False
        self.go(moves[chord.key])
        return True

    def go(self, by: int) -> None:
        """Go some steps on or back; beyond the last one it ends."""
        if self._step is None:
            return
        self._step = max(0, self._step + by)
        if self._step >= len(STEPS):
            self.end()
        else:
            self._draw()

    def end(self) -> None:
        """Take it away, for good."""
        self._step = None
        self._clear()
        if self._take in self._studio.takers:
            self._studio.takers.remove(self._take)
        if not self._studio.settings.tour_done:
            self._studio.prefer(tour_done=True)

    def _clear(self) -> None:
        for item in self._items:
            dpg.delete_item(item)
        self._items = []

    def _draw(self) -> None:
        assert self._step is not None
        self._clear()
        step = STEPS[self._step]
        pane = self._panes.get(step.pane, self._panes["canvas"])
        scale, colours = self._studio.scale, self._studio.colours
        frame = dpg.add_viewport_drawlist(front=True)
        dpg.draw_rectangle(
            (pane.x + 1, pane.y + 1),
            (pane.x + pane.width - 1, pane.y + pane.height - 1),
            color=(*colours.accent, 255),
            thickness=3 * scale,
            rounding=6 * scale,
            parent=frame,
        )
        card = dpg.add_window(
            no_title_bar=True, no_resize=True, no_move=True, no_saved_settings=True, autosize=True, tag="tour"
        )
        dpg.bind_item_theme(card, sheet_theme(colours))
        self._items = [frame, card]
        title = dpg.add_text(_(step.title), parent=card)
        dpg.bind_item_font(title, FONTS.title)
        dpg.add_text(_(step.text), parent=card, wrap=int(_WIDTH * scale))
        dpg.add_spacer(height=int(6 * scale), parent=card)
        row = dpg.add_group(horizontal=True, parent=card)
        last = self._step == len(STEPS) - 1
        count = _("{step} of {steps}").format(step=self._step + 1, steps=len(STEPS))
        dpg.add_text(count, parent=row, color=(*colours.quiet, 255))
        for tag, label, by in (
            ("tour.skip", _("Close"), len(STEPS)),
            ("tour.back", _("Back"), -1),
            ("tour.next", _("Done") if last else _("Next"), 1),
        ):
            if (by == -1 and self._step == 0) or (tag == "tour.skip" and last):
                continue
            button = dpg.add_button(label=label, parent=row, tag=tag, user_data=by, callback=self._pressed)
            dpg.bind_item_theme(button, accent_theme(colours) if by == 1 else flat_theme(colours))
        dpg.set_item_pos(card, self._beside(self._step))

    def _beside(self, step: int) -> list[int]:
        """Return where the card of a step stands."""
        scale = self._studio.scale
        width, height = self._size if self._size[0] else ((_WIDTH + 24) * scale, _HEIGHT * scale)
        card = card_beside(STEPS[step].pane, self._panes, width, height, _GAP * scale)
        return [int(card.x), int(card.y)]

    def _pressed(self, _sender: Tag, _data: object, by: int) -> None:
        self.go(by)
