"""Random documents: what services answer, tables hold, and bodies carry."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.reference.attributes_drawn import QUERY_NAMES, SERVICES
from tests.reference.declared import Value
from tests.reference.shape import World

__all__ = ["WorldDrawer"]

FAULTS = (
    "refused", "timeout", "500", "404", "garbage", "redirect", "text/html", "duplicate", "torn",
)  # fmt: skip
ODD: tuple[object, ...] = (None, 1, "a", True, 1.5, 1.0, [], ["a", 1], {}, [[1]], 2**63, "")
WHEN = 1_795_435_200


class WorldDrawer:
    """`texts` and `numbers` are those that the tree compares with."""

    def __init__(self, rng: Random, texts: Sequence[str], numbers: Sequence[int]) -> None:
        self.rng = rng
        self.texts = [text for text in texts if text.isprintable()] or ["a"]
        self.numbers = [number for number in numbers if abs(number) < 2**63] or [1]

    def world(self, now: float) -> World:
        documents: dict[str, tuple[Any, ...]] = {
            name: tuple(self.document(now) for _ in range(5)) for name in SERVICES
        }
        documents |= {name: tuple(self.rows(now) for _ in range(5)) for name in QUERY_NAMES}
        return World(documents, self.faults())

    def faults(self) -> dict[str, str]:
        return {
            name: self.rng.choice(FAULTS if name in SERVICES else FAULTS[:2])
            for name in (*SERVICES, *QUERY_NAMES)
            if self.rng.random() < 0.15
        }

    def document(self, now: float) -> Value:
        if self.rng.random() < 0.04:
            return self.rng.choice(ODD)
        lines = [
            {"sku": self.text(), "qty": self.number()} for _ in range(self.rng.choice([0, 1, 2, 3]))
        ]
        return self.spoilt(
            {
                "name": self.text(),
                "x-y's": self.text(),
                "score": self.number(),
                "vip": self.rng.random() < 0.5,
                "when": self.moment(now),
                "tags": [self.text() for _ in range(self.rng.choice([0, 1, 2, 3]))],
                "nums": [self.number() for _ in range(self.rng.choice([0, 1, 2]))],
                "order": self.spoilt(
                    {"owner": self.text(), "total": self.number(), "lines": lines}
                ),
            }
        )

    def rows(self, now: float) -> list[dict[str, Any]]:
        """Mostly one. Cells are what a table may hold: no objects and no lists."""
        return [
            {
                "name": self.cell(self.text),
                "score": self.cell(self.number),
                "vip": self.cell(lambda: self.rng.choice([True, False, 0, 1])),
                "when": self.cell(lambda: self.moment(now)),
            }
            for _ in range(self.rng.choice([0, 1, 1, 1, 1, 2, 3]))
        ]

    def cell(self, draw: Callable[[], Any]) -> Value:
        kind = self.rng.random()
        if kind < 0.08:
            return None
        return self.rng.choice([1, "a", 1.5, 200]) if kind < 0.12 else draw()

    def spoilt(self, members: dict[str, Any]) -> dict[str, Any]:
        """Some members are missing, null, or of another type."""
        found = {}
        for name, value in members.items():
            kind = self.rng.random()
            if kind >= 0.1:
                found[name] = self.rng.choice(ODD) if kind > 0.95 else value
        return found

    def text(self) -> str:
        return self.rng.choice([*self.texts, "gold", "silver"])

    def number(self) -> int:
        return self.rng.choice([*self.numbers, *self.numbers, 0, 50, 100])

    def moment(self, now: float) -> Value:
        shift = self.rng.choice([-300, -60, -1, 0, 1, 60])
        return self.rng.choice([int(now) + shift, now + shift, "2026-11-23T09:00:00Z", "soon"])

    # --- bodies -----------------------------------------------------------------------------------

    def body(self, now: float) -> tuple[str | None, tuple[tuple[str, str], ...]]:
        """A body and the headers that go with it; mostly both are right."""
        kind = self.rng.random()
        if kind < 0.12:
            return self.rng.choice([None, ""]), self.rng.choice(
                [(), (("content-length", "0"),), (("transfer-encoding", "chunked"),),
                 (("content-length", "12"),)]
            )  # fmt: skip
        text = json.dumps(self.document(now), ensure_ascii=self.rng.random() < 0.5)
        length = str(len(text.encode()))
        types = [("content-type", "application/json")]
        lengths = [("content-length", length)]
        if kind < 0.75:
            return text, (*types, *(lengths if self.rng.random() < 0.7 else []))
        choices: list[tuple[str | None, list[tuple[str, str]]]] = [
            (text, [("content-type", "application/problem+json; charset=UTF-8"), *lengths]),
            (text, [*types, ("transfer-encoding", "chunked")]),
            (text, [*types, *lengths, *lengths]),
            (text, [*types, ("content-encoding", "identity"), *lengths]),
            (text[:-1], [*types, *lengths]),
            (text[:-1], types),
            (text, [*types, ("content-length", str(len(text.encode()) + 1))]),
            (text, [*types, *lengths, ("transfer-encoding", "chunked")]),
            (text, [*types, ("content-length", "0")]),
            (text, [*types, ("content-length", "many")]),
            (text, [("content-type", "text/plain"), *lengths]),
            (text, lengths),
            (text, [*types, *types, *lengths]),
            (text, [*types, ("content-encoding", "gzip"), *lengths]),
            (text, [("content-type", "application/json; charset=latin-1"), *lengths]),
            ('{"name": "a", "name": "b"}', types),
            ('{"score": NaN}', types),
            (text + " x", types),
            ("[" * 65 + "]" * 65, types),
            (None, [*types, *lengths]),
        ]  # fmt: skip
        body, headers = self.rng.choice(choices)
        return body, tuple(headers)
