"""Tokens and keys as people paste them, checked before they are kept. No error repeats any of it."""

from __future__ import annotations

import base64
import re
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.hashes import SHA256

from ...kit.errors import Invalid

LONGEST_TOKEN = 4096
LONGEST_KEY = 32_768
LONGEST_WORDS = 200


def checked_token(given: str) -> str:
    """A token without the space around it."""
    token = given.strip()
    if not token:
        raise Invalid("no_secret", "The token is empty.", "Make one in your settings on that host.", "secret")
    if re.search(r"[\x00-\x20\x7f]", token) or len(token) > LONGEST_TOKEN:
        raise Invalid(
            "invalid_token", "This is no token: it has spaces or line ends in it, or is too long.",
            "Paste the token alone. An SSH key is kept as such.", "secret",
        )  # fmt: skip
    return token


def checked_key(given: str) -> tuple[str, str]:
    """An SSH private key as ssh reads it, and its fingerprint.

    Raises
    ------
    Invalid
        It is none, or has a passphrase, which nobody could type each time git needs it.
    """
    key = given.replace("\r\n", "\n").strip() + "\n"
    if re.match(r"(ssh-|ecdsa-|sk-)", key):
        raise Invalid(
            "public_key", "This is the public half of a key.",
            "The host gets this one; paste the private one here: the file without .pub.", "secret",
        )  # fmt: skip
    openssh = key.startswith("-----BEGIN OPENSSH")
    read: Any = serialization.load_ssh_private_key if openssh else serialization.load_pem_private_key
    try:
        private = read(key[:LONGEST_KEY].encode(), password=None)
    except TypeError:
        raise Invalid(
            "key_with_passphrase", "This key has a passphrase, and nobody is there to type it when git needs the key.",
            "Make a key without one for this workspace: ssh-keygen -t ed25519 -N '' -f atrium-key", "secret",
        ) from None  # fmt: skip
    except (ValueError, UnsupportedAlgorithm):
        raise _no_key() from None
    try:
        fingerprint = serialization.ssh_key_fingerprint(private.public_key(), SHA256())
    except (TypeError, ValueError, UnsupportedAlgorithm):
        # A key, but of a kind that ssh has no use for.
        raise _no_key() from None
    return key, "SHA256:" + base64.b64encode(fingerprint).decode().rstrip("=")


def checked_words(given: str, field: str, what: str) -> str:
    """A user name or label: one line, not too long."""
    words = " ".join(given.split())
    if len(words) > LONGEST_WORDS or not words.isprintable():
        raise Invalid(
            f"invalid_{field}", f"{what} is longer than {LONGEST_WORDS} characters, or has some that cannot be shown.",
            "Shorten it.", field,
        )  # fmt: skip
    return words


def _no_key() -> Invalid:
    return Invalid(
        "invalid_key", "This is no SSH private key that can be read here.",
        "Paste the whole file, from -----BEGIN to -----END.", "secret",
    )  # fmt: skip
