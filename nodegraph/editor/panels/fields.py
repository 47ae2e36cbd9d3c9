"""Fields: rows with a label and a field, icon buttons, tooltips; and whether somebody is typing.

A field in which text is typed is registered: the window asks `typing` before it takes a key for a
shortcut, as DearPyGui tells global key handlers of every key (Delete in a name would delete the node).
"""

from __future__ import annotations

from collections.abc import Callable

import dearpygui.dearpygui as dpg

from nodegraph.editor.look.colours import Colour
from nodegraph.editor.look.icons import ICONS
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["icon_button", "labelled", "register", "text_field", "tip", "typing", "words"]

_TIP_WIDTH = 320
_fields: list[Tag] = []


def typing() -> bool:
    """Return whether a registered field is being typed in."""
    # Items vanish with their window; asking for them later would be an error.
    _fields[:] = [field for field in _fields if dpg.does_item_exist(field)]
    return any(dpg.is_item_active(field) for field in _fields)


def register(field: Tag) -> Tag:
    """Have shortcuts ignored while this item is active. Returns the item."""
    _fields.append(field)
    return field


def text_field(parent: Tag, value: str = "", **options: object) -> Tag:
    """Add a registered text field as wide as its parent; options are those of `dpg.add_input_text`."""
    return register(dpg.add_input_text(parent=parent, default_value=value, **{"width": -1, **options}))


def words(parent: Tag, text: str, *, colour: Colour | None = None, font: Tag = "", wrap: int = 0) -> Tag:
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
    """
    options = {} if colour is None else {"color": colour}
    item: Tag = dpg.add_text(text, parent=parent, wrap=wrap, **options)
    if font:
        dpg.bind_item_font(item, font)
    return item


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
    dpg.add_spacer(parent=left, height=round(2 * studio.scale))
    name = words(left, label, colour=studio.colours.quiet)
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
