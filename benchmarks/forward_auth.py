"""Forward authentication over HTTP beside the null application: a GET, header fields, no body."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from benchmarks.loads import (
    ServedFigures,
    Target,
    free_port,
    measured_in_turn,
    null_server,
    serving,
)
from benchmarks.served import prepare

__all__ = ["measure_forward_auth"]


def measure_forward_auth(operations: int) -> list[ServedFigures]:
    """The null application and Deemster, asked as Traefik asks, in turn."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        prepared = prepare(folder, operations, port=port, management=free_port())
        command = ["-m", "deemster", "serve", "--config", str(prepared.settings)]
        process = stack.enter_context(serving(command, folder / "deemster.log", port))
        url = f"http://127.0.0.1:{port}/forward-auth/traefik"
        fields = _fields(prepared.body, prepared.secret)
        answer = httpx.get(url, headers=dict(fields), trust_env=False)
        if answer.status_code != httpx.codes.OK or answer.headers["x-auth-user"] != "alice":
            raise RuntimeError(f"the benchmark measures permits, not {answer.text}")
        null = stack.enter_context(null_server(folder, answer.content))
        script = _get_script(folder, fields)
        return measured_in_turn([(null, script), (Target("deemster", url, process), script)])


def _fields(call: bytes, secret: str) -> Mapping[str, str]:
    """The call of the sideband's row, as Traefik would tell it."""
    said = json.loads(call)
    url = urlsplit(said["url"])
    fields = {name: value for field in said["headers"] for name, value in field.items()}
    del fields["host"]
    return fields | {
        "client-token": secret,
        "accept-encoding": "gzip",
        "x-forwarded-for": said["source_ip"],
        "x-forwarded-host": url.netloc,
        "x-forwarded-method": said["method"],
        "x-forwarded-port": "443",
        "x-forwarded-proto": url.scheme,
        "x-forwarded-uri": url.path + (f"?{url.query}" if url.query else ""),
    }


def _get_script(folder: Path, fields: Mapping[str, str]) -> Path:
    script = folder / "get.lua"
    lines = [f'wrk.headers["{name}"] = "{value}"' for name, value in fields.items()]
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return script
