"""What can be chosen of the spectrogram: a small window beside its button."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from nodegraph.editor.words import N_, _
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["PictureSettings"]

_SCALES = (("log", N_("Octaves")), ("mel", N_("As heard (mel)")), ("linear", N_("Linear")))
_WIDTH = 300
_FLOORS = (-120, -30)


class PictureSettings:
    """Frequency scale and range of levels.

    Parameters
    ----------
    studio : Studio
        Its settings.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def build(self) -> None:
        """Make the window, hidden."""
        if dpg.does_item_exist("listening.choices"):
            dpg.delete_item("listening.choices")
        settings, scale = self._studio.settings, self._studio.scale
        words = {name: _(text) for name, text in _SCALES}
        with dpg.window(
            tag="listening.choices", popup=True, show=False, no_title_bar=True, no_move=True, autosize=True
        ):
            dpg.add_text(_("Frequencies"))
            dpg.add_radio_button(
                list(words.values()),
                default_value=words.get(settings.frequencies, words["log"]),
                tag="listening.frequencies",
                callback=lambda _sender, text: self._choose_scale(text),
            )
            dpg.add_spacer(height=int(4 * scale))
            dpg.add_text(_("Quietest level shown"))
            dpg.add_slider_int(
                min_value=_FLOORS[0],
                max_value=_FLOORS[1],
                default_value=int(settings.floor_db),
                format="%d dB",
                width=int(_WIDTH * scale),
                clamped=True,
                tag="listening.floor",
                callback=lambda _sender, value: self._studio.prefer(floor_db=float(value)),
            )

    def show(self, button: Tag) -> None:
        """Open it above its button."""
        x, y = dpg.get_item_rect_min(button)
        width, height = dpg.get_item_rect_size(button)
        left = max(0, int(x + width - (_WIDTH + 20) * self._studio.scale))
        top = max(0, int(y - 190 * self._studio.scale))
        dpg.configure_item("listening.choices", show=True, pos=(left, top or int(y + height)))

    def _choose_scale(self, text: str) -> None:
        name = next(name for name, each in _SCALES if _(each) == text)
        self._studio.prefer(frequencies=name)
