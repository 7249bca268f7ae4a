"""A remote behind a real SSH server: clone, push, pull and follow with keys, and what happens without the right one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.remotes import Remote, allow, git, notebook
from tests.fakes.ssh_server import SshServer, new_key, ssh_server
from workspace_ext.contract.credentials import KeepCredential, KeepServiceCredential
from workspace_ext.contract.projects import CreateBranch
from workspace_server.projects.credentials import known_hosts

from .conftest import Room
from .refusals import refused


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[SshServer]:
    with ssh_server(tmp_path / "sshd") as server:
        yield server


@pytest.fixture
def url(room: Room, remote: Remote, ssh: SshServer) -> str:
    address = ssh.url(remote.path)
    allow(room.home.path, address)
    return address


async def test_clone_push_and_follow_with_keys(
    room: Room, remote: Remote, ssh: SshServer, url: str, tmp_path: Path
) -> None:
    ana, service = new_key(tmp_path / "ana"), new_key(tmp_path / "service")
    ssh.allow(ana, service)
    credentials = room.projects.credentials
    credentials.keep(room.ana.id, KeepCredential(ssh.host, "ssh_key", ana.read_text()))

    # The host's own key has to be known first.
    with refused("unknown_host_key", f"trust-host {ssh.host}"):
        await room.clone(url)
    known_hosts.trust(room.home.settings, known_hosts.scan(ssh.host))

    project = await room.clone(url)
    assert (room.tree(project) / "forecast.ipynb").exists()
    branches = room.projects.branches
    await branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    (room.tree(project, "weekly") / "forecast.ipynb").write_text(notebook("x = 1"))
    await branches.commit(project.id, "weekly", ["forecast.ipynb"], "Edit", "", room.ana.id)
    await room.ended(await branches.push(project.id, "weekly", room.ana.id))
    assert remote.head("weekly") == git(room.tree(project, "weekly"), "rev-parse", "HEAD")

    # Bo has no key: hers is not used for him.
    with refused("authentication_needed", ssh.host, "an SSH key"):
        await room.ended(await branches.push(project.id, "weekly", room.bo.id))

    # Following is the project's own doing.
    sha = remote.push({"news.txt": "news"})
    described = await room.projects.look(project.id, room.ana.id)
    assert described.problem is not None
    assert described.problem.code == "authentication_needed"
    credentials.keep_service(room.projects.get(project.id), KeepServiceCredential("ssh_key", service.read_text()))
    described = await room.projects.look(project.id)
    assert described.problem is None
    assert described.production is not None
    assert described.production.sha == sha

    # A key that the host does not know any more.
    ssh.allow(service)
    with refused("authentication_refused", "SSH key you keep for", "Replace it"):
        await room.ended(await branches.push(project.id, "weekly", room.ana.id))

    # A host that shows another key than the trusted one.
    known = room.home.settings / "known_hosts"
    key = ssh.folder / "other"
    other = new_key(key).with_suffix(".pub").read_text().split()[1]
    known.write_text(f"[127.0.0.1]:{ssh.port} ssh-ed25519 {other}\n")
    ssh.allow(ana)
    with refused("unknown_host_key"):
        await room.ended(await branches.push(project.id, "weekly", room.ana.id))
    assert [path for path in (room.home.run / "sign-ins").rglob("*") if path.is_file()] == []
