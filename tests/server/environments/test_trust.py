"""What a repository may only do once an owner of its project has agreed: building from source, other indexes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.fakes.indexes import index, source_archive, wheel
from tests.fakes.messages import Messages
from workspace_ext.contract.environments import Consent, GiveConsent
from workspace_server.environments.build import build_blocking, restore, retire
from workspace_server.environments.declaration import declare
from workspace_server.environments.errors import Unbuildable
from workspace_server.environments.service import Environments
from workspace_server.environments.trust import Agreed, Trust
from workspace_server.kit.clock import iso
from workspace_server.kit.errors import Conflict, NotFound
from workspace_server.kit.events import Events
from workspace_server.kit.home import Home
from workspace_server.kit.operations import Operations
from workspace_server.kit.storage import Storage
from workspace_server.projects.store import ProjectRow

NOTEBOOK = "projects/forecast/main/n.ipynb"
BUILD = """
import json, os, pathlib
with open(RAN, "a") as file:
    file.write(json.dumps([os.getcwd(), dict(os.environ), os.listdir(os.path.expanduser("~"))]) + "\\n")
files[NAME + ".py"] = "VALUE = 1\\n"
"""


@pytest.fixture
def trust(home: Home) -> Iterator[Trust]:
    storage = Storage(home.database)
    storage.migrate()
    with storage.session() as session:
        for name in ("forecast", "churn"):
            session.add(
                ProjectRow(id=name, name=name, url="", default_branch="main", followed_branch="main", created=iso())
            )
    yield Trust(storage)
    storage.close()


@pytest.fixture
def environments(home: Home, trust: Trust) -> Environments:
    made = Environments(home, Events(), Operations(Events()), trust=trust)
    made.project = lambda notebook: notebook.split("/")[1]
    return made


def agree(environments: Environments, asked: Consent | None, notebook: str = NOTEBOOK) -> None:
    assert asked is not None
    environments.give_consent(GiveConsent(notebook, asked.kind, asked.line, asked.what), "ana")


@pytest.mark.parametrize("option", ["--extra-index-url ", "--index-url=", "-i "])
def test_another_index(environments: Environments, project: Path, option: str, messages: Messages) -> None:
    line = f"{option}https://example.org/simple"
    (project / "requirements.txt").write_text(f"six\n{line}\n")
    with pytest.raises(Unbuildable) as raised:
        environments.of_notebook(NOTEBOOK)
    assert raised.value.code == "index_option"
    messages.check(line, raised.value)
    asked = raised.value.consent
    assert asked == Consent("index", line, "https://example.org/simple", "example.org", "requirements.txt, line 2")

    # What somebody looked at is what they agree to, and nothing else.
    with pytest.raises(Conflict, match="does not ask for that"):
        agree(environments, Consent("index", line, "https://example.com/simple", "", ""))
    agree(environments, asked)
    found = environments.of_notebook(NOTEBOOK)
    assert found.indexes == ("https://example.org/simple",)
    [kept] = environments.trusted(NOTEBOOK)
    assert (kept.line, kept.what, kept.by) == (line, "https://example.org/simple", "ana")
    # On a cluster as well.
    assert environments.of_notebook(NOTEBOOK, ["dask"]).indexes == found.indexes

    # Another project, another host, another option: asked again. Taken back: as before.
    (project / "requirements.txt").write_text(f"six\n{line.replace('.org', '.com')}\n")
    with pytest.raises(Unbuildable, match=r"trust example\.com"):
        environments.of_notebook(NOTEBOOK)
    churn = project.parent.parent / "churn" / "main"
    churn.mkdir(parents=True)
    for folder in (project, churn):
        (folder / "requirements.txt").write_text(f"six\n{line}\n")
    with pytest.raises(Unbuildable):
        environments.of_notebook(NOTEBOOK.replace("forecast", "churn"))
    assert environments.of_notebook(NOTEBOOK).digest == found.digest
    with pytest.raises(NotFound):
        environments.revoke(NOTEBOOK.replace("forecast", "churn"), kept.id)
    environments.revoke(NOTEBOOK, kept.id)
    with pytest.raises(Unbuildable):
        environments.of_notebook(NOTEBOOK)


@pytest.mark.parametrize(
    "line",
    ["--index-url https://ana:secret@example.org/simple", "-i http://example.org/simple", "-i file:///tmp/simple"],
)
def test_what_nobody_can_agree_to(environments: Environments, project: Path, line: str, messages: Messages) -> None:
    (project / "requirements.txt").write_text(f"{line}\n")
    with pytest.raises(Unbuildable) as raised:
        environments.of_notebook(NOTEBOOK)
    assert raised.value.consent is None
    assert "secret" not in str(raised.value)
    messages.check(line, raised.value)


@pytest.mark.parts
def test_trusted_code_is_built_apart(
    environments: Environments, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it runs before; then with an empty home and without any password. Its lock says it all."""
    name, ran = f"atrium_probe_{uuid4().hex}", tmp_path / "ran"
    files = dict([source_archive(name, "1.0", f"RAN = {str(ran)!r}\n{BUILD}"), wheel(f"{name}_dep", "1.0", "")])
    home = environments.home
    with index(files, password="hunter2") as address:
        monkeypatch.setenv("UV_INDEX", address.replace("//", "//ana:hunter2@"))
        monkeypatch.setenv("SOME_TOKEN", "hunter2")
        # How the account has set uv up comes along, and would be found in that home.
        monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
        monkeypatch.setenv("HTTP_PROXY", "")
        (project / "requirements.txt").write_text(f"{name}>=0.5\n")
        declaration = environments.of_notebook(NOTEBOOK)
        with pytest.raises(Unbuildable) as raised:
            build_blocking(home, declaration)
        assert raised.value.code == "source_only"
        assert not ran.exists()
        asked = raised.value.consent
        pin = f"{name.replace('_', '-')}==1.0"
        assert asked == Consent("source", f"{name}>=0.5", pin, "127.0.0.1", "requirements.txt, line 1")

        environments._failures[declaration.digest] = raised.value
        agree(environments, asked)
        trusted = environments.of_notebook(NOTEBOOK)
        assert trusted.sources == (pin,)
        environment = build_blocking(home, trusted)
        subprocess.run([environment.python, "-c", f"import {name}; assert {name}.VALUE == 1"], check=True)
        told = [json.loads(line) for line in ran.read_text().splitlines()]
        for _, variables, in_home in told:
            assert "hunter2" not in str(variables)
            assert variables["HOME"] != str(Path.home())
            assert in_home == []
        lock = environments.detail(environment.id).lock
        assert f"--no-binary {pin.partition('==')[0]}\n" in lock
        assert "127.0.0.1" not in lock
        # Gone for the sake of room, it is built again from its lock.
        retire(home, environment)
        assert restore(home, environment.id) == environment

        # Another line asks again.
        (project / "requirements.txt").write_text(f"{name}\n")
        assert environments.of_notebook(NOTEBOOK).sources == ()


@pytest.mark.parts
def test_a_trusted_index_is_asked_first(home: Home, project: Path) -> None:
    name = f"atrium_probe_{uuid4().hex}"
    with index(dict([wheel(name, "1.0", "VALUE = 1\n")])) as address:
        line = f"--extra-index-url {address}"
        (project / "requirements.txt").write_text(f"{line}\n{name}\n")
        declaration = declare(project, project, trusted=frozenset({Agreed("index", line, address)}))
        environment = build_blocking(home, declaration)
        subprocess.run([environment.python, "-c", f"import {name}, ipykernel"], check=True)
        assert f"--extra-index-url {address}\n" in (environment.folder / "requirements.lock").read_text()
