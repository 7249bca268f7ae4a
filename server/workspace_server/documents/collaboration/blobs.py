"""Large outputs, kept beside the documents: a document holds a placeholder, the file on disk the whole.

A picture of ten megabytes would otherwise travel to every browser that opens the notebook, stand in the journal, and
be read again at each save.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from ...kit.errors import NotFound
from ...kit.notebooks.notebook_json import BLOB, BlobRef, blob_hash, joined
from ..streams import LONG, abridged, first_part, last_part

LARGE = 100_000
"""Characters of an output's JSON from which on it is kept here."""
PREVIEW = 5_000
"""Characters of the start, and of the end, of a large output's text that the placeholder shows; streams show more."""
KEPT = 24 * 3600.0
"""Seconds that an output is kept after the last thing that referred to it."""
KEPT_IN_CROWD = 3600.0
CROWD = 10**9
"""Bytes of unused outputs from which on they are kept less long: an animation leaves one for every frame."""
_HASH = re.compile(r"[0-9a-f]{64}")
_TEXT_HASH = re.compile(rb'[@"]([0-9a-f]{64})')
_PIECE = 2**18


class NoSuchBlob(NotFound):
    def __init__(self, hash: str) -> None:
        super().__init__("no_such_output", "This output is not kept any more.", "Run its cell again.")
        self.hash = hash


