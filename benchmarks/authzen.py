"""AuthZEN over HTTP beside the null application: one question, and twenty in one message."""

from __future__ import annotations

import contextlib
import json
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.loading import write_tree
from benchmarks.loads import (
    ServedFigures,
    Target,
    free_port,
    measured_in_turn,
    null_server,
    one_answer,
    post_script,
    serving,
)
from benchmarks.trees import authzen_question, authzen_tree_texts

__all__ = ["QUESTIONS", "AuthzenFigures", "measure_authzen"]

QUESTIONS = 20
"""In one message."""


@dataclass(frozen=True, slots=True)
class AuthzenFigures:
    """Of messages a second; those of `several` have `QUESTIONS` questions each."""

    null: ServedFigures
    one: ServedFigures
    several: ServedFigures

    @property
    def of_null(self) -> float:
        """Single questions a second, as a share of the null application's messages."""
        return self.one.per_second / self.null.per_second

    @property
    def gain(self) -> float:
        """Decisions a second of several questions in one message, in terms of single ones."""
        return self.several.per_second * QUESTIONS / self.one.per_second


def measure_authzen(operations: int) -> AuthzenFigures:
    """The null application, Deemster with one question and with several, in turn."""
    question = authzen_question(operations // 2)
    asked = {name: question[name] for name in ("subject", "action")}
    resources = [{"type": question["resource"]["type"], "id": str(n)} for n in range(QUESTIONS)]
    bodies = {
        "evaluation": _encoded(question),
        # As an application asks which of the things on a page somebody may see.
        "evaluations": _encoded({**asked, "evaluations": [{"resource": r} for r in resources]}),
    }
    secret = secrets.token_urlsafe(32)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        settings = _settings(folder, operations, secret, port)
        command = ["-m", "deemster", "serve", "--config", str(settings)]
        process = stack.enter_context(serving(command, folder / "deemster.log", port))
        base = f"http://127.0.0.1:{port}/access/v1"
        answers = {
            name: one_answer(f"{base}/{name}", body, secret) for name, body in bodies.items()
        }
        if any(b'"decision":false' in answer for answer in answers.values()):
            raise RuntimeError(f"the benchmark measures permits, not {answers}")
        scripts = {name: post_script(folder, body, secret, name) for name, body in bodies.items()}
        null = stack.enter_context(null_server(folder, answers["evaluation"]))
        loads = [(null, scripts["evaluation"])]
        loads += [
            (Target(shown, f"{base}/{name}", process), scripts[name])
            for shown, name in (("one", "evaluation"), (f"{QUESTIONS}", "evaluations"))
        ]
        return AuthzenFigures(*measured_in_turn(loads))


def _encoded(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def _settings(folder: Path, operations: int, secret: str, port: int) -> Path:
    """A tree, a directory, a secret and the settings that name them, below `folder`."""
    write_tree(folder / "policies", authzen_tree_texts(operations))
    secret_file = folder / "secret"
    secret_file.write_text(secret, encoding="ascii")
    secret_file.chmod(0o600)
    settings = folder / "deemster.yaml"
    settings.write_text(
        _SETTINGS.format(port=port, management=free_port(), folder=folder), encoding="utf-8"
    )
    return settings


_SETTINGS = """environment: bench
policies: {{path: {folder}/policies}}
listeners:
  decisions: {{bind: "127.0.0.1:{port}"}}
  management: {{bind: "127.0.0.1:{management}"}}
gateways:
  - id: app
    protocols: [authzen]
    apiServices: ["*"]
    mayNameSubjects: true
    secrets: [{{id: a1, value: "${{file:{folder}/secret}}"}}]
tokenProviders:
  - id: bench
    type: internal
    issuer: https://issuer.example
    keys: {{insecureDevelopmentKey: {folder}/development-key.json}}
    algorithms: [ES256]
    directory: people
directories:
  - id: people
    static: {{users: {{alice: {{groups: [g0, g1, g2, g3, g4, g5, g6]}}}}}}
    cache: 3600s
decisionLog: {{sinks: [{{stdout: {{}}}}], whenFull: drop}}
"""
