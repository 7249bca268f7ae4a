"""Reading conda's ``environment.yml``: its Python and what pip installs; the rest is named, never left out in silence.

Packages of conda are other builds than those of PyPI, even where they have the same name: none is translated.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from .errors import Unbuildable
from .pythons import Wanted
from .requirements import Requirements, take, text_of

HARMLESS = ("name", "channels", "prefix")
SHOWN = 8


def read(path: Path, root: Path) -> Requirements:
    """What of it can be had here.

    Raises
    ------
    Unbuildable
        Something in it cannot; the message names every such line.
    """
    name = path.relative_to(root.resolve()).as_posix()
    try:
        document = yaml.compose(text_of(path, name), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Unbuildable(
            "bad_syntax", f"{name}, line {line} is no YAML: {error.problem}.", "Mend this line."
        ) from None
    if not isinstance(document, yaml.MappingNode):
        raise Unbuildable("bad_syntax", f"{name} is not an environment of conda.", "Give it a list of dependencies.")
    found = Requirements(files=[path])
    unmet: list[tuple[str, int]] = []
    for key, value in document.value:
        if key.value == "dependencies" and isinstance(value, yaml.SequenceNode):
            for node in value.value:
                _dependency(node, found, unmet, path, root, name)
        elif key.value not in HARMLESS:
            unmet.append((key.value, key.start_mark.line + 1))
    if unmet:
        raise _unmet(unmet, name)
    return found


def _dependency(
    node: yaml.Node, found: Requirements, unmet: list[tuple[str, int]], path: Path, root: Path, name: str
) -> None:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "pip" and isinstance(value, yaml.SequenceNode):
                for one in value.value:
                    take(str(one.value), f"{name}, line {one.start_mark.line + 1}", path, root.resolve(), found)
            else:
                unmet.append((str(key.value), line))
        return
    text = str(node.value).strip()
    if match := re.fullmatch(r"(?:[\w-]+::)?python\s*([=<>!~].*)?", text):
        if match[1]:
            found.python = Wanted(_specifiers(match[1]), f"{name}, line {line}")
    elif not re.fullmatch(r"(?:[\w-]+::)?pip\s*([=<>!~].*)?", text):
        unmet.append((text, line))


def _specifiers(text: str) -> str:
    """conda's ``=3.11`` is pip's ``==3.11.*``."""
    if match := re.fullmatch(r"\s*={1,2}\s*(\d+\.\d+)(?:\.\d+|\.\*)?\s*", text):
        return f"=={match[1]}.*"
    return text.strip()


def _unmet(unmet: list[tuple[str, int]], name: str) -> Unbuildable:
    shown = ", ".join(f"{text} (line {line})" for text, line in unmet[:SHOWN])
    more = f" and {len(unmet) - SHOWN} more" if len(unmet) > SHOWN else ""
    packages = [re.sub(r"^[\w-]+::", "", text) for text, _ in unmet]
    names = [match[0] for one in packages if (match := re.match(r"[A-Za-z0-9][\w.-]*", one))][:3]
    return Unbuildable(
        "conda_only",
        f"{name} asks for what only conda installs: {shown}{more}.",
        f"Where PyPI has a package of the same name ({', '.join(names)}?), list it below `- pip:` instead, or add a "
        "requirements.txt, which goes before this file.",
    )
