"""Hours in minutes: tokens, keys and users that come and go, policies that change all the time.

Every answer is held against the naive reference evaluator (tests/reference), on the tree whose
revision the answer names: an answer that mixed two trees would be wrong for both.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
from array import array
from collections import Counter, deque
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter

import uvloop

from benchmarks.processes import LOAD_CORE, free_port, python_program, resident_mb, running
from benchmarks.svg import Picture, nice_ticks
from benchmarks.worst.open_loop import percentile
from benchmarks.worst.plan import Worst
from benchmarks.worst.soak_trees import (
    GROUPS,
    OPERATIONS,
    SERVICE,
    SoakTrees,
    operation_of,
    scope_of,
    url_of,
)
from deemster.model.clock import SystemClock
from deemster.tokens.jose import SigningKey
from tests.support.raw_calls import Answer, Caller, a_post

__all__ = ["Soaked", "measure_soak", "soak", "soak_picture"]

ISSUER = "https://issuer.example"
SECRET = "soak-secret-0123456789-0123456789-abcdef"  # noqa: S105 - of this run
CALLERS = 8
USERS = 2_000
ROTATION = 30.0
"""Seconds after which tokens are signed by the next key; it is published as long before."""
KEPT = 3_000
"""Tokens that are used again; others are thrown away after one call."""
SETTLED = 4.0
"""Seconds after a user changed in which nothing is asked about them: `cache` is one."""
OVERLOADED = "overloaded"
"""No answer about the call at all: counted, and told."""


@dataclass(slots=True)
class Soaked:
    """What came of a soak. `memory`: (seconds from the beginning, resident MB)."""

    seconds: float
    found: Counter[str]
    reasons: Counter[str]
    revisions: Counter[str]
    reloads: int
    memory: list[tuple[float, float]]
    tenths: list[float]
    """p99 of each tenth of the time, in seconds."""
    tokens: int
    keys: int
    changes: int
    files: tuple[int, int]
    """Open file descriptors after the first tenth and at the end."""
    odd: list[str]

    @property
    def right(self) -> int:
        """Answers that are as the reference says."""
        return self.found["right"]

    def grown(self) -> tuple[float, float, float]:
        """Median MB of the second and of the last fifth, and the slope between in MB an hour."""
        fifth = self.seconds / 5
        early = [mb for at, mb in self.memory if fifth <= at < 2 * fifth]
        late = [mb for at, mb in self.memory if at >= 4 * fifth]
        one, other = median(early or [0.0]), median(late or [0.0])
        return one, other, (other - one) / (3 * fifth) * 3600


def measure_soak(plan: Worst, folder: Path, pictures: Path) -> str:
    """Its part of the page, and its picture."""
    soaked = soak(folder, plan.soak_seconds, plan.soak_decisions, plan.soak_reloads)
    pictures.mkdir(parents=True, exist_ok=True)
    (pictures / "soak.svg").write_text(soak_picture(soaked), encoding="utf-8")
    text = _told(soaked)
    print(f"soak: {' '.join(text.split())}", flush=True)
    if soaked.found["wrong"] or soaked.found["broken"]:
        raise RuntimeError(f"{soaked.found}: {soaked.odd}")
    return text


def soak(folder: Path, seconds: float, decisions: int, reloads: int) -> Soaked:
    """So many decisions and reloads in that time; fewer decisions where they take longer."""
    return uvloop.run(_Soak(folder, seconds, decisions, reloads).run())


class _Soak:
    def __init__(self, folder: Path, seconds: float, decisions: int, reloads: int) -> None:
        self._folder = folder
        self._seconds = seconds
        self._rate = decisions / seconds
        self._reloads = reloads
        self._rng = random.Random(7)
        (folder / "policies").mkdir()
        self._trees = SoakTrees(folder / "policies")
        self._number = count()
        self._groups = {f"u{n}": self._rng.choice(GROUPS) for n in range(USERS)}
        self._changed: dict[str, float] = {}
        self._changes = 0
        self._keys: list[SigningKey] = []
        self._key_file = folder / "keys.json"
        self._kept: deque[_Token] = deque(maxlen=KEPT)
        self._retired: deque[tuple[float, _Token]] = deque()
        self._minted = 0
        self._took: list[array[float]] = [array("d") for _ in range(10)]
        self._began = 0.0
        self._soaked = Soaked(
            seconds, Counter(), Counter(), Counter(), 0, [], [], 0, 0, 0, (0, 0), []
        )

    async def run(self) -> Soaked:
        with ExitStack() as stack:
            self._another_key()
            self._another_key()
            self._database = stack.enter_context(self._people())
            port, process = self._start(stack)
            soaked = self._soaked
            self._began = perf_counter()
            work = [asyncio.create_task(self._call(port, number)) for number in range(CALLERS)]
            others = [
                asyncio.create_task(one)
                for one in (
                    self._reload(process),
                    self._rotate(),
                    self._change_users(),
                    self._watch(process),
                )
            ]
            await asyncio.gather(*work)
            for task in others:
                task.cancel()
            for outcome in await asyncio.gather(*others, return_exceptions=True):
                if isinstance(outcome, Exception):
                    raise outcome
            soaked.files = (soaked.files[0], _open_files(process))
            soaked.tenths = [percentile(took, 0.99) for took in self._took]
            soaked.tokens, soaked.keys, soaked.changes = (
                self._minted,
                len(self._keys),
                self._changes,
            )
            return soaked

    # --- the service ----------------------------------------------------------------------------

    def _start(self, stack: ExitStack) -> tuple[int, int]:
        port, key_port = free_port(), free_port()
        keys = python_program("-m", "benchmarks.worst.key_server", str(key_port), "keys.json")
        keys[-1] = str(self._key_file)
        stack.enter_context(running(keys, self._folder / "key-server", key_port, cores=LOAD_CORE))
        settings = self._folder / "deemster.yaml"
        settings.write_text(
            _SETTINGS.format(
                port=port,
                management=free_port(),
                secret=SECRET,
                issuer=ISSUER,
                keys=f"http://127.0.0.1:{key_port}/keys",
            ),
            encoding="utf-8",
        )
        (self._folder / "secret").write_text(SECRET, encoding="ascii")
        command = python_program("-m", "deemster", "serve", "--config", str(settings))
        return port, stack.enter_context(running(command, self._folder / "log", port))

    def _people(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._folder / "people.db", isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE accounts (login TEXT PRIMARY KEY, team TEXT NOT NULL)")
        database.executemany("INSERT INTO accounts VALUES (?, ?)", self._groups.items())
        database.commit()
        return database

    def _another_key(self) -> None:
        self._keys.append(SigningKey.generate("ES256", key_id_prefix=f"{len(self._keys)}-"))
        self._publish()

    def _publish(self) -> None:
        # The one that signs, the next one, and the one before for as long as its tokens are asked.
        document = {"keys": [key.public_jwk for key in self._keys[-3:]]}
        beside = self._key_file.with_suffix(".next")
        beside.write_text(json.dumps(document), encoding="utf-8")
        beside.replace(self._key_file)

    # --- what changes ---------------------------------------------------------------------------

    async def _reload(self, process: int) -> None:
        for number in range(1, self._reloads + 1):
            await self._until(self._seconds * number / (self._reloads + 1))
            self._trees.put(number)
            os.kill(process, signal.SIGHUP)
            self._soaked.reloads += 1

    async def _rotate(self) -> None:
        turn = self._seconds / max(2, round(self._seconds / ROTATION))
        for number in count(1):
            await self._until(turn * number)
            # The second newest signs from now on: it has been published for one turn.
            old = list(self._kept)
            self._kept.clear()
            self._another_key()
            now = perf_counter()
            self._retired.extend((now, token) for token in old[:20])

    async def _change_users(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            for login in self._rng.sample(sorted(self._groups), 5):
                team = self._rng.choice(GROUPS)
                self._changed[login] = perf_counter()
                self._database.execute(
                    "UPDATE accounts SET team = ? WHERE login = ?", (team, login)
                )
                self._groups[login] = team
                self._changes += 1

    async def _watch(self, process: int) -> None:
        soaked = self._soaked
        while True:
            at = perf_counter() - self._began
            soaked.memory.append((at, resident_mb(process)))
            if at < self._seconds / 10:
                soaked.files = (_open_files(process), 0)
            await asyncio.sleep(max(0.2, self._seconds / 600))

    async def _until(self, at: float) -> None:
        await asyncio.sleep(max(0.0, self._began + at - perf_counter()))

    # --- the calls ------------------------------------------------------------------------------

    async def _call(self, port: int, number: int) -> None:
        caller = Caller(("127.0.0.1", port))
        for turn in count():
            due = (turn * CALLERS + number) / self._rate
            if due >= self._seconds or perf_counter() - self._began >= self._seconds:
                break
            await self._until(due)
            operation = self._rng.randrange(OPERATIONS)
            token = self._token(operation)
            if token.scopes and self._rng.random() < 0.8:
                operation = operation_of(self._rng.choice(sorted(token.scopes)))
            request = a_post("/sideband/request", _body(operation, token.text), _FIELDS)
            try:
                answer = await caller.ask(request)
            except (OSError, asyncio.IncompleteReadError) as error:
                self._soaked.found["broken"] += 1
                self._soaked.odd.append(repr(error))
                continue
            if not self._is_settled(token.login):
                self._soaked.found["of users that changed meanwhile"] += 1
                continue
            tenth = int((perf_counter() - self._began) / self._seconds * 10)
            self._took[min(9, tenth)].append(answer.seconds)
            self._hear(answer, operation, token)
        await caller.end()

    def _hear(self, answer: Answer, operation: int, token: _Token) -> None:
        soaked = self._soaked
        revision = answer.headers.get("x-policy-revision", "")
        soaked.revisions[revision] += 1
        variant = self._trees.revisions.get(revision)
        reason = _reason_of(answer)
        soaked.reasons[reason] += 1
        if reason == OVERLOADED:
            soaked.found["refused"] += 1
            return
        if token.refusal is not None:
            wanted = token.refusal
        elif variant is None:
            wanted = "a revision that there is"
        else:
            group = self._groups[token.login]
            expected = self._trees.expected(variant, operation, token.scopes, group, token.level)
            wanted = "permitted" if expected.permit else expected.reason
        right = answer.status == 200 and variant is not None and reason == wanted
        soaked.found["right" if right else "wrong"] += 1
        if not right and len(soaked.odd) < 10:
            soaked.odd.append(
                f"{reason} instead of {wanted} under {revision}: {answer.body[-200:]!r}"
            )

    def _is_settled(self, login: str) -> bool:
        return perf_counter() - self._changed.get(login, 0.0) > SETTLED

    def _token(self, operation: int) -> _Token:
        rng = self._rng
        drawn = rng.random()
        if self._retired and perf_counter() - self._retired[0][0] > 2 * ROTATION + 20:
            # Its key was withdrawn two turns ago, and the set was fetched since.
            _, token = self._retired.popleft()
            return _Token(
                token.text, token.login, token.scopes, token.level, "token-signature-invalid"
            )
        if drawn < 0.7 and self._kept:
            for _ in range(5):
                token = rng.choice(self._kept)
                if self._is_settled(token.login):
                    return token
        while not self._is_settled(login := f"u{rng.randrange(USERS)}"):
            pass
        scopes = frozenset(
            scope_of(one)
            for one in (operation, *rng.sample(range(OPERATIONS), 6))
            if rng.random() < 0.9
        )
        token = self._mint(login, scopes, f"l{rng.randrange(3)}", drawn)
        if token.refusal is None:
            self._kept.append(token)
        return token

    def _mint(self, login: str, scopes: frozenset[str], level: str, drawn: float) -> _Token:
        now = int(SystemClock.wall())
        claims: dict[str, object] = {
            "iss": ISSUER,
            "aud": SERVICE,
            "sub": login,
            "client_id": "soak",
            "scope": " ".join(sorted(scopes)),
            "level": level,
            "iat": now,
            "exp": now + 3600,
            "jti": f"{next(self._number):032x}",
        }
        refusal = None
        if drawn > 0.985:
            claims["exp"] = claims["iat"] = now - 120
            refusal = "token-expired"
        elif drawn > 0.97:
            claims["aud"] = "another"
            refusal = "token-audience-mismatch"
        key = self._keys[-2]
        text = key.sign(json.dumps(claims).encode(), typ="at+jwt")
        if drawn < 0.715:
            text = text[:-8] + ("AAAAAAAA" if not text.endswith("AAAAAAAA") else "BBBBBBBB")
            refusal = "token-signature-invalid"
        self._minted += 1
        return _Token(text, login, scopes, level, refusal)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    login: str
    scopes: frozenset[str]
    level: str
    refusal: str | None


_FIELDS = {"client-token": SECRET}


def _body(operation: int, token: str) -> dict[str, object]:
    return {
        "source_ip": "192.0.2.10",
        "source_port": "34060",
        "method": "GET",
        "url": url_of(operation),
        "http_version": "1.1",
        "headers": [{"host": "api.example.com"}, {"authorization": f"Bearer {token}"}],
        "body": "",
    }


def _reason_of(answer: Answer) -> str:
    if answer.permits:
        return "permitted"
    try:
        told = json.loads(json.loads(answer.body)["response"]["body"])
        return str(told.get("reason", told["code"]))
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status}"


def _open_files(process: int) -> int:
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


def soak_picture(soaked: Soaked) -> str:
    """Resident memory over time."""
    width, height, left, top = 760, 300, 60, 50
    picture = Picture(width, height, f"Resident memory over {soaked.seconds / 60:.1f} minutes, MB")
    ticks = nice_ticks(max(mb for _, mb in soaked.memory))
    right, bottom = width - 30, height - 40
    for tick in ticks:
        y = bottom - (bottom - top) * tick / ticks[-1]
        picture.rule(left, y, right, y)
        picture.text(left - 8, y + 4, f"{tick:g}", "faint", "end")
    for minute in nice_ticks(soaked.seconds / 60, 6):
        x = left + (right - left) * minute * 60 / soaked.seconds
        if x <= right + 1:
            picture.text(x, bottom + 18, f"{minute:g}", "faint", "middle")
    picture.text((left + right) / 2, bottom + 34, "minutes", "faint", "middle")
    picture.path(
        [
            (
                left + (right - left) * at / soaked.seconds,
                bottom - (bottom - top) * mb / ticks[-1],
            )
            for at, mb in soaked.memory
            if at <= soaked.seconds
        ],
        "ours line",
    )
    return str(picture)


def _told(soaked: Soaked) -> str:
    early, late, slope = soaked.grown()
    reasons = ", ".join(f"{name} {number:,}" for name, number in soaked.reasons.most_common(8))
    drift = " ".join(f"{took * 1000:.1f}" for took in soaked.tenths)
    return _TEXT.format(
        seconds=f"{soaked.seconds:g}",
        right=f"{soaked.right:,}",
        wrong=soaked.found["wrong"],
        broken=soaked.found["broken"],
        refused=soaked.found["refused"],
        aside=f"{soaked.found['of users that changed meanwhile']:,}",
        reloads=soaked.reloads,
        revisions=len(soaked.revisions),
        tokens=f"{soaked.tokens:,}",
        keys=soaked.keys,
        users=f"{USERS:,}",
        changes=f"{soaked.changes:,}",
        reasons=reasons,
        early=f"{early:.0f}",
        late=f"{late:.0f}",
        slope=f"{slope:+.1f}",
        drift=drift,
        files=" and ".join(map(str, soaked.files)),
    )


_TEXT = """## Soak

