"""Two hundred users at a time on one worker: each answer is its own user's, each error its own.

Every answer is tagged: a permit names its user in a header field that only the decision sets, and a
deny has its own reason.
"""

from __future__ import annotations

import asyncio
import io
import json
import random
from collections import Counter
from pathlib import Path

import httpx
import pytest

from deemster.app import build_application
from deemster.model.clock import SystemClock
from deemster.outgoing.databases import end_engine, open_engine
from deemster.telemetry.service_log import build_service_log
from deemster.tokens.development_key import load_or_create
from deemster.usercontext.sql_migrations import migrate
from deemster.usercontext.sql_people import Person, put_people
from tests.support.proofs import a_proof, thumbprint
from tests.support.scale import scaled, seed
from tests.support.service import SECRET, ServiceFolder, a_service_folder

USERS = 200
URL = "https://api.example.com/orders"
KINDS = ("good", "outsider", "disabled", "unknown", "expired", "forged", "bound", "stolen", "none")
EXPECTED = {
    "outsider": (403, "group-missing"),
    "disabled": (403, "user-disabled"),
    "unknown": (403, "user-unknown"),
    "expired": (401, "token-expired"),
    "forged": (401, "token-signature-invalid"),
    "stolen": (401, "bearer-not-accepted"),
    "none": (401, "token-missing"),
}


def kind_of(number: int) -> str:
    return KINDS[number % len(KINDS)]


async def people(folder: ServiceFolder) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{folder.path / 'people.db'}", create=True)
    await migrate(engine)
    await put_people(
        engine,
        [
            Person(
                f"user-{number}",
                enabled=kind_of(number) != "disabled",
                groups=() if kind_of(number) == "outsider" else ("sales",),
            )
            for number in range(USERS)
            if kind_of(number) != "unknown"
        ],
        replace=False,
    )
    await end_engine(engine)


def a_folder(path: Path) -> ServiceFolder:
    folder = a_service_folder(path)
    text = folder.settings_file.read_text(encoding="utf-8")
    text = text.replace("protocols: [sideband]", "protocols: [sideband, traefik]")
    text = text.replace("y: people\n", "y: people\n    dpop: {mode: enabled}\n")
    text = text.replace(
        "static: {users: {alice: {groups: [sales]}, mallory: {enabled: false}}}",
        "sql: {url: 'sqlite+aiosqlite:///people.db'}\n    cache: 1s",
    )
    text += (
        "identityHeaders: {X-Auth-User: subject}\ndeadlines: {decision: 10s, token: 5s, user: 5s}\n"
    )
    folder.settings_file.write_text(text, encoding="utf-8")
    return folder


def presented(folder: ServiceFolder, number: int, attempt: int, now: int) -> dict[str, str]:
    """What user `number` sends, by its kind; a new token for each attempt."""
    kind = kind_of(number)
    if kind == "none":
        return {}
    claims: dict[str, object] = {"sub": f"user-{number}", "jti": f"{number}-{attempt}"}
    if kind == "expired":
        claims["exp"] = now - 3600
    if kind in ("bound", "stolen"):
        claims["cnf"] = {"jkt": thumbprint()}
    token = folder.token(**claims)
    if kind == "forged":
        other = load_or_create(folder.path / "other-key.json")
        token = ".".join([*token.split(".")[:2], other.mint({"sub": "x"}).split(".")[2]])
    if kind != "bound":
        return {"authorization": f"Bearer {token}"}
    proof = a_proof(token, jti=f"{number}-{attempt}", iat=now)
    return {"authorization": f"DPoP {token}", "dpop": proof}


@pytest.mark.catalogue("I6", "J20")
async def test_two_hundred_users_at_a_time_each_get_their_own_answer(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    await people(folder)
    clock = SystemClock()
    log = build_service_log(io.StringIO(), clock)
    app = build_application(folder.settings(), clock=clock, log=log)
    await app.startup()
    await asyncio.sleep(1.1)  # a proof made before the service began is refused
    drawn = random.Random(seed())
    answers: Counter[str] = Counter()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app.decisions), base_url="http://pdp"
    ) as client:

        async def ask(number: int, attempt: int) -> None:
            await asyncio.sleep(drawn.random() / 100)
            found = await client.get(
                "/forward-auth/traefik",
                headers={
                    "client-token": SECRET,
                    "x-forwarded-method": "GET",
                    "x-forwarded-proto": "https",
                    "x-forwarded-host": "api.example.com",
                    "x-forwarded-uri": "/orders",
                    **presented(folder, number, attempt, int(clock.wall())),
                },
            )
            expected = EXPECTED.get(kind_of(number))
            if expected is None:
                assert found.status_code == 200, found.text
                assert found.headers["x-auth-user"] == f"user-{number}"
                answers["permitted"] += 1
            else:
                assert (found.status_code, found.json()["code"]) == expected
                assert "x-auth-user" not in found.headers
                answers[expected[1]] += 1

        for attempt in range(max(2, scaled(20))):
            numbers = list(range(USERS))
            drawn.shuffle(numbers)
            await asyncio.gather(*[ask(number, attempt) for number in numbers])
    await app.shutdown(5.0)
    assert set(answers) == {"permitted", *(code for _, code in EXPECTED.values())}
    # The records say the same, each of its own user.
    for line in folder.log_file.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record["effect"] == "permit":
            assert kind_of(int(record["subject"].removeprefix("user-"))) in ("good", "bound")
