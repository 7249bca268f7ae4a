"""Reading ``pyproject.toml``: the dependencies of its ``[project]`` and its ``dev`` group, as uv would install them.

The project's own package is not installed: that would run its build.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from packaging.dependency_groups import resolve_dependency_groups
from packaging.utils import canonicalize_name

from .errors import Unbuildable
from .pythons import Wanted
from .requirements import PUBLISH, Requirement, Requirements, refuse, requirement, text_of

DEV = "dev"
PYPI = ("https://pypi.org/simple", "https://pypi.org/simple/")
# What uv would do and this does not: better refused than left out in silence.
UNSUPPORTED = ("override-dependencies", "dependency-metadata", "no-index", "find-links")
INDEX = ("index-url", "extra-index-url")


def is_project(path: Path) -> bool:
    """Whether it describes a project, and not only how tools are set up."""
    try:
        return re.search(r"^\s*\[\s*project\s*\]", path.read_text(errors="replace"), re.MULTILINE) is not None
    except OSError:
        return False


def read_toml(path: Path, name: str) -> tuple[str, dict[str, Any]]:
    """A file's text and content.

    Raises
    ------
    Unbuildable
        It is no TOML; the message names the line.
    """
    text = text_of(path, name)
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unbuildable("bad_syntax", f"{name} cannot be read: {error}.", "Mend this line.") from None


def read(path: Path, root: Path) -> Requirements:
    """What the project asks for.

    Raises
    ------
    Unbuildable
        Something in it is wrong or not allowed; the message names its line.
    """
    name = path.relative_to(root.resolve()).as_posix()
    text, content = read_toml(path, name)
    lines = text.splitlines()
    project = content.get("project")
    if not isinstance(project, dict):
        raise Unbuildable("bad_syntax", f"{name} has no [project] table.", "Add one, with its dependencies.")
    if "dependencies" in project.get("dynamic", ()):
        raise refuse(
            "dynamic", f"{name}, line {_line(lines, r'dynamic')}", "dynamic dependencies",
            "Finding them out would run the project's build.", "List them under dependencies.",
        )  # fmt: skip
    found = Requirements(files=[path])
    if asked := project.get("requires-python"):
        found.python = Wanted(str(asked), f"{name}, line {_line(lines, 'requires-python')}")
    texts = [*_strings(project.get("dependencies", []), name, "dependencies"), *_dev(content, name)]
    found.wanted = [one for text in texts if (one := _one(text, name, lines)) is not None]
    _check_uv(content.get("tool", {}).get("uv", {}), {one.name for one in found.wanted}, name, lines)
    constraints = content.get("tool", {}).get("uv", {}).get("constraint-dependencies", [])
    found.constraints = [
        one for text in _strings(constraints, name, "constraint-dependencies")
        if (one := _one(text, name, lines)) is not None
    ]  # fmt: skip
    return found


def _strings(value: Any, name: str, key: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Unbuildable("bad_syntax", f"{name}: {key} is not a list of texts.", 'Write it like ["pandas>=2.2"].')
    return value


def _dev(content: dict[str, Any], name: str) -> list[str]:
    groups = content.get("dependency-groups", {})
    if not isinstance(groups, dict) or DEV not in groups:
        return []
    try:
        return list(resolve_dependency_groups(groups, DEV))
    except (ExceptionGroup, ValueError, TypeError, LookupError) as error:
        reason = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
        raise Unbuildable(
            "bad_syntax", f"{name}: its dependency group {DEV!r} cannot be read ({reason}).", "Mend the group."
        ) from None


def _one(text: str, name: str, lines: list[str]) -> Requirement | None:
    number = next((number for number, line in enumerate(lines, 1) if text in line), 0)
    # What comes from an include of a group is written a little differently from its line.
    number = number or _line(lines, re.escape(re.split(r"[\s\[<>=!~;@]", text, maxsplit=1)[0]))
    return requirement(text, f"{name}, line {number}")


def _check_uv(settings: Any, wanted: set[str], name: str, lines: list[str]) -> None:
    """Refuse what ``[tool.uv]`` would fetch from elsewhere."""
    if not isinstance(settings, dict):
        return
    for key in UNSUPPORTED:
        if key in settings:
            raise refuse(
                "unknown_option", f"{name}, line {_line(lines, key)}", key, "This setting is not supported here.",
                "Remove it.",
            )  # fmt: skip
    set_up = [settings.get(key, []) for key in INDEX]
    foreign = [str(url) for value in set_up for url in (value if isinstance(value, list) else [value])]
    foreign += [str(one.get("url", "")) for one in settings.get("index", []) if isinstance(one, dict)]
    for url in foreign:
        if url not in PYPI:
            raise refuse(
                "index_option", f"{name}, line {_line(lines, re.escape(url))}", url,
                "A repository cannot choose where packages come from.",
                "Remove it; packages come from the index that this machine is set up with.",
            )  # fmt: skip
    for package, source in settings.get("sources", {}).items():
        if canonicalize_name(package) in wanted:
            kind = next(iter(source[0] if isinstance(source, list) and source else source), "source")
            raise refuse(
                {"git": "vcs", "url": "direct_url", "index": "index_option"}.get(str(kind), "local_path"),
                f"{name}, line {_line(lines, re.escape(package))}", f"{package} from {kind}",
                "Packages come from this machine's package index only.", PUBLISH,
            )  # fmt: skip


def _line(lines: list[str], pattern: str) -> int:
    """The last line that has it: a setting follows what it is about."""
    return max((number for number, line in enumerate(lines, 1) if re.search(pattern, line)), default=1)
