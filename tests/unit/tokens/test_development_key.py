"""The development key's file: made once, private, and never mistaken for another key."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deemster.errors import ConfigurationError
from deemster.model.identity import Credential
from deemster.tokens.development_key import DevelopmentKey, load_or_create
from tests.support.clock import FROZEN_AT
from tests.support.keys import AUDIENCE, a_provider, claims_of, signing_key


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "development-key.json"


def write(path: Path, jwk: object, mode: int = 0o600) -> None:
    path.parent.mkdir()
    path.write_text(json.dumps(jwk))
    path.chmod(mode)


def test_the_first_use_makes_a_private_file_and_nothing_beside_it(path: Path) -> None:
    key = load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert key.key_id.startswith("dev-")


def test_the_second_use_finds_the_same_key(path: Path) -> None:
    assert load_or_create(path).private_jwk == load_or_create(path).private_jwk


def test_a_private_mode_does_not_depend_on_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        load_or_create(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_many_at_once_agree_on_one_key(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: load_or_create(path), range(16)))
    assert len({key.key_id for key in keys}) == 1


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
async def test_a_minted_token_is_accepted_by_a_provider_with_that_key(
    path: Path, algorithm: str
) -> None:
    key = load_or_create(path, algorithm=algorithm)
    provider = a_provider(key_set=key.key_set(), algorithms=[key.algorithm])
    token = key.mint(claims_of("alice"))
    claims = await provider.verify(Credential("bearer", token), audience=AUDIENCE, now=FROZEN_AT)
    assert (claims.user_id, claims.key_id) == ("alice", key.key_id)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o666, 0o601])
def test_a_file_that_others_may_touch_is_refused(path: Path, mode: int) -> None:
    write(path, DevelopmentKey.generate().private_jwk, mode)
    with pytest.raises(ConfigurationError, match="0600"):
        load_or_create(path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param([], id="no object"),
        pytest.param({}, id="empty"),
        pytest.param(signing_key("ES256").private_jwk, id="no development key"),
        pytest.param({**signing_key("ES256").public_jwk, "kid": "dev-x"}, id="public key"),
        pytest.param({"kty": "oct", "k": "AAAA", "kid": "dev-x", "alg": "HS256"}, id="symmetric"),
    ],
)
def test_a_file_with_something_else_is_refused_and_left_alone(path: Path, content: object) -> None:
    write(path, content)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="development key"):
        load_or_create(path)
    assert path.read_bytes() == before


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    load_or_create(path)
    link = tmp_path / "link.json"
    link.symlink_to(path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_or_create(link)


def test_a_directory_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="directory"):
        load_or_create(tmp_path)


def test_a_pipe_is_no_key_and_makes_nobody_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(ConfigurationError, match="not a regular file"):
        load_or_create(tmp_path / "pipe")


def test_claims_are_minted_as_given() -> None:
    key = DevelopmentKey.generate()
    _, payload, _ = key.mint({"a": 1}).split(".")
    assert payload == "eyJhIjoxfQ"
