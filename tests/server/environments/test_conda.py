"""conda's ``environment.yml`` against a channel on this machine: real packages, chosen and installed by the library."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes import channels
from tests.fakes.channels import GREET, GREETING, PYTHON, Made, channel, module, package
from tests.fakes.messages import Messages
from tests.fakes.ports import free_port
from workspace_ext.cli.environments import consequence
from workspace_ext.contract.environments import Consent
from workspace_server.clusters.existing import existing
from workspace_server.environments import build, room
from workspace_server.environments.additions import NotAdditive, additions
from workspace_server.environments.build import Environment, build_blocking, find, restore, retire
from workspace_server.environments.conda.cache import folder as cache
from workspace_server.environments.conda.cache import forget, prune, used
from workspace_server.environments.conda.channels import wanted
from workspace_server.environments.declaration import declare
from workspace_server.environments.drift import look
from workspace_server.environments.errors import Cancelled, Offline, Unbuildable, detail_of
from workspace_server.environments.lock import Lock
from workspace_server.environments.locking import write_up
from workspace_server.environments.progress import silent
from workspace_server.environments.records import site_packages
from workspace_server.environments.report import report
from workspace_server.environments.trust import Agreed
from workspace_server.environments.uv import Uv
from workspace_server.kit.errors import AtriumError, Conflict
from workspace_server.kit.home import Home

pytestmark = pytest.mark.parts

LATER = module("greeting", "2.0", "WORDS = 'never'\n", ("libgreet >=2",))
ODD = module("odd_one", "3.1", "VALUE = 3\n", distribution="six")
FILE = """\
name: forecast
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python={python}
  - greeting
  - pip:
      - idna==3.10
"""


def everything() -> list[Made]:
    return [channels.python(), GREET, GREETING, LATER, ODD, channels.copy("packaging")]


@dataclass
class Channel:
    folder: Path
    url: str


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Channel]:
    folder = tmp_path_factory.mktemp("channel")
    with channel(folder, *everything()) as url:
        yield Channel(folder, url)


@pytest.fixture(autouse=True)
def _own(made: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a kernel's packages the first is enough here."""
    monkeypatch.setattr("workspace_server.environments.declaration.KERNEL", ["ipykernel>=6.29"])
    monkeypatch.setenv("ATRIUM_CONDA_CHANNELS", f"conda-forge={made.url}")


def write(project: Path, text: str = FILE) -> None:
    (project / "environment.yml").write_text(text.replace("{python}", PYTHON))


def built(home: Home, project: Path, text: str = FILE) -> Environment:
    write(project, text)
    return build_blocking(home, declare(project, project))


def said_by(environment: Environment, program: str, **variables: str) -> str:
    line: list[str | Path] = [environment.python, "-c", program]
    kept = {"PATH": os.defpath, "HOME": "/nonexistent", **variables}
    said: str = subprocess.run(line, check=True, capture_output=True, text=True, env=kept).stdout
    return said


def refused(home: Home, project: Path, text: str) -> AtriumError:
    with pytest.raises(AtriumError) as raised:
        built(home, project, text)
    assert not list(home.environments.glob(".building-*"))
    assert not list(home.cache.glob("resolve-*"))
    return raised.value


