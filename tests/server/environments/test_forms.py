"""Every form in which a project may declare its environment: what of it is read, what is refused, and where."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from workspace_server.environments import pythons
from workspace_server.environments.build import build_blocking
from workspace_server.environments.declaration import Declaration, declare
from workspace_server.environments.errors import Unbuildable
from workspace_server.environments.records import site_packages
from workspace_server.environments.uv import find_uv
from workspace_server.kit.home import Home

PROJECT = """\
[project]
name = "forecast"
version = "1"
requires-python = ">=3.11"
dependencies = ["six==1.17.0", "idna ; python_version < '4'"]

[dependency-groups]
dev = ["attrs>=24", { include-group = "more" }]
more = ["iniconfig"]
"""
PYLOCK = """\
lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.11"

[[packages]]
name = "six"
version = "1.17.0"
wheels = [{ url = "https://example.org/six-1.17.0-py2.py3-none-any.whl", hashes = { sha256 = "HASH" } }]

[[packages]]
name = "colorama"
version = "0.4.6"
marker = "sys_platform == 'win32'"
wheels = [{ url = "https://example.org/colorama-0.4.6-py3-none-any.whl", hashes = { sha256 = "HASH" } }]

[[packages]]
name = "docutils"
version = "0.22"
marker = "'docs' in dependency_groups"
wheels = [{ url = "https://example.org/docutils-0.22-py3-none-any.whl", hashes = { sha256 = "HASH" } }]
""".replace("HASH", "a" * 64)


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", ".").replace("_", "-")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def asked(declaration: Declaration) -> list[str]:
    """What a file asks for, without what the kernel brings."""
    return [line for line in declaration.requirements.splitlines() if not line.endswith("the kernel")]


def test_the_order_of_forms(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    write(tmp_path, environment__yml="dependencies: []", requirements__txt="numpy\n")
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.ruff]\n")
    assert declare(below, tmp_path).source == "requirements.txt"
    write(tmp_path / "a", environment__yml="dependencies: [pip, {pip: [scipy]}]")
    found = declare(below, tmp_path)
    assert (found.source, found.also) == ("a/environment.yml", ("requirements.txt", "environment.yml"))
    assert asked(found) == ["scipy  # a/environment.yml, line 1"]
    (tmp_path / "a" / "pyproject.toml").write_text(PROJECT)
    assert declare(below, tmp_path).source == "a/pyproject.toml"
    write(tmp_path / "a", pylock__toml=PYLOCK)
    found = declare(below, tmp_path)
    assert found.source == "a/pylock.toml"
    assert found.also == ("a/pyproject.toml", "a/environment.yml", "requirements.txt", "environment.yml")


def test_a_project_with_its_dev_group(tmp_path: Path) -> None:
    write(tmp_path, pyproject__toml=PROJECT)
    assert asked(declare(tmp_path, tmp_path)) == [
        "six==1.17.0  # pyproject.toml, line 5",
        'idna; python_version < "4"  # pyproject.toml, line 5',
        "attrs>=24  # pyproject.toml, line 8",
        "iniconfig  # pyproject.toml, line 9",
    ]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ('[project]\nname = "x"\ndynamic = ["dependencies"]\n', "dynamic", 3),
        ('[project]\nname = "x"\ndependencies = ["six @ git+https://example.org/six"]\n', "vcs", 3),
        ('[project]\nname = "x"\ndependencies = ["six=>1"]\n', "bad_syntax", 3),
        ('[project]\ndependencies = ["six"]\n[tool.uv.sources]\nsix = { git = "https://example.org/six" }\n', "vcs", 4),
        ('[project]\ndependencies = ["six"]\n[tool.uv.sources]\nsix = { path = "../six" }\n', "local_path", 4),
        ('[project]\n[[tool.uv.index]]\nurl = "https://ana:secret@example.org/simple"\n', "index_option", 3),
        ('[project]\n[tool.uv]\nextra-index-url = ["https://example.org/simple"]\n', "index_option", 3),
        ('[project]\n[tool.uv]\noverride-dependencies = ["six"]\n', "unknown_option", 3),
        ('[project]\ndependencies = "six"\n', "bad_syntax", 0),
        ("[project]\ndependencies = [\n", "bad_syntax", 0),
        ('[project]\n[dependency-groups]\ndev = [{ include-group = "dev" }]\n', "bad_syntax", 0),
    ],
)
def test_what_a_project_may_not_ask_for(tmp_path: Path, text: str, code: str, line: int) -> None:
    write(tmp_path, pyproject__toml=text)
    with pytest.raises(Unbuildable) as raised:
        declare(tmp_path, tmp_path)
    assert raised.value.code == code
    assert raised.value.message.startswith(f"pyproject.toml, line {line}" if line else "pyproject.toml")
    assert raised.value.source == "pyproject.toml"
    assert "secret" not in raised.value.message
    assert raised.value.hint


def test_a_pylock_is_what_it_pins(tmp_path: Path) -> None:
    write(tmp_path, pylock__toml=PYLOCK)
    found = declare(tmp_path, tmp_path)
    assert asked(found) == [
        "six==1.17.0  # pylock.toml, line 5",
        'colorama==0.4.6; sys_platform == "win32"  # pylock.toml, line 10',
    ]
    assert ("six", "sha256:" + "a" * 64) in found.hashes


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('version = "1.17.0"', 'version = "1.17.0"\nindex = "https://example.org/simple"', "index_option"),
        (PYLOCK.splitlines()[7], 'vcs = { type = "git", url = "https://x.org/six", commit-id = "1" }', "vcs"),
        (PYLOCK.splitlines()[7], 'directory = { path = "." }', "local_path"),
        (PYLOCK.splitlines()[7], 'sdist = "six"', "bad_syntax"),
    ],
)
def test_what_a_pylock_may_not_pin(tmp_path: Path, old: str, new: str, code: str) -> None:
    write(tmp_path, pylock__toml=PYLOCK.replace(old, new, 1))
    with pytest.raises(Unbuildable) as raised:
        declare(tmp_path, tmp_path)
    assert raised.value.code == code
    assert raised.value.message.startswith("pylock.toml")
    assert code == "bad_syntax" or "line 5" in raised.value.message


UV_LOCK = """\
version = 1
requires-python = ">=3.11"

