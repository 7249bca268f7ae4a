"""What Dask Gateway is asked for, in its own HTTP API. Imports the standard library only: the server asks it, too."""

from __future__ import annotations

import base64
import contextlib
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

# A gateway answers a question whether a cluster runs when that changes, or after 20 seconds.
ANSWER_SECONDS = 60.0


class GatewayError(Exception):
    """A gateway refuses, does not answer, or is none; the text is for a person, ``status`` of HTTP or 0."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class Gateway:
    """One gateway, as one person. Its calls take up to seconds: make them from a thread."""

    def __init__(self, address: str, user: str, password: str) -> None:
        self.address = address.rstrip("/")
        self._said = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def options(self) -> list[dict[str, Any]]:
        """What a cluster can be asked for there. A gateway, and whoever may use it, is known by the answer."""
        found = self._ask("GET", "/options")
        if not isinstance(found, dict) or "cluster_options" not in found:
            raise GatewayError(f"What answers at {self.address} is no Dask Gateway")
        return list(found["cluster_options"])

    def create(self) -> str:
        """Begin a cluster, of the gateway's usual kind. Returns its name there."""
        return str(self._ask("POST", "/clusters/", {"cluster_options": {}})["name"])

    def cluster(self, name: str) -> dict[str, Any]:
        """What it says of one: its ``status``, and the ``tls_cert`` and ``tls_key`` of its clients once it runs."""
        return dict(self._ask("GET", f"/clusters/{name}?wait"))

    def adapt(self, name: str, minimum: int, maximum: int) -> None:
        """Between how many workers it is to have."""
        self._ask("POST", f"/clusters/{name}/adapt", {"minimum": minimum, "maximum": maximum, "active": True})

    def stop(self, name: str) -> None:
        """End it; one that has ended already is fine."""
        with contextlib.suppress(GatewayError):
            self._ask("DELETE", f"/clusters/{name}")

    def proxy(self) -> tuple[str, int]:
        """Where its clusters are reached: at the gateway's own host and port, unless its operator chose otherwise."""
        parts = urllib.parse.urlsplit(self.address)
        return str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.address}/api/v1{path}", method=method, data=None if body is None else json.dumps(body).encode()
        )
        request.add_header("Content-Type", "application/json")
        # Not sent on where the gateway redirects to.
        request.add_unredirected_header("Authorization", self._said)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as reply:
                content = reply.read()
            return json.loads(content) if content else None
        except urllib.error.HTTPError as error:
            with error:
                raise GatewayError(_refusal(self.address, error), error.code) from None
        except ValueError:
            raise GatewayError(f"What answers at {self.address} is no Dask Gateway") from None
        except OSError as error:
            why = getattr(error, "reason", error)
            raise GatewayError(f"No Dask Gateway answers at {self.address}: {why}") from None


def _refusal(address: str, error: urllib.error.HTTPError) -> str:
    if error.code in (401, 403):
        return f"The Dask Gateway at {address} does not let this user in"
    try:
        said = json.loads(error.read())["error"]
    except (OSError, ValueError, KeyError, TypeError):
        said = f"it answered {error.code}"
    return f"The Dask Gateway at {address} says: {said}" if error.code != 404 else f"{address} is no Dask Gateway"
