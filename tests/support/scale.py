"""How many random cases to run, and from which seed.

`tests/conftest.py` reads DEEMSTER_RANDOM_SCALE and DEEMSTER_SEED and sets both here before any
test module is imported, so that `scaled` may be used in decorators as well as in tests.
"""

import math
from dataclasses import dataclass

__all__ = ["configure", "scaled", "seed"]


@dataclass(slots=True)
class _Settings:
    scale: float = 0.1
    seed: int = 0


_settings = _Settings()


def configure(*, scale: float, seed: int) -> None:
    """For tests/conftest.py only."""
    _settings.scale = scale
    _settings.seed = seed


def scaled(count: int) -> int:
    """`count` is what `make evidence` runs; the everyday gates run a part of it, never none."""
    return max(1, math.ceil(count * _settings.scale))


def seed() -> int:
    """For `random.Random(seed())`; printed in pytest's header."""
    return _settings.seed
