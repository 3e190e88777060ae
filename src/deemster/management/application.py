"""The Starlette application of the management listener.

`/live /ready /metrics /version /openapi.json`
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from deemster.management.status import ServiceStatus

__all__ = ["build_management_application", "build_probe_application"]

_WORKERS = ("serving", "wanted")
_NOT_STORED = {"cache-control": "no-store"}


def build_management_application(
    *,
    status: Callable[[], ServiceStatus],
    registry: CollectorRegistry,
    version: str,
    openapi: Callable[[], bytes],
    refresh: Callable[[], Awaitable[None]] | None = None,
) -> Starlette:
    """`status` is asked at every call of `/ready`; `registry` at every scrape.

    `openapi` describes the decisions listener, as JSON; it is asked at every call. `refresh` is
    awaited before a scrape.
    """

    async def ready(asked: Request) -> Response:
        now = status()
        if not _is_from_this_machine(asked):
            return _told_bare(now)
        return JSONResponse(_detail(now), 200 if now.ready else 503, headers=_NOT_STORED)

    async def metrics(asked: Request) -> Response:
        if refresh is not None:
            await refresh()
        encode, media_type = choose_encoder(asked.headers.get("accept", ""))
        return Response(encode(registry), media_type=media_type, headers=_NOT_STORED)

    async def tell_version(_asked: Request) -> Response:
        now = status()
        told = {
            "name": "deemster",
            "version": version,
            "revision": now.revision,
            "policies": _policies(now),
        }
        return JSONResponse(told, headers=_NOT_STORED)

    async def tell_openapi(_asked: Request) -> Response:
        return Response(openapi(), media_type="application/json", headers=_NOT_STORED)

    return Starlette(
        routes=[
            Route("/live", _live),
            Route("/ready", ready),
            Route("/metrics", metrics),
            Route("/version", tell_version),
            Route("/openapi.json", tell_openapi),
        ]
    )


def build_probe_application(status: Callable[[], ServiceStatus]) -> Starlette:
    """`/live` and `/ready` for whoever asks, and not a word more."""

    async def ready(_asked: Request) -> Response:
        return _told_bare(status())

    return Starlette(routes=[Route("/live", _live), Route("/ready", ready)])


async def _live(_asked: Request) -> Response:
    # Answered by the loop that decides: no answer means that the loop hangs.
    return PlainTextResponse("live\n", headers=_NOT_STORED)


def _told_bare(now: ServiceStatus) -> Response:
    if now.ready:
        return PlainTextResponse("ready\n", headers=_NOT_STORED)
    return PlainTextResponse("not ready\n", 503, headers=_NOT_STORED)


def _detail(now: ServiceStatus) -> dict[str, object]:
    workers = (
        {} if now.workers is None else {"workers": dict(zip(_WORKERS, now.workers, strict=True))}
    )
    return {
        "status": "not-ready" if not now.ready else "degraded" if now.degraded else "ready",
        "environment": now.environment,
        "revision": now.revision,
        "policies": _policies(now),
        "degraded": now.degraded,
        "insecure": list(now.insecure),
        "restartNeeded": list(now.restart_needed),
        **workers,
    }


def _policies(now: ServiceStatus) -> dict[str, object] | None:
    policies = now.policies
    if policies is None:
        return None
    told: dict[str, object] = {"source": policies.source}
    if policies.age is not None:
        told |= {
            "sequence": policies.sequence,
            "ageSeconds": round(policies.age, 3),
            "expires": None if policies.expires is None else _instant(policies.expires),
            "tooOld": policies.too_old,
            "trouble": policies.trouble,
        }
    return told


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _is_from_this_machine(asked: Request) -> bool:
    # The listener's own view of the peer; no header is asked.
    if asked.client is None:
        return False
    try:
        return ipaddress.ip_address(asked.client.host).is_loopback
    except ValueError:
        return False
