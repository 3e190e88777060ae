"""What the service tells of itself to whoever wants to ask AuthZEN questions.

Authorization API 1.0 section 9 (facts/authzen.md 5). Everything in it comes from the settings:
what a caller says about our address would end up in other callers' caches.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from deemster.gateways.adapter import WireAnswer

__all__ = ["EVALUATIONS_PATH", "EVALUATION_PATH", "metadata", "metadata_path"]

EVALUATION_PATH = "/access/v1/evaluation"
EVALUATIONS_PATH = "/access/v1/evaluations"
_WELL_KNOWN = "/.well-known/authzen-configuration"
_CACHED_SECONDS = 3600


def metadata_path(public_base_url: str) -> str:
    """Where the document is served: the well-known part goes between host and path."""
    return _WELL_KNOWN + urlsplit(public_base_url).path


def metadata(public_base_url: str) -> WireAnswer:
    """The document of a policy decision point known by `public_base_url` (https, no slash at the
    end). Members without a value are left out: an absent endpoint is one that does not exist."""
    body = msgspec.json.encode(
        {
            "policy_decision_point": public_base_url,
            "access_evaluation_endpoint": public_base_url + EVALUATION_PATH,
            "access_evaluations_endpoint": public_base_url + EVALUATIONS_PATH,
        }
    )
    headers = (
        (b"content-type", b"application/json"),
        (b"cache-control", b"max-age=%d" % _CACHED_SECONDS),
    )
    return WireAnswer(200, headers, body)
