"""The Dockerfile, as far as it can be judged where no engine builds it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from deemster.settings import load_settings
from tests.support.deployment import (
    DOCKERFILE,
    ROOT,
    UID,
    image_environment,
    image_settings,
    instructions,
    of_last_stage,
)
from tests.support.parts import Parts


def test_the_dockerfile_is_as_hadolint_wants_it(parts: Parts) -> None:
    # DL3008: Debian keeps no older versions, so that a pinned one is gone with the next.
    lint = [parts.command("hadolint"), "--ignore", "DL3008", "--format", "json", str(DOCKERFILE)]
    found = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert json.loads(found.stdout) == []


def test_the_image_is_of_pinned_parts_and_runs_as_nobody() -> None:
    bases = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.[0-9]+\.[0-9]+-slim-[a-z]+", bases[0])
    last = dict(of_last_stage())
    assert last["USER"] == f"{UID}:{UID}"
    assert "build-essential" not in str(of_last_stage())
    assert json.loads(last["HEALTHCHECK"].partition("CMD ")[2]) == ["deemster", "ready"]
    assert last["STOPSIGNAL"] == "SIGTERM"


SMALL = """
policies: {path: policies}
gateways:
  - {id: kong, protocols: [sideband], apiServices: [orders], secrets: [SECRET]}
decisionLog: {sinks: [{stdout: {}}], whenFull: drop}
"""


def started(folder: Path, settings: str) -> tuple[int, str]:
    """`serve` with the image's own environment."""
    (folder / "deemster.yaml").write_text(settings, encoding="utf-8")
    inherited = {"PATH": os.environ["PATH"]}  # noqa: TID251  (of a child)
    found = subprocess.run(
        [sys.executable, "-m", "deemster", "serve"],
        cwd=folder,
        env={**inherited, **image_environment(), "PATH": inherited["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return found.returncode, found.stderr


def test_the_image_does_not_start_without_a_secret_or_without_tls_and_says_what_makes_one(
    tmp_path: Path,
) -> None:
    secret = '{id: k1, value: "${file:gateway-secret}"}'
    code, said = started(tmp_path, SMALL.replace("SECRET", secret))
    assert code == 2
    assert "(umask 077; openssl rand -base64 36 > gateway-secret)" in said
    assert "`0.0.0.0:8080` is reachable from other machines, and without TLS" in said
    assert "openssl req -x509" in said
    code, said = started(tmp_path, SMALL.replace("[SECRET]", "[]"))
    assert code == 2


@pytest.mark.slow
def test_the_commands_that_are_told_make_what_is_missing(tmp_path: Path) -> None:
    secret = '{id: k1, value: "${file:gateway-secret}"}'
    _, said = started(tmp_path, SMALL.replace("SECRET", secret))
    commands = re.findall(r"(?:make one|for a trial): (.*openssl.*)$", said, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, check=True, capture_output=True)
    tls = "listeners: {decisions: {tls: {certificate: certificate.pem, key: key.pem}}}\n"
    (tmp_path / "deemster.yaml").write_text(tls + SMALL.replace("SECRET", secret))
    settings = load_settings(tmp_path / "deemster.yaml", image_settings())
    assert len(settings.gateways[0].secrets[0].value.reveal()) == 48
    assert str(settings.listeners.decisions.bind) == "0.0.0.0:8080"


def copied_into_the_image() -> list[str]:
    return [
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]


def test_what_the_image_is_made_of_is_let_through_to_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_through = {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored
    assert set(copied_into_the_image()) == let_through
    for source in let_through:
        assert (ROOT / source).exists()


@pytest.mark.slow
@pytest.mark.e2e
def test_the_steps_of_the_image_make_a_program_in_a_clean_environment(tmp_path: Path) -> None:
    """The build stage but for Debian's packages, and for compiling, which has its own tests."""
    for source in copied_into_the_image():
        place = tmp_path / "build" / source
        place.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["/bin/cp", "-r", str(ROOT / source), str(place)], check=True)
    made = tmp_path / "deemster"
    steps = [rest for name, rest in instructions() if name == "RUN" and "/opt/deemster" in rest]
    steps.insert(0, steps.pop(next(n for n, step in enumerate(steps) if "-m venv" in step)))
    assert len(steps) == 3
    for step in steps:
        step = step.replace("/opt/deemster", str(made)).replace("DEEMSTER_COMPILED=1 ", "")
        found = subprocess.run(
            ["/bin/sh", "-ceu", step.replace("python -m venv", f"{sys.executable} -m venv")],
            cwd=tmp_path / "build",
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.returncode == 0, found.stderr
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
    said = subprocess.run(
        [str(made / "bin" / "deemster"), "version"], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith(version)
    left = subprocess.run(
        [str(made / "bin" / "python"), "-m", "pip", "list", "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    names = {package["name"].lower() for package in json.loads(left.stdout)}
    assert not names & {"mypy", "hatchling", "setuptools", "pytest"}
