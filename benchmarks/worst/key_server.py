"""Serves a key set as a file has it now: `key_server PORT FILE`; prints a line for each fetch."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Keys(BaseHTTPRequestHandler):
    document: Path

    def do_GET(self) -> None:
        """The key set, whatever the path."""
        content = self.document.read_bytes()
        print("fetched", flush=True)
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing more is told."""


if __name__ == "__main__":
    _Keys.document = Path(sys.argv[2])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Keys).serve_forever()
