"""Trees of the soak, as the reference evaluator has them and as the service reads them.

They differ in who may do what, so that an answer of one tree is wrong for the other.
"""

from __future__ import annotations

import shutil
from functools import lru_cache
from pathlib import Path

from deemster.policy.loading import load_tree
from tests.reference.declared import Declared, Scope
from tests.reference.emission import files_of
from tests.reference.evaluator import ReferenceEvaluator
from tests.reference.shape import (
    Allow,
    Answer,
    AnyAll,
    Call,
    Operation,
    PolicySet,
    Rule,
    Service,
    Token,
    Tree,
    User,
)

__all__ = ["GROUPS", "OPERATIONS", "SERVICE", "SoakTrees", "operation_of", "scope_of", "url_of"]

SERVICE = "orders"
OPERATIONS = 20
GROUPS = tuple(f"team{number}" for number in range(5))
VARIANTS = 4


def scope_of(operation: int) -> str:
    """What an operation asks for."""
    return f"orders.r{operation}"


def operation_of(scope: str) -> int:
    """Which operation asks for it."""
    return int(scope.rpartition("r")[2])


def url_of(operation: int) -> str:
    """A call that one operation matches."""
    return f"https://api.example.com/orders/r{operation}/4711"


class SoakTrees:
    """`revisions` are those of the trees as the service names them."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the one that the service loads; it has the first tree afterwards."""
        self._folder = folder
        self._trees = [_tree(variant) for variant in range(VARIANTS)]
        self._evaluators = [ReferenceEvaluator(tree) for tree in self._trees]
        self.revisions: dict[str, int] = {}
        for variant in reversed(range(VARIANTS)):
            self.put(variant)
            self.revisions[load_tree([folder]).snapshot.revision] = variant
        if len(self.revisions) != VARIANTS:
            raise RuntimeError("two trees have one revision")
        self.expected = lru_cache(maxsize=None)(self._expected)

    def put(self, variant: int) -> None:
        """The tree, in one step."""
        for path, text in files_of(self._trees[variant % VARIANTS]).items():
            file = self._folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            beside = self._folder.parent / "next.yaml"
            beside.write_text(text, encoding="utf-8")
            shutil.move(beside, file)

    def _expected(
        self, variant: int, operation: int, scopes: frozenset[str], group: str, level: str
    ) -> Answer:
        """What the reference says of one of `group`, whose token has `scopes` and `level`."""
        user = User("u", groups=frozenset({group}))
        claims = {"sub": "u", "level": level}
        call = Call(
            "GET",
            url_of(operation),
            1.8e9,
            token=Token(claims=claims, scopes=scopes, user=user),
        )
        return self._evaluators[variant].answer(call)


def _tree(variant: int) -> Tree:
    operations = []
    for number in range(OPERATIONS):
        groups = (GROUPS[(number + variant) % 5], GROUPS[(number + variant + 2) % 5])
        low = ("cmp", "==", ("claim", "level"), ("literal", f"l{(number + variant) % 3}"))
        policies = (
            PolicySet(
                "levels", "deny-overrides", (Rule("low", "deny", low), Rule("rest", "permit"))
            ),
        )
        operations.append(
            Operation(
                id=f"op{number}",
                methods=("GET",),
                templates=((("literal", f"r{number}"), ("param", "id")),),
                allow=Allow(scopes=AnyAll(any=(scope_of(number),)), groups=AnyAll(any=groups)),
                policies=policies if number % 2 else (),
            )
        )
    scope = Scope(schema=(Declared("claims", "level", "string"),))
    service = Service(
        SERVICE,
        ("https://api.example.com/orders",),
        internal=True,
        operations=tuple(operations),
        scope=scope,
    )
    return Tree({"orders.yaml": service})
