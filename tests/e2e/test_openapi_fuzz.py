"""Whatever fits the OpenAPI document, or just does not, is answered as the document says.

schemathesis makes the requests; a real process answers. Nothing that it makes is a credential, so
nothing may be permitted, and no 5xx may be seen: the listener has none but AuthZEN's 503 under
overload, which nobody causes here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
import schemathesis.checks
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode, Response

from tests.support.openapi import FILE, every_protocol
from tests.support.processes import Process, running
from tests.support.scale import scaled
from tests.support.service import SECRET

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

POLICIES = """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: orders}
service:
  baseUrls: [https://api.example.com/orders]
  tokenProvider: {type: internal, id: staff}
  audience: orders
operations:
  - {id: everything, match: {path: "/**"}, allow: authenticated}
  - {id: root, match: {path: /}, allow: authenticated}
"""


@dataclass
class Service:
    """A running service, its document, and how much each operation is asked at full scale."""

    process: Process
    document: dict[str, object]
    examples: int

    @property
    def url(self) -> str:
        host, port = self.process.decisions
        return f"http://{host}:{port}"


@pytest.fixture(scope="module", params=["uvicorn", "hypercorn"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    folder = every_protocol(tmp_path_factory.mktemp("openapi"), server=request.param)
    (folder.path / "policies" / "orders.yaml").write_text(POLICIES, encoding="utf-8")
    with running(folder) as process:
        document = process.manage("/openapi.json").json()
        # The second server gets less: its own part is the message, not what is in it.
        yield Service(process, document, 200 if request.param == "uvicorn" else 20)


def operations() -> list[str]:
    document = json.loads(FILE.read_bytes())
    return [
        f"{method} {path}"
        for path, methods in document["paths"].items()
        for method in methods
        if not path.startswith("/.well-known/")
    ]


def operation_of(service: Service, name: str) -> Any:  # noqa: ANN401  (generic over what each kind of schema has)
    method, path = name.split(" ")
    schema = schemathesis.openapi.from_dict(service.document)
    return schema[path][method]


CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.response_schema_conformance,
]


def permits(answer: Response, path: str) -> bool:
    """Whether a gateway would let the call through."""
    if answer.status_code != 200:
        return False
    if path.startswith(("/ext-authz/", "/forward-auth/")):
        return True
    body = answer.json()
    if "sideband" in path:
        return path.endswith("/request") and "response" not in body
    told = body.get("evaluations", body.get("responses", [body]))
    return any(one.get("decision") in (True, "PERMIT") for one in told)


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", operations())
@pytest.mark.parametrize("known", [True, False], ids=["gateway", "stranger"])
def test_requests_by_the_document_get_answers_by_the_document_and_no_permit(
    service: Service, name: str, mode: GenerationMode, known: bool
) -> None:
    operation = operation_of(service, name)
    session = requests.Session()
    headers = {"CLIENT-TOKEN": SECRET} if known else {}

    @settings(
        max_examples=scaled(service.examples if known else 20),
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:  # noqa: ANN401  (generic, as above)
        answer = case.call(base_url=service.url, session=session, headers=headers)
        case.validate_response(answer, checks=CHECKS)
        assert not permits(answer, name.split(" ")[1])
        if not known:
            assert answer.status_code in (400, 401, 403, 404, 405)
            assert SECRET not in answer.text

    ask()
