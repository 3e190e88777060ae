"""What the service tells of itself, and where."""

import json

import pytest

from deemster.gateways.authzen_metadata import metadata, metadata_path


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("https://pdp.example.com", "/.well-known/authzen-configuration"),
        ("https://pdp.example.com:8443", "/.well-known/authzen-configuration"),
        ("https://pdp.example.com/tenant1", "/.well-known/authzen-configuration/tenant1"),
        ("https://pdp.example.com/a/b", "/.well-known/authzen-configuration/a/b"),
    ],
)
def test_the_well_known_part_goes_between_host_and_path(base: str, path: str) -> None:
    assert metadata_path(base) == path


def test_the_document_names_the_service_to_the_letter_and_what_it_answers() -> None:
    answer = metadata("https://pdp.example.com/tenant1")
    assert json.loads(answer.body) == {
        "policy_decision_point": "https://pdp.example.com/tenant1",
        "access_evaluation_endpoint": "https://pdp.example.com/tenant1/access/v1/evaluation",
        "access_evaluations_endpoint": "https://pdp.example.com/tenant1/access/v1/evaluations",
    }
    assert answer.status == 200
    assert dict(answer.headers) == {
        b"content-type": b"application/json",
        b"cache-control": b"max-age=3600",
    }
