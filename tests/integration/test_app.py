"""The whole service without a server: built from settings, asked, reloaded, ended."""

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from deemster.app import Application, build_application
from deemster.errors import ConfigurationError, PolicyError
from deemster.model.clock import SystemClock
from deemster.policy.codes import Code
from deemster.telemetry.service_log import build_service_log
from tests.support.service import OTHER_SECRET, SECRET, ServiceFolder, a_call, a_service_folder

READ = "/sideband/request"


class Running:
    def __init__(self, app: Application, log: io.StringIO) -> None:
        self.app = app
        self.log = log

    @property
    def events(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.log.getvalue().splitlines()]

    async def ask(
        self, body: object, *, secret: str | None = SECRET, path: str = READ
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self.app.decisions)
        headers = {} if secret is None else {"client-token": secret}
        async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
            return await client.post(path, json=body, headers=headers)

    async def manage(self, path: str) -> httpx.Response:
        transport = httpx.ASGITransport(self.app.management)
        async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
            return await client.get(path)


def built(folder: ServiceFolder) -> tuple[Application, io.StringIO]:
    stream = io.StringIO()
    clock = SystemClock()
    log = build_service_log(stream, clock)
    return build_application(folder.settings(), clock=clock, log=log), stream


@asynccontextmanager
async def running(folder: ServiceFolder) -> AsyncIterator[Running]:
    app, stream = built(folder)
    try:
        await app.startup()
        yield Running(app, stream)
    finally:
        await app.shutdown(5.0)


@pytest.fixture
def folder(tmp_path: Path) -> ServiceFolder:
    return a_service_folder(tmp_path)


def code_of(answer: httpx.Response) -> str:
    """The reason in a sideband deny."""
    assert answer.status_code == 200
    code = json.loads(answer.json()["response"]["body"])["code"]
    assert isinstance(code, str)
    return code


async def test_a_good_token_opens_and_the_decision_is_recorded(folder: ServiceFolder) -> None:
    async with running(folder) as service:
        answer = await service.ask(a_call(folder.token(jti="t-1")))
        assert answer.status_code == 200
        assert "response" not in answer.json()
    (line,) = folder.log_file.read_text(encoding="utf-8").splitlines()
    record = json.loads(line)
    assert record["decision_id"] == answer.headers["x-decision-id"]
    assert (record["effect"], record["reason"], record["operation"]) == (
        "permit",
        "permitted",
        "list",
    )
    assert (record["gateway"], record["secret_id"]) == ("kong", "k1")
    assert (record["subject"], record["client_id"]) == ("alice", "shop")
    assert record["token"]["claims"] == "verified"
    assert record["token"]["kid"].startswith("dev-")
    assert record["deciding"]["place"].endswith("orders.yaml:12")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        pytest.param({"scope": "other"}, "scope-missing", id="another scope"),
        pytest.param({"sub": "bob"}, "user-unknown", id="nobody"),
        pytest.param({"sub": "mallory"}, "user-disabled", id="disabled"),
        pytest.param({"exp": 1_700_000_100}, "token-expired", id="expired"),
        pytest.param({"aud": "other"}, "token-audience-mismatch", id="another audience"),
        pytest.param({"iss": "https://x.example.com"}, "token-issuer-unknown", id="another issuer"),
    ],
)
async def test_a_bad_token_is_denied_with_its_reason(
    folder: ServiceFolder, claims: dict[str, object], reason: str
) -> None:
    async with running(folder) as service:
        assert code_of(await service.ask(a_call(folder.token(**claims)))) == reason


async def test_no_token_no_service_and_no_operation_are_told_apart(folder: ServiceFolder) -> None:
    async with running(folder) as service:
        assert code_of(await service.ask(a_call())) == "token-missing"
        elsewhere = a_call(folder.token(), url="https://other.example.com/")
        assert code_of(await service.ask(elsewhere)) == "no-api-service"
        nothing = a_call(folder.token(), url="https://api.example.com/orders/x")
        assert code_of(await service.ask(nothing)) == "no-operation"


