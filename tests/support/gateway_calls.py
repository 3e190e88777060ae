"""An endpoint for gateways without a server around it, and one HTTP exchange with it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deemster.app.changes import StatementChanges
from deemster.decisions.point import DecisionPoint
from deemster.decisions.sealed_states import PURPOSE, SealedStates
from deemster.gateways.deciding import CallDecider, DecisionRecording, RecordedDecisions
from deemster.gateways.exchange import CallExchange, ResponseLegExchange
from deemster.gateways.exchange import Exchange as Served
from deemster.gateways.ext_authz_http import PREFIX
from deemster.gateways.forward_auth import forward_auth_path
from deemster.gateways.forward_auth_profiles import PROFILES
from deemster.gateways.http_endpoint import HttpEndpoint, Message, Scope
from deemster.gateways.http_envelope import EndpointLimits
from deemster.gateways.pep_auth import GatewayCredentials, GatewaySecret, PepAuthenticator
from deemster.gateways.ping_sideband import (
    PingSidebandRequestLeg,
    PingSidebandResponseLeg,
    sideband_paths,
)
from deemster.model.gateway import ALL_API_SERVICES, Gateway
from deemster.tokens.jose import SealingKey
from tests.support.authzen_calls import authzen_at
from tests.support.clock import FrozenClock
from tests.support.decision_calls import decision_prefixes
from tests.support.doubles import AlwaysPermit, Broken, CountedIds, FixedDecision, KeptRecords
from tests.support.doubles import KeptReports as KeptReports
from tests.support.ext_authz_http import an_http_adapter
from tests.support.forward_auth_calls import forward_auth_adapter
from tests.support.wire_servers import THE_WIRE, over_a_server, request_bytes

__all__ = [
    "ENVIRONMENT",
    "REQUEST_PATH",
    "RESPONSE_PATH",
    "SECRET",
    "Desk",
    "Exchange",
    "a_gateway",
    "a_request_leg",
    "a_response_leg",
    "post",
    "request_adapter",
    "response_adapter",
    "some_states",
]

SECRET = "kong-secret-0123456789-0123456789-abcdef"
ENVIRONMENT = "local"
REQUEST_PATH = "/sideband/request"
RESPONSE_PATH = "/sideband/response"


def a_gateway(**members: object) -> Gateway:
    """A gateway that may ask for everything, in every protocol of the desk."""
    said: dict[str, object] = {
        "id": "kong",
        "protocols": frozenset(
            {"sideband", "authzen", "decision-endpoint", "ext-authz-http", *PROFILES}
        ),
        "api_services": frozenset({ALL_API_SERVICES}),
        **members,
    }
    return Gateway(**said)  # type: ignore[arg-type]  # members by name, as the test gives them


def a_request_leg(**members: object) -> dict[str, object]:
    """A request leg's body as Kong sends it; a member given as `...` is left out."""
    said: dict[str, object] = {
        "source_ip": "203.0.113.7",
        "source_port": "34060",
        "method": "GET",
        "url": "https://api.example.com:443/billing/invoices?page=2",
        "http_version": "1.1",
        "headers": [{"authorization": "Bearer alice"}, {"host": "api.example.com"}],
        "body": "",
        **members,
    }
    return {name: value for name, value in said.items() if value is not ...}


def a_response_leg(**members: object) -> dict[str, object]:
    """A response leg's body; a member given as `...` is left out."""
    said: dict[str, object] = {
        "method": "GET",
        "url": "https://api.example.com:443/billing/invoices?page=2",
        "http_version": "1.1",
        "response_code": "200",
        "response_status": "OK",
        "headers": [{"content-type": "application/json"}, {"x-upstream": "1"}],
        "body": '{"a":1}',
        "request": a_request_leg(),
        **members,
    }
    return {name: value for name, value in said.items() if value is not ...}


def some_states(*secrets: str, clock: FrozenClock | None = None) -> SealedStates:
    """Seals and opens, with one key unless told otherwise."""
    keys = [
        SealingKey(f"s{number}", secret, purpose=PURPOSE)
        for number, secret in enumerate(secrets or ("state-key-" * 4,), 1)
    ]
    return SealedStates(keys, clock=clock or FrozenClock(), environment=ENVIRONMENT)


def request_adapter(
    *, max_depth: int = 64, states: SealedStates | None = None
) -> PingSidebandRequestLeg:
    """The request leg's adapter with the real parts around it."""
    seal = (states or some_states()).seal
    return PingSidebandRequestLeg(max_depth=max_depth, changes=StatementChanges(), seal=seal)


