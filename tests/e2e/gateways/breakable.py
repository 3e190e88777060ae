"""`deemster serve` with a fault on demand: the file `fault` in its folder names what raises what.

`python breakable.py serve --config …`. The text of the file is one of FAULTS, or empty.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["FAULTS", "FILE"]

FILE = Path("fault")
PLACES = (
    ("deemster.decisions.point", "DecisionPoint", "begin"),
    ("deemster.gateways.deciding", "RecordedDecisions", "begin_answer"),
    ("deemster.gateways.deciding", "CallDecider", "begin"),
    ("deemster.gateways.pep_auth", "PepAuthenticator", "_authenticated"),
    ("deemster.tokens.jwt_provider", "JwtProvider", "recall"),
    ("deemster.decisionlog.recorder", "DecisionRecorder", "record"),
    ("deemster.gateways.ext_authz_grpc", "ExtAuthzGrpc", "decode"),
    ("deemster.gateways.ext_authz_grpc", "ExtAuthzGrpc", "encode"),
    ("deemster.gateways.ext_authz_http", "ExtAuthzHttp", "decode"),
    ("deemster.gateways.ext_authz_http", "ExtAuthzHttp", "encode"),
)
RAISED: dict[str, Callable[[], BaseException]] = {
    "RuntimeError": lambda: RuntimeError("broken on demand"),
    "MemoryError": MemoryError,
    "RecursionError": RecursionError,
}
FAULTS = [f"{owner}.{name} raises {fault}" for fault in RAISED for _, owner, name in PLACES]


def _make_breakable(module: str, owner_name: str, name: str) -> None:
    owner = getattr(import_module(module), owner_name)
    real = getattr(owner, name)

    def breakable(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  (whatever the real one takes)
        place, _, fault = FILE.read_text().partition(" raises ") if FILE.exists() else ("", "", "")
        if place == f"{owner_name}.{name}":
            raise RAISED[fault]()
        return real(*args, **kwargs)

    setattr(owner, name, breakable)


if __name__ == "__main__":
    for place in PLACES:
        _make_breakable(*place)
    from deemster.cli.main import app

    app()
