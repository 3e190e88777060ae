"""The plug-ins of examples/plugins: installed into a fresh environment, named, answering."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support.markdown import code_blocks

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "plugins"
PATIENCE = 20.0


@dataclass(frozen=True)
class Environment:
    """A virtual environment with Deemster and the example, and a copy of the example's folder."""

    bin: Path
    folder: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def shell(self, script: str) -> str:
        """What a block of the README writes, run with this environment's programs first."""
        environment = {"PATH": f"{self.bin}:/usr/bin:/bin"}
        done = subprocess.run(
            ["/bin/sh", "-euc", script],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Nothing is downloaded: what the packages need is lent by the environment of the tests."""
    path = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", str(path / "venv")], check=True, timeout=60)
    (site,) = (path / "venv" / "lib").glob("python*/site-packages")
    # A path of a `.pth` file is not searched for further ones: the tests' own Deemster, which is
    # installed by such a file, is not lent.
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    sources = path / "sources"
    (sources / "scripts").mkdir(parents=True)
    for name in ("pyproject.toml", "README.md", "LICENSE", "scripts/compiled_modules.py"):
        shutil.copy(ROOT / name, sources / name)
    shutil.copytree(
        ROOT / "src", sources / "src", ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
    )
    shutil.copytree(EXAMPLE, path / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    found = Environment(path / "venv" / "bin", path / "plugins")
    done = found.run(
        "python", "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile",
        "--no-build-isolation", "--disable-pip-version-check", str(sources), str(path / "plugins"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    blocks = code_blocks((EXAMPLE / "README.md").read_text("utf-8"), "bash")
    keys = [line for line in blocks[1].splitlines() if line.startswith("python -c")]
    found.shell("\n".join(keys))
    settings = found.folder / "deemster.yaml"
    text = settings.read_text("utf-8")
    text = re.sub(r"bind: 127\.0\.0\.1:\d+", "bind: 127.0.0.1:0", text)
    settings.write_text(text, encoding="utf-8")
    return found


@dataclass
class Service:
    """`deemster serve` of that environment."""

    address: str
    secret: str

    def decision(self, token: str) -> int:
        """200 is a permit: the sideband protocol answers a deny with the client's response."""
        body = {
            "source_ip": "192.0.2.7",
            "source_port": "4711",
            "method": "GET",
            "url": "https://api.example.com/reports",
            "http_version": "1.1",
            "headers": [{"host": "api.example.com"}, {"authorization": f"Bearer {token}"}],
        }
        with httpx.Client(trust_env=False) as client:
            url = f"http://{self.address}/sideband/request"
            answer = client.post(url, json=body, headers={"client-token": self.secret})
        assert answer.status_code == 200
        told = answer.json()
        return int(told["response"]["response_code"]) if "response" in told else 200


@pytest.fixture(scope="module")
def service(environment: Environment) -> Iterator[Service]:
    process = subprocess.Popen(
        [str(environment.bin / "deemster"), "serve"],
        cwd=environment.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    ends = time.monotonic() + PATIENCE
    address = ""
    for line in process.stderr:
        event = json.loads(line)
        if event["event"] == "service_started":
            address = str(event["decisions"])
            break
        assert time.monotonic() < ends
    secret = (environment.folder / "kong-secret").read_text("utf-8").strip()
    try:
        yield Service(address, secret)
    finally:
        process.send_signal(signal.SIGTERM)
        with process.stderr:
            process.stderr.read()
        assert process.wait(PATIENCE) == 0


def token_of(environment: Environment, subject: str, **claims: object) -> str:
    """By the command of the README."""
    blocks = code_blocks((EXAMPLE / "README.md").read_text("utf-8"), "bash")
    script = blocks[2].replace('"sub": "alice"', f'"sub": "{subject}"')
    for name, value in claims.items():
        script = re.sub(rf'"{name}": [^,}}]+', f'"{name}": {json.dumps(value)}', script)
    return environment.shell(script).strip()


def test_the_environment_has_a_deemster_of_its_own(environment: Environment) -> None:
    done = environment.run("python", "-c", "import deemster; print(deemster.__file__)")
    assert str(environment.bin.parent) in done.stdout


def test_a_decision_is_permitted_and_one_denied_through_both_plugins(
    environment: Environment, service: Service
) -> None:
    assert service.decision(token_of(environment, "alice")) == 200
    assert service.decision(token_of(environment, "bob")) == 403


@pytest.mark.parametrize("subject", ["mallory", "nobody"])
def test_users_that_are_disabled_or_unknown_are_denied(
    environment: Environment, service: Service, subject: str
) -> None:
    assert service.decision(token_of(environment, subject)) in (401, 403)


def test_tokens_of_another_audience_and_changed_ones_are_refused(
    environment: Environment, service: Service
) -> None:
    assert service.decision(token_of(environment, "alice", aud="other")) == 401
    assert service.decision(token_of(environment, "alice", exp=1)) == 401
    token = token_of(environment, "alice")
    assert service.decision(token[:-2] + ("AA" if token[-2:] != "AA" else "BB")) == 401


def test_a_file_that_is_changed_is_read_again_and_one_that_is_broken_permits_nobody(
    environment: Environment, service: Service
) -> None:
    people = environment.folder / "people.csv"
    people.write_text(people.read_text("utf-8") + "carol,true,managers,,\n", encoding="utf-8")
    assert service.decision(token_of(environment, "carol")) == 200
    people.write_text("id,enabled\n", encoding="utf-8")
    assert service.decision(token_of(environment, "dave")) not in (200, 401)


def test_a_name_that_is_not_installed_is_told_with_those_that_are(
    environment: Environment,
) -> None:
    settings = environment.folder / "other.yaml"
    text = (environment.folder / "deemster.yaml").read_text("utf-8")
    settings.write_text(text.replace("name: csv-file", "name: csvfile"), encoding="utf-8")
    done = environment.run("deemster", "serve", "--config", "other.yaml")
    assert done.returncode == 2
    assert "no plug-in `csvfile` is installed" in done.stderr
    assert "`csv-file`" in done.stderr
    assert "did you mean `csv-file`?" in done.stderr
