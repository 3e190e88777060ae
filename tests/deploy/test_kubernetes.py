"""Manifests and the chart, as far as they can be judged where no cluster is."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from deemster.policy.loading import load_tree
from deemster.serving.lifecycle import FINISH_SECONDS, FLUSH_SECONDS
from deemster.settings import Settings, load_settings
from tests.support.deployment import (
    CHART,
    KUBERNETES,
    SECRETS,
    UID,
    Manifest,
    manifests,
    rendered,
)
from tests.support.parts import Parts


def of_kind(kind: str, among: list[Manifest]) -> Manifest:
    (found,) = [one for one in among if one["kind"] == kind]
    return found


VALUES = [
    pytest.param((), id="as it is"),
    pytest.param(("--set", "autoscaling.enabled=false,replicas=3"), id="without the autoscaler"),
    pytest.param(
        (
            "--set",
            "listeners.decisions.tlsSecret=,listeners.decisions.plaintextBehind=mesh,"
            "listeners.management.tlsSecret=",
        ),
        id="in a mesh",
    ),
    pytest.param(
        ("--set", f"image.digest=sha256:{'a' * 64},networkPolicy.enabled=false"), id="by digest"
    ),
]


@pytest.fixture(params=["manifests", *VALUES])
def deployed(request: pytest.FixtureRequest, parts: Parts) -> list[Manifest]:
    """The manifests, and the chart's under several values."""
    if request.param == "manifests":
        return manifests()
    return rendered(parts, *request.param)


def test_manifests_are_what_kubernetes_knows(deployed: list[Manifest]) -> None:
    for one in deployed:
        kubernetes_validate.validate(one, "1.37", strict=True)


