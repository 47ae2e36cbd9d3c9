"""A display of its own for the tests of the window, and an editor that opens and closes on it.

`screen` needs Xvfb. Where it is not installed these tests are skipped and say so.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from screens import x_server

import nodes
from nodegraph.cache import Cache
from nodegraph.document import Document
from nodegraph.editor.words import use_language
from nodegraph.library import Library

GRAPHS = Path(__file__).parents[2] / "graphs"


@pytest.fixture(scope="session")
def screen() -> Iterator[str]:
    """Start an X server without a screen; return its display."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed: the window is not tested")
    with x_server() as display:
        os.environ["DISPLAY"] = display
        yield display


@pytest.fixture(scope="session")
def library() -> Library:
    return Library.from_package(nodes, skip=("dsp",))


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep settings, journals and results of the tests away from the user's; begin each in English."""
    monkeypatch.setenv("REGROOVE_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("REGROOVE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("REGROOVE_CACHE", str(tmp_path / "cache"))
    yield
    use_language("en")


@pytest.fixture
def studio(library: Library, tmp_path: Path):
    """Return what the parts of a window share, without any window. Its user has seen the tour."""
    from nodegraph.editor.work.studio import Studio

    studio = Studio(library, GRAPHS, Cache(tmp_path / "cache"))
    studio.prefer(tour_done=True)
    return studio


@pytest.fixture
def open_window(screen: str, request: pytest.FixtureRequest) -> Iterator[Callable[..., object]]:
    """Return a function that opens a Window and returns a User in front of it.

    Mesa draws nothing, unless the test is marked `pixels`.
    """
    from user import User, close_context

    if request.node.get_closest_marker("pixels"):
        os.environ.pop("GALLIUM_NOOP", None)
    else:
        os.environ["GALLIUM_NOOP"] = "true"
    opened = []

    def open_it(window) -> User:
        if opened:
            # Another one, on "another machine": DearPyGui has one at a time.
            opened.clear()
            close_context()
        window.open()
        opened.append(window)
        user = User(window.pump)
        user.frames(3)
        return user

    yield open_it
    for _window in opened:
        close_context()


@pytest.fixture
def scene(studio, open_window):
    """Open the whole window on the small document of `panel_scene`."""
    from panel_scene import DOCUMENT, PanelScene

    from nodegraph.editor.window.opening import make_window

    studio.desk.open(DOCUMENT, None)
    user = open_window(make_window(studio))
    user.frames(4)
    return PanelScene(user, studio)


@pytest.fixture
def editor(studio, open_window) -> Iterator[object]:
    """Open the whole window on an empty document; the tour was seen."""
    from whole import Editor

    studio.prefer(tour_done=True, window=(1280, 800))
    editor = Editor(studio, open_window)
    editor.open(Document())
    yield editor
    editor.close()
