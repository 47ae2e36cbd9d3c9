"""Download: one file from the network into a part of a file, going on where it broke off."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

__all__ = ["DownloadError", "Downloaded", "blocks_of_file", "download"]

_BLOCK_BYTES = 1 << 20
# A server that says nothing for this long is given up (s).
_SILENCE_S = 30.0
# A machine may serve its own files without encryption.
_OWN_HOSTS = ("127.0.0.1", "localhost", "::1")


class DownloadError(Exception):
    """The network's or the server's fault, in a few words."""


@dataclass(frozen=True)
class Downloaded:
    """What lies in the part of a file now.

    Parameters
    ----------
    size : int
        In bytes.
    sha256 : str
        In lower-case hexadecimal.
    """

    size: int
    sha256: str


def download(url: str, part: Path, size: int, told: Callable[[int], None]) -> Downloaded:
    """Load what `part` lacks of a file.

    Parameters
    ----------
    url : str
        https; http only from this machine itself.
    part : Path
        What an earlier call got; it is gone on with if the server can.
    size : int
        How long the file is, 0 if that is not known.
    told : callable
        Takes the bytes that are there, after every megabyte; may raise to cancel.

    Returns
    -------
    Downloaded
        Of the whole part. It may be shorter than `size` if the server hung up.

    Raises
    ------
    DownloadError
        If the server or the network fails; the part keeps what came until then.
    OSError
        If the part cannot be written.
    """
    digest, have = hashlib.sha256(), 0
    if part.exists() and not (size and part.stat().st_size > size):
        for block in blocks_of_file(part):
            digest.update(block)
            have += len(block)
            told(have)
    if size and have == size:
        return Downloaded(have, digest.hexdigest())
    begun, pieces = _ask(url, have)
    if begun != have:
        digest, have = hashlib.sha256(), 0
    with open(part, "ab" if have else "wb") as out:
        for block in pieces:
            out.write(block)
            digest.update(block)
            have += len(block)
            told(have)
    return Downloaded(have, digest.hexdigest())


def _ask(url: str, have: int) -> tuple[int, Iterator[bytes]]:
    """Return where the server's answer begins, and the answer in pieces."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _OWN_HOSTS):
        raise DownloadError("it is no https address")
    # Compressed on the way, a part's length would be another.
    headers = {"User-Agent": "regroove", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310  (the scheme was looked at)
        answer = urllib.request.urlopen(request, timeout=_SILENCE_S)  # noqa: S310
    except urllib.error.HTTPError as error:
        if have and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            # The server's file is no longer than what is here: begin anew.
            return _ask(url, 0)
        raise DownloadError(f"the server says {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(_reason(error)) from error
    continues = answer.status == HTTPStatus.PARTIAL_CONTENT and _begin(answer) == have
    return have if continues else 0, _pieces(answer)


def _begin(answer: http.client.HTTPResponse) -> int | None:
    """Return the first byte's place in the file, of "bytes 100-199/200"."""
    text = (answer.headers.get("Content-Range") or "").removeprefix("bytes ").partition("-")[0]
    return int(text) if text.isdecimal() else None


def _pieces(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    with answer:
        while True:
            try:
                block = answer.read(_BLOCK_BYTES)
            except http.client.IncompleteRead as error:
                yield error.partial
                return
            except (OSError, http.client.HTTPException) as error:
                raise DownloadError(_reason(error)) from error
            if not block:
                return
            yield block


def _reason(error: BaseException) -> str:
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(inner) or type(inner).__name__


def blocks_of_file(path: Path) -> Iterator[bytes]:
    """Yield a file's content in blocks of a megabyte.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with open(path, "rb") as file:
        while block := file.read(_BLOCK_BYTES):
            yield block
