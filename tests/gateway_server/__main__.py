"""The server by itself: `python -m tests.gateway_server [--port N] [--log FILE]`, until its input ends.

Prints its address. A model called after a fault (“xidao/silent”) has it; the names are in `scripts.FAULTS`.
With --log each request is written into the file, a JSON object a line.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.gateway_server.scripts import respond
from tests.gateway_server.server import GatewayServer, Received, Reply


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.gateway_server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()

    def logged(request: Received) -> Reply:
        if options.log is not None:
            line = {"path": request.path, "headers": request.headers, "body": request.body.decode()}
            with options.log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        server.received.clear()  # it may run for long
        return respond(request)

    server = GatewayServer(respond=logged, port=options.port)
    with server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
