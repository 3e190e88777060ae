"""Reads `introspection` of a token provider: which endpoint is asked, as whom, how often."""

from __future__ import annotations

from deemster.errors import ConfigurationError
from deemster.policy.codes import Code
from deemster.settings.provider_model import (
    CertificateAuthentication,
    ClientAuthenticationSettings,
    IntrospectionSettings,
    KeyAuthentication,
    SecretAuthentication,
)
from deemster.settings.reach import check_reach
from deemster.settings.reading import one_of
from deemster.settings.scalars import (
    parse_duration,
    parse_integer,
    parse_name,
    parse_url,
    shown_duration,
)
from deemster.settings.secret import reread_secret
from deemster.settings.section import Section
from deemster.settings.service_sections import between
from deemster.tokens.jose import SUPPORTED_ALGORITHMS

__all__ = ["read_introspection", "reread_authentication"]

METHODS = ("clientSecretBasic", "privateKeyJwt", "mtls")
AUDIENCES = ("answer", "endpoint")


def read_introspection(section: Section, issuer: str | None) -> IntrospectionSettings | None:
    """`introspection:` of the provider of `issuer`; None after an error."""
    allow_private = section.flag("allowPrivate", default=False)
    url = _read_url(section, issuer, allow_private=allow_private)
    client_id = section.required("clientId", parse_name)
    auth = _read_auth(section)
    audience = section.optional("audience", one_of(AUDIENCES), "answer")
    ca = section.file_path("ca") if section.has("ca") else None
    section.take("ca")
    cache = _duration(section, "cache", 0.0, 300.0, 30.0)
    negative = _duration(section, "negativeCache", 0.0, 60.0, 5.0)
    timeout = _duration(section, "timeout", 0.01, 10.0, 0.4)
    concurrency = section.optional("concurrency", between(parse_integer, 1, 10_000, str), 16)
    breaker = section.section("breaker")
    failures = breaker.optional("failures", between(parse_integer, 1, 1_000, str), 5)
    open_for = _duration(breaker, "openFor", 0.1, 3600.0, 10.0)
    breaker.finish()
    section.finish()
    if client_id is None or auth is None:
        return None
    return IntrospectionSettings(
        url=url,
        client_id=client_id,
        auth=auth,
        audience_by_endpoint=audience == "endpoint",
        allow_private=allow_private,
        ca=ca,
        cache=cache,
        negative_cache=negative,
        timeout=timeout,
        concurrency=concurrency,
        failures=failures,
        open_for=open_for,
    )


def reread_authentication(auth: ClientAuthenticationSettings) -> ClientAuthenticationSettings:
    """With the secret as its file has it now. Raises ConfigurationError."""
    if not isinstance(auth, SecretAuthentication):
        return auth
    secret = reread_secret(auth.secret)
    if not secret.reveal().strip():
        raise ConfigurationError(f"the client secret of {secret.source} is blank")
    return SecretAuthentication(secret)


def _read_url(section: Section, issuer: str | None, *, allow_private: bool) -> str | None:
    """None: by discovery."""
    places = ("url", "discovery")
    section.take(*places)
    if len(section.written(places)) != 1:
        section.error(
            Code.SETTING,
            f"`{section.path}` has exactly one of `url` and `discovery: true`",
            section.span,
        )
        return None
    if section.has("discovery"):
        if not section.flag("discovery", default=True):
            message = "`discovery: false` says nothing about where the endpoint is"
            section.error(Code.SETTING, message, section.span_at("discovery"))
        if issuer is not None:
            check_reach(section, "discovery", issuer, allow_private=allow_private)
        return None
    url = section.required("url", parse_url)
    if url is not None:
        check_reach(section, "url", url, allow_private=allow_private)
    return url


def _read_auth(section: Section) -> ClientAuthenticationSettings | None:
    if not section.has("auth"):
        section.take("auth")
        section.missing("auth", help='for example `auth: {clientSecretBasic: "${env:NAME}"}`')
        return None
    auth = section.section("auth")
    written = auth.written(METHODS)
    auth.take(*METHODS)
    found: ClientAuthenticationSettings | None = None
    if len(written) != 1:
        expected = ", ".join(f"`{method}`" for method in METHODS)
        auth.error(Code.SETTING, f"`{auth.path}` is exactly one of {expected}", auth.span)
    elif written == ["clientSecretBasic"]:
        secret = auth.secret("clientSecretBasic")
        found = None if secret is None else SecretAuthentication(secret)
    elif written == ["privateKeyJwt"]:
        found = _read_private_key(auth.section("privateKeyJwt"))
    else:
        found = _read_certificate(auth.section("mtls"))
    auth.finish()
    return found


def _read_private_key(section: Section) -> KeyAuthentication | None:
    key = section.file_path("key")
    algorithm = section.required_choice("algorithm", sorted(SUPPORTED_ALGORITHMS))
    key_id = section.required("kid", parse_name)
    audience = section.required("audience", parse_url) if section.has("audience") else None
    section.take("audience")
    section.finish()
    if key is None or algorithm is None or key_id is None:
        return None
    return KeyAuthentication(key, algorithm, key_id, audience)


def _read_certificate(section: Section) -> CertificateAuthentication | None:
    certificate, key = section.file_path("certificate"), section.file_path("key")
    section.finish()
    if certificate is None or key is None:
        return None
    return CertificateAuthentication(certificate, key)


def _duration(section: Section, key: str, least: float, most: float, default: float) -> float:
    parse = between(parse_duration, least, most, shown_duration)
    return section.optional(key, parse, default, shown=shown_duration)
