"""The Starlette application of the management listener.

`/live /ready /metrics /version /openapi.json`
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from deemster.management.status import ServiceStatus

__all__ = ["build_management_application"]

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

    async def live(_asked: Request) -> Response:
        # Answered by the loop that decides: no answer means that the loop hangs.
        return PlainTextResponse("live\n", headers=_NOT_STORED)

    async def ready(asked: Request) -> Response:
        now = status()
        code = 200 if now.ready else 503
        if not _is_from_this_machine(asked):
            return PlainTextResponse(
                "ready\n" if now.ready else "not ready\n", code, headers=_NOT_STORED
            )
        return JSONResponse(_detail(now), code, headers=_NOT_STORED)

    async def metrics(asked: Request) -> Response:
        if refresh is not None:
            await refresh()
        encode, media_type = choose_encoder(asked.headers.get("accept", ""))
        return Response(encode(registry), media_type=media_type, headers=_NOT_STORED)

    async def tell_version(_asked: Request) -> Response:
        return JSONResponse({"name": "deemster", "version": version}, headers=_NOT_STORED)

    async def tell_openapi(_asked: Request) -> Response:
        return Response(openapi(), media_type="application/json", headers=_NOT_STORED)

    return Starlette(
        routes=[
            Route("/live", live),
            Route("/ready", ready),
            Route("/metrics", metrics),
            Route("/version", tell_version),
            Route("/openapi.json", tell_openapi),
        ]
    )


def _detail(now: ServiceStatus) -> dict[str, object]:
    workers = (
        {} if now.workers is None else {"workers": dict(zip(_WORKERS, now.workers, strict=True))}
    )
    return {
        "status": "not-ready" if not now.ready else "degraded" if now.degraded else "ready",
        "environment": now.environment,
        "revision": now.revision,
        "degraded": now.degraded,
        "insecure": list(now.insecure),
        **workers,
    }


def _is_from_this_machine(asked: Request) -> bool:
    # The listener's own view of the peer; no header is asked.
    if asked.client is None:
        return False
    try:
        return ipaddress.ip_address(asked.client.host).is_loopback
    except ValueError:
        return False
