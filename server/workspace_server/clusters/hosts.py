"""Hosts over SSH: whether they can be used, and the certificate by which one cluster's parts know each other."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from workspace_ext.engines.ssh import NO_SSH, Host, by_file

from ..kit.errors import Conflict, Unavailable

GREETING_SECONDS = 30
# Longer than any cluster runs: its key is gone when it ends.
VALID = timedelta(days=3650)
# Of one that clocks which go after ours know already.
BEFORE = timedelta(days=1)

_LOOK = "command -v python3 >/dev/null || echo no python3; command -v uv >/dev/null || echo no uv"


def greet(hosts: Mapping[Host, tuple[str, str]]) -> None:
    """Look at all of them at once, each with the file of a key and that of the trusted hosts.

    Raises
    ------
    Conflict, Unavailable
        Some cannot be used.
    """
    with ThreadPoolExecutor(len(hosts)) as pool:
        found = list(pool.map(lambda one: _look(one[0], *one[1]), hosts.items()))
    wrong = [f"{host.name}: {why}" for host, why in zip(hosts, found, strict=True) if why]
    if wrong:
        raise Conflict("host_refuses", f"{'; '.join(wrong)}.", "Mend that, or leave the host out.")


def _look(host: Host, key: str, known_hosts: str) -> str:
    """Why it cannot be used, "" where it can."""
    try:
        done = subprocess.run(
            host.line(known_hosts, _LOOK, *by_file(key)), stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", timeout=GREETING_SECONDS, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise Unavailable("no_ssh", NO_SSH, "Install it there.") from None
    except subprocess.TimeoutExpired:
        return "it cannot be reached"
    if done.returncode != 0:
        return host.meaning(done.returncode, done.stderr)
    lacks = done.stdout.split("\n")[:-1]
    if "no python3" in lacks:
        return "it has no python3"
    return "it has no uv, which builds the environment; install it there: pip install uv" if "no uv" in lacks else ""


def certificate() -> dict[str, str]:
    """A ``certificate`` that signs itself and its ``key``, in PEM: who has it is one of the cluster's."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "atrium-cluster")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEFORE)
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {"certificate": signed.public_bytes(serialization.Encoding.PEM).decode(), "key": plain.decode()}
