"""Typefaces: the fonts that are shipped, by the names under which DearPyGui knows them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FONTS", "Fonts"]


@dataclass(frozen=True)
class Fonts:
    """The fonts, at the window's scale."""

    regular: int | str
    small: int | str
    bold: int | str
    title: int | str
    icons: int | str


FONTS = Fonts("font.regular", "font.small", "font.bold", "font.title", "font.icons")
"""Their names once `panels.styling.load_fonts` was called."""
