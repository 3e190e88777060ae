"""What holds between settings: each alone is right, together they would be wrong."""

from __future__ import annotations

from collections.abc import Iterable

from deemster.model.sender import DpopMode
from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.settings.credential_sections import SECRET_COMMAND
from deemster.settings.model import (
    AnonymousGatewaySettings,
    Bind,
    DecisionsListenerSettings,
    ExtAuthzListenerSettings,
    GatewaySettings,
    ListenerSettings,
)
from deemster.settings.provider_model import (
    DevelopmentKeySource,
    TokenProviderSettings,
    VerifyingProviderSettings,
)
from deemster.settings.reading import Reading

__all__ = [
    "check_gateways",
    "check_listeners",
    "check_providers",
    "check_shared",
    "check_unique",
]


CERTIFICATE_COMMAND = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 "
    "-subj /CN=deemster -keyout key.pem -out certificate.pem"
)


def check_unique(reading: Reading, what: str, ids: Iterable[tuple[str, str]]) -> None:
    """`ids`: (id, its path) in file order."""
    seen: set[str] = set()
    for name, path in ids:
        if name in seen:
            _error(reading, f"two {what} have the id `{name}`", reading.span_of(path))
        seen.add(name)


def check_listeners(
    reading: Reading, listeners: ListenerSettings, anonymous: AnonymousGatewaySettings | None
) -> None:
    """Who can reach a listener decides what must protect it (service.md 2 and 3)."""
    decisions, management = listeners.decisions, listeners.management
    _check_reach(reading, "listeners.decisions", decisions, anonymous)
    if listeners.ext_authz is not None:
        _check_reach(reading, "listeners.extAuthz", listeners.ext_authz, anonymous)
    management_tls = listeners.management_tls
    if not management.is_loopback and (management_tls is None or management_tls.client_ca is None):
        _error(
            reading,
            f"`{management}` is reachable from other machines, and management asks nobody who he "
            "is without client certificates",
            reading.span_of("listeners.management.bind"),
            help="write `tls: {certificate: …, key: …, clientCa: …}` with a CA for operators, or "
            "bind to 127.0.0.1",
        )
    if decisions.bind.port and _is_same(decisions.bind, management):
        _error(
            reading,
            f"both listeners bind to `{decisions.bind}`",
            reading.span_of("listeners.management.bind"),
            help="nothing of management is reachable on the decisions port",
        )
    _check_probes(reading, listeners)
    grpc = listeners.ext_authz
    if grpc is not None and grpc.bind.port:
        for other in (decisions.bind, management):
            if _is_same(grpc.bind, other):
                _error(
                    reading,
                    f"two listeners bind to `{other}`",
                    reading.span_of("listeners.extAuthz.bind"),
                    help="ext_authz over gRPC has a port of its own",
                )


def _check_probes(reading: Reading, listeners: ListenerSettings) -> None:
    probes, grpc = listeners.probes, listeners.ext_authz
    if probes is None or not probes.port:
        return
    others = [listeners.decisions.bind, listeners.management]
    if grpc is not None:
        others.append(grpc.bind)
    if any(_is_same(probes, other) for other in others):
        _error(
            reading,
            f"two listeners bind to `{probes}`",
            reading.span_of("listeners.probes.bind"),
            help="probes have a port of their own",
        )


def _check_reach(
    reading: Reading,
    path: str,
    listener: DecisionsListenerSettings | ExtAuthzListenerSettings,
    anonymous: AnonymousGatewaySettings | None,
) -> None:
    if listener.bind.is_loopback:
        return
    if listener.plaintext_behind is None and not _has_tls(reading, path):
        _error(
            reading,
            f"`{listener.bind}` is reachable from other machines, and without TLS everybody on "
            "the way can read tokens",
            reading.span_of(f"{path}.bind"),
            help="write `tls: {certificate: …, key: …}`, or say who protects the connection by "
            "`plaintextBehind: mesh`, `sidecar` or `private-network`, or bind to 127.0.0.1; this "
            f"makes a certificate for a trial: {CERTIFICATE_COMMAND}",
        )
    if anonymous is not None:
        _error(
            reading,
            f"`insecureAnonymousGateway` is for loopback only, and `{listener.bind}` is not",
            reading.span_of("insecureAnonymousGateway"),
        )


