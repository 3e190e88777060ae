"""The service of the worst hour, on one core; its calls, its figures, and who looks in on it."""

from __future__ import annotations

import re
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from benchmarks.issuing import Issuer
from benchmarks.loads import TOKEN
from benchmarks.ours import settings_in, sideband_call
from benchmarks.processes import LOAD_CORE, free_port, python_program, running
from benchmarks.trees import calls, tree_texts

__all__ = [
    "Served",
    "accepted",
    "figure_of",
    "keys_at",
    "looked_in",
    "overloaded",
    "requests",
    "served",
]

OPERATIONS = 100


def served(
    stack: ExitStack,
    folder: Path,
    issuer: Issuer,
    more: str = "",
    changed: Callable[[str], str] = lambda text: text,
) -> Served:
    """One that serves a hundred operations until the stack is closed.

    `more`: settings at the end of the others; `changed` makes other settings of those.
    """
    folder.mkdir()
    secret = secrets.token_urlsafe(32)
    port, management = free_port(), free_port()
    settings = settings_in(
        folder,
        issuer,
        tree_texts(OPERATIONS),
        secret,
        port=port,
        check_port=free_port(),
    )
    text = changed(settings.read_text(encoding="utf-8"))
    text = re.sub(r"(management: {bind: \"127.0.0.1:)\d+", rf"\g<1>{management}", text)
    settings.write_text(text + more, encoding="utf-8")
    command = python_program("-m", "deemster", "serve", "--config", str(settings))
    process = stack.enter_context(running(command, folder / "log", port))
    return Served(port, management, secret, process, folder)


@dataclass(frozen=True, slots=True)
class Served:
    """One that runs. `process`: its id."""

    port: int
    management: int
    secret: str
    process: int
    folder: Path


def keys_at(stack: ExitStack, folder: Path, document: Path) -> tuple[Path, Callable[[str], str]]:
    """A server of a key set: its log of fetches, and what makes settings ask it."""
    port = free_port()
    command = python_program("-m", "benchmarks.worst.key_server", str(port), str(document))
    stack.enter_context(running(command, folder / "keys", port, cores=LOAD_CORE))

    def changed(settings: str) -> str:
        url = f"http://127.0.0.1:{port}/keys"
        keys = f"keys: {{jwksUrl: '{url}', allowPrivate: true}}"
        return re.sub(r"keys: {file: [^}]*}", keys, settings)

    return folder / "keys.out", changed


def requests(of: Served, tokens: list[str]) -> Iterator[bytes]:
    """Sideband calls that are to be permitted, each with the next token; without an end."""
    asked = calls(OPERATIONS)[OPERATIONS // 2]
    base = f"http://127.0.0.1:{of.port}"
    call = sideband_call(base, of.secret, asked.method, asked.url, TOKEN)
    length = len(call.body.replace(TOKEN, tokens[0]))
    fields = {"Host": urlsplit(base).netloc, "Content-Length": str(length), **call.headers}
    head = f"POST {urlsplit(call.url).path} HTTP/1.1\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in fields.items()
    )
    before, _, after = f"{head}\r\n{call.body}".partition(TOKEN)
    start, end = before.encode(), after.encode()
    encoded = [token.encode() for token in tokens]
    return (start + token + end for token in cycle(encoded))


def accepted(answer: bytes) -> bool:
    """Whether it is the permit that was asked for."""
    return answer.startswith(b"HTTP/1.1 200") and b'"response"' not in answer


def overloaded(answer: bytes) -> bool:
    """Whether it refuses because there is too much to do, in the protocol's own form."""
    return answer.startswith(b"HTTP/1.1 200") and b"overloaded" in answer


def figure_of(of: Served, name: str, **labels: str) -> float:
    """The sum of a metric's values over all labels but these."""
    text = httpx.get(f"http://127.0.0.1:{of.management}/metrics", trust_env=False).text
    found = 0.0
    for line in text.splitlines():
        told = re.fullmatch(rf"{name}(?:\{{(.*)\}})? (\S+)", line)
        if told and all(f'{key}="{value}"' in (told[1] or "") for key, value in labels.items()):
            found += float(told[2])
    return found


@contextmanager
def looked_in(of: Served) -> Iterator[list[float]]:
    """Management is asked fifty times a second meanwhile. Afterwards the list holds how often, the
    99th percentile and the longest wait in seconds, and how often nothing good was answered.
    """
    found: list[float] = []
    process = subprocess.Popen(
        [*python_program("-m", "benchmarks.worst.looking_in"), str(of.management)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield found
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=30)
        found.extend(float(word) for word in said.split())