{right} decisions in {seconds} s are as the reference evaluator says of the tree whose revision the
answer names, {wrong} are not; {broken} calls were broken, {refused} refused as overloaded.
Meanwhile {reloads} reloads in turn between {revisions} trees, {tokens} new tokens (the others are
used again), {keys} keys one after the other, {changes} changes of {users} users in a database.
{aside} answers about a user who had changed just then are not counted. Reasons: {reasons}.

![Resident memory during the soak](benchmarks/soak.svg)

Resident: {early} MB in the second fifth of the time, {late} MB in the last, {slope} MB an hour;
open files after the first tenth and at the end: {files}. p99 of each tenth, ms: {drift}.
"""

_SETTINGS = """environment: soak
policies: {{path: policies}}
listeners:
  decisions: {{bind: "127.0.0.1:{port}"}}
  management: {{bind: "127.0.0.1:{management}"}}
gateways:
  - id: gateway
    protocols: [sideband]
    apiServices: ["*"]
    secrets: [{{id: g1, value: "${{file:secret}}"}}]
tokenProviders:
  - id: people
    type: internal
    issuer: {issuer}
    keys: {{jwksUrl: "{keys}", allowPrivate: true, refresh: 60s, coolDown: 5s}}
    algorithms: [ES256]
    skew: 5s
    directory: staff
directories:
  - id: staff
    cache: 1s
    sql:
      url: "sqlite+aiosqlite:///people.db"
      queries:
        user: SELECT login AS subject, 1 AS enabled FROM accounts WHERE login = :subject
        groups: SELECT login AS subject, team AS name FROM accounts WHERE login = :subject
decisionLog: {{sinks: [{{stdout: {{}}}}], whenFull: drop}}
"""
