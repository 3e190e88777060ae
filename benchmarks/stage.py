"""The servers of one run: each started when it is first needed, its answers checked, once."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar, cast

import httpx

from benchmarks.issuing import ALGORITHMS, Issuer
from benchmarks.ours import (
    Deemster,
    authzen_call,
    check_message,
    forward_auth_call,
    one_answer,
    one_check,
    sideband_call,
    started,
)
from benchmarks.peers.cerbos import Cerbos, check_cerbos, started_cerbos
from benchmarks.peers.envoy import Envoy, check_envoy, started_envoy
from benchmarks.plan import Plan
from benchmarks.processes import SERVER_CORE, free_port, python_program, running
from benchmarks.trees import (
    Operation,
    OperationCall,
    authzen_tree_texts,
    calls,
    operations_of,
    ruled_tree_texts,
    tree_texts,
)

__all__ = ["Stage"]

T = TypeVar("T")


class Stage:
    """What one section of the run needs; what could not be started is not tried again."""

    def __init__(self, stack: ExitStack, folder: Path, issuer: Issuer, plan: Plan) -> None:
        self.folder = folder
        self.issuer = issuer
        self.plan = plan
        self._stack = stack
        self._kept: dict[str, object] = {}

    def call(self, operations: int) -> OperationCall:
        """The one that is asked for: of the operation in the middle."""
        return calls(operations)[operations // 2]

    def operation(self, operations: int) -> Operation:
        """The one in the middle."""
        return operations_of(operations)[operations // 2]

    def deemster(
        self, operations: int, *, server: str = "uvicorn", conditions: int = 0
    ) -> Deemster:
        """With operations that HTTP calls are matched to."""
        key = f"deemster-{operations}-{server}-{conditions}"

        def start() -> Deemster:
            texts = (
                ruled_tree_texts(operations, conditions) if conditions else tree_texts(operations)
            )
            found = started(self._stack, self.folder / key, self.issuer, texts, server=server)
            self._check_sideband(found, operations)
            return found

        return self._once(key, start)

    def unpinned(self, workers: int) -> Deemster:
        """One or two workers, wherever the system puts them."""
        key = f"unpinned-{workers}"

        def start() -> Deemster:
            found = started(
                self._stack,
                self.folder / key,
                self.issuer,
                tree_texts(100),
                workers=workers,
                cores=f"{SERVER_CORE},1",
            )
            self._check_sideband(found, 100)
            return found

        return self._once(key, start)

    def authzen(self, operations: int) -> Deemster:
        """With operations that questions of AuthZEN are matched to."""
        key = f"authzen-{operations}"

        def start() -> Deemster:
            texts = authzen_tree_texts(operations)
            found = started(self._stack, self.folder / key, self.issuer, texts)
            self._check_authzen(found, operations)
            return found

        return self._once(key, start)

    def null(self, server: str, like: str) -> tuple[str, int]:
        """Base address and process of a null application.

        It answers a constant of the size that Deemster's answer has: of `like` sideband,
        forward-auth or authzen.
        """
        key = f"null-{server}-{like}"

        def start() -> tuple[str, int]:
            port = free_port()
            answer = self.folder / f"{key}.answer"
            answer.write_bytes(self._answer(like))
            command = python_program("-m", "benchmarks.null_server", server, str(port), str(answer))
            process = self._stack.enter_context(running(command, self.folder / key, port))
            return f"http://127.0.0.1:{port}", process

        return self._once(key, start)

    def _answer(self, like: str) -> bytes:
        ours = self.authzen(100) if like == "authzen" else self.deemster(100)
        asked = self.call(100)
        about = (ours.base, ours.secret)
        token = self.issuer.token("ES256", asked.scope)
        if like == "authzen":
            return one_answer(authzen_call(*about, 50))
        call = sideband_call if like == "sideband" else forward_auth_call
        return one_answer(call(*about, asked.method, asked.url, token))

    def null_check(self) -> tuple[int, int]:
        """Port and process of the null server of gRPC; it answers what Deemster answers."""

        def start() -> tuple[int, int]:
            asked = self.call(100)
            ours = self.deemster(100)
            token = self.issuer.token("ES256", asked.scope)
            message = check_message(asked.method, asked.url, token)
            answer = self.folder / "answer.bin"
            answer.write_bytes(one_check(ours.check_port, message, ours.secret, permitted=True))
            port = free_port()
            command = python_program("-m", "benchmarks.null_check_server", str(port), str(answer))
            log = self.folder / "null-check"
            return port, self._stack.enter_context(running(command, log, port))

        return self._once("null-check", start)

    def cerbos(self, operations: int) -> Cerbos:
        """Told the same operations."""
        key = f"cerbos-{operations}"

        def start() -> Cerbos:
            every = operations_of(operations)
            found = started_cerbos(self._stack, self.folder / key, self.issuer, every)
            for algorithm in ALGORITHMS:
                check_cerbos(found, self.issuer, self.operation(operations), algorithm)
            return found

        return self._once(key, start)

    def envoy(self, operations: int | None, *, cached: bool = False) -> Envoy:
        """Told the same operations; None: without its filters."""
        key = f"envoy-{operations}-{cached}"

        def start() -> Envoy:
            every = None if operations is None else operations_of(operations)
            folder = self.folder / key
            found = started_envoy(self._stack, folder, self.issuer, every, cached=cached)
            if operations is not None:
                for algorithm in ALGORITHMS:
                    check_envoy(found, self.issuer, self.call(operations), algorithm)
            return found

        return self._once(key, start)

    def _once(self, key: str, start: Callable[[], T]) -> T:
        found = self._kept.get(key)
        if found is None:
            try:
                found = start()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told in its rows
                found = error
            self._kept[key] = found
        if isinstance(found, Exception):
            raise RuntimeError(str(found)) from None  # noqa: TRY004 - kept, not found wrong
        return cast("T", found)

    def _check_sideband(self, of: Deemster, operations: int) -> None:
        asked = self.call(operations)
        for algorithm in ALGORITHMS:
            for token, status in (
                (self.issuer.token(algorithm, asked.scope), httpx.codes.OK),
                (self.issuer.token(algorithm, "another.scope"), httpx.codes.FORBIDDEN),
                (self.issuer.broken_token(algorithm, asked.scope), httpx.codes.UNAUTHORIZED),
            ):
                about = (of.base, of.secret, asked.method, asked.url, token)
                one_answer(forward_auth_call(*about), status)
                permitted = "response" not in json.loads(one_answer(sideband_call(*about)))
                if permitted is not (status == httpx.codes.OK):
                    raise RuntimeError("Deemster gave the other answer, over sideband")

    def _check_authzen(self, of: Deemster, operations: int) -> None:
        middle = operations // 2
        token = self.issuer.token("ES256", self.call(operations).scope)
        for call, permitted in (
            (authzen_call(of.base, of.secret, middle), True),
            (authzen_call(of.base, of.secret, middle, token=token), True),
            (authzen_call(of.base, of.secret, middle, subject="mallory"), False),
        ):
            if json.loads(one_answer(call))["decision"] is not permitted:
                raise RuntimeError("Deemster gave the other answer, over AuthZEN")