class Blobs:
    """A folder of outputs (JSON, as nbformat has them), named by the SHA-256 of their content. For threads.

    Parameters
    ----------
    folder
        Made when it is first needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def shrink(self, output: dict[str, Any]) -> dict[str, Any]:
        """The output itself, or a placeholder if it is large, whose content is stored when this returns."""
        with self._storing() as staged:
            return self._shrink(output, staged)

    def _shrink(self, output: dict[str, Any], staged: dict[Path, Path]) -> dict[str, Any]:
        if not is_large(output):
            return output
        raw = json.dumps(output, separators=(",", ":"), sort_keys=True).encode()
        hash = hashlib.sha256(raw).hexdigest()
        self._stage(self._folder / hash, raw, staged)
        kind = output["output_type"]
        data = output.get("data") or {}
        about = {"hash": hash, "size": len(raw), "mimes": sorted(data), "output_type": kind}
        if kind == "stream":
            about["name"] = output.get("name", "stdout")
        if (size := _png_size(data.get("image/png"))) is not None:
            # For browsers to leave as much room as it will take.
            about["width"], about["height"] = size
        shown = {BLOB: about, "text/plain": _preview(output, len(raw))}
        placeholder: dict[str, Any] = {"output_type": "display_data", "metadata": {}, "data": shown}
        if kind == "execute_result":
            placeholder |= {"output_type": kind, "execution_count": output.get("execution_count")}
        return placeholder

    def expand(self, output: dict[str, Any]) -> dict[str, Any]:
        """The output that a placeholder stands for; any other output itself.

        Raises
        ------
        NoSuchBlob
        """
        hash = blob_hash(output)
        if hash is None:
            return output
        whole: dict[str, Any] = json.loads(self.read(hash))
        return whole

    def shrink_notebook(self, content: dict[str, Any]) -> dict[str, Any]:
        """A notebook whose large outputs are placeholders; changes ``content``."""
        with self._storing() as staged:
            for cell in content["cells"]:
                if cell.get("outputs"):
                    cell["outputs"] = [self._shrink(output, staged) for output in cell["outputs"]]
        return content

    def expand_notebook(self, content: dict[str, Any]) -> None:
        """Put large outputs in the places of their placeholders, where they are kept here; changes ``content``."""
        for cell in content.get("cells", []):
            for index, output in enumerate(cell.get("outputs") or []):
                with contextlib.suppress(NoSuchBlob):
                    cell["outputs"][index] = self.expand(output)

    def read(self, hash: str) -> bytes:
        """
        Raises
        ------
        NoSuchBlob
        """
        if not _HASH.fullmatch(hash):
            raise NoSuchBlob(hash)
        try:
            return (self._folder / hash).read_bytes()
        except FileNotFoundError:
            raise NoSuchBlob(hash) from None

    def text(self, ref: BlobRef) -> bytes:
        """A large output as it stands in a notebook's file, in UTF-8. Kept once it was made: a notebook is saved each
        second while somebody types in it."""
        made = self._folder / f"{ref.hash}.{ref.indent}"
        if _HASH.fullmatch(ref.hash) and made.exists():
            return made.read_bytes()
        raw = ref.text(self).encode("utf-8", "surrogatepass")
        if _HASH.fullmatch(ref.hash) and (self._folder / ref.hash).exists():
            # Made again where a power cut takes its name.
            with self._storing(named=False) as staged:
                self._stage(made, raw, staged)
        return raw

    def collect(self, used: set[str], now: float) -> int:
        """Delete what nothing has referred to for a day; an hour, once that is more than a gigabyte.

        Parameters
        ----------
        used
            Hashes that documents and their history refer to. These count as used from ``now`` on, in seconds since
            1970. What nobody refers to yet, or somebody has cut to paste it elsewhere, is younger than that.

        Returns
        -------
        How many were deleted.
        """
        if not self._folder.exists():
            return 0
        idle: list[tuple[float, int, Path]] = []
        for file in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if file.name.partition(".")[0] in used:
                    os.utime(file, (now, now))
                else:
                    found = file.stat()
                    idle.append((found.st_mtime, found.st_size, file))
        deleted = 0
        total = sum(size for _, size, _ in idle)
        for modified, size, file in sorted(idle):
            if now - modified > (KEPT if total <= CROWD else KEPT_IN_CROWD):
                with contextlib.suppress(FileNotFoundError):
                    # Unless it was stored again just now.
                    if file.stat().st_mtime == modified:
                        file.unlink()
                        deleted += 1
                        total -= size
        return deleted

    @contextlib.contextmanager
    def _storing(self, named: bool = True) -> Iterator[dict[Path, Path]]:
        """What is staged meanwhile is there afterwards, each whole; ``named``: also after a power cut. Synced together:
        a notebook may have hundreds, and a disk takes as long for one after each write as for all of them."""
        staged: dict[Path, Path] = {}
        try:
            yield staged
            for written in staged.values():
                _sync(written)
            for file, written in staged.items():
                written.replace(file)
            if staged and named:
                # The files' names are written by their folder.
                _sync(self._folder)
        except BaseException:
            for written in staged.values():
                written.unlink(missing_ok=True)
            raise

    def _stage(self, file: Path, raw: bytes, staged: dict[Path, Path]) -> None:
        if file in staged:
            return
        with contextlib.suppress(FileNotFoundError):
            # Used again: not to be collected before its document is written.
            os.utime(file)
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        staged[file] = self._folder / f".{uuid4().hex}"
        staged[file].write_bytes(raw)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def hashes(update: bytes) -> set[str]:
    """Names of the blobs that a Yjs update refers to. It holds texts as they are, after their length: "@" is 64."""
    found: set[str] = set()
    # In pieces: one search would keep every other thread, the event loop's too, waiting.
    for start in range(0, len(update), _PIECE):
        found.update(one.decode() for one in _TEXT_HASH.findall(update, start, start + _PIECE + 64))
    return found


def is_large(output: Mapping[str, Any]) -> bool:
    """Whether an output is to be kept beside its document."""
    if blob_hash(output) is not None:
        return False
    if output.get("output_type") == "stream":
        return length(output.get("text", ""), LONG) > LONG
    return length(output, LARGE) > LARGE


def length(value: Any, enough: int) -> int:
    """About as many characters as the value's JSON has, counted no further than ``enough``."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        parts: Any = (part for item in value.items() for part in item)
    elif isinstance(value, list):
        if set(map(type, value)) <= {int, float}:
            return 12 * len(value)
        parts = value
    else:
        return 8
    total = 0
    for part in parts:
        total += length(part, enough) + 4
        if total > enough:
            break
    return total


def _preview(output: Mapping[str, Any], size: int) -> str:
    if output["output_type"] == "stream":
        text = joined(output["text"])
        return abridged(first_part(text), last_part(text), len(text))
    shown = output.get("traceback") or (output.get("data") or {}).get("text/plain", "")
    text = "\n".join(shown) if output.get("traceback") else joined(shown)
    if not isinstance(text, str) or not text:
        return f"[{size / 1_000_000:.1f} MB of output]"
    return text if len(text) <= 2 * PREVIEW else abridged(text[:PREVIEW], text[-PREVIEW:], len(text))


def _png_size(image: Any) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG in base 64: they stand in its first 24 bytes."""
    with contextlib.suppress(ValueError, struct.error):
        if isinstance(image := joined(image), str) and (head := base64.b64decode(image[:32])).startswith(b"\x89PNG"):
            width, height = struct.unpack(">II", head[16:24])
            return width, height
    return None
