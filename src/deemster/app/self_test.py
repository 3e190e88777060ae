"""What a freshly compiled tree must do before it may decide for anybody.

Forbidden: a host that no API service has; every operation that is not public, and each service's
own base URL, without a credential. Permitted: one call to a tree of our own, which the same code
has just compiled, and which it forbids where the scope is missing. So a compiler or an evaluator
that permits everything, or nothing, is found before it answers a gateway. The decision point is
the service's own; whoever vouches for tokens is replaced by somebody who knows none.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from deemster.decisions.point import DecisionPoint
from deemster.errors import MalformedCallError, SelfTestFailedError
from deemster.model.clock import Clock
from deemster.model.decision import Decision, Reason
from deemster.model.gateway import ALL_API_SERVICES, Gateway, GatewayCaller
from deemster.model.http import ApiCall, Headers
from deemster.model.urls import encode_segment
from deemster.policy.loading import LoadedTree, load_texts
from deemster.policy.resolved import ResolvedOperation
from deemster.policy.routing.templates import Literal, Template
from deemster.policy.snapshot import PolicySnapshot
from deemster.policy.store import PolicyStore
from deemster.policy.tree import AllowPublic
from deemster.tokens.trusted_claims import AssertedClaimsProvider
from deemster.usercontext.resolver import UserResolver

__all__ = ["refuse_unless_it_decides"]

_PROVIDER = "self-test"
_URL = "https://self-test.invalid/vector"
_TREE = """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: self-test}
service:
  baseUrls: [https://self-test.invalid/vector]
  tokenProvider: {type: external, id: self-test}
operations:
  - id: read
    match: {methods: [GET], path: /}
    allow: {when: "'self-test.read' in claims.scope"}
"""
_MOST_CALLS = 20_000


def refuse_unless_it_decides(loaded: LoadedTree, clock: Clock) -> None:
    """Raises SelfTestFailedError, naming the vector."""
    ours = _Vectors(load_texts({"self-test.yaml": _TREE}).snapshot, [_PROVIDER], clock)
    ours.must_permit("GET", _URL, {"scope": "self-test.read"})
    ours.must_forbid("GET", _URL, {"scope": "something-else"}, Reason.POLICY_DENIED)
    ours.must_forbid("GET", _URL, None, Reason.CLAIMS_MISSING)
    snapshot = loaded.snapshot
    providers = [service.provider_id for service in snapshot.services.values()]
    theirs = _Vectors(snapshot, providers, clock)
    theirs.must_forbid("GET", "https://nobody.self-test.invalid/", None, Reason.NO_API_SERVICE)
    public = frozenset(_public_in(loaded))
    for number, (method, url) in enumerate(_calls(loaded)):
        if number == _MOST_CALLS:
            return
        theirs.must_not_permit_strangers(method, url, public)


class _Vectors:
    """Asks one snapshot."""

    def __init__(self, snapshot: PolicySnapshot, providers: Iterable[str], clock: Clock) -> None:
        store = PolicyStore(lambda: snapshot)
        store.load()
        self._point = DecisionPoint(
            store=store,
            providers={name: AssertedClaimsProvider(id=name) for name in set(providers)},
            users=UserResolver({}, clock=clock),
            clock=clock,
            new_id=lambda: "self-test",
            report_fault=lambda fault, _: self._faults.append(fault),
        )
        self._faults: list[Exception] = []
        gateway = Gateway(
            id="self-test",
            protocols=frozenset(),
            api_services=frozenset({ALL_API_SERVICES}),
            asserts=frozenset({_PROVIDER}),
        )
        self._caller = GatewayCaller(gateway, None)

    def must_permit(self, method: str, url: str, claims: Mapping[str, object]) -> None:
        found = self._asked(method, url, claims)
        if found is None or not found.permitted:
            raise _failed(method, url, found, "must be permitted")

    def must_forbid(
        self, method: str, url: str, claims: Mapping[str, object] | None, reason: Reason
    ) -> None:
        found = self._asked(method, url, claims)
        if found is None or found.permitted or found.reason is not reason:
            raise _failed(method, url, found, f"must be denied for `{reason.value}`")

    def must_not_permit_strangers(
        self, method: str, url: str, public: Container[tuple[str, str | None]]
    ) -> None:
        """Unless what answers is `public` (service, operation): then that is what authors wrote."""
        found = self._asked(method, url, None)
        if found is None:
            return  # it has to ask somebody first, so it has not permitted
        if found.reason is Reason.INTERNAL_ERROR:
            raise _failed(method, url, found, "must be decided without a fault")
        service = "" if found.service is None else found.service.id
        if found.permitted and (service, found.operation) not in public:
            raise _failed(method, url, found, "must be denied without a credential")

    def _asked(self, method: str, url: str, claims: Mapping[str, object] | None) -> Decision | None:
        call = ApiCall(method, url, Headers(()), asserted_claims=claims)
        try:
            answer = self._point.begin(call, self._caller)
        except MalformedCallError as error:
            raise SelfTestFailedError(f"{method} {url} is no call: {error.message}") from None
        if isinstance(answer, Decision):
            return answer
        getattr(answer, "close", lambda: None)()
        return None


def _public_in(loaded: LoadedTree) -> Iterator[tuple[str, str | None]]:
    """As the documents have it, which the compiler cannot have got wrong."""
    for service in loaded.resolved.services:
        name = service.document.metadata.id.value
        for operation in service.operations:
            if isinstance(operation.operation.allow, AllowPublic):
                yield name, operation.operation.id.value


def _calls(loaded: LoadedTree) -> Iterator[tuple[str, str]]:
    """One for each template of each operation, and one for each service."""
    for service in loaded.resolved.services:
        for base in service.document.service.base_urls:
            yield "GET", base.value
            for operation in service.operations:
                for template in operation.templates:
                    yield _method_of(operation), base.value.rstrip("/") + _path_of(template)


def _method_of(operation: ResolvedOperation) -> str:
    methods = operation.operation.methods
    return methods[0].value if methods else "GET"


def _path_of(template: Template) -> str:
    """Some path of it. What a parameter may not hold leads elsewhere, and is judged there."""
    return "".join(
        [
            f"/{encode_segment(part.text)}" if isinstance(part, Literal) else "/1"
            for part in template.segments
        ]
    )


def _failed(method: str, url: str, found: Decision | None, expected: str) -> SelfTestFailedError:
    told = "nothing" if found is None else found.reason.value
    return SelfTestFailedError(f"{method} {url} {expected}, and the answer is `{told}`")
