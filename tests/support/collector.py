"""A collector over HTTP in a thread: what it was sent, unpacked."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Collector", "a_collector"]


class Collector:
    """`bodies` of the requests that it took, in order."""

    def __init__(self, status: int) -> None:
        self.bodies: list[bytes] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if status == 200:
                    collector.bodies.append(gzip.decompress(body))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """No more."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def a_collector(status: int = 200) -> Iterator[Collector]:
    """Running on a port of its own; everything is answered with `status`."""
    collector = Collector(status)
    try:
        yield collector
    finally:
        collector.close()