def _is_same(one: Bind, other: Bind) -> bool:
    return (one.host, one.port) == (other.host, other.port)


def check_providers(
    reading: Reading,
    providers: list[tuple[TokenProviderSettings, str]],
    directories: Iterable[str],
    listeners: ListenerSettings,
) -> None:
    """`providers`: each with its path."""
    known = list(directories)
    verifying = [
        (provider, path)
        for provider, path in providers
        if isinstance(provider, VerifyingProviderSettings)
    ]
    has_real_keys = any(not _is_development(provider) for provider, _ in verifying)
    for provider, path in verifying:
        if provider.directory is not None and provider.directory not in known:
            _error(
                reading,
                f"there is no directory `{provider.directory}`",
                reading.span_of(f"{path}.directory"),
                help=did_you_mean(provider.directory, known),
            )
        if not _is_development(provider):
            continue
        span = reading.span_of(f"{path}.keys")
        if not listeners.all_on_loopback:
            _error(reading, "`insecureDevelopmentKey` is for loopback only", span)
        if has_real_keys:
            _error(
                reading,
                "`insecureDevelopmentKey` never stands beside a provider that verifies with real "
                "keys",
                span,
            )


def check_shared(
    reading: Reading,
    providers: list[tuple[TokenProviderSettings, str]],
    listeners: ListenerSettings,
    *,
    is_shared: bool,
) -> None:
    """What needs a store that processes share, where there is none; `providers`: with paths."""
    if is_shared:
        return
    workers = listeners.decisions.workers
    for provider, path in providers:
        if not isinstance(provider, VerifyingProviderSettings):
            continue
        if provider.revocation_kept is not None:
            _error(
                reading,
                "revocations are kept in a store that all processes share, and there is none",
                reading.span_of(f"{path}.revocation.keep"),
                help="write `shared: {url: redis://…}`",
            )
        rules = provider.senders
        if workers > 1 and rules.dpop is not DpopMode.OFF and rules.once_in_all:
            _error(
                reading,
                f"`{provider.id}` takes each proof once, and its {workers} workers do not know of "
                "each other's",
                reading.span_of(f"{path}.dpop.mode"),
                help="write `shared: {url: redis://…}`, let one worker decide, or write "
                "`replay: process`: then each worker takes a proof once",
            )


def check_gateways(
    reading: Reading,
    gateways: list[tuple[GatewaySettings, str]],
    anonymous: AnonymousGatewaySettings | None,
    provider_ids: Iterable[str],
) -> None:
    """`gateways`: each with its path."""
    known = list(provider_ids)
    for gateway, path in gateways:
        for provider in sorted(gateway.asserts - set(known)):
            _error(
                reading,
                f"there is no token provider `{provider}`",
                reading.span_of(f"{path}.asserts"),
                help=did_you_mean(provider, known),
            )
    if not gateways and anonymous is None:
        _error(
            reading,
            "no gateway may ask anything: `gateways` is missing or empty",
            reading.span_of("gateways"),
            help="list each gateway with its `id`, `protocols`, `apiServices` and `secrets`; this "
            f"makes a secret: {SECRET_COMMAND}",
        )


def _has_tls(reading: Reading, path: str) -> bool:
    # As written: what is wrong with it is said where it is read.
    return f"{path}.tls" in reading.spans


def _is_development(provider: VerifyingProviderSettings) -> bool:
    return isinstance(provider.keys, DevelopmentKeySource)


def _error(reading: Reading, message: str, span: SourceSpan, *, help: str | None = None) -> None:
    reading.sink.error(Code.SETTING, message, span, help=help)
