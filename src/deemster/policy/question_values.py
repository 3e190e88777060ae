"""The values at hand where a question of AuthZEN is judged: there is no HTTP call to read of.

A question about a `route` or a `uri` is answered by operations that are written for calls. What
only a call would tell is an error when read: unknown is not empty (policy-language section 12).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NoReturn

from deemster.errors import EvaluationError
from deemster.model.access import AccessRequest
from deemster.model.attributes import AttributeAnswer, AttributeFetch
from deemster.model.decision import Reason
from deemster.model.http import ApiCall, Headers
from deemster.model.identity import UserContext, VerifiedClaims
from deemster.model.source import SourceSpan
from deemster.model.urls import CanonicalUrl
from deemster.policy.values import TraceEntry, Values

__all__ = ["QuestionValues"]


class _Unknown:
    """What nobody told; `place` is that of the operation, which asks for it."""

    __slots__ = ("_place",)

    def __init__(self, place: SourceSpan) -> None:
        self._place = place

    def read(self, name: str) -> NoReturn:
        """Raises EvaluationError."""
        raise EvaluationError(
            f"`{name}` is not known: a question of AuthZEN was asked, and no call was made",
            reason=Reason.ATTRIBUTE_MISSING,
            span=self._place,
            unforeseen=True,
        )


class _UnknownHeaders(Headers):
    __slots__ = ("_unknown",)

    def __init__(self, unknown: _Unknown) -> None:
        super().__init__(())
        self._unknown = unknown

    def get_all(self, name: str) -> tuple[str, ...]:
        return self._unknown.read(f"request.headers.{name}")

    def by_name(self) -> Mapping[str, tuple[str, ...]]:
        return self._unknown.read("request.headers")


class _UnknownParameters(Mapping[str, str | int]):
    """Whoever named a template has not told what its parameters hold."""

    __slots__ = ("_unknown",)

    def __init__(self, unknown: _Unknown) -> None:
        self._unknown = unknown

    def __getitem__(self, name: str) -> str | int:
        return self._unknown.read(f"params.{name}")

    def __iter__(self) -> Iterator[str]:
        return self._unknown.read("params")

    def __len__(self) -> int:
        return self._unknown.read("params")


class QuestionValues(Values):
    """As `Values`, of a question: `call` has a method, and headers that nobody knows.

    `url` and `relative_path` None are not known either; `params` None are those of a route.
    """

    __slots__ = ("_call", "_params", "_relative_path", "_unknown", "_url")

    def __init__(  # noqa: PLR0913  (as its base)
        self,
        request: AccessRequest,
        url: CanonicalUrl | None,
        relative_path: str | None,
        params: Mapping[str, str | int] | None,
        claims: VerifiedClaims | None,
        user: UserContext | None,
        now: float,
        skew: float,
        trace: list[TraceEntry] | None,
        place: SourceSpan,
        call: ApiCall | None = None,
    ) -> None:
        """`place`: of the operation, or of what judges where there is none.

        `call`: the whole call that the question is about, where it is told.
        """
        # What most questions never read is made when it is read: see the properties below.
        self._unknown = _Unknown(place)
        self._url = url
        self._relative_path = relative_path
        self._call = call
        self._params = params
        # The others are those of the base, whose way to set them costs as much again.
        self.claims = claims
        self.user = user
        self.now = now
        self.skew = skew
        self.trace = trace
        self.address = None
        self.member = None
        self.memo = None
        self.role_permissions = _NO_ROLES
        self.access = request
        self.attributes = _NO_ANSWERS

    @property
    def call(self) -> ApiCall:  # type: ignore[override]  # read only here
        """The call that was told, else one of which nothing but the method is known."""
        if self._call is None:
            if self.access is None:
                raise RuntimeError("nothing was asked")
            headers = _UnknownHeaders(self._unknown)
            self._call = ApiCall(self.access.action.name, "", headers)
        return self._call

    @property
    def params(self) -> Mapping[str, str | int]:  # type: ignore[override]  # read only here
        """Those of a `uri`; of a `route` nobody knows them."""
        if self._params is None:
            self._params = _UnknownParameters(self._unknown)
        return self._params

    @property
    def url(self) -> CanonicalUrl:  # type: ignore[override]  # read only here
        """The URL of a `uri`. Raises EvaluationError where there is none."""
        return self._url if self._url is not None else self._unknown.read("the request's URL")

    @property
    def relative_path(self) -> str:  # type: ignore[override]  # read only here
        """As `url`."""
        if self._relative_path is None:
            return self._unknown.read("request.relativePath")
        return self._relative_path


_NO_ANSWERS: Mapping[AttributeFetch, AttributeAnswer] = {}
_NO_ROLES: Mapping[str, frozenset[str]] = {}
