"""What a cloned repository's requirement files may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.messages import Messages
from workspace_server.environments.declaration import BASE, declare, locate
from workspace_server.environments.errors import Unbuildable
from workspace_server.environments.requirements import read
from workspace_server.environments.uv import redact
from workspace_server.kit.errors import Invalid
from workspace_server.kit.home import Home


def write(folder: Path, text: str, name: str = "requirements.txt") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_requirements_keep_the_line_they_are_written_on(tmp_path: Path) -> None:
    write(tmp_path, "# data\n\nscipy ; python_version < '4'\n", "more/extra.txt")
    write(tmp_path, "numpy<3\n", "constraints.txt")
    path = write(
        tmp_path,
        "# what the notebook imports\npandas>=2.2  # frames\n\n-r more/extra.txt\n--constraint=constraints.txt\n"
        "--only-binary :all:\nprophet[parallel] == 1.3.0 \\\n  --hash=sha256:" + "a" * 64 + "\n",
    )
    found = read(path, tmp_path)
    assert [(one.text, one.origin) for one in found.wanted] == [
        ("pandas>=2.2", "requirements.txt, line 2"),
        ('scipy; python_version < "4"', "more/extra.txt, line 3"),
        ("prophet[parallel]==1.3.0", "requirements.txt, line 7"),
    ]
    assert [one.text for one in found.constraints] == ["numpy<3"]
    assert found.wanted[2].hashes == ("sha256:" + "a" * 64,)
    assert [one.name for one in found.files] == ["requirements.txt", "extra.txt", "constraints.txt"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("-e .", "editable"),
        ("--editable=./lib", "editable"),
        ("git+https://example.org/x.git", "vcs"),
        ("x @ git+ssh://git@example.org/x.git", "vcs"),
        ("-f https://example.org/wheels", "index_option"),
        ("--find-links ./wheels", "index_option"),
        ("--trusted-host example.org", "index_option"),
        ("file:///etc/passwd", "local_path"),
        ("x @ file:///tmp/x.whl", "local_path"),
        ("/tmp/x.whl", "local_path"),
        ("./x.whl", "local_path"),
        ("../x", "local_path"),
        ("https://example.org/x.whl", "direct_url"),
        ("x @ https://example.org/x.whl", "direct_url"),
        ("-r ../../outside.txt", "outside_project"),
        ("-r /etc/passwd", "outside_project"),
        ("-r https://example.org/requirements.txt", "outside_project"),
        ("-r requirements.txt", "includes_itself"),
        ("-c nowhere.txt", "missing_file"),
        ("--pre", "unknown_option"),
        ("pandas --config-settings=x=y", "unknown_option"),
        ("pandas=>2", "bad_syntax"),
        ("import pandas", "bad_syntax"),
        ("pandas 2.2", "bad_syntax"),
    ],
)
def test_what_is_refused_names_its_line(tmp_path: Path, line: str, code: str, messages: Messages) -> None:
    path = write(tmp_path, f"numpy\n\n{line}\n")
    with pytest.raises(Unbuildable) as raised:
        read(path, tmp_path)
    assert raised.value.code == code
    assert raised.value.message.startswith("requirements.txt, line 3")
    messages.check(line, raised.value)


def test_no_password_in_a_message(tmp_path: Path) -> None:
    path = write(tmp_path, "git+https://ana:secret@example.org/x.git\n")
    with pytest.raises(Unbuildable) as raised:
        read(path, tmp_path)
    assert "secret" not in str(raised.value)
    assert "secret" not in redact("Failed to fetch: `https://ana:secret@example.org/simple/x/`")


def test_a_link_out_of_the_project_is_not_read(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "secret.txt").write_text("token-of-somebody\n")
    (project / "requirements.txt").symlink_to(tmp_path / "secret.txt")
    assert declare(project, project).source == ""
    (project / "requirements.txt").unlink()
    write(project, "-r inside.txt\n")
    (project / "inside.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(Unbuildable, match="not allowed"):
        declare(project, project)


def test_the_nearest_file_declares(tmp_path: Path) -> None:
    write(tmp_path, "outside\n")
    root = tmp_path / "project"
    deep = root / "a" / "b"
    deep.mkdir(parents=True)
    nothing = declare(deep, root)
    assert nothing.source == ""
    assert all(name in nothing.requirements for name in BASE)
    write(root, "numpy\n")
    assert declare(deep, root).source == "requirements.txt"
    write(root / "a", "scipy\n")
    nearest = declare(deep, root)
    assert nearest.source == "a/requirements.txt"
    assert "scipy  # a/requirements.txt, line 1" in nearest.requirements
    assert "numpy" not in nearest.requirements
    assert "ipykernel" in nearest.requirements
    assert declare(deep).source == ""


def test_the_digest_is_of_what_is_asked_for(tmp_path: Path) -> None:
    one, other = tmp_path / "main", tmp_path / "branch"
    write(one, "pandas==2.3.3\nnumpy\n")
    write(other, "# the same, with a comment\npandas == 2.3.3\nnumpy # arrays\n")
    assert declare(one, one).digest == declare(other, other).digest
    assert declare(one, one).digest != declare(one, one, ["dask"]).digest
    write(other, "pandas==2.3.2\nnumpy\n")
    assert declare(one, one).digest != declare(other, other).digest


def test_a_project_own_version_wins_over_the_kernels(tmp_path: Path) -> None:
    write(tmp_path, "Pandas==1.5.3\n")
    found = [line.partition("  #")[0] for line in declare(tmp_path, tmp_path).requirements.splitlines()]
    assert [line for line in found if line.lower().startswith("pandas")] == ["Pandas==1.5.3"]


@pytest.mark.parametrize(
    ("notebook", "root"),
    [
        ("projects/forecast/main/a/n.ipynb", "projects/forecast/main"),
        ("projects/forecast/main/n.ipynb", "projects/forecast/main"),
        ("projects/n.ipynb", None),
        ("scratch/ana/n.ipynb", None),
    ],
)
def test_a_notebook_is_in_its_project(tmp_path: Path, notebook: str, root: str | None) -> None:
    home = Home(tmp_path)
    home.prepare()
    place = locate(home, notebook)
    assert place.root == (home.work / root if root else None)
    assert place.folder == (home.work / notebook).parent


@pytest.mark.parametrize("notebook", ["../x.ipynb", "/../../etc/x.ipynb", "projects/../../x.ipynb", "link/x.ipynb"])
def test_a_notebook_outside_is_refused(tmp_path: Path, notebook: str) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    (home.work / "link").symlink_to(tmp_path)
    with pytest.raises(Invalid, match="not in the workspace"):
        locate(home, notebook)
