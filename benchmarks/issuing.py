"""The issuer of the benchmarks: one key for each algorithm, a key set, single tokens and pools.

A token says in `scope`, `scp` and `groups` what each contestant reads: Deemster the first, and the
groups from its directory; the peers the lists, for they have no directory.
"""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

from benchmarks.trees import AUDIENCE, GROUPS, ISSUER
from deemster.model.clock import SystemClock
from deemster.tokens.jose import SigningKey

__all__ = ["ALGORITHMS", "Issuer"]

ALGORITHMS = ("RS256", "ES256")
HOUR = 3600
AT_ONCE = 2_000


class Issuer:
    """Keys of one run, below `folder`; `key_set` is the file that everybody is given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._keys = {algorithm: SigningKey.generate(algorithm) for algorithm in ALGORITHMS}
        self.key_set_text = json.dumps({"keys": [key.public_jwk for key in self._keys.values()]})
        self.key_set = folder / "keys.json"
        self.key_set.write_text(self.key_set_text, encoding="utf-8")

    def token(self, algorithm: str, scope: str, number: int = 0) -> str:
        """Good for some hours; all tokens of one scope and algorithm are of one length."""
        return _minted(self._keys[algorithm], scope, number)

    def broken_token(self, algorithm: str, scope: str) -> str:
        """As `token`, but with a signature of another token."""
        signed, _, _ = self.token(algorithm, scope).rpartition(".")
        return f"{signed}.{self.token(algorithm, scope, 1).rpartition('.')[2]}"

    def pool(self, algorithm: str, scope: str, tokens: int) -> Path:
        """A file of as many different tokens, one a line; made by as many processes as cores."""
        file = self.folder / f"tokens-{algorithm}-{scope}-{tokens}"
        if not file.exists():
            private = self._keys[algorithm].private_jwk
            starts = range(0, tokens, AT_ONCE)
            with ProcessPoolExecutor() as pool, file.open("w", encoding="ascii") as lines:
                for some in pool.map(_some, repeat(private), repeat(scope), starts):
                    lines.writelines(f"{token}\n" for token in some)
        return file


def _some(private_jwk: dict[str, Any], scope: str, start: int) -> list[str]:
    key = SigningKey(private_jwk)
    return [_minted(key, scope, start + number) for number in range(AT_ONCE)]


def _minted(key: SigningKey, scope: str, number: int) -> str:
    now = int(SystemClock.wall())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "alice",
        "client_id": "bench",
        "scope": scope,
        "scp": [scope],
        "groups": list(GROUPS),
        "iat": now,
        "exp": now + 6 * HOUR,
        "jti": f"{number:032x}",
    }
    return key.sign(json.dumps(claims, separators=(",", ":")).encode(), typ="at+jwt")