def test_what_conda_has_and_what_pip_adds_are_one_environment(home: Home, project: Path, tmp_path: Path) -> None:
    write(project)
    phases: list[tuple[str, str]] = []
    declaration = declare(project, project)
    environment = build_blocking(home, declaration, lambda phase, message, *_: phases.append((phase, message)))
    versions = {one.name: one.version for one in environment.packages}
    # Conda's packages, those that pip installs, and what a kernel needs.
    assert (versions["libgreet"], versions["greeting"], versions["idna"]) == ("1.0", "1.2", "3.10")
    assert {"python", "ipykernel"} <= {*versions}
    assert {("downloading", "downloading libgreet"), ("resolving", "resolving what pip installs")} <= {*phases}
    assert list(dict.fromkeys(phase for phase, _ in phases))[-2:] == ["checking", "publishing"]
    # It lies where it was made for, and has what conda's own scripts set: so does all that it starts.
    program = (
        "import greeting, idna, json, os, subprocess, sys; further = 'import greeting; print(greeting.WORDS)';"
        "print(json.dumps([greeting.WORDS, idna.__version__, sys.prefix, *map(os.environ.get, "
        "('CONDA_PREFIX', 'GREET_DATA', 'GREET_LINES', 'GREET_LAST', 'GREET_SET', 'GREETLESS')), *("
        "subprocess.check_output(line, text=True).strip() for line in (['greet'], [sys.executable, '-c', further]))]))"
    )
    folder = str(environment.folder)
    users = tmp_path / ".local" / "lib" / f"python{PYTHON}" / "site-packages"
    users.mkdir(parents=True)
    (users / "idna.py").write_text("__version__ = 'shadowed'\n")
    assert json.loads(said_by(environment, program, GREETLESS="1", HOME=str(tmp_path))) == [
        "good morning", "3.10", folder,
        folder, f"{folder}/share/greet", "a\nb", "1", "2", None,
        "good morning", "good morning",
    ]  # fmt: skip
    # A command that pip brought names the interpreter where it lies.
    command = environment.folder / "bin" / "jupyter-kernelspec"
    assert command.read_text().splitlines()[0].endswith(f"{folder}/bin/python") or folder in command.read_text()[:400]
    assert subprocess.run([command, "--version"], capture_output=True, check=False).returncode == 0
    # Published as any other: read-only, whole, seen again without a word of the channel.
    assert not os.access(environment.folder / "share" / "greet" / "words", os.W_OK) or os.geteuid() == 0
    assert build.inspect(home, environment.id) is None
    assert build.version_of(environment.folder).startswith(PYTHON)
    assert build_blocking(home, declaration) == environment


def test_a_package_that_both_have_is_condas(home: Home, project: Path) -> None:
    """By the name that PyPI knows it by, whatever conda calls it."""
    text = FILE.replace("  - greeting\n", "  - greeting\n  - packaging\n  - odd_one\n").replace("idna==3.10", "six")
    environment = built(home, project, text)
    lock = Lock(environment.id, (environment.folder / "requirements.lock").read_text())
    assert {"packaging", "six"}.isdisjoint(one.name for one in lock.pinned)
    assert {"packaging", "odd_one"} <= {one.name for one in environment.packages}
    assert (
        said_by(environment, "import odd_one; from importlib.metadata import version; print(version('six'))") == "3.1\n"
    )
    ours = site_packages(environment.folder) / "packaging" / "version.py"
    assert ours.stat().st_ino in {one.stat().st_ino for one in (cache(home) / "pkgs").rglob("version.py")}
    # What excludes it is told, and whose it is.
    error = refused(home, project, text.replace("- six\n", "- six<2\n"))
    assert isinstance(error, Unbuildable)
    assert "six==3.1 (conda)" in error.message
    assert "six<2 (environment.yml, line 11)" in error.message


