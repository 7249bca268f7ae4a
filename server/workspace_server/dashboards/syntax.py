"""Questions to Python's syntax that the analysis of cells asks: names, scopes, dotted calls, texts, magics."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Scope:
    """Names that a statement uses in the notebook's own scope: at once (``reads``, ``makes``), and when a function
    inside of it is called (``later_reads``, ``later_makes``)."""

    reads: frozenset[str]
    makes: frozenset[str]
    later_reads: frozenset[str]
    later_makes: frozenset[str]


def scope(node: ast.stmt) -> Scope:
    """The :class:`Scope` of a statement, by Python's own symbol table."""
    try:
        table = symtable.symtable(ast.unparse(node), "cell", "exec")
    except SyntaxError:
        everything = frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))
        return Scope(everything, everything, everything, everything)
    own = table.get_symbols()
    reads = {symbol.get_name() for symbol in own if symbol.is_referenced()}
    makes = {symbol.get_name() for symbol in own if symbol.is_assigned() or symbol.is_imported()}
    later_reads: set[str] = set()
    later_makes: set[str] = set()
    pending = list(table.get_children())
    while pending:
        child = pending.pop()
        pending += child.get_children()
        for symbol in child.get_symbols():
            if symbol.is_global():
                later_reads |= {symbol.get_name()} if symbol.is_referenced() else set()
                later_makes |= {symbol.get_name()} if symbol.is_assigned() else set()
    return Scope(frozenset(reads), frozenset(makes), frozenset(later_reads), frozenset(later_makes))


def within(node: ast.AST) -> Iterator[ast.AST]:
    """``node`` and all that is in it, without the bodies of functions, classes and lambdas."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (*FUNCTIONS, ast.Lambda)):
            yield from within(child)


def targets(node: ast.AST) -> set[str]:
    """Names that a target binds: ``a`` and ``b`` of ``a, *b``; none of ``a.b`` and ``a[0]``."""
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, (ast.Tuple, ast.List)):
        return set().union(*(targets(each) for each in node.elts))
    return targets(node.value) if isinstance(node, ast.Starred) else set()


def dotted(node: ast.AST) -> list[str]:
    """``["ws", "tables", "write"]`` of ``ws.tables.write``; empty for anything but dots between names."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [*parts, node.id][::-1] if isinstance(node, ast.Name) else []


def method(node: ast.AST) -> str:
    """The last name of what is called: ``write`` of ``f(x).a[0].write``."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def text_of(node: ast.AST) -> str | None:
    """The text that a literal is; None for everything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def texts(node: ast.AST) -> list[str]:
    """All literal texts in ``node``."""
    return [text for part in ast.walk(node) if (text := text_of(part)) is not None]


def own_literals(node: ast.AST) -> Iterator[ast.Constant]:
    """Literals in an argument, but not those of calls within it."""
    if isinstance(node, ast.Constant):
        yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.Call):
            yield from own_literals(child)


def in_place(call: ast.Call) -> bool:
    """Whether ``inplace=`` or ``out=`` makes a call change what others only read."""
    return any(
        keyword.arg in ("inplace", "out") and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
        for keyword in call.keywords
    )


def magic(node: ast.AST) -> tuple[str, str] | None:
    """Name and text of a magic or shell command, from the call that IPython makes of it."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    owner = node.func.value
    if not (isinstance(owner, ast.Call) and method(owner.func) == "get_ipython"):
        return None
    said = [each.value for each in node.args if isinstance(each, ast.Constant)]
    if node.func.attr in ("system", "getoutput"):
        return node.func.attr, str(said[0] if said else "")
    if node.func.attr in ("run_line_magic", "run_cell_magic") and said:
        return str(said[0]), str(said[-1])
    return None


def origins(trees: list[ast.Module]) -> dict[str, str]:
    """The top-level package of each imported name; names that are also assigned somewhere are left out."""
    found: dict[str, str] = {}
    assigned: set[str] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Import):
            for each in node.names:
                package = each.name.partition(".")[0]
                found[each.asname or package] = package
        elif isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                found[each.asname or each.name] = node.module.partition(".")[0]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            assigned.add(node.id)
        elif isinstance(node, FUNCTIONS):
            assigned.add(node.name)
    return {name: package for name, package in found.items() if name not in assigned}


def origin(node: ast.AST, imported: Mapping[str, str]) -> str:
    """The package whose function ``node`` names; empty when it is not an imported name with dots."""
    chain = dotted(node)
    return imported.get(chain[0], "") if chain else ""