def test_every_manifest_of_the_folder_is_named_by_the_kustomization() -> None:
    named = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
    there = {path.name for path in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(named) == there


def test_the_chart_is_as_helm_wants_it(parts: Parts) -> None:
    lint = [parts.command("helm"), "lint", "--strict", str(CHART)]
    found = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("listeners.decisions.tlsSecret=", "decisions"),
        ("listeners.decisions.plaintextBehind=firewall", "plaintextBehind"),
        ("settings.gateways=null", "gateways"),
        ("settings.listeners.decisions.bind=x", "settings"),
        ("image.digest=latest", "digest"),
        ("secrets.name=", "name"),
        ("replica=2", "replica"),
    ],
)
def test_values_that_would_not_start_are_refused_by_the_schema(
    parts: Parts, wrong: str, told: str
) -> None:
    found = subprocess.run(
        [parts.command("helm"), "template", "pdp", str(CHART), "--set", wrong],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode != 0
    assert told in found.stderr


def pod_of(deployed: list[Manifest]) -> Manifest:
    template: Manifest = of_kind("Deployment", deployed)["spec"]["template"]
    return template


def container_of(deployed: list[Manifest]) -> Manifest:
    (container,) = pod_of(deployed)["spec"]["containers"]
    assert isinstance(container, dict)
    return container


def test_nothing_may_be_written_and_nobody_is_root(deployed: list[Manifest]) -> None:
    pod, container = pod_of(deployed)["spec"], container_of(deployed)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == UID
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    written = [m for m in container["volumeMounts"] if not m.get("readOnly")]
    assert [m["mountPath"] for m in written] == ["/tmp"]  # noqa: S108


def test_what_is_mounted_is_there_and_what_is_there_is_mounted(deployed: list[Manifest]) -> None:
    pod = pod_of(deployed)["spec"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container_of(deployed)["volumeMounts"]} == volumes
    of_map = of_kind("ConfigMap", deployed)
    (settings,) = [v["configMap"] for v in pod["volumes"] if "configMap" in v]
    assert settings["name"] == of_map["metadata"]["name"]
    assert {item["key"] for item in settings["items"]} == set(of_map["data"])


def test_labels_select_the_pods(deployed: list[Manifest]) -> None:
    labels = pod_of(deployed)["metadata"]["labels"].items()
    spec = of_kind("Deployment", deployed)["spec"]
    selectors = [
        spec["selector"]["matchLabels"],
        of_kind("Service", deployed)["spec"]["selector"],
        of_kind("PodDisruptionBudget", deployed)["spec"]["selector"]["matchLabels"],
    ]
    selectors += [
        one["spec"]["podSelector"]["matchLabels"]
        for one in deployed
        if one["kind"] == "NetworkPolicy"
    ]
    for selector in selectors:
        assert selector
        assert selector.items() <= labels
    scaled = [one["spec"] for one in deployed if one["kind"] == "HorizontalPodAutoscaler"]
    for one in scaled:
        assert one["scaleTargetRef"]["name"] == of_kind("Deployment", deployed)["metadata"]["name"]
    # Two that say how many there are would take turns.
    assert ("replicas" in spec) is (not scaled or deployed == manifests())


def test_ports_are_those_that_the_settings_bind(deployed: list[Manifest], tmp_path: Path) -> None:
    settings = mounted_settings(deployed, tmp_path).listeners
    ports = {port["name"]: port["containerPort"] for port in container_of(deployed)["ports"]}
    assert settings.probes is not None
    assert ports == {
        "decisions": settings.decisions.bind.port,
        "management": settings.management.port,
        "probes": settings.probes.port,
    }
    named = [port["targetPort"] for port in of_kind("Service", deployed)["spec"]["ports"]]
    for one in deployed:
        if one["kind"] == "NetworkPolicy":
            ingress = [port["port"] for rule in one["spec"]["ingress"] for port in rule["ports"]]
            assert set(ingress) - {"probes"} == set(named)
            named += ingress
    assert set(named) <= set(ports)
    # What the kubelet asks is told to whoever asks, and the others are not reached in plain text.
    assert not settings.probes.is_loopback
    assert settings.decisions.tls or settings.decisions.plaintext_behind
    assert settings.management_tls or settings.management.is_loopback


def test_probes_ask_what_is_answered(deployed: list[Manifest]) -> None:
    container = container_of(deployed)
    asked = {
        name: container[name]["httpGet"]
        for name in ("startupProbe", "readinessProbe", "livenessProbe")
    }
    assert asked == {
        "startupProbe": {"path": "/ready", "port": "probes"},
        "readinessProbe": {"path": "/ready", "port": "probes"},
        "livenessProbe": {"path": "/live", "port": "probes"},
    }


def test_there_is_time_to_end_in_order(deployed: list[Manifest]) -> None:
    spec = pod_of(deployed)["spec"]
    pause = int(container_of(deployed)["lifecycle"]["preStop"]["exec"]["command"][1])
    assert spec["terminationGracePeriodSeconds"] > pause + FINISH_SECONDS + FLUSH_SECONDS


def mounted_settings(deployed: list[Manifest], tmp_path: Path) -> Settings:
    """The settings of the ConfigMap, where its files are as the pod sees them."""
    data: Mapping[str, str] = of_kind("ConfigMap", deployed)["data"]
    (items,) = [
        v["configMap"]["items"] for v in pod_of(deployed)["spec"]["volumes"] if "configMap" in v
    ]
    for item in items:
        place = tmp_path / "etc" / item["path"]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(elsewhere(data[item["key"]], tmp_path), encoding="utf-8")
    mounts = {m["mountPath"] for m in container_of(deployed)["volumeMounts"]}
    for path in re.findall(r"/run/secrets/[a-z-]+(?=/)", "".join(data.values())):
        assert path in mounts, f"nothing is mounted at {path}"
    return load_settings(tmp_path / "etc" / "deemster.yaml", {})


def elsewhere(text: str, tmp_path: Path) -> str:
    """The text with secrets in files of this test."""
    secrets = tmp_path / "run"
    for folder, names in {
        "deemster": SECRETS,
        "deemster-tls": {"tls.crt": "c", "tls.key": "k"},
        "deemster-management": {"tls.crt": "c", "tls.key": "k"},
        "deemster-operators": {"ca.crt": "c"},
    }.items():
        for name, content in names.items():
            (secrets / folder).mkdir(parents=True, exist_ok=True)
            (secrets / folder / name).write_text(content, encoding="ascii")
    return text.replace("/run/secrets/", f"{secrets}/")


def test_the_settings_load_and_the_policies_are_right(
    deployed: list[Manifest], tmp_path: Path
) -> None:
    settings = mounted_settings(deployed, tmp_path)
    assert settings.gateways[0].secrets[0].value.reveal() == SECRETS["gateway-secret"]
    snapshot = load_tree([tmp_path / "etc" / "policies"]).snapshot
    assert set(snapshot.services) == {"orders"}
