"""Tokens accepted before, so that a token seen again costs a digest and not a signature."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from deemster.model.identity import VerifiedClaims
from deemster.tokens.precheck import MAX_TOKEN_CHARACTERS

__all__ = ["AcceptedToken", "TokenCache"]


class AcceptedToken(msgspec.Struct, frozen=True, gc=False):
    """What must be looked at again on every hit; times in epoch seconds, skew included."""

    claims: VerifiedClaims
    audiences: frozenset[str]
    valid_from: float
    valid_until: float


class TokenCache:
    """Accepted tokens of one provider, for one generation of its keys.

    Key: SHA-256 of the whole token, the provider (one cache each) and the key generation (another
    generation empties it). Bound: `max_entries` and `max_characters` of token text; the oldest
    goes first. TTL: the token's own times, compared by the reader of each hit. Failure rule:
    refusals are never kept.
    """

    def __init__(self, *, max_entries: int = 50_000, max_characters: int = 64 * 2**20) -> None:
        self._max_entries = max_entries
        self._max_characters = max_characters
        self._characters = 0
        self._generation = 0
        self._entries: dict[bytes, tuple[AcceptedToken, int]] = {}
        self.hits = 0
        self.misses = 0

    def get(self, token: str, generation: int) -> AcceptedToken | None:
        """The accepted token, if exactly this text was accepted under these keys."""
        # No longer token was ever accepted, and digesting a megabyte is what a flood would want.
        if generation != self._generation or len(token) > MAX_TOKEN_CHARACTERS:
            self.misses += 1
            return None
        try:
            found = self._entries.get(sha256(token.encode("ascii")).digest())
        except UnicodeEncodeError:
            found = None
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        return found[0]

    def put(self, token: str, generation: int, accepted: AcceptedToken) -> None:
        """Keep a token whose signature and claims were all found good."""
        if generation != self._generation:
            self._entries.clear()
            self._characters = 0
            self._generation = generation
        self.discard(token)
        self._entries[sha256(token.encode("ascii")).digest()] = (accepted, len(token))
        self._characters += len(token)
        while len(self._entries) > self._max_entries or self._characters > self._max_characters:
            oldest = next(iter(self._entries))
            self._characters -= self._entries.pop(oldest)[1]

    def discard(self, token: str) -> None:
        """Forget a token that is good no longer."""
        found = self._entries.pop(sha256(token.encode("ascii")).digest(), None)
        if found is not None:
            self._characters -= found[1]

    def __len__(self) -> int:
        return len(self._entries)
