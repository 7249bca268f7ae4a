"""The errors that reach a person, each with one HTTP status.

::

    AtriumError
    ├── Invalid          422  the input is wrong; ``field`` names what
    ├── Unauthenticated  401  nobody is signed in
    ├── Forbidden        403  signed in, not allowed
    ├── NotFound         404
    ├── Conflict         409  right input, wrong moment
    ├── TooLarge         413  more than is taken at once
    ├── TooMany          429  more often than is answered
    ├── Unavailable      503  something it needs is not there now
    └── Failed           500  an operation was tried and did not succeed
"""

from __future__ import annotations

from typing import Any


class AtriumError(Exception):
    """Something a person can act on.

    Parameters
    ----------
    code
        Stable, machine-readable, snake_case.
    message
        What happened and why, in the person's terms.
    hint
        What to do next.
    field
        The input that is wrong, where there is one.
    """

    status = 500

    def __init__(self, code: str, message: str, hint: str = "", field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.field = field

    def wire(self) -> dict[str, Any]:
        """The error as JSON: ``{code, message, hint, field?}``."""
        wire: dict[str, Any] = {"code": self.code, "message": self.message, "hint": self.hint}
        if self.field is not None:
            wire["field"] = self.field
        return wire

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class Invalid(AtriumError):
    status = 422


class Unauthenticated(AtriumError):
    status = 401


class Forbidden(AtriumError):
    status = 403


class NotFound(AtriumError):
    status = 404


class Conflict(AtriumError):
    status = 409


class TooLarge(AtriumError):
    status = 413


class TooMany(AtriumError):
    status = 429


class Unavailable(AtriumError):
    status = 503


class Failed(AtriumError):
    status = 500


KINDS: dict[str, type[AtriumError]] = {
    kind.__name__: kind
    for kind in (Invalid, Unauthenticated, Forbidden, NotFound, Conflict, TooLarge, TooMany, Unavailable, Failed)
}


def pack(error: AtriumError) -> dict[str, Any]:
    """An error as JSON that crosses a process border; :func:`unpack` is its inverse."""
    return {"kind": type(error).__name__, **error.wire()}


def unpack(packed: dict[str, Any]) -> AtriumError:
    """The error that :func:`pack` packed; kinds this process does not know become :class:`Failed`."""
    kind = KINDS.get(packed.get("kind", ""), Failed)
    return kind(packed["code"], packed["message"], packed.get("hint", ""), packed.get("field"))
