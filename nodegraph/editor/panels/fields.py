"""Fields: rows with a label and a field, icon buttons, tooltips; and whether somebody is typing.

A field in which text is typed is registered: the window asks `typing` before it takes a key for a
shortcut, as DearPyGui tells global key handlers of every key (Delete in a name would delete the node).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dearpygui.dearpygui as dpg

from nodegraph.editor.look.colours import Colour
from nodegraph.editor.look.icons import ICONS
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = [
    "TextBox",
    "handlers",
    "heading",
    "icon_button",
    "labelled",
    "text_field",
    "tip",
    "typing",
    "words",
]

_TIP_WIDTH = 320
_fields: list[Tag] = []
# Items that have handlers.
_handled: set[Tag] = set()


def typing() -> bool:
    """Return whether a registered field is being typed in."""
    # Items vanish with their window, and their numbers are given to others.
    _fields[:] = [field for field in _fields if _is_field(field)]
    # Enter, Tab and Escape end the typing before they are heard of here; they belong to the text even so.
    return any(dpg.is_item_active(field) or dpg.is_item_deactivated(field) for field in _fields)


def _is_field(item: Tag) -> bool:
    return dpg.does_item_exist(item) and "mvInputText" in dpg.get_item_type(item)


def text_field(parent: Tag, value: str, **options: object) -> Tag:
    """Add a registered text field as wide as its parent; options are those of `dpg.add_input_text`."""
    field: Tag = dpg.add_input_text(parent=parent, default_value=value, **{"width": -1, **options})
    _fields.append(field)
    return field


@contextmanager
def handlers(item: Tag) -> Iterator[None]:
    """Make handlers of an item in this block. DearPyGui keeps them for ever: here they go after the item."""
    for gone in [each for each in _handled if each == item or not dpg.does_item_exist(each)]:
        _handled.remove(gone)
        if dpg.does_item_exist(f"handlers.{gone}"):
            dpg.delete_item(f"handlers.{gone}")
    with dpg.item_handler_registry(tag=f"handlers.{item}") as registry:
        yield
    dpg.bind_item_handler_registry(item, registry)
    _handled.add(item)


class TextBox:
    """A text field whose text is taken when one has finished typing: Enter, Tab, or a click elsewhere.

    Parameters
    ----------
    parent : int or str
        Where.
    text : str
        To begin with.
    take : callable
        Takes a text that was typed.
    **options
        Those of `dpg.add_input_text`.
    """

    def __init__(self, parent: Tag, text: str, take: Callable[[str], None], **options: object) -> None:
        self._take, self._shown = take, text
        self.item = text_field(parent, text, **options)
        with handlers(self.item):
            dpg.add_item_deactivated_after_edit_handler(callback=self.finish)

    def show(self, text: str, hint: str = "") -> None:
        """Show another text, but not while one is being typed."""
        if not dpg.is_item_active(self.item):
            self._shown = text
            dpg.set_value(self.item, text)
            dpg.configure_item(self.item, hint=hint)

    def finish(self) -> None:
        """Take what was typed: also before the field goes, as the click that ends typing may remove it."""
        if not dpg.does_item_exist(self.item):
            return
        text = dpg.get_value(self.item)
        if text != self._shown:
            self._shown = text
            self._take(text)


def words(
    parent: Tag,
    text: str,
    *,
    colour: Colour | None = None,
    font: Tag = "",
    wrap: int = 0,
    tag: Tag = 0,
    beside: bool = False,
) -> Tag:
    """Add a text.

    Parameters
    ----------
    parent : int or str
        Where.
    text : str
        What it says.
    colour : Colour, optional
        The theme's text colour by default.
    font : int or str
        One of FONTS, or "" for the usual one.
    wrap : int
        In pixels: where lines are broken; 0 at the end of the window, -1 nowhere.
    tag : int or str
        Its name, if it needs one.
    beside : bool
        It stands beside a field or a button and shares their middle.
    """
    options = {} if colour is None else {"color": colour}
    item: Tag = dpg.add_text(text, parent=parent, wrap=wrap, tag=tag, **options)
    if font:
        dpg.bind_item_font(item, font)
    if not beside:
        dpg.bind_item_theme(item, _lines_theme())
    return item


def _lines_theme() -> Tag:
    """Return the theme of texts among texts: DearPyGui gives each the height of a button."""
    if not dpg.does_item_exist("theme.lines"):
        with dpg.theme(tag="theme.lines"), dpg.theme_component(dpg.mvText):
            dpg.add_theme_style(dpg.mvStyleVar_FramePadding, 0, 0)
    return "theme.lines"


def heading(studio: Studio, parent: Tag, text: str) -> None:
    """Add a heading, with air above it."""
    dpg.add_spacer(parent=parent, height=round(8 * studio.scale))
    words(parent, text, font=FONTS.bold)


def tip(studio: Studio, item: Tag, *texts: str) -> None:
    """Show texts beside the pointer while it rests on an item: the first as a heading if there are more."""
    shown = [text for text in texts if text]
    if not shown:
        return
    with dpg.tooltip(item, delay=0.4, hide_on_activity=True) as box:
        for number, text in enumerate(shown):
            heading = number == 0 and len(shown) > 1
            words(box, text, font=FONTS.bold if heading else "", wrap=round(_TIP_WIDTH * studio.scale))


def icon_button(
    studio: Studio,
    parent: Tag,
    icon: str,
    text: str,
    callback: Callable[[], None],
    *,
    colour: Colour | None = None,
    **options: object,
) -> Tag:
    """Add a button that shows an icon; `text` says what it does when the pointer rests on it."""
    size = round(28 * studio.scale)
    options = {"width": size, "height": size, **options}
    button: Tag = dpg.add_button(label=ICONS[icon], parent=parent, callback=callback, **options)
    dpg.bind_item_font(button, FONTS.icons)
    dpg.bind_item_theme(button, _flat_theme(colour or studio.colours.quiet, studio.colours.hovered))
    tip(studio, button, text)
    return button


def labelled(studio: Studio, parent: Tag, label: str, *texts: str, width: float = 0.42) -> Tag:
    """Add a row with a label left; return the cell for the field at its right.

    Parameters
    ----------
    studio : Studio
        For sizes.
    parent : int or str
        Where.
    label : str
        May be broken into lines.
    *texts : str
        The label's tooltip.
    width : float
        The label's share.
    """
    table = dpg.add_table(
        parent=parent, header_row=False, policy=dpg.mvTable_SizingStretchProp, pad_outerX=False
    )
    dpg.add_table_column(parent=table, init_width_or_weight=width)
    dpg.add_table_column(parent=table, init_width_or_weight=1 - width)
    row = dpg.add_table_row(parent=table)
    left = dpg.add_group(parent=row)
    name = words(left, label, colour=studio.colours.quiet, beside=True)
    tip(studio, name, label, *texts)
    cell: Tag = dpg.add_group(parent=row)
    return cell


def _flat_theme(colour: Colour, hovered: Colour) -> Tag:
    """Return the theme of a button without a face. One per colours: themes are never given back."""
    tag = f"theme.flat.{colour}.{hovered}"
    if dpg.does_item_exist(tag):
        return tag
    with dpg.theme(tag=tag), dpg.theme_component(dpg.mvButton):
        dpg.add_theme_color(dpg.mvThemeCol_Button, (0, 0, 0, 0))
        dpg.add_theme_color(dpg.mvThemeCol_ButtonHovered, hovered)
        dpg.add_theme_color(dpg.mvThemeCol_Text, colour)
        dpg.add_theme_style(dpg.mvStyleVar_FrameBorderSize, 0)
        dpg.add_theme_style(dpg.mvStyleVar_FramePadding, 0, 0)
    return tag