def response_adapter(*, max_depth: int = 64) -> PingSidebandResponseLeg:
    """As the request leg's."""
    return PingSidebandResponseLeg(max_depth=max_depth, changes=StatementChanges())


@dataclass(frozen=True)
class Exchange:
    """What came back; `status` is 0 where nothing did."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        """The body as an object."""
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value

    def header(self, name: str) -> str | None:
        """The one value of a header field."""
        values = [value.decode() for found, value in self.headers if found == name.encode()]
        assert len(values) <= 1, name
        return values[0] if values else None


@dataclass
class Desk:
    """An endpoint and its doubles, by default with a decision point that permits everything."""

    point: FixedDecision | Broken | DecisionPoint = field(default_factory=AlwaysPermit)
    recorder: DecisionRecording = field(default_factory=KeptRecords)
    reports: KeptReports = field(default_factory=KeptReports)
    clock: FrozenClock = field(default_factory=FrozenClock)
    limits: EndpointLimits = field(default_factory=EndpointLimits)
    gateway: Gateway = field(default_factory=a_gateway)
    max_depth: int = 64
    looks_at_answers: bool = False
    keeps_decisions: bool = False
    states: SealedStates = field(default_factory=some_states)

    def __post_init__(self) -> None:
        new_id = CountedIds()
        decisions = RecordedDecisions(
            recorder=self.recorder,
            reports=self.reports,
            clock=self.clock,
            new_id=new_id,
            concurrency=self.limits.concurrency,
        )
        decider = CallDecider(self.point.decide, decisions)
        request_leg = CallExchange(
            request_adapter(max_depth=self.max_depth, states=self.states), decider
        )
        response_leg = ResponseLegExchange(
            response_adapter(max_depth=self.max_depth),
            decider,
            lambda call, caller: self.looks_at_answers,
            self.states.opened,
        )
        exact: dict[str, Served] = {}
        exact |= dict.fromkeys(sideband_paths("request", ENVIRONMENT), request_leg)
        exact |= dict.fromkeys(sideband_paths("response", ENVIRONMENT), response_leg)
        exact |= authzen_at(self.point, decisions, self.reports, new_id, self.max_depth)
        for profile in PROFILES:
            adapter = forward_auth_adapter(profile)
            exact[forward_auth_path(profile)] = CallExchange(adapter, decider, None)
        self.endpoint = HttpEndpoint(
            exact=exact,
            prefixes=[
                (f"{PREFIX}/", CallExchange(an_http_adapter(), decider, None)),
                *decision_prefixes(self, decisions, new_id),
            ],
            authenticator=PepAuthenticator(
                [GatewayCredentials(self.gateway, (GatewaySecret("k1", SECRET),))],
                clock=self.clock,
            ),
            reports=self.reports,
            new_id=new_id,
            limits=self.limits,
        )


async def post(
    desk: Desk,
    body: Mapping[str, object] | bytes,
    *,
    path: str = REQUEST_PATH,
    method: str = "POST",
    secret: str | None = SECRET,
    headers: Sequence[tuple[bytes, bytes]] = (),
    content_type: bytes | None = b"application/json",
    chunks: Sequence[bytes] | None = None,
    query: bytes = b"",
) -> Exchange:
    """One exchange; `chunks` replace the body, which then arrives in several messages.

    A Content-Type among `headers` replaces JSON's.
    """
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {name for name, _ in headers}
    fields = [*([] if b"host" in given else [(b"host", b"pdp")]), *headers]
    if content_type is not None and b"content-type" not in given:
        fields.insert(1, (b"content-type", content_type))
    if secret is not None:
        fields.append((b"client-token", secret.encode("latin-1")))
    if THE_WIRE.server is not None and chunks is None:
        target = path.encode() + (b"?" + query if query else b"")
        request = request_bytes(method, target, fields, sent)
        return Exchange(*await over_a_server(THE_WIRE.server, desk.endpoint, request))
    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": fields,
    }
    waiting = [sent] if chunks is None else list(chunks)
    answered: list[Message] = []

    async def receive() -> Message:
        if not waiting:
            return {"type": "http.disconnect"}
        chunk = waiting.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        answered.append(message)

    await desk.endpoint(scope, receive, send)
    if not answered:
        return Exchange(0, (), b"")
    start, end = answered
    return Exchange(start["status"], start["headers"], end["body"])
