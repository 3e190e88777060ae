"""A client of a language server over stdio: the few requests that an editor makes.

Base protocol: Language Server Protocol 3.17, "Base Protocol"; positions are zero-based lines and
UTF-16 units, which for ASCII texts are characters.
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

__all__ = ["LanguageServer"]

_PATIENCE = 60.0
"""Seconds; a loaded machine starts node slowly, and nothing here waits for longer than it takes."""


class LanguageServer:
    """A running server. A context manager: it is ended when the block is left."""

    def __init__(self, command: Sequence[str], settings: Mapping[str, object], root: Path) -> None:
        self._settings = settings
        self._root = root
        self._numbers = iter(range(1, 1_000_000))
        self._messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._diagnostics: dict[str, list[dict[str, Any]]] = {}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.complaints: list[str] = []
        """Lines of stderr."""
        self._threads = [
            threading.Thread(target=self._read_messages, daemon=True),
            threading.Thread(target=self._read_complaints, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": self._root.as_uri(),
                "workspaceFolders": [{"uri": self._root.as_uri(), "name": "root"}],
                "capabilities": {
                    "textDocument": {
                        "hover": {"contentFormat": ["markdown"]},
                        "completion": {"completionItem": {"documentationFormat": ["markdown"]}},
                    },
                    "workspace": {"configuration": True, "workspaceFolders": True},
                },
            },
        )
        self.notify("initialized", {})
        self.notify("workspace/didChangeConfiguration", {"settings": self._settings})
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join(_PATIENCE)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def open(self, file: Path, text: str) -> str:
        """Open a document as an editor would, with this text; returns its URI."""
        document = {"uri": file.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return file.as_uri()

    def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        """What the server has to say of an open document."""
        while uri not in self._diagnostics:
            self._take()
        return self._diagnostics.pop(uri)

    def at(self, method: str, uri: str, line: int, character: int) -> Any:  # noqa: ANN401  (JSON)
        """The answer to a request about one position."""
        position = {"line": line, "character": character}
        return self.request(method, {"textDocument": {"uri": uri}, "position": position})

    def request(self, method: str, params: object) -> Any:  # noqa: ANN401  (JSON)
        """The result of a request."""
        number = next(self._numbers)
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._take()
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def notify(self, method: str, params: object) -> None:
        """Tell the server something."""
        self._send({"method": method, "params": params})

    def _take(self) -> dict[str, Any]:
        message = self._messages.get(timeout=_PATIENCE)
        assert message is not None, f"the server ended: {self.complaints}"
        if message.get("method") == "textDocument/publishDiagnostics":
            found = message["params"]
            self._diagnostics[found["uri"]] = found["diagnostics"]
        elif "method" in message and "id" in message:
            self._send({"id": message["id"], "result": self._answer(message)})
        return message

    def _answer(self, message: Mapping[str, Any]) -> object:
        if message["method"] == "workspace/configuration":
            return [self._settings.get(item["section"]) for item in message["params"]["items"]]
        return None

    def _send(self, message: Mapping[str, object]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _read_messages(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while header := stream.readline():
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                while stream.readline().strip():
                    pass
                self._messages.put(json.loads(stream.read(int(value))))
        self._messages.put(None)

    def _read_complaints(self) -> None:
        stream = self._process.stderr
        assert stream is not None
        self.complaints.extend(line.decode(errors="replace").rstrip() for line in stream)
