"""The README's screenshots, taken from the editor itself: `python -m benchmarks.screenshots`.

Needs Xvfb where there is no display. Each picture is of the real window, after the graph in it was run.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs"
_PATIENCE_S = 300.0


@dataclass(frozen=True)
class Picture:
    """What is seen on a picture."""

    name: str
    graph: str
    theme: str
    language: str
    a: tuple[str, str]
    b: tuple[str, str]
    selected: str
    panes: dict[str, float]
    region: tuple[float, float] | None = None


SHOTS = (
    Picture(
        "per_stem_graph",
        "per_stem_restore",
        "dark",
        "en",
        ("limiter", "audio"),
        ("load", "audio"),
        "tones",
        {"bottom": 240.0},
    ),
    Picture(
        "listening",
        "first_steps",
        "light",
        "en",
        ("limiter", "audio"),
        ("load", "audio"),
        "loudness",
        {"bottom": 400.0, "left": 0.0},
        (3.0, 6.5),
    ),
    Picture(
        "german",
        "first_steps",
        "dark",
        "de",
        ("split", "percussive"),
        ("load", "audio"),
        "split",
        {"bottom": 260.0},
    ),
)


@contextmanager
def display() -> Iterator[None]:
    """Start an X server without a screen where there is no display."""
    if os.environ.get("DISPLAY"):
        yield
        return
    if shutil.which("Xvfb") is None:
        sys.exit("There is no display, and Xvfb is not installed.")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    try:
        os.close(write)
        if not select.select([read], [], [], 20)[0]:
            sys.exit("Xvfb did not start.")
        os.environ["DISPLAY"] = ":" + os.read(read, 16).decode().strip()
        yield
    finally:
        server.terminate()


def take(picture: Picture, folder: Path) -> None:
    """Open the editor, run what is listened to, and write the picture. One window per process."""
    from PIL import Image

    import nodes
    from nodegraph.document_file import load_document
    from nodegraph.editor.desk.desk import Selection
    from nodegraph.editor.desk.states import PortRef
    from nodegraph.editor.desk.templates import in_users_language
    from nodegraph.editor.window.opening import make_window
    from nodegraph.editor.work.studio import Studio
    from nodegraph.library import Library

    library = Library.from_package(nodes, skip=("dsp",))
    studio = Studio(library, ROOT / "graphs")
    studio.prefer(
        theme=picture.theme,
        language=picture.language,
        tour_done=True,
        window=(1440, 900),
        panes=picture.panes,
    )
    document = load_document(ROOT / "graphs" / f"{picture.graph}.json", library)
    studio.desk.open(in_users_language(document), None)
    window = make_window(studio)
    window.open()

    def pump_until(condition: Callable[[], bool], at_least_s: float = 0.0) -> None:
        begin = time.monotonic()
        while time.monotonic() < begin + at_least_s or not condition():
            if time.monotonic() > begin + _PATIENCE_S:
                sys.exit(f"{picture.name}: what should be seen did not come.")
            window.pump()
            # Drawing in software would take the processors from what is being made.
            time.sleep(0.1)

    pump_until(lambda: True, 1.0)
    studio.desk.select(Selection(frozenset({picture.selected})))
    studio.desk.listen_to(PortRef(*picture.a), PortRef(*picture.b))
    studio.desk.loop(picture.region)

    def whole() -> bool:
        sounds = [studio.runner.sound(PortRef(*port)) for port in (picture.a, picture.b)]
        return all(sound is not None and not sound.preview for sound in sounds) and not studio.runner.busy

    def measured() -> bool:
        listening = window.parts["bottom"].listening
        return not listening.busy and listening.loudness is not None

    pump_until(whole)
    pump_until(measured)
    pump_until(lambda: True, 6.0)
    path = folder / f"{picture.name}.png"
    path.unlink(missing_ok=True)
    window.shot(path)
    pump_until(lambda: path.exists() and path.stat().st_size > 0)
    # A quarter of the bytes, and no difference that one sees: without k-means orange edges become red.
    Image.open(path).convert("RGB").quantize(256, kmeans=3, dither=Image.Dither.NONE).save(
        path, optimize=True
    )
    # DearPyGui's window outlives its context; the process ends here anyway.
    os._exit(0)


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    if len(sys.argv) == 2:
        take(next(each for each in SHOTS if each.name == sys.argv[1]), PICTURES)
    with display(), tempfile.TemporaryDirectory() as folder:
        for name in ("CONFIG", "STATE", "CACHE"):
            os.environ[f"REGROOVE_{name}"] = str(Path(folder) / name.lower())
        for picture in SHOTS:
            subprocess.run(
                [sys.executable, "-m", "benchmarks.screenshots", picture.name], check=True, cwd=ROOT
            )
            print(f"docs/{picture.name}.png")


if __name__ == "__main__":
    main()