@pytest.mark.parametrize("secret", [None, "wrong" * 10], ids=["none", "wrong"])
async def test_a_stranger_gets_no_decision(folder: ServiceFolder, secret: str | None) -> None:
    async with running(folder) as service:
        answer = await service.ask(a_call(folder.token()), secret=secret)
        assert answer.status_code == 401
        metrics = (await service.manage("/metrics")).text
        assert "deemster_decisions_total{" not in metrics
        assert 'cause="gateway-unauthenticated",protocol="sideband"} 1.0' in metrics
    assert folder.log_file.read_text(encoding="utf-8") == ""


async def test_a_call_before_the_first_load_is_denied(folder: ServiceFolder) -> None:
    app, stream = built(folder)
    app._recorder.start()  # everything but the policies
    service = Running(app, stream)
    assert code_of(await service.ask(a_call(folder.token()))) == "internal-error"
    assert (await service.manage("/ready")).status_code == 503
    await app.shutdown(5.0)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(ServiceFolder.break_policies, Code.UNKNOWN_KEY, id="a broken tree"),
        pytest.param(
            lambda folder: (folder.path / "policies" / "orders.yaml").unlink(),
            Code.EMPTY_TREE,
            id="an empty tree",
        ),
        pytest.param(
            lambda folder: (folder.path / "policies" / "orders.yaml").write_text(
                "apiVersion: deemster/v1\nkind: Library\nmetadata: {id: only}\n"
            ),
            Code.EMPTY_TREE,
            id="a tree without an API service",
        ),
        pytest.param(
            lambda folder: folder.settings_file.write_text(
                folder.settings_file.read_text().replace("id: staff", "id: stuff")
            ),
            Code.UNKNOWN_PROVIDER,
            id="a provider that the settings do not have",
        ),
    ],
)
async def test_what_must_not_be_served_does_not_start(
    folder: ServiceFolder, change: object, code: Code
) -> None:
    assert callable(change)
    change(folder)
    app, _ = built(folder)
    with pytest.raises(PolicyError) as refused:
        await app.startup()
    assert code in [found.code for found in refused.value.diagnostics]
    await app.shutdown(5.0)


async def test_a_reload_takes_policies_and_secrets_together(folder: ServiceFolder) -> None:
    async with running(folder) as service:
        token = folder.token()
        before = (await service.manage("/ready")).json()["revision"]
        folder.require_group("buyers")
        folder.change_secret(OTHER_SECRET)
        assert await service.app.reload() is True
        assert code_of(await service.ask(a_call(token), secret=OTHER_SECRET)) == "group-missing"
        assert (await service.ask(a_call(token))).status_code == 401
        now = (await service.manage("/ready")).json()
        assert (now["status"], now["revision"] != before) == ("ready", True)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        pytest.param(
            lambda folder: (folder.break_policies(), folder.change_secret(OTHER_SECRET)),
            "orders.yaml:15:5: `alow` is not",
            id="a broken tree beside a good secret",
        ),
        pytest.param(
            lambda folder: (folder.require_group("buyers"), folder.change_secret("short")),
            "has 5 bytes",
            id="a weak secret beside a good tree",
        ),
        pytest.param(
            lambda folder: (
                folder.require_group("buyers"),
                (folder.path / "kong-secret").unlink(),
            ),
            "cannot be read",
            id="no secret file beside a good tree",
        ),
    ],
)
async def test_a_reload_that_fails_in_one_part_changes_no_part(
    folder: ServiceFolder, spoil: object, why: str
) -> None:
    assert callable(spoil)
    async with running(folder) as service:
        token = folder.token()
        before = (await service.manage("/ready")).json()["revision"]
        spoil(folder)
        assert await service.app.reload() is False
        answer = await service.ask(a_call(token))
        assert answer.status_code == 200
        assert "response" not in answer.json()
        now = (await service.manage("/ready")).json()
        assert (now["status"], now["revision"]) == ("degraded", before)
        assert why in now["degraded"]
        assert "deemster_degraded 1.0" in (await service.manage("/metrics")).text
        # Mended, it is whole again.
        folder.require_group("sales")
        folder.change_secret(SECRET)
        assert await service.app.reload() is True
        assert (await service.manage("/ready")).json()["status"] == "ready"


