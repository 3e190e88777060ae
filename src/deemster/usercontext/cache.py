"""What the directories said lately, one record a user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deemster.model.decision import Reason
from deemster.model.identity import UserContext, UserPart

__all__ = ["PartValue", "RefusalCache", "UserCache", "UserKey"]

UserKey = tuple[str, str]
"""(token provider id, subject): one subject of two providers is two users."""

PartValue = frozenset[str] | Mapping[str, object]


@dataclass(slots=True)
class _Known:
    """A user found and enabled. Times are monotonic seconds."""

    enabled_until: float
    parts: dict[UserPart, tuple[PartValue, float]]
    context: UserContext
    context_until: float


class UserCache:
    """Users found and enabled, with the parts fetched so far.

    Key: (provider, subject). Bound: `max_users`, the oldest goes first. TTL: `ttl` seconds for
    the enabled flag and for each part by itself, from when it was asked. Failure rule: only what
    a directory said is kept; a part that could not be fetched is not.
    """

    def __init__(
        self, *, ttl: float, max_users: int, ttls: Mapping[str, float] | None = None
    ) -> None:
        """`ttls`: by token provider, where it is not `ttl`."""
        self._ttl = ttl
        self._ttls = dict(ttls or {})
        self._max_users = max_users
        self._known: dict[UserKey, _Known] = {}
        self.hits = 0
        self.misses = 0

    def get(self, key: UserKey, now: float) -> UserContext | None:
        """The user with every part known and fresh; None once anything of it is too old."""
        found = self._known.get(key)
        if found is None or now >= found.context_until:
            self.misses += 1
            return None
        self.hits += 1
        return found.context

    def renewed(self, key: UserKey, now: float) -> UserContext | None:
        """The user without the parts that are too old; None once the enabled flag is."""
        found = self._known.get(key)
        if found is None or now >= found.enabled_until:
            return None
        self._rebuild(key, found, now)
        return found.context

    def add_user(self, key: UserKey, *, asked_at: float, now: float) -> UserContext:
        """Keep that the directory knows this user and has not disabled it."""
        found = self._known.pop(key, None)
        parts = {} if found is None else found.parts
        known = _Known(
            asked_at + self._ttls.get(key[0], self._ttl), parts, UserContext(id=key[1]), 0.0
        )
        self._known[key] = known
        while len(self._known) > self._max_users:
            del self._known[next(iter(self._known))]
        self._rebuild(key, known, now)
        return known.context

    def part(self, key: UserKey, part: UserPart, now: float) -> PartValue | None:
        """One part, if it is known and fresh."""
        found = self._known.get(key)
        value = None if found is None else found.parts.get(part)
        return value[0] if value is not None and now < value[1] else None

    def add_part(
        self, key: UserKey, part: UserPart, value: PartValue, *, asked_at: float, now: float
    ) -> None:
        """Keep what the directory said; for a user forgotten in between, nothing is kept."""
        found = self._known.get(key)
        if found is not None:
            found.parts[part] = (value, asked_at + self._ttls.get(key[0], self._ttl))
            self._rebuild(key, found, now)

    def discard(self, key: UserKey) -> None:
        """Forget a user that is gone or disabled, with all its parts."""
        self._known.pop(key, None)

    def clear(self, provider: str) -> None:
        """Forget every user of a provider."""
        self._known = {key: known for key, known in self._known.items() if key[0] != provider}

    def __len__(self) -> int:
        return len(self._known)

    def _rebuild(self, key: UserKey, known: _Known, now: float) -> None:
        known.parts = {part: item for part, item in known.parts.items() if now < item[1]}
        values = {part.value: value for part, (value, _) in known.parts.items()}
        known.context = UserContext(id=key[1], **values)  # type: ignore[arg-type] # by part name
        untils = [until for _, until in known.parts.values()]
        known.context_until = min([known.enabled_until, *untils])


class RefusalCache:
    """Users that a directory lately did not know, or had disabled.

    Key: (provider, subject). Bound: `max_users`, the oldest goes first. TTL: `ttl` seconds, short:
    a new user should not wait. Failure rule: an unavailable directory refuses nobody here.
    """

    def __init__(
        self, *, ttl: float, max_users: int, ttls: Mapping[str, float] | None = None
    ) -> None:
        """`ttls`: by token provider; the shorter of both holds."""
        self._ttl = ttl
        self._ttls = dict(ttls or {})
        self._max_users = max_users
        self._refused: dict[UserKey, tuple[Reason, float]] = {}
        self.hits = 0
        self.misses = 0

    def get(self, key: UserKey, now: float) -> Reason | None:
        """Why the user was refused, if that was a moment ago."""
        found = self._refused.get(key)
        if found is not None and now < found[1]:
            self.hits += 1
            return found[0]
        self._refused.pop(key, None)
        self.misses += 1
        return None

    def add(self, key: UserKey, reason: Reason, *, asked_at: float) -> None:
        """Keep a refusal for a moment."""
        self._refused.pop(key, None)
        self._refused[key] = (reason, asked_at + min(self._ttl, self._ttls.get(key[0], self._ttl)))
        while len(self._refused) > self._max_users:
            del self._refused[next(iter(self._refused))]

    def discard(self, key: UserKey) -> None:
        """A user that may be known now."""
        self._refused.pop(key, None)

    def clear(self, provider: str) -> None:
        """Every user of a provider may be known now."""
        self._refused = {key: why for key, why in self._refused.items() if key[0] != provider}

    def __len__(self) -> int:
        return len(self._refused)
