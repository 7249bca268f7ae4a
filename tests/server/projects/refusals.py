"""Errors that name what they should, and never a secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from workspace_server.kit.errors import AtriumError

ANA, BO, SERVICE = "ghp_AnasOwn/Token+1", "ghp_BosOwnToken2", "glpat-ServiceToken3"


@contextmanager
def refused(code: str, *words: str) -> Iterator[None]:
    with pytest.raises(AtriumError) as error:
        yield
    assert error.value.code == code, error.value
    for word in words:
        assert word in str(error.value), error.value
    for secret in (ANA, BO, SERVICE):
        assert secret not in str(error.value)
