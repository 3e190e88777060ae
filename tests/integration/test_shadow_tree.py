"""`policies.shadow` in a running service: differences are recorded, and no answer changes."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deemster.cli.main import app
from tests.support.processes import Process, running, until
from tests.support.replay_example import CALLS, EXAMPLE, a_replay_folder, body_of
from tests.support.service import ServiceFolder


def a_folder(tmp_path: Path, *, share: str = "1", workers: int = 1) -> ServiceFolder:
    folder = a_replay_folder(tmp_path)
    shutil.copytree(EXAMPLE / "next", tmp_path / "next")
    text = folder.settings_file.read_text(encoding="utf-8")
    text = text.replace(
        "policies: {path: policies}",
        f"policies: {{path: policies, shadow: {{path: next, share: {share}}}}}",
    )
    text = text.replace(
        "decisions: {bind: 127.0.0.1:0}", f"decisions: {{bind: 127.0.0.1:0, workers: {workers}}}"
    )
    folder.settings_file.write_text(text, encoding="utf-8")
    return folder


def metric(process: Process, name: str) -> float:
    lines = process.manage("/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def lines(folder: ServiceFolder) -> list[dict[str, object]]:
    return [json.loads(line) for line in folder.log_file.read_text().splitlines()]


def test_what_the_tree_beside_says_otherwise_is_recorded_and_answers_nobody(
    tmp_path: Path,
) -> None:
    alone = a_replay_folder_of(tmp_path / "alone")
    folder = a_folder(made(tmp_path / "both"))
    wanted = [call for call in CALLS if call[4] == "gold"]
    with running(alone) as process:
        truth = [told(process.ask(body_of(alone, call)).json()) for call in wanted]
    with running(folder) as process:
        answers = [told(process.ask(body_of(folder, call)).json()) for call in wanted]
        seen = "deemster_shadow_decisions_total"
        until(lambda: metric(process, seen) >= len(wanted))
        assert metric(process, seen) == len(wanted)
        assert metric(process, 'deemster_shadow_decisions_total{result="widened"}') > 0
        assert metric(process, "deemster_shadow_loaded") == 1
        differing = len(wanted) - metric(process, 'deemster_shadow_decisions_total{result="same"}')
    assert answers == truth
    records = {one["decision_id"]: one for one in lines(folder) if "v" in one}
    differences = [one for one in lines(folder) if "shadow" in one]
    assert len(records) == len(wanted)
    assert len(differences) == differing
    for one in differences:
        live, beside = one["live"], one["beside"]
        assert isinstance(live, dict)
        assert isinstance(beside, dict)
        record = records[one["decision_id"]]
        assert live["reason"] == record["reason"]
        assert live["revision"] == record["revision"] != beside["revision"]
        assert (live["effect"], live["reason"]) != (beside["effect"], beside["reason"])

    found = CliRunner().invoke(app, ["log", str(folder.log_file), "--shadow"])
    assert found.exit_code == 0
    assert len(found.stdout.splitlines()) == differing
    assert "scope-missing > permitted by orders/cancel/allow" in found.stdout
    found = CliRunner().invoke(app, ["log", str(folder.log_file)])
    assert (found.exit_code, found.stderr) == (0, "")
    assert len(found.stdout.splitlines()) == len(wanted)


def test_a_tree_beside_that_is_broken_is_told_and_keeps_nobody_from_serving(
    tmp_path: Path,
) -> None:
    folder = a_folder(tmp_path)
    broken = tmp_path / "next" / "orders.yaml"
    whole = broken.read_text(encoding="utf-8")
    broken.write_text(whole.replace("allow: public", "alow: public"), encoding="utf-8")
    call = body_of(folder, CALLS[0])
    with running(folder) as process:
        assert process.ask(call).status_code == 200
        assert "shadow_policies_refused" in [one["event"] for one in process.events]
        assert metric(process, "deemster_shadow_loaded") == 0
        assert metric(process, 'deemster_shadow_left_total{cause="not-loaded"}') == 1
        assert process.manage("/ready").status_code == 200
        broken.write_text(whole, encoding="utf-8")
        process.signal(signal.SIGHUP)
        process.wait_for("shadow_policies_loaded")
        assert process.ask(call).status_code == 200
        until(lambda: metric(process, "deemster_shadow_decisions_total") == 1)


@pytest.mark.slow
def test_each_worker_has_the_tree_beside(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, share="0.5", workers=2)
    with running(folder) as process:
        for _ in range(40):
            assert process.ask(body_of(folder, CALLS[0])).status_code == 200
        until(lambda: metric(process, "deemster_shadow_decisions_total") >= 19)
        assert metric(process, "deemster_shadow_decisions_total") <= 21


def made(path: Path) -> Path:
    path.mkdir()
    return path


def a_replay_folder_of(path: Path) -> ServiceFolder:
    return a_replay_folder(made(path))


def told(answer: dict[str, object]) -> object:
    """An answer less what is its own: the decision's id."""
    response = answer.get("response")
    if not isinstance(response, dict):
        return "permit"
    body = json.loads(str(response["body"]))
    return response["response_code"], {name: body[name] for name in body if name != "id"}
