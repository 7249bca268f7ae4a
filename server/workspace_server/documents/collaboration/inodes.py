"""What tells a file from another one that later takes its name, or its inode number.

An inode number alone does not: file systems give it to the next file that is made, often at once. The kernel's file
handle (``name_to_handle_at(2)``, no privilege needed) holds the inode's generation too, and ``statx(2)`` its time of
birth. Where a file system offers neither, the number has to do.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from dataclasses import dataclass
from pathlib import Path

AT_FDCWD = -100
AT_SYMLINK_NOFOLLOW = 0x100
STATX_BASIC, STATX_BTIME = 0x7FF, 0x800
LONGEST_HANDLE = 128

_libc = ctypes.CDLL(None, use_errno=True)
_statx = getattr(_libc, "statx", None)
_name_to_handle_at = getattr(_libc, "name_to_handle_at", None)


class _Handle(ctypes.Structure):
    _fields_ = (("size", ctypes.c_uint), ("type", ctypes.c_int), ("bytes", ctypes.c_ubyte * LONGEST_HANDLE))


@dataclass(frozen=True, slots=True)
class Stamp:
    """One life of an inode. ``born`` is in nanoseconds since 1970, 0 where unknown; ``handle`` is "" where unknown."""

    ino: int
    born: int
    handle: str

    @property
    def certain(self) -> bool:
        """Whether more is known than a number that another file may have by now."""
        return bool(self.born or self.handle)

    def same(self, other: Stamp) -> bool:
        """Whether both are the same file, by everything that is known of both."""
        return (
            self.ino == other.ino
            and (self.born == other.born or not (self.born and other.born))
            and (self.handle == other.handle or not (self.handle and other.handle))
        )

    def encode(self) -> str:
        return f"{self.ino}:{self.born}:{self.handle}"

    @classmethod
    def decode(cls, text: str) -> Stamp:
        ino, born, handle = text.split(":")
        return cls(int(ino), int(born), handle)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is at a path just now; a symbolic link is itself, not what it points to."""

    stamp: Stamp
    mode: int
    links: int

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)


def look(path: str) -> Seen | None:
    """What is at ``path``; None when nothing is, or it cannot be seen. Some ten microseconds."""
    try:
        name = os.fsencode(path)
        if _statx is None:
            return _look_elsewhere(path)
        facts = ctypes.create_string_buffer(256)
        if _statx(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC | STATX_BTIME, facts):
            return None
    except (OSError, ValueError):
        return None
    known, links, mode, ino = struct.unpack_from("=I12xI8xH2xQ", facts)
    seconds, nanoseconds = struct.unpack_from("=qI", facts, 80)
    born = seconds * 10**9 + nanoseconds if known & STATX_BTIME else 0
    return Seen(Stamp(ino, born, _handle(name)), mode, links)


def _look_elsewhere(path: str) -> Seen:
    """:func:`look` where there is no statx."""
    facts = os.lstat(path)
    born = int(getattr(facts, "st_birthtime", 0) * 10**9)
    return Seen(Stamp(facts.st_ino, born, ""), facts.st_mode, facts.st_nlink)


def _handle(name: bytes) -> str:
    if _name_to_handle_at is None:
        return ""
    handle, mount = _Handle(LONGEST_HANDLE), ctypes.c_int()
    if _name_to_handle_at(AT_FDCWD, name, ctypes.byref(handle), ctypes.byref(mount), 0):
        return ""
    return bytes(handle.bytes[: handle.size]).hex()


def writable(path: str | Path) -> bool:
    """Whether a save may change the file (or folder) at ``path``: also the superuser respects a read-only mode."""
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return False
    return bool(mode & 0o222) and os.access(path, os.W_OK)
