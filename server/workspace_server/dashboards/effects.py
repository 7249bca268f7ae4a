"""What one cell reads, makes, changes and writes, by IPython's own transformer and Python's own scopes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from IPython.core.inputtransformer2 import TransformerManager

from . import knowledge as known
from . import syntax
from .writing import writing

ALL_WIDGETS = "$*"


@dataclass
class Effects:
    """What running a cell may do to the names that cells share.

    Attributes
    ----------
    reads
        Names that it needs from before, and every word in its texts (a query may name a frame).
        ``$store`` stands for the widget ``store``, ``$*`` for all widgets.
    uses
        All names that it mentions, with those that it has made itself.
    makes, may_make
        Names that are new after it, for certain or under some condition.
    changes
        Names whose objects it may change in place.
    later, later_changes
        For a name that it makes: what whoever uses it reads and changes as well (a function's globals, the words of a
        query).
    aliases
        Sets of names that may stand for one object.
    iterators, generators, results
        Names that are used up by reading; functions whose results are; for each function the names of its results.
    writes, writers
        What it writes outside of itself, in the words of the code (empty if nothing); the same of functions it makes.
    files
        Texts of calls that write: whoever mentions one of them may read that file.
    texts
        All its texts.
    opaque
        Nothing can be said about it: it reads and changes everything.
    """

    reads: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)
    makes: set[str] = field(default_factory=set)
    may_make: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    later: dict[str, set[str]] = field(default_factory=dict)
    later_changes: dict[str, set[str]] = field(default_factory=dict)
    aliases: list[set[str]] = field(default_factory=list)
    iterators: set[str] = field(default_factory=set)
    generators: set[str] = field(default_factory=set)
    results: dict[str, set[str]] = field(default_factory=dict)
    writes: str = ""
    writers: dict[str, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    opaque: bool = False


def parse(source: str) -> ast.Module | None:
    """The cell as plain Python, its magics as calls of ``get_ipython()``; None when it cannot be read."""
    try:
        return ast.parse(TransformerManager().transform_cell(source))  # type: ignore[no-untyped-call]
    except (SyntaxError, ValueError):
        return None


def effects(tree: ast.Module | None, origins: Mapping[str, str]) -> Effects:
    """What the cell does; ``origins`` says which names of the notebook are imported, and whence."""
    if tree is None:
        return Effects(opaque=True)
    cell = _Cell(origins)
    cell.block(tree.body)
    return cell.effects


def groups(aliases: Iterable[set[str]], known: Mapping[str, set[str]] | None = None) -> dict[str, set[str]]:
    """For each name all names that may share its object, by joining the sets that overlap, also with ``known`` ones."""
    found = dict(known or {})
    for names in aliases:
        joined = set(names).union(*(found[name] for name in names if name in found))
        for name in joined:
            found[name] = joined
    return found


class _Cell:
    def __init__(self, origins: Mapping[str, str]) -> None:
        self.origins = origins
        self.effects = Effects()
        self._magics: set[int] = set()

    # Statements, in order

    def block(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            if isinstance(statement, (ast.With, ast.AsyncWith)):
                for item in statement.items:
                    self.statement(ast.Expr(item.context_expr))
                    if item.optional_vars is not None:
                        self.bind(item.optional_vars, item.context_expr)
                        self.effects.makes |= syntax.targets(item.optional_vars)
                self.block(statement.body)
            elif isinstance(statement, syntax.FUNCTIONS):
                self.definition(statement)
            elif spell := syntax.magic(getattr(statement, "value", statement)):
                self.magic(*spell)
                if isinstance(statement, ast.Assign):
                    self.effects.makes |= set().union(*map(syntax.targets, statement.targets))
            else:
                self.statement(statement)

    def statement(self, statement: ast.stmt) -> None:
        one = self.effects
        names = syntax.scope(statement)
        self.read(names.reads | names.later_reads | self.words(statement))
        for node in syntax.within(statement):
            self.node(node)
        if isinstance(statement, (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.Match)):
            one.may_make |= names.makes - one.makes
            for node in ast.walk(statement):
                if isinstance(node, syntax.FUNCTIONS):
                    self.describe(node)
        else:
            one.makes |= names.makes

    def definition(self, node: syntax.Definition) -> None:
        one = self.effects
        names = syntax.scope(node)
        # The body of a class runs at once; of a function only its defaults, decorators and annotations.
        at_once = names.reads | names.later_reads if isinstance(node, ast.ClassDef) else names.reads
        self.read(at_once)
        for decorator in node.decorator_list:
            self.node(decorator)
            self.change(self.shares(decorator) - set(self.origins))
            one.aliases.append({node.name, *self.shares(decorator)})
        self.describe(node)
        one.makes.add(node.name)

    def describe(self, node: syntax.Definition) -> None:
        """What whoever uses the function or class reads, changes and writes."""
        one = self.effects
        names = syntax.scope(node)
        inner = _Cell(self.origins)
        for part in ast.walk(node):
            inner.node(part)
        body = inner.effects
        same = groups(body.aliases)
        changed = set().union(*(same.get(name, {name}) for name in body.changes)) & names.later_reads
        # Its parameters and own variables may be called like something of the notebook's, and are not that.
        used = body.uses & (names.later_makes | {ALL_WIDGETS})
        one.later.setdefault(node.name, set()).update(names.later_reads | self.words(node) | used)
        one.later_changes.setdefault(node.name, set()).update(names.later_makes | changed)
        # What it returns may be, or hold, one of its globals.
        one.aliases.append({node.name, *(names.later_reads - set(self.origins))})
        one.files |= body.files
        one.opaque |= body.opaque
        if body.writes:
            one.writers[node.name] = body.writes
        if any(isinstance(part, (ast.Yield, ast.YieldFrom)) for part in ast.walk(node)):
            one.generators.add(node.name)

    def magic(self, name: str, text: str) -> None:
        if name in known.TRANSPARENT_MAGICS:
            tree = parse(re.sub(r"^(\s*-\w+(\s+\d+)?)+\s*", "", text))
            if tree is None:
                self.effects.opaque = True
            else:
                self.block(tree.body)
        elif name in known.SHELL_MAGICS:
            self.effects.writes = self.effects.writes or "a shell command"
            self.effects.files |= {word for word in re.split(r"""[\s"'=<>|;&]+""", text) if len(word) > 2}
        elif name not in known.HARMLESS_MAGICS:
            self.effects.opaque = True
            self.effects.writes = self.effects.writes or f"%{name}"

    # What an expression or an assignment does

    def node(self, node: ast.AST) -> None:
        one = self.effects
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if node.value is not None:
                    self.bind(target, node.value)
        elif isinstance(node, ast.AugAssign):
            self.read(syntax.targets(node.target))
            self.change(self.shares(node.target))
            self.bind(node.target, node.value)
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            one.aliases.append(self.share(node.target, node.iter))
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            self.bind(node.optional_vars, node.context_expr)
        elif isinstance(node, ast.Delete):
            for target in node.targets:
                self.change(self.shares(target) - syntax.targets(target))
        elif isinstance(node, ast.ImportFrom):
            one.opaque |= any(each.name == "*" for each in node.names)
        elif isinstance(node, ast.Name):
            one.opaque |= node.id in known.OPAQUE_NAMES
        elif isinstance(node, ast.Call):
            self.call(node)
        elif what := writing(node, self.origins):
            one.writes = one.writes or what

    def share(self, target: ast.expr, value: ast.expr) -> set[str]:
        """All names that one assignment ties together; stores into objects count as changing them."""
        tied = syntax.targets(target)
        for place in ast.walk(target):
            if isinstance(place, (ast.Attribute, ast.Subscript)) and isinstance(place.ctx, ast.Store):
                self.change(self.shares(place))
                tied |= self.shares(place)
        return tied | self.shares(value)

    def bind(self, target: ast.expr, value: ast.expr) -> None:
        one = self.effects
        one.aliases.append(self.share(target, value))
        late = self.words(value) | self.shares(value)
        for part in ast.walk(value):
            if isinstance(part, ast.Lambda):
                late |= syntax.scope(ast.Expr(part)).later_reads
        made = syntax.targets(target) | self.shares(target)
        for name in made:
            one.later.setdefault(name, set()).update(late)
        function = syntax.method(value.func) if isinstance(value, ast.Call) else ""
        if isinstance(value, ast.GeneratorExp) or function in known.ITERATORS:
            one.iterators |= made
        elif function:
            one.results.setdefault(function, set()).update(made)

    def call(self, call: ast.Call) -> None:
        one = self.effects
        if (spell := syntax.magic(call)) and isinstance(call.func, ast.Attribute):
            self._magics.add(id(call.func.value))
            self.magic(*spell)
            return
        if syntax.method(call.func) == "get_ipython":
            one.opaque |= id(call) not in self._magics
            return
        if what := writing(call, self.origins):
            one.writes = one.writes or what
            one.files |= {text for text in syntax.texts(call) if len(text) > 2}
            return  # It changes what lies outside, not what it is given.
        method = syntax.method(call.func)
        given: set[str] = set().union(*map(self.shares, syntax.arguments(call)))
        if package := syntax.origin(call.func, self.origins):
            self.imported(call, package)
            if package not in known.MODULES_THAT_ONLY_READ or syntax.in_place(call):
                self.change(given)
        elif isinstance(call.func, ast.Name):
            if method not in known.BUILTINS_THAT_ONLY_READ:
                self.change(given)
        elif method not in known.METHODS_THAT_ONLY_READ or syntax.in_place(call):
            self.change(self.shares(call.func) | given)

    def imported(self, call: ast.Call, package: str) -> None:
        """A call of a package's function may change the package's own state, or bind widgets by name."""
        one = self.effects
        chain = syntax.dotted(call.func)
        words = {word for part in (chain[1:] or chain) for word in part.lower().split("_")}
        if (words & known.STATEFUL_WORDS or package == "random") and chain[-1] not in known.STATELESS_FUNCTIONS:
            self.change({chain[0]})
        if package == "workspace_ext":
            if "widgets" in chain and chain[-1] in ("set", "override"):
                one.opaque = True
            literal = bool(call.args) and syntax.text_of(call.args[0]) is not None
            if chain[-1] == "values" or (chain[-1] == "sql" and not literal):
                self.read({ALL_WIDGETS})

    # Names and texts

    def read(self, names: AbstractSet[str]) -> None:
        self.effects.uses |= names
        self.effects.reads |= names - self.effects.makes

    def change(self, names: set[str]) -> None:
        """Any of ``names`` may be changed in place, and may hold the others from now on."""
        self.read(names)
        self.effects.changes |= names
        self.effects.aliases.append(names)
        for name in names:
            self.effects.later.setdefault(name, set()).update(names)

    def shares(self, node: ast.AST) -> set[str]:
        """The names whose objects the value of an expression may be, hold, or look into."""
        if isinstance(node, ast.Name):
            return {node.id}
        if isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred, ast.Await)):
            return self.shares(node.value)
        if isinstance(node, (ast.Constant, ast.JoinedStr, ast.Compare)):
            return set()
        if isinstance(node, ast.Lambda):
            return set(syntax.scope(ast.Expr(node)).later_reads)
        if not isinstance(node, ast.Call):
            return set().union(*map(self.shares, ast.iter_child_nodes(node)))
        method = syntax.method(node.func)
        given: set[str] = set().union(*map(self.shares, syntax.arguments(node)))
        if package := syntax.origin(node.func, self.origins):
            return set() if package in known.MODULES_THAT_MAKE_NEW else given
        if isinstance(node.func, ast.Name):
            if method in known.BUILTINS_THAT_MAKE_NEW:
                return set()
            return given if method in known.BUILTINS_THAT_ONLY_READ else given | {method}
        return set() if method in known.METHODS_THAT_MAKE_NEW else given | self.shares(node.func)

    def words(self, node: ast.AST) -> set[str]:
        """Every word of the texts in ``node`` that may name a variable, and ``$name`` for widgets bound by name."""
        found: set[str] = set()
        labels: set[int] = set()
        for part in ast.walk(node):
            labels |= {id(label) for label in self._labels(part)}
            if (text := syntax.text_of(part)) is not None:
                self.effects.texts.add(text)
                found |= {f"${name}" for name in re.findall(r"\$\{?([^\W\d]\w*)", text)}
                if id(part) not in labels:
                    found |= set(re.findall(r"[^\W\d]\w*", text))
        return found

    def _labels(self, node: ast.AST) -> Iterator[ast.AST]:
        """Texts that name columns, tables or files and never variables: ``df["store"]``, ``groupby("store")``, the SQL
        of ``ws.sql`` (which sees no variables); and docstrings."""
        if isinstance(node, ast.Subscript):
            yield from syntax.own_literals(node.slice)
        elif isinstance(node, ast.Expr):
            yield node.value
        elif isinstance(node, ast.Call) and syntax.method(node.func) not in ("eval", "query"):
            package = syntax.origin(node.func, self.origins)
            plain = isinstance(node.func, ast.Attribute) and node.func.attr in known.METHODS_THAT_ONLY_READ
            if package in known.MODULES_THAT_ONLY_READ or (plain and not package):
                for each in syntax.arguments(node):
                    yield from syntax.own_literals(each)
