"""docs/sender-constrained-tokens.md: its settings load, its tree compiles, its tables are whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deemster.model.decision import Reason
from deemster.model.sender import DpopMode, DpopOverride, SenderRules
from deemster.policy.loading import load_texts
from deemster.settings import load_settings
from deemster.settings.provider_model import VerifyingProviderSettings
from tests.support.markdown import code_blocks, sections
from tests.support.page_settings import ENVIRON, with_a_directory

PAGE = (Path(__file__).parents[2] / "docs" / "sender-constrained-tokens.md").read_text("utf-8")
PARTS = sections(PAGE)


def provider(tmp_path: Path, text: str) -> SenderRules:
    (found,) = load_settings(with_a_directory(tmp_path, text), ENVIRON).token_providers
    assert isinstance(found, VerifyingProviderSettings)
    return found.senders


def test_the_settings_of_the_page_mean_what_it_says(tmp_path: Path) -> None:
    (text,) = code_blocks(PARTS["Settings of a provider"], "yaml")
    assert provider(tmp_path, text) == SenderRules(
        dpop=DpopMode.ENABLED, nonce=True, lifetime=60.0, algorithms=("ES256", "EdDSA")
    )


def test_the_defaults_of_the_table_are_those_of_the_settings(tmp_path: Path) -> None:
    (text,) = code_blocks(PARTS["Settings of a provider"], "yaml")
    plain = "\n".join(line for line in text.splitlines() if "dpop:" not in line)
    rules = provider(tmp_path, plain.replace("    binding: {certificate: whenBound}", ""))
    told = dict(
        re.findall(r"^\| `([\w.]+)` \|.*\| ([^|]+) \|$", PARTS["Settings of a provider"], re.M)
    )
    assert told["dpop.mode"] == f"`{rules.dpop.value}`"
    assert told["dpop.nonce"] == f"`{str(rules.nonce).lower()}`"
    assert told["dpop.lifetime"] == f"`{rules.lifetime:g}s`"
    assert told["dpop.algorithms"] == ", ".join(f"`{name}`" for name in rules.algorithms)
    assert (told["dpop.replay"], rules.once_in_all) == ("`strict`", True)
    assert (told["binding.certificate"], rules.certificate_required) == ("`whenBound`", False)


def test_the_api_service_of_the_page_overrides_its_provider() -> None:
    (text,) = code_blocks(PARTS["Settings of an API service"], "yaml")
    snapshot = load_texts({"orders.yaml": text}).snapshot
    assert snapshot is not None
    assert snapshot.services["orders"].dpop == DpopOverride(
        mode=DpopMode.REQUIRED, nonce=False, lifetime=30.0
    )


@pytest.mark.parametrize(
    "reason",
    [reason for reason in Reason if reason.startswith(("proof-", "bearer-", "binding-"))],
)
def test_every_reason_of_a_proof_is_told(reason: Reason) -> None:
    assert f"`{reason.value}`" in PAGE
