"""What a cell's code would install by itself: by a magic, a shell line, or a process that it starts."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement

INSTALLS = re.compile(
    r"(?:^|[\s;&|/%'\"])(?:pip3?(?:\.\d+)?|conda|mamba|micromamba)\s+install\s+(.*)|(?:^|[\s;&|/%])uv\s+add\s+(.*)"
)
# A line that IPython gives to a shell or to a magic, also with its output assigned.
APART = re.compile(r"^\s*(?:[\w, ]+=\s*)?(?:!!?|%(?!%))(.*)$")
SHELLS = re.compile(r"^\s*%%(?:bash|sh|script|system|!)\b")
WITH_VALUE = {
    "-r", "--requirement", "-c", "--constraint", "-t", "--target", "--prefix", "--root", "--python", "-p", "-i",
    "--index-url", "--extra-index-url", "--index", "-f", "--find-links", "-e", "--editable", "-n", "--channel",
    "--group", "--proxy", "--timeout", "--cache-dir", "--trusted-host",
}  # fmt: skip
RUNS = {
    "run", "call", "check_call", "check_output", "Popen", "system", "popen", "getoutput", "getstatusoutput",
    "run_line_magic", "run_cell_magic", "main", "create_subprocess_exec", "create_subprocess_shell",
}  # fmt: skip


def installs(code: str) -> list[str]:
    """The requirements ("polars>=1"), in their order; those that no package index has are left out."""
    found: dict[str, None] = {}
    for command in _commands(code):
        for match in INSTALLS.finditer(command):
            found |= dict.fromkeys(_wanted(match[1] or match[2] or ""))
    return list(found)


def _commands(code: str) -> Iterator[str]:
    lines = code.replace("\\\n", " ").splitlines()
    if lines and SHELLS.match(lines[0]):
        yield from lines[1:]
        return
    rest = []
    for line in lines:
        if match := APART.match(line):
            yield f" {match[1]}"
        # What only IPython understands is no Python.
        rest.append("" if line.lstrip().startswith("%%") else re.sub(r"^(\s*).*", r"\1pass", line) if match else line)
    try:
        tree = ast.parse("\n".join(rest))
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func).rpartition(".")[2] in RUNS:
            yield _text(node)


def _text(call: ast.Call) -> str:
    """The command that a call runs; what is not written in it is a word of its own."""
    words = ["pip"] if _name(call.func).startswith("pip") else []
    for argument in call.args:
        for part in argument.elts if isinstance(argument, (ast.List, ast.Tuple)) else [argument]:
            words.append(str(part.value) if isinstance(part, ast.Constant) else "?")
    return " ".join(words)


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _wanted(arguments: str) -> Iterator[str]:
    try:
        words = shlex.split(arguments, comments=True)
    except ValueError:
        words = arguments.split()
    skip = False
    for word in words:
        if skip:
            skip = False
        elif re.match(r"[;&|<>]|\d?>", word):
            return
        elif word.startswith("-"):
            skip = word in WITH_VALUE
        else:
            bare, end = re.subn(r"[;&|].*$", "", word)
            try:
                one = Requirement(bare)
            except InvalidRequirement:
                continue
            if one.url is None:
                yield str(one)
            if end:
                return
