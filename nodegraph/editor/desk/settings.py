"""Settings: how a user likes the editor, kept in one JSON file of the user's own configuration folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from nodegraph.editor.words import Language
from nodegraph.files import write_atomically

__all__ = ["Settings", "config_folder", "load_settings", "save_settings", "state_folder"]

Theme = Literal["light", "dark"]


@dataclass(frozen=True)
class Settings:
    """How a user likes the editor.

    Parameters
    ----------
    language : {"en", "de"}
        Of everything that is said.
    theme : {"light", "dark"}
        Of everything that is drawn.
    ui_scale : float
        1.0 is 100 %.
    preset : str
        The keymap's.
    keys : mapping of action name to tuple of str
        Chords that replace the preset's.
    favourites : tuple of str
        Kinds that the palette shows first.
    recent_kinds, recent_files : tuple of str
        The latest first.
    folder : str
        The one in which a file was chosen last.
    panes : mapping of str to float
        Widths and heights of the panes, in pixels at 100 %; 0 for one that is closed.
    window : tuple of int
        Width and height of the window.
    live : bool
        A changed parameter is heard at once.
    match_loudness : bool
        A and B are compared at one loudness.
    pictures : {"waveform", "spectrogram", "both"}
        What is shown of a sound.
    frequencies : {"log", "linear", "mel"}
        How they stand above each other in the spectrogram.
    floor_db : float
        The quietest level that the spectrogram shows.
    volume_db : float
        Of all that is heard.
    tour_done : bool
        The first steps were shown.
    minimap : bool
        The whole graph is shown in a corner of the canvas.
    glide : bool
        The view glides to what one goes to; else it is there at once.
    """

    language: Language = "en"
    theme: Theme = "dark"
    ui_scale: float = 1.0
    preset: str = "regroove"
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    favourites: tuple[str, ...] = ()
    recent_kinds: tuple[str, ...] = ()
    recent_files: tuple[str, ...] = ()
    folder: str = ""
    panes: Mapping[str, float] = field(default_factory=dict)
    window: tuple[int, int] = (1440, 900)
    live: bool = True
    match_loudness: bool = True
    pictures: str = "both"
    frequencies: str = "log"
    floor_db: float = -90.0
    volume_db: float = 0.0
    tour_done: bool = False
    minimap: bool = True
    glide: bool = True


def config_folder() -> Path:
    """Return the folder of the settings; REGROOVE_CONFIG names another."""
    import platformdirs

    chosen = os.environ.get("REGROOVE_CONFIG")
    return Path(chosen) if chosen else Path(platformdirs.user_config_dir("regroove", appauthor=False))


def state_folder() -> Path:
    """Return the folder of journals; REGROOVE_STATE names another."""
    import platformdirs

    chosen = os.environ.get("REGROOVE_STATE")
    return Path(chosen) if chosen else Path(platformdirs.user_state_dir("regroove", appauthor=False))


def load_settings(folder: Path | None = None) -> Settings:
    """Read the settings. What is missing, damaged or of the wrong type takes its default."""
    path = (folder or config_folder()) / "settings.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Settings()
    return _read(record) if isinstance(record, dict) else Settings()


def save_settings(settings: Settings, folder: Path | None = None) -> None:
    """Write the settings.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    path = (folder or config_folder()) / "settings.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(asdict(settings), indent=2, ensure_ascii=False).encode())


def _read(record: Mapping[str, Any]) -> Settings:
    default = Settings()
    known = {
        each.name: _like(getattr(default, each.name), record[each.name])
        for each in fields(Settings)
        if each.name in record
    }
    settings = replace(default, **{name: value for name, value in known.items() if value is not None})
    fits = settings.language in ("en", "de") and settings.theme in ("light", "dark")
    return settings if fits and 0.5 <= settings.ui_scale <= 4 and len(settings.window) == 2 else default


def _like(default: Any, value: Any) -> Any:
    """Return the value in the default's type, or None if it has another."""
    match default:
        case bool():
            return value if isinstance(value, bool) else None
        case float():
            return float(value) if isinstance(value, (int, float)) else None
        case str():
            return value if isinstance(value, str) else None
        case tuple():
            kind: type = int if default else str
            fits = isinstance(value, list) and all(isinstance(item, kind) for item in value)
            return tuple(value) if fits else None
        case _:
            if not isinstance(value, dict):
                return None
            return {key: tuple(item) if isinstance(item, list) else item for key, item in value.items()}
