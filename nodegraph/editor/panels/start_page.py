"""The start page: what is shown while nothing is open. From here to a heard before and after in a minute."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.actions import Action
from nodegraph.editor.desk.desk import Topic
from nodegraph.editor.desk.files import SOUND_SUFFIXES
from nodegraph.editor.desk.keymap import Chord
from nodegraph.editor.desk.templates import Template, begin, load_templates
from nodegraph.editor.look.icons import ICONS
from nodegraph.editor.look.typesetting import fitting
from nodegraph.editor.panels.fields import tip, words
from nodegraph.editor.panels.filing import Filing
from nodegraph.editor.panels.focus_ring import FocusRing, Stop
from nodegraph.editor.panels.miniature import draw_miniature
from nodegraph.editor.panels.styling import FONTS, accent_theme, card_theme
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.words import N_, _
from nodegraph.editor.work.asking import FileType, Picking
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["StartPage"]

_MARGIN, _SIDE, _GAP = 40, 300, 16
_CARD_WIDTH, _CARD_HEIGHT, _MINIATURE, _PADDING = 236, 246, 60, 14
_MOST_RECENT = 8
_TEXT_SIZE, _TITLE_SIZE = 16.0, 20.0
# What can be done from here by keys: the graph below is not seen.
_REACHED_MENUS = ("file", "help")
_REACHED = ("edit.preferences", "view.commands", "run.cancel")


class StartPage:
    """A Part without a pane: covers everything below the menu bar.

    Parameters
    ----------
    studio : Studio
        Its `start_page_shown` tells whether it is seen.
    filing : Filing
        Opens what is chosen.
    """

    def __init__(self, studio: Studio, filing: Filing) -> None:
        self._studio, self._filing = studio, filing
        self._watch = studio.desk.watch()
        self._pane = Pane(0, 0, 800, 600)
        self._window: Tag = 0
        self._recording: Path | None = None
        self._card_width = float(_CARD_WIDTH)
        self._history = studio.desk.history
        self._ring = FocusRing(studio, "start")
        self._stops: list[Stop] = []
        desk = studio.desk
        studio.start_page_shown = desk.path is None and not desk.document.graph.nodes
        studio.actions.add(Action("file.start_page", N_("Start page"), self.show, icon="home"))

    @cached_property
    def _templates(self) -> tuple[Template, ...]:
        # Whoever opens a file does not wait for them.
        return load_templates(self._studio.graphs, self._studio.library)

    def show(self) -> None:
        """Show it; what is on the desk stays there."""
        self._studio.start_page_shown = True
        self._rebuild()

    def _take(self, chord: Chord) -> bool:
        """Move among what can be chosen; keep keys from the graph below."""
        if str(chord) == "Escape":
            self._leave()
            return True
        if self._ring.take(chord):
            return True
        action = self._studio.keymap.action(chord) or ""
        return action.partition(".")[0] not in _REACHED_MENUS and action not in _REACHED

    def _leave(self) -> None:
        """Go back to where one came from: from a dropped recording to the page, from it to the graph."""
        desk = self._studio.desk
        if self._recording is not None:
            self._recording = None
            self._rebuild()
        elif desk.path is not None or desk.history.dirty or desk.document.graph.nodes:
            self._studio.start_page_shown = False

    def choose_for(self, recording: Path) -> None:
        """Have a template chosen for a recording."""
        self._recording = recording
        self.show()

    # --- Part --------------------------------------------------------------------------------

    def build(self, parent: Tag) -> None:
        """See Part."""
        self._clear()
        self._rebuild()

    def place(self, pane: Pane) -> None:
        """See Part."""
        if pane != self._pane:
            self._pane = pane
            self._rebuild()

    def update(self) -> None:
        """See Part."""
        changed = self._watch.take()
        if self._studio.desk.history is not self._history:
            # Another document has come to the desk.
            self._history = self._studio.desk.history
            self._studio.start_page_shown = False
        if Topic.SETTINGS in changed:
            self._rebuild()
        if not self._studio.start_page_shown:
            self._recording = None
            self._clear()
        else:
            self._ring.update()

    # --- building --------------------------------------------------------------------------------

    def _clear(self) -> None:
        if self._window and dpg.does_item_exist(self._window):
            dpg.delete_item(self._window)
        self._window = 0
        if self._take in self._studio.takers:
            self._studio.takers.remove(self._take)

    def _rebuild(self) -> None:
        """Fill the window anew. It stays the same one: a new one would lie above a dialog."""
        if not self._studio.start_page_shown:
            return
        scale, pane = self._studio.scale, self._pane
        if not self._window:
            self._window = dpg.add_window(
                tag="start", no_title_bar=True, no_resize=True, no_move=True, no_saved_settings=True
            )
            # The latest is asked first: a dialog or a popup that is open lies above this page.
            self._studio.takers.insert(0, self._take)
            # Nobody types in a field that is covered.
            dpg.focus_item(self._window)
        dpg.delete_item(self._window, children_only=True)
        dpg.configure_item(
            self._window,
            pos=(round(pane.x), round(pane.y)),
            width=round(pane.width),
            height=round(pane.height),
        )
        dpg.bind_item_theme(self._window, _page_theme(scale))
        self._stops = []
        self._build_head()
        body = dpg.add_group(horizontal=True, parent=self._window, horizontal_spacing=round(32 * scale))
        self._build_side(dpg.add_group(parent=body))
        self._build_cards(dpg.add_group(parent=body))
        self._ring.fill(self._stops)

    def _build_head(self) -> None:
        colours, scale = self._studio.colours, self._studio.scale
        if self._recording is None:
            title, text = (
                _("Regroove"),
                _("Restore a recording: begin with a chain that suits it, and listen."),
            )
        else:
            room = (self._pane.width / scale - 2 * _MARGIN) * 0.7
            name = fitting(self._recording.name, _TITLE_SIZE, room, bold=True)
            title = _("What is “{name}”?").format(name=name)
            text = _("Choose the chain that suits it.")
        words(self._window, title, font=FONTS.title)
        words(self._window, text, colour=colours.quiet)
        dpg.add_spacer(height=round(12 * scale), parent=self._window)

    def _build_side(self, parent: Tag) -> None:
        studio, scale = self._studio, self._studio.scale
        width = round(_SIDE * scale)
        if self._recording is None:
            self._button(parent, _("Use my recording…"), self._pick_recording, accent=True)
        else:
            self._button(parent, _("Only load it"), self._only_load)
        self._button(parent, _("Open…"), self._filing.open)
        self._button(parent, _("New empty graph"), self._filing.new)
        words(
            parent,
            _("A sound file or a graph can also be dropped here."),
            colour=studio.colours.quiet,
            font=FONTS.small,
            wrap=width,
        )
        recent = [Path(name) for name in studio.settings.recent_files][:_MOST_RECENT]
        if recent:
            dpg.add_spacer(height=round(14 * scale), parent=parent)
            words(parent, _("Recent"), font=FONTS.bold)
        for number, path in enumerate(recent):
            row = dpg.add_group(horizontal=True, parent=parent)
            words(row, ICONS["file"], colour=studio.colours.quiet, font=FONTS.icons)
            item = dpg.add_selectable(
                label=fitting(path.name, _TEXT_SIZE * scale, width - 36 * scale),
                parent=row,
                width=width - round(32 * scale),
                callback=partial(self._filing.open_path, path),
            )
            self._stop(f"recent.{number}", item, partial(self._filing.open_path, path))
            tip(studio, item, str(path))

    def _button(self, parent: Tag, text: str, callback: Callable[[], None], *, accent: bool = False) -> None:
        scale = self._studio.scale
        item = dpg.add_button(
            label=text,
            parent=parent,
            width=round(_SIDE * scale),
            height=round(38 * scale),
            callback=callback,
        )
        if accent:
            dpg.bind_item_theme(item, accent_theme(self._studio.colours))
        self._stop(text, item, callback)

    def _stop(self, name: str, item: Tag, press: Callable[[], None]) -> None:
        """Have the ring of keys stand here too."""
        self._stops.append(Stop(name, item, press))

    def _build_cards(self, parent: Tag) -> None:
        scale = self._studio.scale
        room = self._pane.width / scale - 2 * _MARGIN - _SIDE - 32 - 12
        columns = max(int((room + _GAP) // (_CARD_WIDTH + _GAP)), 1)
        self._card_width = max((room + _GAP) / columns - _GAP, _CARD_WIDTH)
        row: Tag = 0
        for number, template in enumerate(self._templates):
            if number % columns == 0:
                if number:
                    dpg.add_spacer(height=round((_GAP - 12) * scale), parent=parent)
                row = dpg.add_group(horizontal=True, parent=parent, horizontal_spacing=round(_GAP * scale))
            self._build_card(row, template)

    def _build_card(self, parent: Tag, template: Template) -> None:
        studio, scale = self._studio, self._studio.scale
        inner = round((self._card_width - 2 * _PADDING) * scale)
        # A child window tells no place: the group around it does.
        around = dpg.add_group(parent=parent)
        card = dpg.add_child_window(
            parent=around,
            tag=f"start.{template.name}",
            width=round(self._card_width * scale),
            height=round(_CARD_HEIGHT * scale),
            border=True,
            no_scrollbar=True,
            no_scroll_with_mouse=True,
        )
        dpg.bind_item_theme(card, card_theme(scale, _PADDING, 8))
        size = (inner, round(_MINIATURE * scale))
        draw_miniature(card, template.document, studio.colours, size, studio.library)
        dpg.add_spacer(height=round(6 * scale), parent=card)
        head = dpg.add_group(horizontal=True, parent=card)
        words(head, ICONS[template.icon], colour=studio.colours.accent, font=FONTS.icons)
        title = fitting(_(template.title), _TEXT_SIZE * scale, inner - 28 * scale, bold=True)
        words(head, title, font=FONTS.bold, wrap=-1)
        text = words(card, _(template.text), colour=studio.colours.quiet, font=FONTS.small, wrap=inner)
        tip(studio, text, _(template.title), _(template.text))
        foot = round((_CARD_HEIGHT - _PADDING - 32) * scale)
        self._stop(template.name, around, partial(self._begin, template, self._recording))
        self._build_foot(card, template, foot)

    def _build_foot(self, card: Tag, template: Template, y: int) -> None:
        scale, recording = self._studio.scale, self._recording
        beside = 0 if recording else 40
        dpg.add_button(
            label=_("Begin with this") if recording else _("Try the demo"),
            parent=card,
            tag=f"start.{template.name}.begin",
            pos=(round(_PADDING * scale), y),
            width=round((self._card_width - 2 * _PADDING - beside) * scale),
            height=round(32 * scale),
            callback=partial(self._begin, template, recording),
        )
        if not beside:
            return
        own = dpg.add_button(
            label=ICONS["file-audio"],
            parent=card,
            tag=f"start.{template.name}.own",
            pos=(round((self._card_width - _PADDING - 32) * scale), y),
            width=round(32 * scale),
            height=round(32 * scale),
            callback=partial(self._begin_with_own, template),
        )
        self._stop(f"{template.name}.own", own, partial(self._begin_with_own, template))
        dpg.bind_item_font(own, FONTS.icons)
        tip(self._studio, own, _("With a recording of mine…"))

    # --- what is chosen ------------------------------------------------------------------------------

    def _begin_with_own(self, template: Template) -> None:
        self._pick_sound(lambda path: self._begin(template, path))

    def _begin(self, template: Template, recording: Path | None) -> None:
        begun = begin(template, self._studio.library, recording)
        self._filing.leave(lambda: self._filing.begin(begun.document, begun.after, begun.before))

    def _pick_recording(self) -> None:
        self._pick_sound(self.choose_for)

    def _only_load(self) -> None:
        assert self._recording is not None
        recording = self._recording
        self._filing.leave(lambda: self._filing.begin_with_sounds((recording,)))

    def _pick_sound(self, then: Callable[[Path], None]) -> None:
        picking = Picking(
            "open",
            _("Which recording?"),
            _("Choose"),
            (FileType(_("Sound files"), SOUND_SUFFIXES), FileType(_("All files"))),
        )
        self._studio.dialogs.pick(picking, lambda path: then(path) if path else None)


def _page_theme(scale: float) -> Tag:
    tag = f"theme.start.{scale}"
    if not dpg.does_item_exist(tag):
        with dpg.theme(tag=tag), dpg.theme_component(dpg.mvWindowAppItem):
            dpg.add_theme_style(dpg.mvStyleVar_WindowPadding, _MARGIN * scale, 30 * scale)
            dpg.add_theme_style(dpg.mvStyleVar_WindowBorderSize, 0)
            dpg.add_theme_style(dpg.mvStyleVar_WindowRounding, 0)
    return tag
