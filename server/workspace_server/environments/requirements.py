"""What a cloned repository may ask for, and reading it from ``requirements.txt`` with the line that it is on.

A repository is not trusted: only names and versions of the machine's own package index are taken. What would fetch
from elsewhere is refused, with its line; but for another index, to which an owner of the project can agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from workspace_ext.contract.environments import Consent, ConsentKind

from .errors import Unbuildable
from .pythons import Wanted

HARMLESS = {"--require-hashes", "--prefer-binary", "--only-binary"}
INDEX = {"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--no-index", "--trusted-host"}
CHOOSES = re.compile(r"(?:(?:-i|--index-url|--extra-index-url)(?:\s+|=)|-i)(\S+)$")
VCS = re.compile(r"(git|hg|svn|bzr)\+")
LARGEST = 10_000_000


@dataclass(frozen=True)
class Requirement:
    """One requirement and where it comes from ("requirements.txt, line 3", "the Spark cluster")."""

    text: str
    origin: str
    hashes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return canonicalize_name(Parsed(self.text).name)

    def line(self) -> str:
        return f"{self.text}  # {self.origin}"


@dataclass(frozen=True)
class Index:
    """Another package index, or channel of conda, at ``url``, that ``line`` at ``origin`` asks for."""

    line: str
    url: str
    origin: str
    kind: ConsentKind = "index"

    def refused(self) -> Unbuildable:
        """The error while nobody has agreed to it."""
        host = urlsplit(self.url).hostname or ""
        what, they = (host, "index") if self.kind == "index" else (self.url, "channels")
        error = refuse(
            "index_option", self.origin, self.line, "A repository does not choose by itself where packages come from.",
            f"An owner of the project can trust {what} for this line. Without it, packages come from the {they} that "
            "this machine is set up with.",
        )  # fmt: skip
        error.consent = Consent(self.kind, self.line, self.url, host, self.origin)
        return error


@dataclass(frozen=True)
class Conda:
    """Packages of conda: the addresses of ``channels``, the first goes first, and ``specs`` ("numpy=1.26"), each with
    where it comes from."""

    channels: tuple[str, ...]
    specs: tuple[tuple[str, str], ...]


@dataclass
class Requirements:
    """Everything that a file and the files it includes ask for, the Python among it; ``conda`` is None where nothing of
    it is conda's."""

    wanted: list[Requirement] = field(default_factory=list)
    constraints: list[Requirement] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    python: Wanted = field(default_factory=Wanted)
    conda: Conda | None = None


def read(path: Path, root: Path) -> Requirements:
    """Read ``path`` and the files below ``root`` that it includes.

    Raises
    ------
    Unbuildable
        A line is wrong or not allowed; the message names it.
    """
    found = Requirements()
    _read(path, root.resolve(), found, constraint=False, seen=())
    return found


def _read(path: Path, root: Path, found: Requirements, constraint: bool, seen: tuple[Path, ...]) -> None:
    found.files.append(path)
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    for number, line in _lines(path, name):
        take(line, f"{name}, line {number}", path, root, found, constraint, seen)


def take(
    line: str,
    place: str,
    path: Path,
    root: Path,
    found: Requirements,
    constraint: bool = False,
    seen: tuple[Path, ...] = (),
) -> None:
    """Add what one line of ``path`` asks for, or what the file asks for that it includes."""
    include = re.match(r"(-r|--requirement|-c|--constraint)(?:\s+|=|(?<=^-[rc]))(\S.*)$", line)
    if include:
        other = _included(path, include[2].strip(), root, place)
        if other in seen or other == path:
            raise refuse("includes_itself", place, line, "The file includes itself.", "Remove one of the lines.")
        is_constraint = constraint or include[1] in ("-c", "--constraint")
        _read(other, root, found, is_constraint, (*seen, path))
    elif chosen := CHOOSES.match(line):
        found.indexes.append(_index(line, chosen[1], place))
    elif (one := requirement(line, place)) is not None:
        (found.constraints if constraint else found.wanted).append(one)


def _index(line: str, url: str, place: str) -> Index:
    check_address(url, line, place, "Packages come from the index that this machine is set up with", "UV_INDEX")
    return Index(" ".join(line.split()), url, place)


