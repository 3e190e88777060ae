"""What is in `deploy/` and the Dockerfile, as tests read it."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.support.parts import Parts

__all__ = [
    "CHART",
    "DEPLOY",
    "DOCKERFILE",
    "KUBERNETES",
    "ROOT",
    "SECRETS",
    "UID",
    "Manifest",
    "image_environment",
    "image_settings",
    "instructions",
    "manifests",
    "of_last_stage",
    "rendered",
]

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
CHART = DEPLOY / "helm" / "deemster"
DOCKERFILE = ROOT / "Dockerfile"
UID = 10001
SECRETS = {"gateway-secret": "g" * 48, "state-key": "5" * 64}

Manifest = dict[str, Any]


def manifests() -> list[Manifest]:
    """Those that the kustomization names, in its order."""
    names = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
    return [yaml.safe_load((KUBERNETES / name).read_text()) for name in names]


def rendered(parts: Parts, *more: str) -> list[Manifest]:
    """The chart as helm makes it of its values."""
    found = subprocess.run(
        [parts.command("helm"), "template", "pdp", str(CHART), "--namespace", "pdp", *more],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return [one for one in yaml.safe_load_all(found.stdout) if one is not None]


def instructions() -> Iterator[tuple[str, str]]:
    """(instruction, its arguments) of the Dockerfile, continued lines joined."""
    text = re.sub(r"\\\n\s*", " ", DOCKERFILE.read_text(encoding="utf-8"))
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            yield name, rest.strip()


def of_last_stage() -> list[tuple[str, str]]:
    """The instructions that make the image itself."""
    found = list(instructions())
    last = max(at for at, (name, _) in enumerate(found) if name == "FROM")
    return found[last:]


def image_environment() -> dict[str, str]:
    """Variables that are set in the image."""
    (text,) = [rest for name, rest in of_last_stage() if name == "ENV"]
    return dict(pair.split("=", 1) for pair in shlex.split(text))


def image_settings() -> dict[str, str]:
    """Those of them that are settings."""
    return {
        name: value for name, value in image_environment().items() if name.startswith("DEEMSTER_")
    }