def test_another_python_than_any_here_comes_from_conda(
    home: Home, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a file of which pip can do all stays with pip."""
    plain = "dependencies:\n  - python={python}\n  - pip\n  - pip:\n      - idna==3.10\n"
    write(project, plain)
    assert declare(project, project).conda is None
    monkeypatch.setattr("workspace_server.environments.conda.declared.is_installed", lambda _wanted: False)
    declaration = declare(project, project)
    assert declaration.conda is not None
    assert declaration.python == PYTHON
    write(project, "dependencies:\n  - python=2.7\n  - greeting\n")
    with pytest.raises(Unbuildable, match=r"line 2 asks for Python 2\.7, in which no notebook runs"):
        declare(project, project)


def test_what_cannot_be_had_is_told_with_its_lines(
    home: Home, project: Path, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: dict[str, AtriumError] = {}
    said["unknown"] = refused(home, project, FILE.replace("greeting", "greting"))
    said["version"] = refused(home, project, FILE.replace("greeting", "greeting=9"))
    said["conflict"] = refused(home, project, FILE.replace("greeting\n", "greeting=2\n  - libgreet=1\n"))
    said["syntax"] = refused(home, project, FILE.replace("greeting", "greeting===1=="))
    said["address"] = refused(home, project, FILE.replace("greeting", "https://example.org/greeting-1.2-h0_0.conda"))
    said["variables"] = refused(home, project, FILE + "variables:\n  A: 1\n")
    said["password"] = refused(home, project, FILE.replace("- conda-forge", "- https://ana:secret@example.org/c"))
    assert "secret" not in f"{said['password']}"
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("ATRIUM_CONDA_CHANNELS", f"conda-forge=http://127.0.0.1:{free_port()}")
        said["offline"] = refused(home, project, FILE)
    assert isinstance(said["offline"], Offline)
    monkeypatch.setattr("workspace_server.environments.conda.channels.available", lambda: False)
    said["not installed"] = refused(home, project, FILE)
    for name, error in said.items():
        messages.check(f"conda: {name}", error)


def test_a_channel_that_is_not_the_machines_is_asked_for(home: Home, project: Path, made: Channel) -> None:
    text = FILE.replace("conda-forge", made.url + "/").replace("greeting\n", "greeting=1.2\n")
    write(project, text)
    # One that the machine has by another name is its own.
    assert declare(project, project).conda is not None
    write(project, text.replace(made.url, "https://conda.example.org/ana"))
    with pytest.raises(Unbuildable) as raised:
        declare(project, project)
    url = "https://conda.example.org/ana"
    consent = Consent("channel", f"{url}/", url, "conda.example.org", "environment.yml, line 3")
    assert raised.value.consent == consent
    assert consequence(consent).startswith(f"Packages of conda would come from {url}, ")
    assert "conda.example.org" in raised.value.hint
    agreed = frozenset({Agreed("channel", f"{url}/", url)})
    conda = declare(project, project, trusted=agreed).conda
    assert conda is not None
    assert conda.channels == (url,)
    # A package may name its channel, which then counts as listed; Anaconda's own are somebody else's, too.
    write(project, FILE.replace("- greeting", "- bioconda::greeting"))
    with pytest.raises(Unbuildable) as raised:
        declare(project, project)
    assert raised.value.consent is not None
    assert raised.value.consent.what == "https://conda.anaconda.org/bioconda"
    write(project, FILE.replace("- nodefaults", "- defaults"))
    with pytest.raises(Unbuildable, match="defaults"):
        declare(project, project)
    # By its name the machine's own is the mirror.
    environment = built(home, project, FILE.replace("- greeting", "- conda-forge::greeting=1.2"))
    assert made.url in (environment.folder / "requirements.lock").read_text()


def test_cancelled_or_killed_it_leaves_nothing(home: Home, project: Path) -> None:
    """At every step of which something is told."""
    write(project)
    declaration = declare(project, project)
    for step in ("resolving packages of conda", "downloading python", "installing python", "checking"):
        cancelled = threading.Event()
        shutil.rmtree(cache(home), ignore_errors=True)

        def look(_phase: str, message: str, *_: int, stop: threading.Event = cancelled, at: str = step) -> None:
            if message.startswith(at):
                stop.set()

        with pytest.raises(Cancelled):
            build_blocking(home, declaration, look, cancelled=cancelled)
        assert not list(home.environments.glob(".building-*")), step
        assert not list(home.cache.glob("resolve-*")), step
        assert find(home, declaration) is None, step
    assert "greeting" in {one.name for one in build_blocking(home, declaration).packages}


def test_it_is_built_again_from_its_lock(home: Home, project: Path, made: Channel) -> None:
    environment = built(home, project)
    declaration = declare(project, project)
    lock = (environment.folder / "requirements.lock").read_text()
    build.discard(retire(home, environment))
    # What has come to the channel since changes nothing, and neither does a cache that is gone.
    shutil.rmtree(cache(home))
    later = module("greeting", "1.3", "WORDS = 'later'\n", ("libgreet <2",))
    channels.write(made.folder, channels.python(), GREET, GREETING, later)
    again = restore(home, environment.id)
    assert (again.folder / "requirements.lock").read_text() == lock
    assert said_by(again, "import greeting; print(greeting.WORDS)") == "good morning\n"
    assert find(home, declaration) == again
    # Somebody edits a file, which is the cache's as well: nobody gets it from there.
    words = again.folder / "share" / "greet" / "words"
    words.chmod(0o644)
    words.write_text("spoiled")
    assert build.inspect(home, again.id) is not None
    mended = build_blocking(home, declaration)
    assert said_by(mended, "import greeting; print(greeting.WORDS)") == "good morning\n"
    # A file that the channel serves and the lock does not mean is not taken.
    build.discard(retire(home, mended))
    shutil.rmtree(cache(home))
    other = package("libgreet", "1.0", {"share/greet/words": "evil\n"})
    (made.folder / channels.SUBDIR / other.file).write_bytes(other.content)
    with pytest.raises(AtriumError) as raised:
        restore(home, mended.id)
    (made.folder / channels.SUBDIR / GREET.file).write_bytes(GREET.content)
    channels.write(made.folder, *everything())
    assert raised.value.code == "hash_mismatch", detail_of(raised.value)
    assert not (home.environments / mended.id).exists()


def test_what_is_told_of_it(home: Home, project: Path) -> None:
    environment = built(home, project)
    declaration = declare(project, project)
    told = {one.name: one for one in report(home, declaration, None, Uv(home)).packages}
    assert told["libgreet"].required_by == ["greeting"]
    assert told["greeting"].asked == "environment.yml, line 7"
    assert told["idna"].asked == "environment.yml, line 9"
    assert "python" in told["ipykernel"].name or told["ipykernel"].asked == "the kernel"
    # Nothing has happened to it beneath a kernel; what is installed by hand is named.
    sight, change = look(home, environment.id, None)
    assert change is None
    site = site_packages(environment.folder)
    site.chmod(0o755)
    (site / "late-1.0.dist-info").mkdir()
    (site / "late-1.0.dist-info" / "RECORD").write_text("")
    _, change = look(home, environment.id, sight)
    assert change is not None
    assert change.message == "late 1.0 was installed"
    # A lock for others cannot be written of it; other machines cannot build it.
    with pytest.raises(Unbuildable, match="packages of conda"):
        write_up(home, project, project, Uv(home))
    with pytest.raises(Conflict, match="packages of conda"):
        existing("c" * 32, "tcp://127.0.0.1:1", environment)


def test_more_of_pip_goes_on_in_the_same_kernel_and_more_of_conda_does_not(home: Home, project: Path) -> None:
    before = built(home, project)
    more = built(home, project, FILE + "      - toolz\n")
    assert [one.name for one in additions(home, before.id, more).packages] == ["toolz"]
    other = built(home, project, FILE.replace("  - greeting\n", "  - greeting\n  - odd_one\n"))
    with pytest.raises(NotAdditive, match="packages of conda change"):
        additions(home, before.id, other)


def test_room_is_made_in_the_cache(home: Home, project: Path) -> None:
    environment = built(home, project)
    kept = room.survey(home)
    assert kept.cache > 0
    # What is shared stays; what nobody has any more goes.
    assert room.collect(home, 0, Uv(home), quiet=600).removed == []
    assert (cache(home) / "pkgs" / "libgreet-1.0-h0_0").is_dir()
    build.discard(retire(home, environment))
    room.collect(home, 0, Uv(home))
    assert not (cache(home) / "pkgs" / "libgreet-1.0-h0_0").exists()


@pytest.mark.parametrize(
    ("line", "minor"),
    [
        ("python=3.12", "3.12"), ("Python 3.12.*", "3.12"), ("python=3.12.4=hb806964_0_cpython", "3.12"),
        ("python 3.12.* *_cpython", "3.12"), ("python==3.12.1", "3.12"), ("conda-forge::python=3.12", "3.12"),
        ("python>=3.12,<3.13", "3.12"), ("python >=3.12,<3.13 *_cpython", "3.12"), ("python=3", PYTHON),
        (f"python=3.99|={PYTHON}", PYTHON), ("python", PYTHON), ("python>=3.9", PYTHON),
    ],
)  # fmt: skip
def test_condas_ways_to_ask_for_a_python(project: Path, line: str, minor: str) -> None:
    write(project, f"dependencies:\n  - {line}\n  - greeting\n")
    assert declare(project, project).python == minor


@pytest.mark.parametrize(
    ("named", "asked", "urls", "foreign"),
    [
        ([], [], ["OWN"], []),
        (["nodefaults"], [], ["OWN"], []),
        (["bioconda"], [], ["FOREIGN/bioconda", "OWN"], ["bioconda"]),
        (["bioconda", "conda-forge"], [], ["FOREIGN/bioconda", "OWN"], ["bioconda"]),
        (["bioconda", "nodefaults"], [], ["FOREIGN/bioconda"], ["bioconda"]),
        ([], ["bioconda"], ["OWN", "FOREIGN/bioconda"], ["bioconda"]),
        (["conda-forge"], ["conda-forge"], ["OWN"], []),
        (
            ["https://conda.anaconda.org/bioconda/"],
            ["bioconda"],
            ["FOREIGN/bioconda", "OWN"],
            ["https://conda.anaconda.org/bioconda/"],
        ),
    ],
)
def test_which_channels_in_which_order(
    made: Channel, named: list[str], asked: list[str], urls: list[str], foreign: list[str]
) -> None:
    found, others = wanted([(one, "line 1") for one in named], [(one, "line 2") for one in asked])
    known = {"OWN": made.url, "FOREIGN/bioconda": "https://conda.anaconda.org/bioconda"}
    assert found == [known[one] for one in urls]
    assert [one.line for one in others] == foreign


@pytest.mark.parametrize(
    "name",
    ["conda-forge/linux-64", "https://[::1", "file:///etc", "../x", "https://conda.example.org/t/tk-123/x", "a b"],
)
def test_what_is_no_channel(project: Path, name: str) -> None:
    write(project, f"channels:\n  - '{name}'\ndependencies:\n  - greeting\n")
    with pytest.raises(Unbuildable, match=r"environment\.yml, line 2") as raised:
        declare(project, project)
    assert "tk-123" not in f"{raised.value}{raised.value.hint}"


@pytest.mark.parametrize("item", ["[a, b]", "{conda: [x]}", "greeting[build=x]", "./greeting.conda", "https://x::y"])
def test_what_is_no_package(project: Path, item: str) -> None:
    write(project, f"dependencies:\n  - greeting\n  - {item}\n")
    with pytest.raises(Unbuildable, match="line 3") as raised:
        declare(project, project)
    assert "Node" not in raised.value.message


def test_conda_knows_better_what_its_packages_need(
    home: Home, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyPI's wheel of the same version may need more, and conda may have relaxed what a package says."""
    made = [
        channels.python(), ODD, module("pandas", "2.3.3", ""),
        module("strict", "1.0", "", ("odd_one",), requires="six<2"),
    ]  # fmt: skip
    text = FILE.replace("greeting\n", "strict\n  - pandas\n").replace("idna==3.10", "six")
    with channel(tmp_path / "channel", *made) as url:
        monkeypatch.setenv("ATRIUM_CONDA_CHANNELS", f"conda-forge={url}")
        environment = built(home, project, text)
    names = {one.name for one in environment.packages}
    assert {"pandas", "strict", "ipykernel"} <= names
    assert {"numpy", "pytz", "six"}.isdisjoint(names)


def test_no_other_channel_by_a_channels_word(
    home: Home, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        channel(tmp_path / "both" / "other", GREET, GREETING) as other,
        channel(tmp_path / "both" / "mine", channels.python()) as url,
    ):
        told = tmp_path / "both" / "mine" / "noarch" / "repodata.json"
        repodata = json.loads(told.read_text())
        repodata["info"]["channel_relations"] = {"base": other}
        told.write_text(json.dumps(repodata))
        monkeypatch.setenv("ATRIUM_CONDA_CHANNELS", f"conda-forge={url}")
        assert "no package for greeting" in refused(home, project, FILE).message


def test_a_password_is_the_machines_alone(
    home: Home, project: Path, tmp_path: Path, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    with channel(tmp_path / "channel", channels.python(), GREET, GREETING, password="s3cret") as url:
        monkeypatch.setenv("ATRIUM_CONDA_CHANNELS", f"conda-forge={url.replace('//', '//ana:s3cret@')}")
        messages.check("conda: a password in the setting", refused(home, project, FILE))
        monkeypatch.setenv("ATRIUM_CONDA_CHANNELS", f"conda-forge={url}")
        error = refused(home, project, FILE)
        assert error.code == "no_channel"
        assert error.message.startswith("127.0.0.1 wants to know who asks")
        (tmp_path / "auth.json").write_text('{"127.0.0.1": {"BasicHTTP": {"username": "ana", "password": "s3cret"}}}')
        monkeypatch.setenv("RATTLER_AUTH_FILE", str(tmp_path / "auth.json"))
        environment = built(home, project)
        assert "s3cret" not in (environment.folder / "requirements.lock").read_text()
        monkeypatch.setenv("ATRIUM_CONDA_CHANNELS", f"conda-forge={url}/nowhere")
        assert "has no such channel" in refused(home, project, FILE.replace("greeting", "libgreet")).message


def test_a_package_that_lost_a_file_is_had_again(home: Home, project: Path) -> None:
    """As where somebody was killed who removed it."""
    environment = built(home, project)
    build.discard(retire(home, environment))
    (cache(home) / "pkgs" / "libgreet-1.0-h0_0" / "share" / "greet" / "words").unlink()
    assert said_by(restore(home, environment.id), "import greeting; print(greeting.WORDS)") == "good morning\n"


def test_nobody_installs_from_a_spoiled_cache(home: Home) -> None:
    there = cache(home) / "pkgs" / "libgreet-1.0-h0_0"
    there.mkdir(parents=True)
    with used(home, Uv(home), silent):
        # Not beneath who is installing.
        forget(home)
        assert prune(home) is False
        assert there.exists()
    with used(home, Uv(home), silent):
        assert not there.exists()