[[package]]
name = "forecast"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "six" }, { name = "colorama", marker = "sys_platform == 'win32'" }]

[package.dev-dependencies]
dev = [{ name = "idna" }]

[[package]]
name = "six"
version = "1.16.0"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://example.org/six-1.16.0-py3-none-any.whl", hash = "sha256:HASH", size = 1 }]

[[package]]
name = "colorama"
version = "0.4.6"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://example.org/colorama-0.4.6-py3-none-any.whl", hash = "sha256:HASH", size = 1 }]

[[package]]
name = "idna"
version = "3.10"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://example.org/idna-3.10-py3-none-any.whl", hash = "sha256:HASH", size = 1 }]
""".replace("HASH", "a" * 64)
LOCKED = (
    '[project]\nname = "forecast"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["six", "colorama"]\n'
    '[dependency-groups]\ndev = ["idna"]\n'
)


def test_a_uv_lock_is_what_it_pins(tmp_path: Path) -> None:
    write(tmp_path, uv__lock=UV_LOCK, pyproject__toml=LOCKED)
    found = declare(tmp_path, tmp_path)
    assert (found.source, found.also) == ("uv.lock", ("pyproject.toml",))
    assert asked(found) == [
        'colorama==0.4.6; sys_platform == "win32"  # uv.lock, line 19',
        "idna==3.10  # uv.lock, line 25",
        "six==1.16.0  # uv.lock, line 13",
    ]
    assert ("six", "sha256:" + "a" * 64) in found.hashes
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pyproject.toml", "uv.lock"]


@pytest.mark.parametrize(
    ("old", "new", "code", "told"),
    [
        ('registry = "https://pypi.org/simple"', 'registry = "https://example.org/simple"', "index_option", "line 13"),
        ('registry = "https://pypi.org/simple"', 'git = "https://example.org/six#1"', "vcs", "line 13"),
        ('registry = "https://pypi.org/simple"', 'path = "six.whl"', "local_path", "line 13"),
        ('virtual = "."', 'virtual = "../.."', "missing_file", "uv.lock"),
        ("version = 1\n", "version = 99\n", "bad_lock", "uv.lock"),
        ("[[package]]", "[[package", "bad_syntax", "line 4"),
    ],
)
def test_what_a_uv_lock_may_not_pin(tmp_path: Path, old: str, new: str, code: str, told: str) -> None:
    write(tmp_path, uv__lock=UV_LOCK.replace(old, new, 1), pyproject__toml=LOCKED)
    with pytest.raises(Unbuildable) as raised:
        declare(tmp_path, tmp_path)
    assert raised.value.code == code
    assert told in raised.value.message
    assert raised.value.hint


def test_a_uv_lock_alone_is_no_declaration(tmp_path: Path) -> None:
    write(tmp_path, uv__lock=UV_LOCK)
    with pytest.raises(Unbuildable, match=r"no pyproject\.toml beside it"):
        declare(tmp_path, tmp_path)


def test_conda_names_what_only_it_installs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workspace_server.environments.conda.channels.available", lambda: False)
    text = (
        "name: forecast\nchannels: [conda-forge]\ndependencies:\n  - python=3.11\n  - pip\n"
        "  - conda-forge::gdal=3.9\n  - numpy\n  - pip:\n      - six==1.17.0\nvariables:\n  A: 1\n"
    )
    write(tmp_path, environment__yml=text)
    with pytest.raises(Unbuildable) as raised:
        declare(tmp_path, tmp_path)
    assert raised.value.code == "conda_only"
    for words in ("conda-forge::gdal=3.9 (line 6)", "numpy (line 7)", "variables (line 10)"):
        assert words in raised.value.message
    assert "gdal, numpy" in raised.value.hint
    pip_only = "dependencies:\n  - python=3.11.4\n  - pip\n  - pip:\n      - six==1.17.0\n      - -r more.txt\n"
    write(tmp_path, environment__yml=pip_only, more__txt="idna\n")
    assert asked(declare(tmp_path, tmp_path)) == [
        "six==1.17.0  # environment.yml, line 5",
        "idna  # more.txt, line 1",
    ]
    write(tmp_path, environment__yml=pip_only.replace("six==1.17.0", "git+https://example.org/six"))
    with pytest.raises(Unbuildable, match=r"^environment.yml, line 5"):
        declare(tmp_path, tmp_path)
    write(tmp_path, environment__yml="dependencies: [\n")
    with pytest.raises(Unbuildable, match="is no YAML"):
        declare(tmp_path, tmp_path)


def test_which_python(tmp_path: Path) -> None:
    write(tmp_path, pyproject__toml='[project]\nrequires-python = ">=3.99"\n')
    with pytest.raises(Unbuildable) as raised:
        declare(tmp_path, tmp_path)
    assert raised.value.code == "no_python"
    assert raised.value.message.startswith("pyproject.toml, line 2 asks for Python >=3.99")
    assert pythons.OWN in raised.value.hint
    # What is pinned for the folder goes before what the project says.
    below = tmp_path / "notebooks"
    below.mkdir()
    (tmp_path / ".python-version").write_text(f"# ours\n{pythons.OWN}.1\n")
    assert declare(below, tmp_path).python == pythons.OWN
    (below / ".python-version").write_text("2.7\n")
    with pytest.raises(Unbuildable, match=r"^notebooks/.python-version, line 1 asks for Python 2\.7,"):
        declare(below, tmp_path)
    (below / ".python-version").write_text("pypy@3.10\n")
    with pytest.raises(Unbuildable, match="is no version of Python"):
        declare(below, tmp_path)


@pytest.mark.parts
def test_real_locks_are_built_as_they_pin(home: Home, tmp_path: Path) -> None:
    project = write(tmp_path / "project", pyproject__toml=PROJECT.replace("six==1.17.0", "six<1.17"))
    run = partial(subprocess.run, cwd=project, check=True, capture_output=True)
    uv = find_uv()
    run([uv, "lock", "--no-config"])
    (project / "pyproject.toml").write_text(PROJECT.replace("six==1.17.0", "six"))
    locked = declare(project, project)
    assert locked.source == "uv.lock"
    built = {one.name: one.version for one in build_blocking(home, locked).packages}
    assert (built["six"], "iniconfig" in built, "ipykernel" in built) == ("1.16.0", True, True)

    run([uv, "export", "--format", "pylock.toml", "-o", "pylock.toml"])
    (project / "uv.lock").unlink()
    other = declare(project, project)
    assert other.source == "pylock.toml"
    assert {one.name: one.version for one in build_blocking(home, other).packages} == built


@pytest.mark.parts
def test_another_installed_python(tmp_path: Path) -> None:
    others = [minor for minor in pythons.installed() if minor != pythons.OWN]
    if not others:
        pytest.skip("this machine has one Python only")
    home = Home(tmp_path / "home")
    home.prepare()
    project = write(tmp_path / "project", requirements__txt="six==1.17.0\n")
    own = declare(project, project)
    (project / ".python-version").write_text(f"{others[0]}\n")
    other = declare(project, project)
    assert other.digest != own.digest
    environment = build_blocking(home, other)
    said = subprocess.run(
        [environment.python, "-c", "import sys, six, ipykernel; print('%d.%d' % sys.version_info[:2], six.__file__)"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert said[0] == others[0] != f"{sys.version_info.major}.{sys.version_info.minor}"
    assert Path(said[1]).parent == site_packages(environment.folder)
