"""Sharing: one file with a graph and short excerpts of what it reads, and nothing private.

A `.regroove` file is a ZIP archive of `graph.json` and `excerpts/NODE.flac`. Who opens one is safe from
what anybody may have put into it: only these names are read, sizes are counted while they are
unpacked, and nothing runs.
"""

from __future__ import annotations

import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from nodegraph.document import Document
from nodegraph.document_file import MAX_BYTES, from_json, to_json
from nodegraph.editor.desk.relocate import InputFile, relocated
from nodegraph.embed import shareable
from nodegraph.errors import DocumentError
from nodegraph.files import aside_for, publish
from nodegraph.library import Library

__all__ = ["MAX_EXCERPTS_BYTES", "Excerpt", "Shared", "read_shared", "unpack", "write_shared"]

_GRAPH = "graph.json"
_EXCERPT = re.compile(r"excerpts/([A-Za-z0-9_-]{1,64})\.flac")
MAX_EXCERPTS_BYTES = 256 << 20
"""All excerpts of one file together."""
_MOST_MEMBERS = 200
_BLOCK = 1 << 18
# So few that a cancel is noticed at once.
_BLOCK_FRAMES = 1 << 15
# FLAC holds eight channels.
_MOST_CHANNELS = 8


@dataclass(frozen=True)
class Excerpt:
    """A passage of an input file that is given along.

    Parameters
    ----------
    file : InputFile
        Who reads it, and where it lies.
    begin_s, seconds : float
        The passage.
    """

    file: InputFile
    begin_s: float
    seconds: float


@dataclass(frozen=True)
class Shared:
    """What is in a shared file.

    Parameters
    ----------
    path : Path
        The file.
    document : Document
        Its graph.
    excerpts : tuple of str
        The nodes of which there is an excerpt.
    bytes : int
        How much room the excerpts take when they are unpacked.
    """

    path: Path
    document: Document
    excerpts: tuple[str, ...]
    bytes: int


def write_shared(
    document: Document,
    path: Path,
    library: Library,
    excerpts: Iterable[Excerpt] = (),
    *,
    overwrite: bool = False,
    progress: Callable[[float], None] = lambda share: None,
) -> tuple[str, ...]:
    """Write a file to be given away.

    Parameters
    ----------
    document : Document
        The document. Folders and the user's name are taken out of what is written.
    path : Path
        The new file.
    library : Library
        The kinds.
    excerpts : iterable of Excerpt
        What is given along, as FLAC of 24 bits.
    overwrite : bool
        The user allowed that the file is replaced.
    progress : callable
        Called between blocks with how far it is, 0 to 1; may raise to cancel.

    Returns
    -------
    tuple of str
        Names of the files of which no excerpt could be made.

    Raises
    ------
    DocumentError
        If the file cannot be written, or the excerpts are too large.
    """
    try:
        with TemporaryDirectory(prefix="regroove-share-") as folder:
            made, left_out = _cut_all(tuple(excerpts), Path(folder), progress)
            inside = {where: Path("excerpts") / cut.name for where, cut in made.items()}
            clean = relocated(shareable(document, library), inside, library)
            _write(path, to_json(clean), list(made.values()), overwrite=overwrite)
    except OSError as error:
        raise DocumentError(f"{path} cannot be written: {error.strerror or error}.") from error
    return left_out