async def test_nothing_of_management_is_reachable_on_the_decisions_side(
    folder: ServiceFolder,
) -> None:
    async with running(folder) as service:
        for path in ("/live", "/ready", "/metrics", "/version", "/"):
            transport = httpx.ASGITransport(service.app.decisions)
            async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
                assert (await client.get(path)).status_code == 404
                assert (await client.post(path)).status_code == 404


async def test_both_paths_of_the_protocol_are_served_and_no_other_environments(
    folder: ServiceFolder,
) -> None:
    async with running(folder) as service:
        ours = "/v1/environments/local/sideband/request"
        assert (await service.ask(a_call(folder.token()), path=ours)).status_code == 200
        theirs = "/v1/environments/other/sideband/request"
        assert (await service.ask(a_call(folder.token()), path=theirs)).status_code == 404


async def test_insecure_settings_are_told_wherever_operators_look(folder: ServiceFolder) -> None:
    async with running(folder) as service:
        assert "insecure_settings_found" in service.events
        assert (await service.manage("/ready")).json()["insecure"] == ["insecureDevelopmentKey"]
        metrics = (await service.manage("/metrics")).text
        assert 'deemster_insecure{flag="insecureDevelopmentKey"} 1.0' in metrics


async def test_a_gateway_that_names_an_unknown_api_service_is_told(folder: ServiceFolder) -> None:
    text = folder.settings_file.read_text(encoding="utf-8")
    folder.settings_file.write_text(text.replace("[orders]", "[orders, odrers]"), encoding="utf-8")
    async with running(folder) as service:
        assert "unknown_api_services_named_by_gateways" in service.events


async def test_two_gateways_with_one_secret_do_not_start(folder: ServiceFolder) -> None:
    text = folder.settings_file.read_text(encoding="utf-8")
    second = """
  - {id: apigee, protocols: [sideband], apiServices: [orders],
     secrets: [{id: a1, value: "${file:kong-secret}"}]}
tokenProviders:"""
    folder.settings_file.write_text(text.replace("\ntokenProviders:", second), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is also secret `k1`"):
        built(folder)


async def test_an_ending_service_is_not_ready(folder: ServiceFolder) -> None:
    async with running(folder) as service:
        service.app.begin_to_end()
        assert (await service.manage("/ready")).status_code == 503
        assert (await service.manage("/live")).status_code == 200


async def test_a_decision_that_cannot_be_recorded_is_denied_under_block(
    folder: ServiceFolder,
) -> None:
    text = folder.settings_file.read_text(encoding="utf-8")
    text = text.replace("decisions.jsonl", "/dev/full").replace("drop", "block")
    folder.settings_file.write_text(text, encoding="utf-8")
    async with running(folder) as service:
        answer = await service.ask(a_call(folder.token()))
        assert code_of(answer) == "dependency-unavailable"
        assert "decision_log_failed" in service.events


async def test_under_drop_it_is_answered_and_counted(folder: ServiceFolder) -> None:
    text = folder.settings_file.read_text(encoding="utf-8")
    folder.settings_file.write_text(text.replace("decisions.jsonl", "/dev/full"), encoding="utf-8")
    async with running(folder) as service:
        answer = await service.ask(a_call(folder.token()))
        assert "response" not in answer.json()
    assert service.app.figures.decisions.dropped["write-failed"] == 1
