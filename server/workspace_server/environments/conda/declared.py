"""Reading conda's ``environment.yml``: what pip installs, its Python, and what only conda has.

Packages of conda are other builds than those of PyPI, even where they have the same name: none is translated. Where
this machine cannot install them they are named, never left out in silence.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import yaml
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ..errors import Unbuildable
from ..pythons import OWN_VERSION, Wanted, is_installed
from ..requirements import Conda, Index, Requirements, refuse, take, text_of
from . import channels

HARMLESS = ("name", "prefix")
SHOWN = 8
_PYTHON = re.compile(r"(?:[\w.-]+::)?python\s*([=<>!~ ].*)?", re.IGNORECASE)
_PIP = re.compile(r"(?:[\w.-]+::)?pip\s*([=<>!~ ].*)?", re.IGNORECASE)


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
    specs: list[yaml.Node] = []
    named: list[yaml.Node] = []
    unknown: list[yaml.Node] = []
    for key, value in document.value:
        if key.value == "dependencies" and isinstance(value, yaml.SequenceNode):
            for node in value.value:
                if isinstance(node, yaml.MappingNode):
                    unknown += _below(node, found, path, root, name)
                else:
                    specs.append(_word(node, name))
        elif key.value == "channels":
            listed = value.value if isinstance(value, yaml.SequenceNode) else [value]
            named += [_word(node, name) for node in listed]
        elif key.value not in HARMLESS:
            unknown.append(key)
    for node in specs:
        if (match := _PYTHON.fullmatch(_text(node))) and match[1]:
            found.python = Wanted(_specifiers(match[1]), _place(node, name))
    only = [node for node in specs if not _PYTHON.fullmatch(_text(node)) and not _PIP.fullmatch(_text(node))]
    if unknown or (only and not channels.available()):
        # What conda alone installs is named along with the rest: somebody else's machine may have it.
        raise _unmet([*([] if channels.available() else only), *unknown], name)
    # A Python that is not installed here can be had from conda as well.
    if only or (channels.available() and not is_installed(found.python)):
        found.conda, foreign = _conda(specs, named, name)
        found.indexes += foreign
    return found


def _below(node: yaml.MappingNode, found: Requirements, path: Path, root: Path, name: str) -> list[yaml.Node]:
    """Take what is listed below ``pip``; the keys that are something else."""
    unknown = []
    for key, value in node.value:
        if key.value == "pip" and isinstance(value, yaml.SequenceNode):
            for one in value.value:
                take(str(_word(one, name).value), _place(one, name), path, root.resolve(), found)
        else:
            unknown.append(key)
    return unknown


def _conda(specs: list[yaml.Node], named: list[yaml.Node], name: str) -> tuple[Conda, list[Index]]:
    wanted = [(_text(one), _place(one, name)) for one in named]
    asked: list[tuple[str, str]] = []
    chosen: list[tuple[str, str]] = []
    for node in specs:
        text, place = _text(node), _place(node, name)
        if re.search(r"://|^[./~]|\[", text):
            raise refuse(
                "direct_url", place, text, "A package is its name and version, no address, and without brackets.",
                "Name it like numpy=1.26.",
            )  # fmt: skip
        channel, _, rest = text.rpartition("::")
        if channel:
            asked.append((channel, place))
            text = f"{channels.of(channel, place)}::{rest}"
        chosen.append((text, place))
    urls, foreign = channels.wanted(wanted, asked)
    return Conda(tuple(urls), tuple(chosen)), foreign


def _word(node: yaml.Node, name: str) -> yaml.Node:
    if not isinstance(node, yaml.ScalarNode):
        raise Unbuildable("bad_syntax", f"{_place(node, name)} is no word of conda's.", "Write it like numpy=1.26.")
    return node


def _text(node: yaml.Node) -> str:
    return str(node.value).strip()


def _place(node: yaml.Node, name: str) -> str:
    return f"{name}, line {node.start_mark.line + 1}"


def _specifiers(text: str) -> str:
    """What conda asks of Python's version, as pip says it: ``=3.11``, ``3.11.*`` and ``=3.11.9=hb806964_0`` are all
    ``==3.11.*``. Of alternatives, the one that the server's own fits, if one does."""
    chosen = ""
    for one in text.split("|"):
        match = re.match(r"\s*={0,2}\s*(\d+(?:\.\d+)?)(?![\d,])(?:\.[\d*]+)*(?:[=\s].*)?$", one)
        said = f"=={match[1]}.*" if match else re.split(r"\s+(?=[^\s<>=!~,\d])|(?<=[\d*])=", one.strip())[0]
        chosen = chosen or said
        with contextlib.suppress(InvalidSpecifier):
            if SpecifierSet(said).contains(OWN_VERSION, prereleases=True):
                return said
    return chosen


def _unmet(nodes: list[yaml.Node], name: str) -> Unbuildable:
    unmet = [(_text(node), node.start_mark.line + 1) for node in sorted(nodes, key=lambda one: one.start_mark.index)]
    shown = ", ".join(f"{text} (line {line})" for text, line in unmet[:SHOWN])
    more = f" and {len(unmet) - SHOWN} more" if len(unmet) > SHOWN else ""
    if channels.available():
        return Unbuildable(
            "conda_only", f"{name} says what is not taken from it here: {shown}{more}.",
            "Remove it." + (" Variables can be set in the notebook itself." if ("variables" in shown) else ""),
        )  # fmt: skip
    packages = [re.sub(r"^[\w-]+::", "", text) for text, _ in unmet]
    names = [match[0] for one in packages if (match := re.match(r"[A-Za-z0-9][\w.-]*", one))][:3]
    return Unbuildable(
        "conda_only",
        f"{name} asks for what only conda installs: {shown}{more}.",
        f"Where PyPI has a package of the same name ({', '.join(names)}?), list it below `- pip:` instead, or add a "
        "requirements.txt, which goes before this file. "
        "Whoever runs this workspace can have it install conda's: pip install 'jupyter-atrium[conda]'.",
    )
