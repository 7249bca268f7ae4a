"""Hosts, tokens and keys as people give them; how they are kept; what ssh is told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from workspace_ext.contract.credentials import KeepCredential
from workspace_server.projects.credentials.service import Holder
from workspace_server.projects.credentials.sign_in import SignIn
from workspace_server.projects.credentials.vault import Vault
from workspace_server.projects.names import protocols_for
from workspace_server.projects.origins import origin_named

from .conftest import Room
from .refusals import BO, refused


def test_a_vault_opens_only_what_is_its_own(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "key")
    locked = vault.lock("secret ü", "a")
    assert b"secret" not in locked
    assert locked != vault.lock("secret ü", "a")
    assert Vault(tmp_path / "key").open(locked, "a") == "secret ü"
    for broken, purpose in ((locked, "b"), (locked[:-1], "a"), (locked[1:], "a")):
        with refused("credential_unreadable"):
            vault.open(broken, purpose)
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize(
    ("given", "kind", "origin"),
    [
        ("github.com", "token", "https://github.com"),
        (" GitHub.com/ ", "token", "https://github.com"),
        ("https://git.example.org:8443/team/a.git", "token", "https://git.example.org:8443"),
        ("https://git.example.org:443/team/a.git", "token", "https://git.example.org"),
        ("http://allowed.example.org/a.git", "token", "http://allowed.example.org"),
        ("git.example.org", "ssh_key", "ssh://git.example.org"),
        ("git.example.org:2222", "ssh_key", "ssh://git.example.org:2222"),
        ("git@github.com:team/a.git", "ssh_key", "ssh://github.com"),
        ("ssh://git@[::1]:22/a.git", "ssh_key", "ssh://[::1]"),
    ],
)
def test_hosts_as_people_give_them(given: str, kind: str, origin: str) -> None:
    assert origin_named(given, kind, ["http://allowed.example.org/b.git"]) == origin  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "kind", "code"),
    [
        ("", "token", "invalid_host"),
        ("a b", "token", "invalid_host"),
        ("file:///etc", "token", "invalid_host"),
        ("https://host:99999", "token", "invalid_host"),
        ("https://[", "token", "invalid_host"),
        ("http://plain.example.org/b.git", "token", "not_encrypted"),
        ("ssh://git@github.com/a.git", "token", "wrong_kind"),
        ("https://github.com/a.git", "ssh_key", "wrong_kind"),
        (f"https://ana:{BO}@github.com/a.git", "token", "credentials_in_url"),
        (f"{BO}@github.com", "token", "credentials_in_url"),
    ],
)
def test_hosts_that_cannot_be(given: str, kind: str, code: str) -> None:
    with refused(code):
        origin_named(given, kind, ["http://allowed.example.org/b.git"])  # type: ignore[arg-type]


def test_an_address_that_is_refused_is_told_without_its_password() -> None:
    with refused("url_not_allowed"):
        protocols_for(f"http://ana:{BO}@host/a.git", [])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["-t", "ed25519", "-N", "secret words"], "key_with_passphrase"),
        (["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "secret words"], "key_with_passphrase"),
        (["-t", "rsa", "-b", "2048", "-m", "PKCS8", "-N", "secret words"], "key_with_passphrase"),
        (["-t", "ed25519", "-N", ""], ""),
        (["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""], ""),
        (["-t", "ecdsa", "-N", ""], ""),
    ],
)
async def test_ssh_keys(room: Room, tmp_path: Path, arguments: list[str], code: str) -> None:
    file = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-f", str(file), *arguments], check=True)  # noqa: ASYNC221
    credentials, host = room.projects.credentials, "git@git.example.org:team/a.git"
    if code:
        with refused(code, "passphrase", "ssh-keygen"):
            credentials.keep(room.ana.id, KeepCredential(host, "ssh_key", file.read_text()))
        return
    kept = credentials.keep(room.ana.id, KeepCredential(host, "ssh_key", file.read_text().replace("\n", "\r\n")))
    shown = subprocess.run(["ssh-keygen", "-lf", str(file)], capture_output=True, text=True)  # noqa: ASYNC221
    assert kept.fingerprint in shown.stdout
    told = credentials.lend(Holder(room.ana.id), host)
    assert Path(told["file"]).read_text() == file.read_text()
    credentials.take_back(told)
    with refused("public_key", "without .pub"):
        credentials.keep(room.ana.id, KeepCredential(host, "ssh_key", file.with_suffix(".pub").read_text()))


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (KeepCredential("github.com", "token", "", "ana"), "no_secret"),
        (KeepCredential("github.com", "token", "two words", "ana"), "invalid_token"),
        (KeepCredential("github.com", "token", BO + "\nx", "ana"), "invalid_token"),
        (KeepCredential("github.com", "token", BO, ""), "no_user"),
        (KeepCredential("github.com", "token", BO, "x" * 300), "invalid_user"),
        (KeepCredential("github.com", "token", BO, "ana", "\x1b[31m"), "invalid_label"),
        (KeepCredential("github.com", "ssh_key", BO), "invalid_key"),
        (KeepCredential("github.com", "ssh_key", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA"), "invalid_key"),
    ],
)
async def test_secrets_that_cannot_be(room: Room, wish: KeepCredential, code: str) -> None:
    with refused(code):
        room.projects.credentials.keep(room.ana.id, wish)
    assert BO not in repr(wish)


async def test_ssh_is_told_the_key_and_whom_to_trust(tmp_path: Path) -> None:
    """As ssh itself reads the command that git hands to the shell; also where paths have spaces and more."""
    folder = tmp_path / "a 'b' %h"
    key, known = folder / "ssh_key", folder / "known_hosts"
    asked = SignIn("ssh_key", str(key), str(known)).ssh()
    read = subprocess.run(["sh", "-c", f"{asked} -G git.example.org"], capture_output=True, text=True)  # noqa: ASYNC221
    options = dict(line.split(" ", 1) for line in read.stdout.splitlines() if " " in line)
    assert options["identityfile"].replace("%%", "%") == str(key)
    assert options["userknownhostsfile"].strip('"').replace("%%", "%") == str(known)
    assert (options["stricthostkeychecking"], options["identitiesonly"]) == ("true", "yes")
    assert "IdentityFile=none" in SignIn().ssh()
