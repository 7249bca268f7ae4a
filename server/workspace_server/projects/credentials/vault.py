"""Secrets at rest: AES-256-GCM with a key of this home, each bound to what it is for."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ...kit.errors import Conflict

KEY_BYTES = 32
NONCE_BYTES = 12


class Vault:
    """Used from threads.

    Parameters
    ----------
    key_file
        Made with the first secret, readable by the account alone. Whoever copies the database without it has nothing.
    """

    def __init__(self, key_file: Path) -> None:
        self._key_file = key_file

    def lock(self, secret: str, purpose: str) -> bytes:
        """``secret`` encrypted. It opens for the same ``purpose`` only: a row copied over another one is worthless."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher().encrypt(nonce, secret.encode(), purpose.encode())

    def open(self, locked: bytes, purpose: str) -> str:
        """The inverse of :meth:`lock`.

        Raises
        ------
        Conflict
            It was locked with another key, or for another purpose.
        """
        try:
            return self._cipher().decrypt(locked[:NONCE_BYTES], locked[NONCE_BYTES:], purpose.encode()).decode()
        except InvalidTag:
            raise Conflict(
                "credential_unreadable",
                "A kept credential cannot be decrypted: this home's key is another one than when it was kept.",
                "Bring secrets/credentials.key back from the backup, or enter the credential again.",
            ) from None

    def _cipher(self) -> AESGCM:
        try:
            return AESGCM(self._key_file.read_bytes())
        except FileNotFoundError:
            return AESGCM(self._made())

    def _made(self) -> bytes:
        making = self._key_file.with_name(f".{self._key_file.name}-{secrets.token_hex(6)}")
        descriptor = os.open(making, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            # Whole, and never over another thread's.
            os.link(making, self._key_file)
        except FileExistsError:
            pass
        finally:
            making.unlink()
        return self._key_file.read_bytes()
