"""Directories of the settings that are HTTP services ► user sources."""

from __future__ import annotations

import base64
from dataclasses import replace

from deemster.app.http_services import breaker_of, build_http_service
from deemster.model.clock import Clock
from deemster.outgoing.bounds import CallBounds
from deemster.outgoing.http_service import HttpService
from deemster.settings.model import BasicCredentials, ScimDirectory, UserinfoDirectory
from deemster.settings.secret import Secret
from deemster.usercontext.asked_directory import AnsweringService, AskedDirectory
from deemster.usercontext.scim import ScimUserSource
from deemster.usercontext.userinfo import UserinfoSource
from deemster.usercontext.userinfo_discovery import DiscoveredEndpoint

__all__ = ["scim_source", "userinfo_source"]


def scim_source(id: str, directory: ScimDirectory, timeout: float, clock: Clock) -> ScimUserSource:
    """Nothing is connected yet; `timeout` in seconds for a question. Raises ConfigurationError."""
    outgoing = directory.outgoing
    service = build_http_service(
        outgoing,
        called=f"the directory `{id}`",
        clock=clock,
        headers=_authorization(directory.auth),
    )
    bounds = CallBounds(breaker_of(outgoing, clock), concurrency=outgoing.concurrency)
    asked = AskedDirectory(id, service, bounds, timeout=timeout)
    return ScimUserSource(asked, directory.rules)


def userinfo_source(
    id: str, directory: UserinfoDirectory, timeout: float, clock: Clock
) -> UserinfoSource:
    """As `scim_source`."""
    outgoing = directory.outgoing
    called = f"the directory `{id}`"

    def endpoint(url: str) -> HttpService:
        found = replace(outgoing, url=url)
        return build_http_service(found, called=called, clock=clock, is_endpoint=True)

    service: AnsweringService
    if directory.discovery:
        metadata = build_http_service(outgoing, called=called, clock=clock)
        service = DiscoveredEndpoint(outgoing.url, metadata, open_endpoint=endpoint, clock=clock)
    else:
        service = endpoint(outgoing.url)
    bounds = CallBounds(breaker_of(outgoing, clock), concurrency=outgoing.concurrency)
    return UserinfoSource(AskedDirectory(id, service, bounds, timeout=timeout), directory.mapping)


def _authorization(auth: Secret | BasicCredentials | None) -> dict[str, str]:
    if auth is None:
        return {}
    if isinstance(auth, Secret):
        return {"authorization": f"Bearer {auth.reveal()}"}
    # RFC 7617 2.1: what a user is called and its password are octets of UTF-8.
    pair = f"{auth.user}:{auth.password.reveal()}".encode()
    return {"authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}
