"""Adding what pip installs to ``environment.yml``, or asking for another version of it: nothing else of it changes."""

from __future__ import annotations

import re

import yaml
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from ..errors import Unbuildable
from .explain import name_of


def add(before: str, name: str, text: str) -> str:
    """``before``, which is a valid one called ``name``, with the requirement ``text`` below ``pip``.

    Raises
    ------
    Unbuildable
        It is conda's package by now, or the file is written in a way that is not edited here.
    """
    document = yaml.compose(before, Loader=yaml.SafeLoader)
    pairs = document.value if isinstance(document, yaml.MappingNode) else []
    items = next((value for key, value in pairs if key.value == "dependencies"), None)
    if not isinstance(items, yaml.SequenceNode) or items.flow_style or not items.value:
        raise Unbuildable("not_edited", f"{name} has no list of dependencies, a line each.", "Write one.")
    wanted = canonicalize_name(Parsed(text).name)
    for node in items.value:
        if isinstance(node, yaml.ScalarNode) and canonicalize_name(name_of(str(node.value))) == wanted:
            place = f"{name}, line {node.start_mark.line + 1}"
            raise Unbuildable("not_edited", f"{place}: {node.value} is asked of conda.", "Change it there.")
    lines = before.splitlines(keepends=True)
    pip = next((found for node in items.value if (found := _pip(node)) is not None), None)
    if pip is None:
        last = items.value[-1]
        start = lines[last.start_mark.line][: last.start_mark.column]
        known = any(isinstance(node, yaml.ScalarNode) and name_of(str(node.value)) == "pip" for node in items.value)
        added = f"{'' if known else start + 'pip' + chr(10)}{start}pip:\n{' ' * len(start)}  - {_scalar(text)}\n"
        return _after(lines, last.start_mark.line, added)
    if not isinstance(pip, yaml.SequenceNode) or pip.flow_style or not pip.value:
        raise Unbuildable("not_edited", f"{name} has no list below pip, a line each.", "Write one.")
    for node in pip.value:
        if _name(str(node.value)) == wanted:
            return f"{before[: node.start_mark.index]}{_scalar(text)}{before[node.end_mark.index :]}"
    last = pip.value[-1]
    start = lines[last.start_mark.line][: last.start_mark.column]
    return _after(lines, last.start_mark.line, f"{start}{_scalar(text)}\n")


def _pip(node: yaml.Node) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for key, value in pairs if key.value == "pip"), None)


def _after(lines: list[str], number: int, added: str) -> str:
    gap = "" if lines[number].endswith("\n") else "\n"
    return "".join([*lines[: number + 1], gap, added, *lines[number + 1 :]])


def _name(line: str) -> str:
    try:
        return canonicalize_name(Parsed(re.split(r"\s--", line)[0]).name)
    except InvalidRequirement:
        return ""


def _scalar(text: str) -> str:
    """As YAML writes it: quoted where it has to be."""
    return str(yaml.safe_dump(text, width=len(text) + 9)).removesuffix("\n").removesuffix("\n...")
