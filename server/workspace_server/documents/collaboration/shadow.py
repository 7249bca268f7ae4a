"""The file of a shared document: read whole, written whole, and never over what somebody else has just written."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

from ...kit.errors import AtriumError, Failed
from ...kit.notebooks.bases import Base, Content
from .blobs import Blobs
from .notebook_file import BlobRef, parse

LATE = 10.0
"""Seconds for which a file that was replaced is watched."""
SETTLED = 50_000_000
"""Nanoseconds after which whoever wrote a file is not in the middle of it any more."""


@dataclass(frozen=True)
class Signature:
    """What changes when anybody writes a file, in place or by replacing it."""

    modified: int
    size: int
    inode: int

    @property
    def written(self) -> tuple[int, int]:
        """What changes when the file is written in place."""
        return self.modified, self.size

    @property
    def settled(self) -> bool:
        """Whether nobody has written it just now."""
        return time.time_ns() - self.modified > SETTLED

    @classmethod
    def of(cls, found: os.stat_result) -> Signature:
        return cls(found.st_mtime_ns, found.st_size, found.st_ino)


@dataclass
class OnDisk:
    """A file as it was read: ``hash`` is the SHA-256 of its bytes; ``since`` when it was written or put into its place,
    in seconds since 1970, which may be long before it is read: nobody looks while no server runs."""

    signature: Signature
    hash: str
    content: Content
    since: float

    @cached_property
    def base(self) -> Base:
        """What a later merge needs of it. Some 100 ms for 20 MB: for threads."""
        return replace(Base.of(self.content), at=self.since)


@dataclass(frozen=True)
class Staged:
    """A content that is on the disk but not in its place: ``hash`` is the SHA-256 of its bytes."""

    path: Path
    hash: str

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)


@dataclass
class Displaced:
    """A file that was replaced, kept open because somebody may still write to it."""

    descriptor: int
    signature: Signature
    since: float

    @classmethod
    def open(cls, file: Path) -> Displaced | None:
        """None if there is no file."""
        try:
            descriptor = os.open(file, os.O_RDONLY)
        except FileNotFoundError:
            return None
        return cls(descriptor, Signature.of(os.fstat(descriptor)), time.monotonic())


class ChangedBeneath(Exception):
    """Somebody else has written the file since it was last read or written here."""


class Shadow:
    """Reads and writes one file. Blocking: for threads, one call at a time.

    Parameters
    ----------
    notebook
        Whether the file is a notebook; else a text in UTF-8.
    staging
        A folder for what is being written.
    mark_trusted
        Marks the code cells of a notebook whose outputs may run scripts.
    """

    def __init__(
        self, notebook: bool, staging: Path, blobs: Blobs, mark_trusted: Callable[[dict[str, Any], str], None]
    ) -> None:
        self._notebook = notebook
        self._staging = staging
        self._blobs = blobs
        self._mark_trusted = mark_trusted
        self._displaced: list[Displaced] = []
        self.crlf = False

    def read(self, file: Path) -> OnDisk:
        """
        Raises
        ------
        FileNotFoundError
        NotANotebook, Failed
            What it holds cannot be shown.
        """
        with file.open("rb") as opened:
            found = os.fstat(opened.fileno())
            raw = opened.read()
        hash = hashlib.sha256(raw).hexdigest()
        return OnDisk(Signature.of(found), hash, self._decode(raw, file.name), found.st_ctime)

    def _decode(self, raw: bytes, name: str) -> Content:
        if self._notebook:
            content = parse(raw)
            for cell in content["cells"]:
                # The editor counts a line's end as one character.
                cell["source"] = _joined(cell["source"]).replace("\r\n", "\n")
            self._mark_trusted(content, name)
            shrunk: Content = self._blobs.shrink_notebook(content)
            return shrunk
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise Failed(
                "not_text", f"{name} is not a text in UTF-8.", "Open it in another way, or convert it."
            ) from None
        self.crlf = text.count("\r\n") * 2 > text.count("\n")
        return text.replace("\r\n", "\n")

    def stage(self, file: Path, chunks: Sequence[str | bytes | BlobRef]) -> Staged:
        """Write a new content of ``file`` beside it, whole and synced, without touching the file."""
        staged = self._stage(file) / f".{uuid4().hex}{file.suffix}"
        digest = hashlib.sha256()
        try:
            with staged.open("wb") as opened:
                for part in self._encoded(chunks):
                    digest.update(part)
                    opened.write(part)
                opened.flush()
                os.fsync(opened.fileno())
        except BaseException:
            staged.unlink(missing_ok=True)
            raise
        return Staged(staged, digest.hexdigest())

    def replace(self, file: Path, staged: Staged, expected: Signature | None) -> Signature:
        """Put what was staged in the file's place.

        Parameters
        ----------
        expected
            What the file is now; None if there is none.

        Raises
        ------
        ChangedBeneath
            The file is not ``expected``.
        PermissionError
            It is read-only.
        """
        now = _stat(file)
        if now is not None and not now.st_mode & 0o222:
            raise PermissionError(errno.EACCES, "The file is read-only", str(file))
        if now is not None:
            staged.path.chmod(stat.S_IMODE(now.st_mode))
        written = Signature.of(staged.path.stat())
        if expected is None or not exchange(staged.path, file):
            before = Displaced.open(file)
            if (before and before.signature) != expected:
                if before is not None:
                    os.close(before.descriptor)
                raise ChangedBeneath
            staged.path.replace(file)
        else:
            # What was in the file's place is where the staged one was, whatever anybody did until this very moment.
            before = Displaced.open(staged.path)
            if before is None or before.signature != expected:
                if before is not None:
                    os.close(before.descriptor)
                exchange(staged.path, file)
                # For a moment the staged one was the file: somebody may have opened it, or put theirs in its place.
                if (taken_out := Displaced.open(staged.path)) is not None:
                    taken_out.signature = written
                    self._displaced.append(taken_out)
                raise ChangedBeneath
        if before is not None:
            self._displaced.append(before)
        return written

    def bring_back(self, file: Path, expected: Signature) -> bool:
        """Have a file that :meth:`replace` has replaced take its place again, if somebody has written it since, through
        a descriptor that was opened before. Whether there was one.

        Raises
        ------
        ChangedBeneath, PermissionError
            See :meth:`replace`; it is found again the next time.
        """
        for one in self._displaced:
            now = Signature.of(os.fstat(one.descriptor))
            if now.written == one.signature.written or not now.settled:
                continue
            raw = os.pread(one.descriptor, now.size, 0)
            try:
                self._decode(raw, file.name)
            except AtriumError:
                # Perhaps half of it: who writes slowly goes on.
                continue
            staged = self.stage(file, [raw])
            try:
                self.replace(file, staged, expected)
            finally:
                staged.discard()
            one.signature = now
            return True
        while self._displaced and time.monotonic() - self._displaced[0].since > LATE:
            os.close(self._displaced.pop(0).descriptor)
        return False

    def release(self) -> None:
        """Stop watching the files that were replaced."""
        while self._displaced:
            os.close(self._displaced.pop().descriptor)

    def _stage(self, file: Path) -> Path:
        # A rename is atomic within one file system only.
        return self._staging if self._staging.stat().st_dev == file.parent.stat().st_dev else file.parent

    def _encoded(self, chunks: Sequence[str | bytes | BlobRef]) -> Iterable[bytes]:
        for chunk in chunks:
            if isinstance(chunk, bytes):
                yield chunk
            elif isinstance(chunk, str):
                text = chunk.replace("\n", "\r\n") if self.crlf and not self._notebook else chunk
                yield text.encode("utf-8", "surrogatepass")
            else:
                yield self._blobs.text(chunk)


def signature(file: Path) -> Signature | None:
    """Of the file as it is now; None if there is none."""
    found = _stat(file)
    return Signature.of(found) if found is not None else None


def writable(file: Path) -> bool:
    """Whether the file's permissions let anybody write it; asked of the mode, which binds root as well."""
    found = _stat(file)
    return found is None or (bool(found.st_mode & 0o222) and os.access(file, os.W_OK))


def _stat(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _joined(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


_RENAME_EXCHANGE = 2
_AT_FDCWD = -100
_libc = ctypes.CDLL(None, use_errno=True)


def exchange(one: Path, other: Path) -> bool:
    """Have two files change places at once, by ``renameat2(2)``. False where the system or file system cannot."""
    rename = getattr(_libc, "renameat2", None)
    if rename is None:
        return False
    return bool(rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0)
