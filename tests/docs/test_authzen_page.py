"""docs/gateways/authzen.md: its questions, asked of its example, get the answers it shows."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from deemster.app import build_application
from deemster.model.clock import SystemClock
from deemster.model.decision import Reason
from deemster.settings import load_settings
from deemster.telemetry.service_log import build_service_log
from tests.support.markdown import code_blocks, sections

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "gateways" / "authzen.md").read_text(encoding="utf-8")
SECRET = "apps-secret-0123456789-0123456789-abcdef"
EXCHANGES = list(
    zip(code_blocks(PAGE, "http"), map(json.loads, code_blocks(PAGE, "json")), strict=True)
)


async def answered(request: str, folder: Path) -> httpx.Response:
    head, _, body = request.partition("\n\n")
    line, *fields = head.split("\n")
    method, path = line.split()
    settings = yaml.safe_load((ROOT / "examples/authzen/records/deemster.yaml").read_text())
    settings["policies"]["path"] = str(ROOT / "examples/authzen/records/policies")
    settings["tokenProviders"][0]["keys"] = {"insecureDevelopmentKey": "key.json"}
    settings["decisionLog"]["sinks"] = [{"file": {"path": "decisions.jsonl"}}]
    file = folder / "deemster.yaml"
    file.write_text(json.dumps(settings))
    clock = SystemClock()
    with (folder / "service.log").open("w") as log:
        application = build_application(
            load_settings(file, {"RECORDS_SECRET": SECRET}),
            clock=clock,
            log=build_service_log(log, clock),
        )
        await application.startup()
        try:
            transport = httpx.ASGITransport(application.decisions)
            async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
                headers = dict(field.split(": ", 1) for field in fields)
                return await client.request(
                    method, path, content=body, headers={**headers, "client-token": SECRET}
                )
        finally:
            await application.shutdown(5.0)


def told(value: Any) -> Any:  # noqa: ANN401  (JSON)
    """With the ids as the page writes them."""
    text = re.sub(r'"(decision_id|id)": "[0-9a-f]{32}"', r'"\1": "…"', json.dumps(value))
    return json.loads(text)


@pytest.mark.parametrize(("request_shown", "answer_shown"), EXCHANGES)
async def test_what_is_asked_is_answered_as_shown(
    request_shown: str, answer_shown: object, tmp_path: Path
) -> None:
    answer = await answered(request_shown, tmp_path)
    assert answer.status_code == 200
    assert told(answer.json()) == answer_shown


def test_the_settings_shown_are_settings(tmp_path: Path) -> None:
    (shown,) = code_blocks(PAGE, "yaml")
    whole = yaml.safe_load((ROOT / "examples/authzen/records/deemster.yaml").read_text())
    file = tmp_path / "deemster.yaml"
    file.write_text(json.dumps({**whole, **yaml.safe_load(shown)}))
    found = load_settings(file, {"RECORDS_SECRET": SECRET})
    assert found.authzen.public_base_url == "https://pdp.example.com"
    assert [gateway.may_name_subjects for gateway in found.gateways] == [True]


def test_every_reason_that_the_page_names_is_one() -> None:
    reasons = {reason.value for reason in Reason}
    named = {"subject-not-accepted", "no-api-service", "ambiguous-path", "attribute-missing"}
    named |= {"statement-not-possible"}
    assert named <= reasons
    assert all(f"`{reason}`" in PAGE for reason in named)
    assert "The context of an answer" in sections(PAGE)
