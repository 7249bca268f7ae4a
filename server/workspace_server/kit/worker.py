"""The far end of ``processes.Workers``: one JSON line in, progress lines and one result line out."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from typing import Any

from .errors import AtriumError, Failed, pack


def main() -> None:
    # Whatever a library prints must not be taken for a reply.
    wire = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def send(**message: Any) -> None:
        wire.write(json.dumps(message) + "\n")
        wire.flush()

    def report(message: str, done: int = 0, total: int = 0) -> None:
        send(progress=[message, done, total])

    for line in sys.stdin:
        request = json.loads(line)
        module, name = request["function"].split(":")
        try:
            result = getattr(importlib.import_module(module), name)(report, **request["arguments"])
        except AtriumError as error:
            send(error=pack(error))
        except Exception as error:
            traceback.print_exc()
            send(
                error=pack(
                    Failed("unexpected", f"{type(error).__name__}: {error}", "The server's log has the details.")
                )
            )
        else:
            send(result=result)


if __name__ == "__main__":
    main()
