"""Git-backed projects: `.venv/bin/python tests/bench/projects.py`, on a machine with nothing else to do.

The same repositories are given to our server, to plain git and, where it has the feature, to jupyterlab-git's server or
the nbdime beneath it, one after the other on this machine. Every figure is a median of its rounds unless it says
otherwise.

status        of 50 000 files, ten of them changed
clone         of the same repository: until it is open, the first progress, and cancelling
branch        a worktree for a new branch, against a clone; and on which branch a folder is
diff          of a notebook of 200 cells: ten edits, without cell ids, after a full run; and one cell's outputs
merge         of the same notebook, both sides run anew; and of 500 cells with 50 MB of outputs
following     from a push until production has it: by webhook, and by polling among ten projects during a clone
lag           how much longer a request takes than when idle (p99), during each of the long ones above
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import hmac
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench import repositories
from tests.bench.lag import Lag
from tests.bench.repositories import git
from tests.bench.servers import Peer, peer, peer_python
from tests.bench.table import Row, Table, median, percentile
from tests.fakes.remotes import allow
from tests.fakes.servers import Server, start_server

PACKAGE = "jupyterlab-git==0.55.0"
FILES = 50_000
LAG = 20.0
"""Milliseconds that a request may wait for the event loop at p99."""
SMALL, LARGE = 3_300_000, 50_000_000
PATIENCE = 60
"""Seconds after which the peer is no longer waited for."""

NBDIME = """
import json, sys, time
from nbdime import diff_notebooks
from nbdime.merging.notebooks import decide_notebook_merge, apply_decisions
import nbformat
books = [nbformat.read(name, as_version=4) for name in sys.argv[1:]]
began = time.perf_counter()
if len(books) == 2:
    diff_notebooks(*books)
else:
    apply_decisions(books[0], decide_notebook_merge(*books))
print(time.perf_counter() - began)
"""


OURS = """
import sys, time
from pathlib import Path
from workspace_server.projects.contents.conflicts import Choices
from workspace_server.projects.contents.notebook_merge import merge_notebooks, parse
books = [Path(name).read_bytes() for name in sys.argv[1:]]
began = time.perf_counter()
_, conflicts = merge_notebooks([parse(book) for book in books], Choices([], "book.ipynb"))
assert not conflicts, conflicts
print(time.perf_counter() - began)
"""

# Milliseconds that it takes to know on which branch each folder of a project is.
WHICH = """
import statistics, sys, time
from pathlib import Path
from workspace_server.projects.git.worktrees import find
took = []
for _ in range(500):
    began = time.perf_counter()
    assert all(branch for _, branch in find(Path(sys.argv[1])).values())
    took.append(time.perf_counter() - began)
