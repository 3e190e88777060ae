"""Directories of the settings that are HTTP services ► user sources."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace

from deemster.app.http_services import breaker_of, build_http_service
from deemster.errors import ConfigurationError
from deemster.model.clock import Clock
from deemster.outgoing.bounds import CallBounds
from deemster.outgoing.http_service import HttpService
from deemster.settings.directory_model import BasicCredentials, ScimDirectory, UserinfoDirectory
from deemster.settings.outgoing_sections import is_field_value
from deemster.settings.secret import Secret, reread_secret
from deemster.usercontext.asked_directory import AnsweringService, AskedDirectory
from deemster.usercontext.scim import ScimUserSource
from deemster.usercontext.userinfo import UserinfoSource
from deemster.usercontext.userinfo_discovery import DiscoveredEndpoint

__all__ = ["DirectoryCredentials", "scim_source", "userinfo_source"]

Auth = Secret | BasicCredentials | None


class DirectoryCredentials:
    """What we prove to directories who we are by, and what a reload makes of it."""

    def __init__(self) -> None:
        self._services: dict[str, tuple[Auth, HttpService]] = {}
        self.asked: dict[str, AskedDirectory] = {}
        """By directory id: those that are held back while they do not answer."""

    def add(self, id: str, auth: Auth, service: HttpService) -> None:
        """One directory's."""
        self._services[id] = (auth, service)

    def reread(self) -> Mapping[str, dict[str, str]]:
        """Header fields by directory, as the secret files are now. Raises ConfigurationError."""
        return {id: _authorization(auth, reread=True) for id, (auth, _) in self._services.items()}

    def replace(self, headers: Mapping[str, dict[str, str]]) -> None:
        """Send these from here on."""
        for id, (_, service) in self._services.items():
            service.replace_headers(headers[id])


def scim_source(
    id: str,
    directory: ScimDirectory,
    timeout: float,
    clock: Clock,
    credentials: DirectoryCredentials,
) -> ScimUserSource:
    """Nothing is connected yet; `timeout` in seconds for a question. Raises ConfigurationError."""
    outgoing = directory.outgoing
    service = build_http_service(
        outgoing,
        called=f"the directory `{id}`",
        clock=clock,
        headers=_authorization(directory.auth),
    )
    credentials.add(id, directory.auth, service)
    bounds = CallBounds(breaker_of(outgoing, clock), concurrency=outgoing.concurrency)
    asked = credentials.asked[id] = AskedDirectory(id, service, bounds, timeout=timeout)
    return ScimUserSource(asked, directory.rules)


def userinfo_source(
    id: str,
    directory: UserinfoDirectory,
    timeout: float,
    clock: Clock,
    credentials: DirectoryCredentials,
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
    asked = credentials.asked[id] = AskedDirectory(id, service, bounds, timeout=timeout)
    return UserinfoSource(asked, directory.mapping)


def _authorization(auth: Auth, *, reread: bool = False) -> dict[str, str]:
    if auth is None:
        return {}
    secret = auth if isinstance(auth, Secret) else auth.password
    text = (reread_secret(secret) if reread else secret).reveal()
    if isinstance(auth, Secret):
        if not is_field_value(text):
            raise ConfigurationError(f"{auth} cannot stand in a header")
        return {"authorization": f"Bearer {text}"}
    # RFC 7617 2.1: what a user is called and its password are octets of UTF-8.
    pair = base64.b64encode(f"{auth.user}:{text}".encode()).decode("ascii")
    return {"authorization": f"Basic {pair}"}
