"""The overlay: a folder of the user's own packages, imported after everything that Regroove brings.

It stands last on the path: a package in it can add something, and never replace what Regroove works with.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["overlay_folder", "use_overlay"]


def overlay_folder() -> Path:
    """Return where a user's own packages lie: `REGROOVE_OVERLAY`, or a place in the user's data folder."""
    chosen = os.environ.get("REGROOVE_OVERLAY")
    if chosen:
        return Path(chosen).absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("regroove", appauthor=False)) / "site-packages"


def use_overlay() -> None:
    """Let Python find what lies in the overlay, after everything else; nothing if there is none."""
    folder = overlay_folder()
    if folder.is_dir() and str(folder) not in sys.path:
        sys.path.append(str(folder))