print(statistics.median(took) * 1000)
"""


class Benchmark:
    """One server of ours on a home, repositories beside it, and the table that is filled."""

    def __init__(self, folder: Path, server: Server, arguments: argparse.Namespace) -> None:
        self.folder = folder
        self.server = server
        self.rounds: int = arguments.rounds
        self.files: int = arguments.files
        self.with_peer: bool = not arguments.no_peer
        self.table = Table("Git-backed projects", ("Atrium", "peer"))
        self._lag = Lag(server)

    def row(self, name: str, unit: str, ours: float | None, theirs: float | None = None, **more: Any) -> None:
        self.table.add(Row(name, unit, ours, theirs, **more))

    @contextlib.contextmanager
    def lag(self, name: str) -> Iterator[None]:
        """Tell how long others waited meanwhile."""
        with self._lag.sampling() as samples:
            yield
        note = f"{len(samples)} asked"
        self.row(f"event loop during {name}, p99", "ms", percentile(samples, 99), goal=LAG, note=note)

    # Rows

    def status(self) -> None:
        tree = self._many()
        for number in range(10):
            (tree / "d000" / f"file{number:05}.txt").write_text("changed\n")
        (tree / "new.txt").write_text("new\n")
        plain = self._times(lambda: git(tree, "status", "--porcelain=v2", "-z", "--branch", "--untracked-files=all"))
        path = f"/projects/{self.many}/branches/main/status"
        expect(len(self.server.api("GET", path)["files"]) == 11, "status does not see the changes")
        ours = self._times(lambda: self.server.api("GET", path))
        theirs = None
        if self.with_peer:
            with self._peer() as other:
                self._clone_plain(other.folder / "many")
                (other.folder / "many" / "new.txt").write_text("new\n")
                theirs = self._times(lambda: other.call("POST", "git/many/status", {}))
        git(tree, "checkout", "-q", ".")
        (tree / "new.txt").unlink()
        self.row(f"status of {self.files} files", "ms", ours * 1000, theirs and theirs * 1000)
        self.row("status, against git status", "x git", ours / plain, theirs and theirs / plain, goal=1.2)

    def clone(self) -> None:
        source = self._source()
        plain = self._times(lambda: self._clone_plain(self.folder / "plain"))
        took, first = [], []
        for _ in range(self.rounds):
            began = time.monotonic()
            operation = self.server.api("POST", "/projects", {"url": source.as_uri(), "name": "again"})
            progress = None
            while operation["state"] == "running":
                operation = self.server.api("GET", f"/operations/{operation['id']}")
                if progress is None and operation["message"]:
                    progress = time.monotonic() - began
                time.sleep(0.01)
            expect(operation["state"] == "succeeded", str(operation["error"]))
            took.append(time.monotonic() - began)
            first.append(took[-1] if progress is None else progress)
            self.server.api("DELETE", f"/projects/{operation['result']['project']}?name=again&now=true")
        theirs = None
        if self.with_peer:
            with self._peer() as other:

                def cloned() -> None:
                    other.call(
                        "POST", "git/clone", {"clone_url": source.as_uri(), "versioning": True, "submodules": False}
                    )
                    shutil.rmtree(other.folder / source.name)

                theirs = self._times(cloned)
        note = "theirs shows no progress, and has no checkout of its own"
        self.row(f"clone of {self.files} files", "s", median(took), theirs, note=note)
        self.row("clone, against git clone", "x git", median(took) / plain, theirs and theirs / plain, goal=1.05)
        self.row("clone, first progress", "s", median(first), goal=1.0)
        self._cancel(source)

    def _cancel(self, source: Path) -> None:
        before = set((self.server.home / "git").iterdir())
        operation = self.server.api("POST", "/projects", {"url": source.as_uri(), "name": "never"})
        time.sleep(1.0)
        began = time.monotonic()
        self.server.api("POST", f"/operations/{operation['id']}/cancel")
        while operation["state"] == "running":
            operation = self.server.api("GET", f"/operations/{operation['id']}")
            time.sleep(0.01)
        took = time.monotonic() - began
        left = set((self.server.home / "git").iterdir()) - before or (self.server.home / "work/projects/never").exists()
        self.row("clone, cancelled", "s", float("inf") if left else took, goal=2.0, note=operation["state"])

    def branch(self) -> None:
        self._many()
        plain = self._times(lambda: self._clone_plain(self.folder / "plain"))
        names = (f"branch-{number}" for number in range(100))
        ours = self._times(lambda: self.server.api("POST", f"/projects/{self.many}/branches", {"name": next(names)}))
        self.row("new branch, against git clone", "x clone", ours / plain, goal=0.7, note=f"{ours:.1f} s")
        command = [sys.executable, "-c", WHICH, str(self.server.home / "git" / "many.git")]
        which = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        self.row("branch that a folder is on", "ms", which, goal=1.0, note=f"of {self.rounds + 1} folders")

    def diff(self) -> None:
        book = repositories.notebook(200, SMALL)
        bare = repositories.notebook(200, SMALL, ids=False)
        ten = range(0, 200, 20)
        for name, before, after in (
            ("10 edits", book, repositories.edited(book, ten)),
            ("10 edits, no cell ids", bare, repositories.edited(bare, ten)),
            ("full run", book, repositories.rerun(book, 2)),
        ):
            project, tree, _ = self._project({"book.ipynb": before})
            repositories.write(tree / "book.ipynb", after)
            path = f"/projects/{project}/branches/main/diff?path=book.ipynb"
            self.server.api("GET", path)
            took = [self._once(lambda path=path: self.server.api("GET", path)) for _ in range(max(10, self.rounds))]  # type: ignore[misc]
            theirs = self._nbdime(before, after)
            p95 = percentile(took, 95) * 1000
            self.row(f"diff of 200 cells, {name}, p95", "ms", p95, theirs and theirs * 1000, goal=300.0)

    def merge(self) -> None:
        book = repositories.notebook(200, SMALL)
        mine, other = repositories.rerun(book, 2), repositories.rerun(repositories.edited(book, range(0, 200, 20)), 3)
        mine = repositories.edited(mine, range(10, 200, 20))
        took = [self._python(sys.executable, OURS, book, mine, other) for _ in range(self.rounds)]
        theirs = self._nbdime(book, mine, other)
        note = "ours reads and writes the files' text as well"
        self.row("merge of 200 cells, both run anew", "s", median(took), theirs, goal=0.5, note=note)
        self.row("a whole pull of it, with the fetch", "s", self._merged(book, mine, other))
        large = repositories.notebook(500, LARGE)
        mine, other = repositories.rerun(large, 2), repositories.edited(large, range(0, 500, 50))
        with self.lag("a merge of 500 cells, 50 MB"):
            took = self._merged(large, repositories.edited(mine, range(10, 500, 50)), other)
        self.row("merge of 500 cells, 50 MB of outputs", "s", took)
        project, tree, _ = self._project({"book.ipynb": large})
        repositories.write(tree / "book.ipynb", repositories.edited(mine, range(0, 500, 50)))
        with self.lag("a diff of 500 cells, 50 MB"):
            took = self._once(lambda: self.server.api("GET", f"/projects/{project}/branches/main/diff?path=book.ipynb"))
        self.row("diff of 500 cells, 50 MB of outputs", "s", took)

    def following(self) -> None:
        followed = [self._project({"a.ipynb": repositories.notebook(2, 100)}) for _ in range(10)]
        project, _, source = followed[0]
        for each, _, _ in followed:
            self._pushed_until(each, None)
        secret = self.server.api("POST", f"/projects/{project}/webhook/secret")["secret"]
        took = []
        for number in range(max(5, self.rounds)):
            sha = self._push(source, f"webhook {number}")
            began = time.monotonic()
            body = b'{"ref": "refs/heads/main"}'
            digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            status, reply = self.server.request(
                "POST", f"atrium/api/projects/{project}/webhook", json.loads(body), person=None,
                **{"X-Hub-Signature-256": f"sha256={digest}", "X-GitHub-Event": "push", "X-GitHub-Delivery": sha},
            )  # fmt: skip
            expect(status == 202, str(reply))
            self._pushed_until(project, sha)
            took.append(time.monotonic() - began)
        self.row("push to production by webhook, p95", "s", percentile(took, 95), goal=10.0)
        shas = {each: self._push(source, "polled") for each, _, source in followed}
        began = time.monotonic()
        with self.lag("a clone while ten projects are polled"):
            operation = self.server.api("POST", "/projects", {"url": self._source().as_uri(), "name": "meanwhile"})
            for each, sha in shas.items():
                self._pushed_until(each, sha)
            took = [time.monotonic() - began]
            self.server.wait(operation)
        note = "the last of ten, during a clone"
        self.row("push to production by polling", "s", took[0], goal=75.0, note=note)

    # Helpers

    def _source(self) -> Path:
        """The repository of many files, made when it is asked for first."""
        source = self.folder / "sources" / "many"
        if not source.exists():
            repositories.many_files(source, self.files)
            self._allow(source)
        return source

    def _many(self) -> Path:
        """It as a project: the folder of its main branch."""
        if not hasattr(self, "many"):
            self.many, self._tree = self._cloned(self._source(), "many")
        return self._tree

    def _allow(self, source: Path) -> None:
        settings = self.server.home / "settings" / "allowed-remotes.json"
        known = json.loads(settings.read_text()) if settings.exists() else []
        allow(self.server.home, *known, source.as_uri())

    def _cloned(self, source: Path, name: str) -> tuple[str, Path]:
        with self.lag(f"a clone of {self.files} files") if name == "many" else contextlib.nullcontext():
            done = self.server.wait(self.server.api("POST", "/projects", {"url": source.as_uri(), "name": name}))
        expect(done["state"] == "succeeded", str(done["error"]))
        return done["result"]["project"], self.server.home / "work" / "projects" / name / "main"

    def _project(self, books: dict[str, dict[str, Any]]) -> tuple[str, Path, Path]:
        """A project of a repository with these notebooks: its id, its folder, and the repository that it follows."""
        self._made = getattr(self, "_made", 0) + 1
        name = f"p{self._made}"
        source = repositories.begin(self.folder / "sources" / name)
        for file, book in books.items():
            repositories.write(source / file, book)
        repositories.commit(source)
        bare = self.folder / "sources" / f"{name}.git"
        git(self.folder, "clone", "-q", "--bare", str(source), str(bare))
        git(source, "remote", "add", "origin", str(bare))
        self._allow(bare)
        return *self._cloned(bare, name), source

    def _push(self, source: Path, text: str) -> str:
        (source / "note.txt").write_text(f"{text} {time.monotonic()}\n")
        sha = repositories.commit(source, text)
        git(source, "push", "-q", "origin", "main")
        return sha

    def _pushed_until(self, project: str, sha: str | None) -> None:
        deadline = time.monotonic() + 120
        while not (found := self.server.api("GET", f"/projects/{project}/production")["sha"]) or sha not in (
            None,
            found,
        ):
            expect(time.monotonic() < deadline, "production does not follow")
            time.sleep(0.05)

    def _merged(self, base: dict[str, Any], mine: dict[str, Any], other: dict[str, Any]) -> float:
        """Seconds that a pull takes where both sides have commits."""
        project, tree, source = self._project({"book.ipynb": base})
        repositories.write(source / "book.ipynb", other)
        repositories.commit(source, "Theirs")
        git(source, "push", "-q", "origin", "main")
        repositories.write(tree / "book.ipynb", mine)
        branch = f"/projects/{project}/branches/main"
        self.server.api("POST", f"{branch}/commit", {"paths": ["book.ipynb"], "summary": "Mine"})
        began = time.monotonic()
        done = self.server.wait(self.server.api("POST", f"{branch}/pull", {}))
        took = time.monotonic() - began
        expect(done["state"] == "succeeded" and not done["result"].get("conflicts"), f"the pull: {str(done)[:500]}")
        return took

    def _nbdime(self, *books: dict[str, Any]) -> float | None:
        """Seconds that nbdime takes for a diff (of two) or a merge (of three); infinite past the time it is given."""
        return self._python(peer_python(PACKAGE), NBDIME, *books) if self.with_peer else None

    def _python(self, python: str | Path, program: str, *books: dict[str, Any]) -> float:
        """What a program prints that is given notebooks; infinite past the time it is given."""
        names = []
        for number, book in enumerate(books):
            names.append(str(self.folder / f"book{number}.ipynb"))
            repositories.write(Path(names[-1]), book)
        command = [str(python), "-c", program, *names]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
        except subprocess.TimeoutExpired:
            return float("inf")
        return float(done.stdout.split()[-1])

    def _clone_plain(self, target: Path) -> None:
        shutil.rmtree(target, ignore_errors=True)
        git(self.folder, "clone", "-q", self._source().as_uri(), str(target))

    @contextlib.contextmanager
    def _peer(self) -> Iterator[Peer]:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, peer(Path(folder), PACKAGE) as server:
            yield server

    def _times(self, act: Callable[[], object]) -> float:
        return median([self._once(act) for _ in range(self.rounds)])

    @staticmethod
    def _once(act: Callable[[], object]) -> float:
        began = time.monotonic()
        act()
        return time.monotonic() - began


def expect(condition: bool, message: str) -> None:
    if not condition:
        raise RuntimeError(message)


ROWS = ("status", "clone", "branch", "diff", "merge", "following")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--only", nargs="+", choices=ROWS, default=ROWS, metavar="ROWS", help=", ".join(ROWS))
    parser.add_argument("--no-peer", action="store_true", help="measure ours and git alone")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=FILES, help="in the large repository")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="atrium-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with start_server(folder / "home", people=("ana",), ATRIUM_POLL_SECONDS="60") as server:
            benchmark = Benchmark(folder, server, arguments)
            for row in arguments.only:
                print(f"{row} ...", flush=True)
                getattr(benchmark, row)()
    print(f"\n{benchmark.table}")
    return 1 if benchmark.table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