def check_address(url: str, line: str, place: str, otherwise: str, setting: str) -> None:
    """Refuse an address to which nobody could agree: not at https, or with a password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
    if parts.username or parts.password or re.match(r"/t/[^/]+/", parts.path):
        raise refuse(
            "index_option", place, line, "A password does not belong into a repository.",
            f"Have it set up for this machine instead ({setting}), and remove the line.",
        )  # fmt: skip
    if not parts.hostname or not (parts.scheme == "https" or local):
        raise refuse(
            "index_option", place, line, "Only an address at https://… can be trusted.",
            f"Remove the line. {otherwise}.",
        )  # fmt: skip


def text_of(path: Path, name: str) -> str:
    """A declaring file's text.

    Raises
    ------
    Unbuildable
        It is too large, or no text.
    """
    try:
        raw = path.read_bytes()
        if len(raw) > LARGEST:
            raise Unbuildable("too_large", f"{name} is larger than 10 MB.", "Is it the right file?")
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unbuildable("not_text", f"{name} is not UTF-8 text.", "Save it as UTF-8.") from None
    except OSError as error:
        raise Unbuildable("unreadable", f"{name} cannot be read: {error.strerror}.", "Restore the file.") from None


def _lines(path: Path, name: str) -> Iterator[tuple[int, str]]:
    """Logical lines without comments, each with the number of its first physical line."""
    text = text_of(path, name)
    pending, first = "", 0
    for number, physical in enumerate(text.splitlines(), 1):
        first = first or number
        if physical.rstrip().endswith("\\") and not physical.lstrip().startswith("#"):
            pending += physical.rstrip()[:-1] + " "
            continue
        line = re.sub(r"(^|\s)#.*$", "", pending + physical).strip()
        if line:
            yield first, line
        pending, first = "", 0
    if line := re.sub(r"(^|\s)#.*$", "", pending).strip():
        yield first, line


def hashed(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The entries of what uv writes with hashes: each requirement, and its hashes."""
    for entry in re.split(r"\n(?=\S)", text.strip()):
        head, *hashes = re.split(r"\s*\\?\s+--hash=", entry.strip())
        yield head, tuple(hashes)


def _included(path: Path, target: str, root: Path, place: str) -> Path:
    other = (path.parent / target).resolve()
    if "://" in target or not other.is_relative_to(root):
        raise refuse(
            "outside_project", place, target, "Only files inside the project are read.", "Copy the file into it."
        )
    if not other.is_file():
        raise Unbuildable("missing_file", f"{place} includes {target}, which does not exist.", "Add the file.")
    return other


def requirement(line: str, place: str) -> Requirement | None:
    """What one line asks for; None where it asks for nothing that matters here.

    Raises
    ------
    Unbuildable
        It is wrong, or not allowed.
    """
    option = re.split(r"[\s=]", line, maxsplit=1)[0]
    if option in HARMLESS:
        return None
    if option in ("-e", "--editable"):
        raise refuse("editable", place, line, "Editable installs run code of the repository.", PUBLISH)
    if option in INDEX or re.match(r"-[if]\S", option):
        raise refuse(
            "index_option", place, option, "A repository cannot choose where packages come from.",
            "Remove the line; packages come from the index that this machine is set up with.",
        )  # fmt: skip
    if option.startswith("-"):
        raise refuse("unknown_option", place, option, "This option is not supported here.", "Remove the line.")
    text, *options = re.split(r"\s+(?=--)", line)
    hashes = []
    for one in options:
        if not (match := re.fullmatch(r"--hash[=\s]+(sha\d+:[0-9a-f]+)", one.strip())):
            raise refuse("unknown_option", place, one, "This option is not supported here.", "Remove it.")
        hashes.append(match[1])
    if VCS.match(text) or re.search(r"@\s*(git|hg|svn|bzr)\+", text):
        raise refuse("vcs", place, text, "Packages are not built from a source repository.", PUBLISH)
    if re.match(r"(\.{0,2}/|~|file:|[a-zA-Z]:\\)", text) or re.search(r"@\s*(file:|\.{0,2}/)", text):
        raise refuse("local_path", place, text, "Packages are not installed from a path.", PUBLISH)
    if re.match(r"https?:", text) or re.search(r"@\s*\w+:", text):
        raise refuse("direct_url", place, redact_password(text), "Packages are not installed from an address.", PUBLISH)
    try:
        parsed = Parsed(text)
    except InvalidRequirement:
        # The parser's reason ("Expected semicolon") is about its grammar, and no help.
        raise Unbuildable(
            "bad_syntax", f"{place} cannot be read: {redact_password(text)!r}.", "Write it like pandas>=2.2."
        ) from None
    return Requirement(str(parsed), place, tuple(hashes))


PUBLISH = "Name a published package and its version instead, for example pandas==2.3.3."


def redact_password(text: str) -> str:
    """Without what may be a password in an address."""
    return re.sub(r"/t/[^/\s]+/", "/t/***/", re.sub(r"//[^/@\s]+@", "//***@", text))


def refuse(code: str, place: str, what: str, why: str, hint: str) -> Unbuildable:
    """The error about a line that is not allowed."""
    return Unbuildable(code, f"{place}: {redact_password(what)!r} is not allowed. {why}", hint)
