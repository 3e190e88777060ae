"""Engines that have Python packages, in process: `engines ENGINE OPERATIONS ROUNDS`, JSON out.

Runs in a virtual environment of its own, without Deemster. Each is told the same rules in its own
language and given method, path, scopes and groups: no token, no HTTP, no record. One hundred
operations' questions in turn; all of them must be permitted, and with another scope, another group
or another path refused, before anything is timed.
"""

from __future__ import annotations

import gc
import importlib
import importlib.metadata
import json
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from benchmarks.trees import GROUPS, Operation, calls, operations_of

__all__ = ["ENGINES", "Question"]

QUESTIONS = 100
ROUND_SECONDS = 0.4


class Question(NamedTuple):
    """One call and who makes it."""

    operation: Operation
    method: str
    path: str
    scopes: tuple[str, ...]
    groups: tuple[str, ...]


Decide = Callable[[Question], bool]


def cedarpy(operations: Sequence[Operation]) -> Decide:
    """A policy for each operation, which is the action; parsed before."""
    engine: Any = importlib.import_module("cedarpy")
    text = "\n".join(
        f'permit(principal, action == Action::"{_name(operation)}", resource) when {{\n'
        f"  context.scopes.containsAny({json.dumps(operation.scopes)}) &&\n"
        f"  context.groups.containsAny({json.dumps(operation.groups)})\n}};"
        for operation in operations
    )
    policies = engine.PolicySet.from_str(text)

    def decide(asked: Question) -> bool:
        request = {
            "principal": 'User::"alice"',
            "action": f'Action::"{_name(asked.operation)}"',
            "resource": 'Api::"api"',
            "context": {"scopes": asked.scopes, "groups": asked.groups},
        }
        return bool(engine.is_authorized(request, policies, []).allowed)

    return decide


def regopy(operations: Sequence[Operation]) -> Decide:
    """Rules as data, looked up by the operation; compiled to a bundle before."""
    engine: Any = importlib.import_module("regopy")
    interpreter = engine.Interpreter()
    interpreter.add_module("bench", _REGO)
    rules = {
        _name(operation): {"scopes": list(operation.scopes), "groups": list(operation.groups)}
        for operation in operations
    }
    interpreter.add_data({"rules": rules})
    bundle = interpreter.build("data.bench.allow", ["bench/allow"])

    def decide(asked: Question) -> bool:
        interpreter.set_input(
            {
                "operation": _name(asked.operation),
                "scopes": list(asked.scopes),
                "groups": list(asked.groups),
            }
        )
        return '"expressions":[true]' in str(interpreter.query_bundle(bundle)).replace(" ", "")

    return decide


def oso(operations: Sequence[Operation]) -> Decide:
    """A rule for each operation, found by method and name."""
    engine: Any = importlib.import_module("oso")
    library = engine.Oso()
    library.load_str(
        "\n".join(
            f'allow(user, "{operation.method}", "{_name(operation)}") if '
            f"({_any('user.scopes', operation.scopes)}) and "
            f"({_any('user.groups', operation.groups)});"
            for operation in operations
        )
    )

    def decide(asked: Question) -> bool:
        user = {"scopes": list(asked.scopes), "groups": list(asked.groups)}
        return bool(library.is_allowed(user, asked.method, _name(asked.operation)))

    return decide


def pycasbin(operations: Sequence[Operation]) -> Decide:
    """A line for each operation, found by path and method; scopes and groups by functions."""
    engine: Any = importlib.import_module("casbin")
    model = engine.Model()
    model.load_model_from_text(_CASBIN)
    enforcer = engine.Enforcer(model)
    enforcer.add_function("any_of", lambda has, wanted: not set(has).isdisjoint(wanted.split(" ")))
    for operation in operations:
        enforcer.add_policy(
            operation.template, operation.method, " ".join(operation.scopes),
            " ".join(operation.groups),
        )  # fmt: skip

    def decide(asked: Question) -> bool:
        return bool(enforcer.enforce(asked.scopes, asked.groups, asked.path, asked.method))

    return decide


ENGINES: dict[str, tuple[str, Callable[[Sequence[Operation]], Decide]]] = {
    "cedarpy": ("cedarpy", cedarpy),
    "regopy": ("regopy", regopy),
    "oso": ("oso", oso),
    "pycasbin": ("casbin", pycasbin),
}
"""By name: the package on PyPI, and what makes a decision of it."""


def _name(operation: Operation) -> str:
    return f"{operation.service}.{operation.id}"


def _any(of: str, values: Sequence[str]) -> str:
    return " or ".join(f'"{value}" in {of}' for value in values)


_REGO = """package bench
import rego.v1
default allow := false
allow if {
  rule := data.rules[input.operation]
  some scope in input.scopes
  scope in rule.scopes
  some group in input.groups
  group in rule.groups
}
"""

_CASBIN = """[request_definition]
r = scopes, groups, path, method
[policy_definition]
p = path, method, scopes, groups
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.method == p.method && keyMatch3(r.path, p.path) \
&& any_of(r.scopes, p.scopes) && any_of(r.groups, p.groups)
"""


def _questions(operations: int) -> list[Question]:
    found = []
    step = max(1, operations // QUESTIONS)
    pairs = list(zip(operations_of(operations), calls(operations), strict=True))
    for operation, call in pairs[::step]:
        path = urlsplit(call.url).path
        found.append(Question(operation, call.method, path, (call.scope,), GROUPS))
    return found


def _check(decide: Decide, questions: Sequence[Question]) -> None:
    for asked in questions:
        if not decide(asked):
            raise RuntimeError(f"refused {asked}")
    for asked in questions[:5]:
        for wrong in (
            asked._replace(scopes=("another.scope",)),
            asked._replace(groups=("strangers",)),
            asked._replace(operation=asked.operation._replace(id="nothing"), path="/nowhere"),
        ):
            if decide(wrong):
                raise RuntimeError(f"permitted {wrong}")


def _measured(decide: Decide, questions: Sequence[Question], rounds: int) -> list[float]:
    gc.collect()
    gc.freeze()
    found = []
    for _ in range(rounds):
        done = 0
        began = time.perf_counter()
        while (spent := time.perf_counter() - began) < ROUND_SECONDS:
            for asked in questions[:20]:
                decide(asked)
            done += 20
            questions = [*questions[20:], *questions[:20]]
        found.append(spent / done * 1e6)
    return found


def main() -> None:
    """Microseconds of a decision: the median round, the least and the most."""
    name, operations, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    package, make = ENGINES[name]
    decide = make(operations_of(operations))
    questions = _questions(operations)
    _check(decide, questions)
    found = _measured(decide, questions, rounds)
    print(
        json.dumps(
            {
                "version": importlib.metadata.version(package),
                "median_us": median(found),
                "least_us": min(found),
                "most_us": max(found),
            }
        )
    )


if __name__ == "__main__":
    main()
