"""Who is measured in each section of the run, and how each is asked the one question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.contests import Contestant
from benchmarks.loads import TOKEN, Call, GrpcLoad, HttpLoad, Load
from benchmarks.ours import (
    Deemster,
    authzen_call,
    check_message,
    forward_auth_call,
    sideband_call,
)
from benchmarks.peers.cerbos import cerbos_call
from benchmarks.peers.envoy import envoy_call
from benchmarks.plan import Plan
from benchmarks.stage import Stage
from deemster.gateways.ext_authz_grpc import CHECK

__all__ = ["by_conditions", "by_questions", "by_size", "by_workers", "larger", "peers"]

SEEN, EVERY, NONE = "seen before", "verified every time", "none"
FEW = "one of a few hundred"
"""What a quick run has instead of tokens that are verified every time."""
Start = Callable[[Stage], Deemster]


def peers(plan: Plan) -> list[Contestant]:
    """One hundred operations, 32 connections and one."""
    return [
        *_nulls(),
        Contestant("sideband", "Deemster, sideband", f"ES256, {SEEN}", _sideband(_ours(100))),
        Contestant(
            "sideband-rs256", "Deemster, sideband", f"RS256, {SEEN}", _sideband(_ours(100), "RS256")
        ),
        _every(plan, "sideband-every-rs256", "RS256", plan.pool),
        _every(plan, "sideband-every-es256", "ES256", plan.cheap_pool),
        Contestant("authzen-token", "Deemster, AuthZEN", f"ES256, {SEEN}", _authzen(token=True)),
        Contestant("authzen", "Deemster, AuthZEN", "none: the user is named", _authzen()),
        Contestant("forward-auth", "Deemster, forward-auth", f"ES256, {SEEN}", _forward_auth),
        Contestant("grpc", "Deemster, gRPC", f"ES256, {SEEN}", _grpc),
        Contestant(
            "hypercorn",
            "Deemster on Hypercorn, sideband",
            f"ES256, {SEEN}",
            _sideband(lambda stage: stage.deemster(100, server="hypercorn")),
        ),
        _cerbos(100, "RS256"),
        _cerbos(100, "ES256"),
        _cerbos(100, "ES256", fresh=plan.cheap_pool),
        _envoy(100, "RS256", cached=False),
        _envoy(100, "ES256", cached=False),
        _envoy(100, "ES256", cached=True),
        Contestant("envoy-null", "Envoy without filters (null)", NONE, _envoy_null),
    ]


def larger() -> list[Contestant]:
    """One thousand operations."""
    found = [
        Contestant("sideband", "Deemster, sideband", f"ES256, {SEEN}", _sideband(_ours(1_000))),
        Contestant("authzen", "Deemster, AuthZEN", "none: the user is named", _authzen(1_000)),
        _cerbos(1_000, "RS256"),
        _cerbos(1_000, "ES256"),
        _envoy(1_000, "RS256", cached=False),
        _envoy(1_000, "ES256", cached=False),
        _envoy(1_000, "ES256", cached=True),
    ]
    return [replace(one, single=False) for one in found]


def by_size(plan: Plan) -> list[Contestant]:
    """Deemster with more and more operations."""
    return [
        Contestant(str(size), f"{size:,}", f"ES256, {SEEN}", _sideband(_ours(size)), single=False)
        for size in plan.sizes
    ]


def by_conditions(plan: Plan) -> list[Contestant]:
    """Deemster with more and more conditions for each operation."""

    def ours(conditions: int) -> Start:
        return lambda stage: stage.deemster(100, conditions=conditions)

    return [
        Contestant(str(count), f"{count:,}", f"ES256, {SEEN}", _sideband(ours(count)), single=False)
        for count in plan.conditions
    ]


def by_workers(plan: Plan) -> list[Contestant]:
    """One and two workers; `wrk` on the same two cores, wherever the system puts all of them."""

    def ours(workers: int) -> Start:
        return lambda stage: stage.unpinned(workers)

    found = []
    which = EVERY if plan.is_fresh else FEW
    for workers in (1, 2):
        name = f"{workers} worker{'s' * (workers > 1)}"
        every = _sideband(ours(workers), fresh=plan.cheap_pool, pinned=False)
        seen = _sideband(ours(workers), pinned=False)
        found += [
            Contestant(f"every-{workers}", name, f"ES256, {which}", every, single=False),
            Contestant(f"seen-{workers}", name, f"ES256, {SEEN}", seen, single=False),
        ]
    return found


def by_questions(plan: Plan) -> list[Contestant]:
    """More and more questions in one message."""
    return [
        Contestant(
            str(count),
            f"{count} in a message",
            "none: the user is named",
            _authzen(questions=count),
            decisions=count,
            single=False,
        )
        for count in plan.questions
    ]


def _nulls() -> list[Contestant]:
    def null(server: str, like: str, call: Callable[..., Call]) -> Callable[[Stage], Load]:
        def load(stage: Stage) -> Load:
            base, process = stage.null(server, like)
            asked = stage.call(100)
            token = stage.issuer.token("ES256", asked.scope)
            said = call(base, "s" * 43, asked.method, asked.url, token)
            return _http(stage, said, process, f"null-{server}-{like}")

        return load

    def question(base: str, secret: str, method: str, url: str, token: str) -> Call:
        return authzen_call(base, secret, 50)

    return [
        Contestant(
            "null", "null, sideband's call", NONE, null("decisions", "sideband", sideband_call)
        ),
        Contestant(
            "null-authzen", "null, AuthZEN's call", NONE, null("decisions", "authzen", question)
        ),
        Contestant(
            "null-forward-auth",
            "null, forward-auth's call",
            NONE,
            null("decisions", "forward-auth", forward_auth_call),
        ),
        Contestant("null-grpc", "null, gRPC", NONE, _null_grpc),
        Contestant(
            "null-uvicorn",
            "null on uvicorn as it comes, sideband's call",
            NONE,
            null("uvicorn", "sideband", sideband_call),
        ),
        Contestant(
            "null-hypercorn",
            "null on Hypercorn, sideband's call",
            NONE,
            null("hypercorn", "sideband", sideband_call),
        ),
    ]


def _ours(operations: int) -> Start:
    return lambda stage: stage.deemster(operations)


def _every(plan: Plan, key: str, algorithm: str, tokens: int) -> Contestant:
    which = EVERY if plan.is_fresh else FEW
    load = _sideband(_ours(100), algorithm, fresh=tokens)
    return Contestant(key, "Deemster, sideband", f"{algorithm}, {which}", load, single=False)


def _sideband(
    ours: Start, algorithm: str = "ES256", *, fresh: int = 0, pinned: bool = True
) -> Callable[[Stage], Load]:
    def load(stage: Stage) -> Load:
        of = ours(stage)
        # The service is asked about an operation that it has: of its own size.
        asked = stage.call(int(of.folder.name.split("-")[1]) if pinned else 100)
        pool = stage.issuer.pool(algorithm, asked.scope, fresh) if fresh else None
        token = TOKEN if fresh else stage.issuer.token(algorithm, asked.scope)
        call = sideband_call(of.base, of.secret, asked.method, asked.url, token)
        name = f"{of.folder.name}-{algorithm}-{fresh}"
        found = _http(stage, call, of.process, name, pool)
        return found if pinned else replace(found, cores=None)

    return load


def _authzen(
    operations: int = 100, *, questions: int = 1, token: bool = False
) -> Callable[[Stage], Load]:
    def load(stage: Stage) -> Load:
        of = stage.authzen(operations)
        scope = stage.call(operations).scope
        said = stage.issuer.token("ES256", scope) if token else None
        middle = operations // 2
        call = authzen_call(of.base, of.secret, middle, questions=questions, token=said)
        return _http(stage, call, of.process, f"authzen-{operations}-{questions}-{token}")

    return load


def _forward_auth(stage: Stage) -> Load:
    of, asked = stage.deemster(100), stage.call(100)
    token = stage.issuer.token("ES256", asked.scope)
    call = forward_auth_call(of.base, of.secret, asked.method, asked.url, token)
    return _http(stage, call, of.process, "forward-auth")


def _grpc(stage: Stage) -> Load:
    of = stage.deemster(100)
    return _check_load(stage, of.check_port, of.secret, of.process, "grpc")


def _null_grpc(stage: Stage) -> Load:
    port, process = stage.null_check()
    return _check_load(stage, port, "s" * 43, process, "null-grpc")


def _check_load(stage: Stage, port: int, secret: str, process: int, name: str) -> Load:
    asked = stage.call(100)
    message = check_message(asked.method, asked.url, stage.issuer.token("ES256", asked.scope))
    folder = stage.folder / f"load-{name}"
    folder.mkdir()
    url = f"http://127.0.0.1:{port}{CHECK}"
    return GrpcLoad(url, message, {"client-token": secret}, process, folder)


def _cerbos(operations: int, algorithm: str, *, fresh: int = 0) -> Contestant:
    def load(stage: Stage) -> Load:
        of, operation = stage.cerbos(operations), stage.operation(operations)
        scope = operation.scopes[0]
        pool = stage.issuer.pool(algorithm, scope, fresh) if fresh else None
        token = TOKEN if fresh else stage.issuer.token(algorithm, scope)
        name = f"cerbos-{operations}-{algorithm}-{fresh}"
        return _http(stage, cerbos_call(of, operation, token), of.process, name, pool)

    other = ", another each time" if fresh else ""
    key = f"cerbos-{algorithm.lower()}{'-fresh' if fresh else ''}"
    return Contestant(key, "Cerbos", f"{algorithm}, {EVERY}{other}", load, single=not fresh)


def _envoy(operations: int, algorithm: str, *, cached: bool) -> Contestant:
    def load(stage: Stage) -> Load:
        of, asked = stage.envoy(operations, cached=cached), stage.call(operations)
        call = envoy_call(of, asked, stage.issuer.token(algorithm, asked.scope))
        return _http(stage, call, of.process, f"envoy-{operations}-{algorithm}-{cached}")

    key = f"envoy-{'cached' if cached else 'uncached'}-{algorithm.lower()}"
    token = f"{algorithm}, {SEEN if cached else EVERY}"
    return Contestant(key, "Envoy, jwt_authn + rbac", token, load)


def _envoy_null(stage: Stage) -> Load:
    of, asked = stage.envoy(None), stage.call(100)
    call = envoy_call(of, asked, stage.issuer.token("ES256", asked.scope))
    return _http(stage, call, of.process, "envoy-null")


def _http(stage: Stage, call: Call, process: int, name: str, pool: Path | None = None) -> HttpLoad:
    return HttpLoad(call, process, stage.folder, pool=pool, name=f"load-{name}")