def read_shared(path: Path, library: Library) -> Shared:
    """Read the graph of a shared file, and what excerpts it holds. Nothing is unpacked.

    Raises
    ------
    DocumentError
        If it is no shared file, or holds what none may hold.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = _checked(archive, path)
            document = from_json(_member(archive, _GRAPH, MAX_BYTES, path), library)
            room = sum(archive.getinfo(f"excerpts/{name}.flac").file_size for name in names)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:
        raise DocumentError(f"{path} cannot be read: {_reason(error)}.") from error
    return Shared(path, document, tuple(name for name in names if name in document.graph.nodes), room)


def unpack(
    shared: Shared, folder: Path, library: Library, progress: Callable[[float], None] = lambda share: None
) -> Document:
    """Unpack the excerpts into a new folder, and return the document that reads them there.

    Parameters
    ----------
    shared : Shared
        From `read_shared`.
    folder : Path
        The user picked it. A folder named after the file is made in it; nothing there is replaced.
    library : Library
        The kinds.
    progress : callable
        Called between blocks with how far it is, 0 to 1; may raise to cancel. Then nothing is left behind.

    Raises
    ------
    DocumentError
        If the disk is full, or an excerpt is larger than it says.
    """
    if not shared.excerpts:
        return shared.document
    try:
        place = _new_folder(folder, f"{shared.path.stem} excerpts")
        try:
            _unpack_into(place, shared, progress)
        except BaseException:
            # It was made a moment ago, and holds nothing else.
            shutil.rmtree(place, ignore_errors=True)
            raise
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:
        raise DocumentError(f"{shared.path} cannot be unpacked: {_reason(error)}.") from error
    places = {
        (name, param): place / f"{name}.flac"
        for name in shared.excerpts
        if (param := _file_param(shared.document, name, library)) is not None
    }
    return relocated(shared.document, places, library)


def _unpack_into(place: Path, shared: Shared, progress: Callable[[float], None]) -> None:
    copied = 0
    with zipfile.ZipFile(shared.path) as archive:
        for name in shared.excerpts:
            with (
                archive.open(f"excerpts/{name}.flac") as source,
                open(place / f"{name}.flac", "xb") as target,
            ):
                while block := source.read(_BLOCK):
                    copied += len(block)
                    # What the archive says of its sizes need not be true.
                    if copied > MAX_EXCERPTS_BYTES:
                        raise DocumentError(f"{shared.path} holds more than it says.")
                    target.write(block)
                    progress(min(copied / max(shared.bytes, 1), 1.0))


# --- writing --------------------------------------------------------------------------------------------


def _cut_all(
    excerpts: tuple[Excerpt, ...], folder: Path, progress: Callable[[float], None]
) -> tuple[dict[tuple[str, str], Path], tuple[str, ...]]:
    """Cut excerpts into a folder; return them, and the names of files that could not be cut."""
    made: dict[tuple[str, str], Path] = {}
    left_out = []
    for number, excerpt in enumerate(excerpts):

        def tell(share: float, done: int = number) -> None:
            progress((done + share) / len(excerpts))

        cut = folder / f"{excerpt.file.node_id}.flac"
        if _cut(excerpt, cut, tell):
            made[excerpt.file.node_id, excerpt.file.param] = cut
        else:
            left_out.append(excerpt.file.path.name)
    if sum(cut.stat().st_size for cut in made.values()) > MAX_EXCERPTS_BYTES:
        raise DocumentError(
            f"The excerpts take more than {MAX_EXCERPTS_BYTES >> 20} MiB. Choose shorter ones."
        )
    return made, tuple(left_out)


def _cut(excerpt: Excerpt, path: Path, progress: Callable[[float], None]) -> bool:
    """Write a passage of a sound file as FLAC; return whether that could be done."""
    import soundfile

    try:
        with soundfile.SoundFile(excerpt.file.path) as source:
            if source.channels > _MOST_CHANNELS:
                return False
            begin = round(excerpt.begin_s * source.samplerate)
            frames = min(round(excerpt.seconds * source.samplerate), max(source.frames - begin, 0))
            if frames == 0:
                # The passage lies behind the end: the beginning is better than nothing.
                begin, frames = 0, min(round(excerpt.seconds * source.samplerate), source.frames)
            source.seek(begin)
            with soundfile.SoundFile(
                path, "w", source.samplerate, source.channels, "PCM_24", format="FLAC"
            ) as target:
                wanted = frames
                while frames > 0:
                    progress(1 - frames / wanted)
                    block = source.read(min(frames, _BLOCK_FRAMES), dtype="float32", always_2d=True)
                    if not len(block):
                        break
                    target.write(block)
                    frames -= len(block)
    except (soundfile.SoundFileError, OSError):
        # A format that only ffmpeg reads, or a rate that FLAC does not hold: the graph goes without.
        path.unlink(missing_ok=True)
        return False
    return True


def _write(path: Path, graph: str, excerpts: list[Path], *, overwrite: bool) -> None:
    aside = aside_for(path)
    try:
        with zipfile.ZipFile(aside, "x", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(_plain_info(_GRAPH), graph, zipfile.ZIP_DEFLATED)
            for excerpt in excerpts:
                # FLAC does not get smaller.
                archive.writestr(_plain_info(f"excerpts/{excerpt.name}"), excerpt.read_bytes())
        if not publish(aside, path, overwrite=overwrite):
            raise DocumentError(f"{path} exists. Choose another name.")
    finally:
        aside.unlink(missing_ok=True)


def _plain_info(name: str) -> zipfile.ZipInfo:
    """Return a member's facts without time, owner or rights of the sharer."""
    return zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))


# --- reading --------------------------------------------------------------------------------------------


def _checked(archive: zipfile.ZipFile, path: Path) -> list[str]:
    """Return the nodes that have an excerpt; refuse an archive with anything else in it."""
    names = [info.filename for info in archive.infolist()]
    if _GRAPH not in names or len(names) != len(set(names)) or len(names) > _MOST_MEMBERS:
        raise DocumentError(f"{path} is no file that Regroove shared.")
    excerpts = []
    for name in names:
        match = _EXCERPT.fullmatch(name)
        if match is not None:
            excerpts.append(match[1])
        elif name != _GRAPH:
            raise DocumentError(f"{path} holds {name[:80]!r}, which no file that Regroove shared does.")
    if sum(info.file_size for info in archive.infolist()) > MAX_EXCERPTS_BYTES + MAX_BYTES:
        raise DocumentError(f"{path} would take more than {MAX_EXCERPTS_BYTES >> 20} MiB when unpacked.")
    return excerpts


def _member(archive: zipfile.ZipFile, name: str, most: int, path: Path) -> bytes:
    with archive.open(name) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise DocumentError(f"{path}: its graph is too large to be one.")
    return content


def _new_folder(folder: Path, name: str) -> Path:
    number = 1
    while True:
        place = folder / (name if number == 1 else f"{name} {number}")
        try:
            place.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return place.absolute()


def _file_param(document: Document, node_id: str, library: Library) -> str | None:
    spec = library.get(document.graph.nodes[node_id].kind)
    return next((param.name for param in spec.params if param.type == "input_file"), None) if spec else None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
