"""Nothing in a repository, and nothing in a git directory's config, may run. Each canary would leave a file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.fakes.remotes import Remote, allow, git, notebook
from workspace_ext.contract.merges import PullBranch
from workspace_ext.contract.projects import CreateBranch
from workspace_server.kit.errors import AtriumError

from .conftest import Room


def test_the_canary_sings(tmp_path: Path, remote: Remote) -> None:
    """Plain git does run what the next test sets up; otherwise that one would prove nothing."""
    canary = _Canary(tmp_path)
    tree = remote.elsewhere
    canary.configure(tree / ".git" / "config")
    (tree / ".gitattributes").write_text("*.csv filter=evil diff=evil merge=evil\n")
    (tree / "data" / "sales.csv").write_text("date,y\n")
    git(tree, "status")
    git(tree, "add", "--all")
    git(tree, "diff", "--cached")
    with pytest.raises(subprocess.CalledProcessError):  # for the signing program is a canary as well
        git(tree, "commit", "--quiet", "-m", "x")
    assert {"fsmonitor", "hook", "filter", "external", "gpg"} <= canary.fired()


class _Canary:
    def __init__(self, folder: Path) -> None:
        self.fires = folder / "fired"
        self.fires.mkdir()
        self.scripts = folder / "scripts"
        self.scripts.mkdir()

    def script(self, name: str) -> str:
        path = self.scripts / name
        path.write_text(f"#!/bin/sh\ntouch {self.fires}/{name}\ncat 2>/dev/null || true\n")
        path.chmod(0o755)
        return str(path)

    def fired(self) -> set[str]:
        return {path.name for path in self.fires.iterdir()}

    def configure(self, config: Path) -> None:
        hooks = self.scripts / "hooks"
        hooks.mkdir()
        for name in ("post-checkout", "pre-commit", "commit-msg", "post-commit", "reference-transaction", "pre-push",
                     "post-merge", "post-index-change"):  # fmt: skip
            (hooks / name).write_text(Path(self.script("hook")).read_text())
            (hooks / name).chmod(0o755)
        included = self.scripts / "included"
        included.write_text(f'[filter "more"]\n clean = {self.script("include")}\n smudge = {self.script("include")}\n')
        with config.open("a") as file:
            file.write(
                f"[core]\n fsmonitor = {self.script('fsmonitor')}\n hooksPath = {hooks}\n"
                f" sshCommand = {self.script('ssh')}\n askPass = {self.script('askpass')}\n"
                f" editor = {self.script('editor')}\n pager = {self.script('pager')}\n"
                f" alternateRefsCommand = {self.script('alternates')}\n"
                f"[credential]\n helper = {self.script('credential')}\n"
                f"[gpg]\n program = {self.script('gpg')}\n[commit]\n gpgSign = true\n"
                f"[diff]\n external = {self.script('external')}\n"
                f'[diff "evil"]\n textconv = {self.script("textconv")}\n command = {self.script("diff")}\n'
                f'[filter "evil"]\n clean = {self.script("filter")}\n smudge = {self.script("filter")}\n'
                f'[merge "evil"]\n driver = {self.script("merge")}\n'
                f"[include]\n path = {included}\n"
                f'[remote "origin"]\n uploadpack = {self.script("uploadpack")}\n'
                f" receivepack = {self.script('receive')}\n"
                f"[uploadpack]\n packObjectsHook = {self.script('packhook')}\n"
            )


async def test_nothing_configured_in_the_git_directory_runs(room: Room, remote: Remote, tmp_path: Path) -> None:
    remote.push({".gitattributes": "*.csv filter=evil diff=evil merge=evil\n*.txt filter=more\n", "a.txt": "a"})
    project = await room.clone(remote.url)
    canary = _Canary(tmp_path)
    canary.configure(room.projects.get(project.id).git / "config")
    hooks = room.projects.get(project.id).git / "hooks"
    assert not hooks.exists()
    hooks.mkdir()
    for name in ("pre-commit", "post-checkout", "reference-transaction"):
        (hooks / name).write_text(Path(canary.script("hook")).read_text())
        (hooks / name).chmod(0o755)

    branches = room.projects.branches
    await branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    tree = room.tree(project, "weekly")
    # The file that says where the git directory is could point anywhere.
    evil = tmp_path / "evil.git"
    git(tmp_path, "init", "--quiet", "--bare", str(evil))
    (tree / ".git").write_text(f"gitdir: {evil}\n")
    (tree / "data" / "sales.csv").write_text("date,y\n1,2\n")
    (tree / "a.txt").write_text("b")
    (tree / "forecast.ipynb").write_text(notebook("x"))
    status = await branches.status(project.id, "weekly")
    assert len(status.files) == 3
    for file in status.files:
        await branches.diff(project.id, "weekly", file.path)
    await branches.commit(project.id, "weekly", [file.path for file in status.files], "Edit", "", room.ana.id)
    await room.ended(await branches.push(project.id, "weekly", room.ana.id))
    remote.push({"data/sales.csv": "date,y\n2026-01-01,1\n3,4\n"})
    # Both sides changed the file: the driver must neither run nor be taken for "resolved".
    assert (await branches.review(project.id, "weekly")).conflicts == ["data/sales.csv"]
    with pytest.raises(AtriumError) as error:
        await room.ended(await branches.merge(project.id, "weekly", "", room.ana.id))
    assert error.value.code == "merge_conflicts"
    await room.ended(await room.projects.pulling.pull(project.id, "main", PullBranch(), room.ana.id))
    (room.tree(project) / "a.txt").write_text("c")
    discarded = await branches.discard(project.id, "main", ["a.txt"], room.ana.id)
    await branches.restore(project.id, "main", discarded.backup)
    production = (await room.projects.look(project.id)).production
    assert production is not None
    assert production.sha == remote.head()
    assert canary.fired() == set()


async def test_the_repository_itself_runs_nothing_on_clone(room: Room, remote: Remote, tmp_path: Path) -> None:
    canary = _Canary(tmp_path)
    remote.push(
        {
            ".gitattributes": "*.csv filter=evil\n",
            ".gitconfig": f"[core]\n fsmonitor = {canary.script('fsmonitor')}\n",
            "hooks/post-checkout": Path(canary.script("hook")).read_text(),
        }
    )
    canary.configure(remote.path / "config")
    hook = remote.path / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(Path(canary.script("hook")).read_text())
    hook.chmod(0o755)
    await room.clone(remote.url)
    # What the remote's own config runs when it serves is the remote's business; only that is set aside here.
    assert canary.fired() - {"packhook", "alternates"} == set()


@pytest.mark.parametrize(
    "url",
    [
        "--upload-pack=touch {fired}/x",
        "ext::sh -c 'touch {fired}/x'",
        "-u{fired}",
        "fd::3",
        "file://{other}",
        "{other}",
    ],
)
async def test_addresses_that_would_run_or_read_something(room: Room, tmp_path: Path, url: str) -> None:
    fired = tmp_path / "fired"
    fired.mkdir()
    other = Remote(tmp_path / "other")
    with pytest.raises(AtriumError) as error:
        await room.projects.clone(url.format(fired=fired, other=other.path), "x", room.ana.id)
    assert error.value.status == 422
    assert list(fired.iterdir()) == []


async def test_an_address_that_is_not_allowed_any_more_is_not_asked(room: Room, remote: Remote) -> None:
    project = await room.clone(remote.url)
    await room.projects.look(project.id)
    allow(room.home.path)
    remote.push({"a.txt": "a"})
    described = await room.projects.look(project.id)
    assert described.problem is not None
    assert described.problem.code == "url_not_allowed"
    assert not (room.tree(project) / "a.txt").exists()
    # Work that needs no remote goes on.
    assert (await room.projects.branches.status(project.id, "main")).files == []


async def test_the_environment_of_the_server_bends_nothing(
    room: Room, remote: Remote, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    canary = _Canary(tmp_path)
    config = tmp_path / "config"
    config.touch()
    canary.configure(config)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", canary.script("external"))
    monkeypatch.setenv("GIT_SSH_COMMAND", canary.script("ssh"))
    monkeypatch.setenv("GIT_DIR", str(remote.path))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(canary.scripts))
    project = await room.clone(remote.url)
    (room.tree(project) / "README.md").write_text("x")
    await room.projects.branches.diff(project.id, "main", "README.md")
    assert canary.fired() == set()


async def test_a_commit_message_is_text(room: Room, remote: Remote) -> None:
    project = await room.clone(remote.url)
    tree = room.tree(project)
    (tree / "README.md").write_text("x")
    for summary in ("A\nCo-authored-by: Eve <eve@example.org>", "x" * 500, "\x00"):
        with pytest.raises(AtriumError) as error:
            await room.projects.branches.commit(project.id, "main", ["README.md"], summary, "", room.ana.id)
        assert error.value.status == 422
    made = await room.projects.branches.commit(
        project.id, "main", ["README.md"], "--amend $(touch /tmp/x)", "# kept\x1b[31m", room.ana.id
    )
    assert (made.summary, made.description) == ("--amend $(touch /tmp/x)", "# kept[31m")
