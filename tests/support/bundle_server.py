"""A server of one policy bundle on loopback, with entity tags; can be away or want a token."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["BundleServer", "bundle_server"]


@dataclass
class BundleServer:
    """`octets` are what is served now; `status` answers instead of 200, `bearer` is asked for."""

    octets: bytes
    port: int = 0
    status: int | None = None
    bearer: str | None = None
    compressed: bool = False
    hangs: bool = False
    asked: list[str | None] = field(default_factory=list)
    """`If-None-Match` of each request."""

    @property
    def url(self) -> str:
        """Of the bundle."""
        return f"http://127.0.0.1:{self.port}/policies/production"

    @property
    def place(self) -> str:
        """As `policies.bundle` has it."""
        return f"url: '{self.url}', allowPrivate: true"

    def answer(self, sent: str | None, authorization: str | None) -> tuple[int, bytes, str]:
        """Status, body and entity tag."""
        self.asked.append(sent)
        while self.hangs:
            time.sleep(0.01)
        octets = self.octets
        tag = f'"{hashlib.sha256(octets).hexdigest()[:16]}"'
        if self.bearer is not None and authorization != f"Bearer {self.bearer}":
            return 401, b"", tag
        if self.status is not None:
            return self.status, b"", tag
        return (304, b"", tag) if sent == tag else (200, octets, tag)


@contextmanager
def bundle_server(octets: bytes) -> Iterator[BundleServer]:
    """Answers from threads of its own, whatever the test does meanwhile."""
    server = BundleServer(octets)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body, tag = server.answer(
                self.headers.get("if-none-match"), self.headers.get("authorization")
            )
            self.send_response(status)
            self.send_header("etag", tag)
            if server.compressed:
                self.send_header("content-encoding", "gzip")
            if status != 304:
                self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        listening.block_on_close = False
        server.port = listening.server_address[1]
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
