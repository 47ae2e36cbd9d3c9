"""Palette: every kind of node by family; a click adds one, and it can be dragged onto the canvas."""

from __future__ import annotations

from collections.abc import Callable

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.finding import find, kind_candidates
from nodegraph.editor.desk.keymap import Chord
from nodegraph.editor.look.colours import family_colour
from nodegraph.editor.look.icons import ICONS
from nodegraph.editor.panels.fields import text_field, tip, words
from nodegraph.editor.panels.rows import Cell, RowList
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.words import _, told
from nodegraph.editor.words.names import FAMILIES, family_name, family_of, kind_name
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["Palette"]

_MOST_RECENT = 5
# Width of the button beside a kind, at 100 %.
_STAR = 32


class Palette:
    """Every kind of node.

    Parameters
    ----------
    studio : Studio
        Its library and settings.
    add : callable
        (kind, place on the screen or None): adds a node there, or in the middle of what is seen.
    """

    def __init__(self, studio: Studio, add: Callable[[str, tuple[float, float] | None], None]) -> None:
        self._studio, self._add = studio, add
        self._candidates = kind_candidates(studio.library)
        self._query = ""
        self._shown: tuple[object, ...] = ()
        self._dragged: str | None = None
        self._list = RowList(studio, "palette.row", self._clicked, tips=False)

    def build(self, parent: Tag) -> None:
        """Make its items."""
        text_field(
            parent,
            self._query,
            hint=_("Search for a node…"),
            tag="palette.query",
            callback=self._typed,
        )
        dpg.add_child_window(parent=parent, tag="palette.list", border=False)
        self._shown = ()
        if self._take not in self._studio.takers:
            # The first to be asked is the latest: this one stands behind every popup.
            self._studio.takers.insert(0, self._take)
        self.update()

    def fit(self, width: float) -> None:
        """Cut names that do not fit into so many pixels; they are told whole beside the pointer."""
        self._list.fit(width)

    def focus(self) -> None:
        """Put the cursor into the search field."""
        dpg.focus_item("palette.query")

    def update(self) -> None:
        """Bring what is shown up to date."""
        settings = self._studio.settings
        wanted = (self._query, settings.favourites, settings.recent_kinds)
        if wanted != self._shown:
            self._shown = wanted
            self._fill()
        self._follow_drag()

    def _follow_drag(self) -> None:
        """Add what is dragged where it is let go over the canvas.

        A plot takes no drops from elsewhere, nor does the window around it while the pointer is over it.
        """
        if dpg.is_mouse_button_down(dpg.mvMouseButton_Left):
            rows = range(len(self._list.cells)) if self._dragged is None else ()
            held = next((row for row in rows if dpg.is_item_active(f"palette.row.{row}")), None)
            if held is not None:
                self._dragged = self._list.cells[held].key
            return
        dragged, self._dragged = self._dragged, None
        if dragged is not None:
            at = tuple(dpg.get_mouse_pos(local=False))
            corner, size = dpg.get_item_pos("pane.canvas"), dpg.get_item_rect_size("pane.canvas")
            if all(0 <= at[axis] - corner[axis] < size[axis] for axis in (0, 1)):
                self._add(dragged, (at[0], at[1]))

    def _fill(self) -> None:
        dpg.delete_item("palette.list", children_only=True)
        self._list.clear()
        if self._query.strip():
            found = [candidate.key for candidate in find(self._query, self._candidates)]
            self._add_kinds(found)
            if not found:
                text = _("No node is called that.")
                words("palette.list", text, colour=self._studio.colours.quiet)
            self._list.mark(0)
            return
        for title, kinds in self._sections():
            if kinds:
                self._heading(title)
                self._add_kinds(kinds)

    def _sections(self) -> list[tuple[str, list[str]]]:
        settings, specs = self._studio.settings, self._studio.library.specs
        favourites = [kind for kind in settings.favourites if kind in specs]
        recent = [kind for kind in settings.recent_kinds if kind in specs and kind not in favourites]
        families = [(family, [kind for kind in specs if family_of(kind) == family]) for family in FAMILIES]
        others = [kind for kind in specs if family_of(kind) == "other"]
        return [
            (_("Favourites"), favourites),
            (_("Recently used"), recent[:_MOST_RECENT]),
            *((family_name(family), sorted(kinds, key=kind_name)) for family, kinds in families),
            (family_name("other"), others),
        ]

    def _heading(self, title: str) -> None:
        dpg.add_spacer(parent="palette.list", height=round(2 * self._studio.scale))
        words("palette.list", title, colour=self._studio.colours.quiet, font=FONTS.small)

    def _add_kinds(self, kinds: list[str]) -> None:
        studio = self._studio
        cells = [
            Cell(
                kind,
                kind_name(kind),
                colour=family_colour(studio.colours, family_of(kind)),
                dimmed=studio.library.unavailable(studio.library.specs[kind]) is not None,
            )
            for kind in kinds
        ]
        first = len(self._list.cells)
        self._list.add("palette.list", cells, self._star, aside_width=_STAR * studio.scale)
        for number, kind in enumerate(kinds, first):
            spec = studio.library.specs[kind]
            item = f"palette.row.{number}"
            tip(studio, item, kind_name(kind), _(spec.summary), told(studio.library.unavailable(spec) or ""))
            with dpg.drag_payload(parent=item, drag_data=kind, payload_type="kind"):
                dpg.add_text(kind_name(kind))

    def _star(self, row: Tag, kind: str) -> None:
        """Add the button that makes a kind a favourite."""
        studio = self._studio
        on = kind in studio.settings.favourites
        colours = studio.colours
        button = dpg.add_button(
            label=ICONS["star"],
            parent=row,
            small=True,
            user_data=kind,
            callback=self._toggle_favourite,
        )
        dpg.bind_item_font(button, FONTS.icons)
        dpg.bind_item_theme(button, self._list.icon_theme(colours.warning if on else colours.border))
        tip(studio, button, _("Remove from the favourites") if on else _("Add to the favourites"))

    def _toggle_favourite(self, _sender: Tag, _data: object, kind: str) -> None:
        favourites = self._studio.settings.favourites
        kept = tuple(other for other in favourites if other != kind)
        self._studio.prefer(favourites=kept if kind in favourites else (*favourites, kind))

    def _typed(self, _sender: Tag, query: str) -> None:
        self._query = query

    def _clicked(self, number: int) -> None:
        self._list.mark(None)
        self._add(self._list.cells[number].key, None)

    def _take(self, chord: Chord) -> bool:
        """Move through what was found while the search field has the focus."""
        if not dpg.does_item_exist("palette.query") or not dpg.is_item_focused("palette.query"):
            return False
        steps = {"Down": 1, "Up": -1}
        if chord.key in steps:
            self._list.step(steps[chord.key])
        elif chord.key == "Enter" and self._list.marked is not None and self._query.strip():
            self._add(self._list.cells[self._list.marked].key, None)
        elif chord.key == "Escape" and self._query:
            self._query = ""
            dpg.set_value("palette.query", "")
        else:
            return False
        return True
