"""What an operator wants out of the records: members removed, or a digest in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from deemster.decisionlog.digests import Digests
from deemster.decisionlog.redaction import REDACTED

__all__ = ["REDACTABLE", "Redaction", "RedactionRules", "Redactions"]


class Redaction(Enum):
    """What stands in place of a member."""

    REMOVE = "remove"
    DIGEST = "digest"


REDACTABLE = ("subject", "client_id", "client_ip", "gateway_request_id", "resource.id", "url.path")
"""Members that say who, from where and about what; the others are names of ours or of settings."""


@dataclass(frozen=True, slots=True)
class RedactionRules:
    """Member ► what becomes of it; `salt` as `Digests` says."""

    members: Mapping[str, Redaction]
    salt: bytes | None = None


class Redactions:
    """The rules at work, and the members that they took out of one record."""

    __slots__ = (
        "_client_id",
        "_client_ip",
        "_path",
        "_request_id",
        "_resource",
        "_subject",
        "digests",
        "withheld_claims",
    )

    def __init__(self, rules: RedactionRules) -> None:
        self.digests = Digests(rules.salt)
        get = rules.members.get
        self._subject, self._client_id = get("subject"), get("client_id")
        self._client_ip, self._request_id = get("client_ip"), get("gateway_request_id")
        self._resource, self._path = get("resource.id"), get("url.path")
        self.withheld_claims = frozenset(
            [
                *(("sub",) if self._subject is not None else ()),
                *(("client_id", "azp") if self._client_id is not None else ()),
            ]
        )
        """Claims that say the same as a member that is taken out."""

    def user_id(self, text: str) -> str:
        """The directory's key of the subject, as it may be told."""
        return self._masked(text, self._subject, "", []) or REDACTED

    def subject(self, text: str | None, masked: list[str]) -> str | None:
        """The member `subject`, and so on below."""
        return self._masked(text, self._subject, "subject", masked)

    def client_id(self, text: str | None, masked: list[str]) -> str | None:
        """An OAuth client's id; where a client asked for itself it is the subject too."""
        return self._masked(text, self._client_id, "client_id", masked)

    def client_ip(self, text: str | None, masked: list[str]) -> str | None:
        """The address of the caller."""
        return self._masked(text, self._client_ip, "client_ip", masked)

    def gateway_request_id(self, text: str | None, masked: list[str]) -> str | None:
        """The gateway's own id of its request."""
        return self._masked(text, self._request_id, "gateway_request_id", masked)

    def resource_id(self, text: str, masked: list[str]) -> str:
        """What a question of AuthZEN was about."""
        return self._masked(text, self._resource, "resource.id", masked) or REDACTED

    def url(self, url: str, masked: list[str]) -> str:
        """Scheme and host stay, and the names of the query; the path goes as a whole."""
        if self._path is None or not url:
            return url
        path, mark, query = url.partition("?")
        scheme, slashes, rest = path.partition("://")
        if not slashes:
            scheme, rest = "", path
        host, slash, inner = rest.partition("/")
        if not slash:
            return url
        shown = REDACTED if self._path is Redaction.REMOVE else self.digests.shown("/" + inner)
        masked.append("url.path")
        return f"{scheme}{slashes}{host}/{shown}{mark}{query}"

    def _masked(
        self, text: str | None, rule: Redaction | None, name: str, masked: list[str]
    ) -> str | None:
        if rule is None or text is None:
            return text
        masked.append(name)
        return None if rule is Redaction.REMOVE else self.digests.shown(text)
