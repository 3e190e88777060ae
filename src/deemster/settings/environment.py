"""Environment variables that override scalars of the settings file.

`DEEMSTER_` and the path in upper snake case, `__` between levels. They become nodes of the
settings document before it is read, so that one reader judges both.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, ScalarStyle

__all__ = [
    "ENVIRONMENT",
    "OVERRIDABLE",
    "Overrides",
    "process_environment",
    "variable_of",
]

ENVIRONMENT = "env "
"""How the shown name of an override's place begins; no file is called so."""

PREFIX = "DEEMSTER_"

OVERRIDABLE = (
    "authzen.maxEvaluations",
    "authzen.publicBaseUrl",
    "deadlines.attribute",
    "deadlines.decision",
    "deadlines.token",
    "deadlines.user",
    "decisionEndpoints.bulk",
    "decisionEndpoints.recordRecentRequests",
    "decisionLog.whenFull",
    "environment",
    "limits.body",
    "limits.bodyTimeout",
    "limits.concurrency",
    "limits.connections",
    "limits.depth",
    "limits.headerCount",
    "limits.headerTimeout",
    "limits.headers",
    "limits.idleTimeout",
    "limits.queueTimeout",
    "listeners.decisions.bind",
    "listeners.decisions.plaintextBehind",
    "listeners.decisions.server",
    "listeners.decisions.tls.certificate",
    "listeners.decisions.tls.clientCa",
    "listeners.decisions.tls.key",
    "listeners.decisions.workers",
    "listeners.extAuthz.bind",
    "listeners.extAuthz.plaintextBehind",
    "listeners.extAuthz.tls.certificate",
    "listeners.extAuthz.tls.clientCa",
    "listeners.extAuthz.tls.key",
    "listeners.management.bind",
    "listeners.management.tls.certificate",
    "listeners.management.tls.clientCa",
    "listeners.management.tls.key",
    "listeners.probes.bind",
    "policies.bundle.allowPrivate",
    "policies.bundle.bearer",
    "policies.bundle.breaker.failures",
    "policies.bundle.breaker.openFor",
    "policies.bundle.cache",
    "policies.bundle.concurrency",
    "policies.bundle.file",
    "policies.bundle.maximumAge",
    "policies.bundle.plaintextBehind",
    "policies.bundle.poll",
    "policies.bundle.timeout",
    "policies.bundle.tls.ca",
    "policies.bundle.tls.certificate",
    "policies.bundle.tls.key",
    "policies.bundle.url",
    "policies.bundle.whenTooOld",
    "policies.path",
    "policies.reload",
    "policies.selfTest",
    "policies.shadow.path",
    "policies.shadow.share",
    "revocations.maxStale",
    "revocations.refresh",
    "revocations.whenStale",
    "shared.prefix",
    "shared.timeout",
    "shared.url",
    "tracing.otlp.allowPrivate",
    "tracing.otlp.batch",
    "tracing.otlp.bearer",
    "tracing.otlp.breaker.failures",
    "tracing.otlp.breaker.openFor",
    "tracing.otlp.buffer",
    "tracing.otlp.concurrency",
    "tracing.otlp.interval",
    "tracing.otlp.plaintextBehind",
    "tracing.otlp.retryFor",
    "tracing.otlp.timeout",
    "tracing.otlp.tls.ca",
    "tracing.otlp.tls.certificate",
    "tracing.otlp.tls.key",
    "tracing.otlp.url",
    "tracing.perSecond",
    "tracing.share",
)
"""Paths of every scalar that stands in no list (a test compares them with what is read)."""

# What Kubernetes puts into every container of a namespace that has a Service called `deemster`.
_KUBERNETES = re.compile(
    r"DEEMSTER_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)


def process_environment() -> Mapping[str, str]:
    """A copy of the environment of this process: the one place that reads it."""
    return dict(os.environ)


def variable_of(path: str) -> str:
    """`decisionLog.whenFull` ► `DEEMSTER_DECISION_LOG__WHEN_FULL`."""
    levels = [re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", level) for level in path.split(".")]
    return PREFIX + "__".join(levels).upper()


class Overrides:
    """The overrides in one environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._paths = {variable_of(path): path for path in OVERRIDABLE}

    def applied_to(self, root: MappingNode) -> MappingNode:
        """The document with each override in place of what the file says."""
        for variable, path in sorted(self._paths.items()):
            text = self._environ.get(variable)
            if text is not None:
                root = _with(root, path.split("."), _node(variable, text))
        return root

    def sources(self) -> dict[str, str]:
        """Texts of the overrides by the name under which errors show them."""
        return {
            ENVIRONMENT + variable: self._environ[variable]
            for variable in self._paths
            if variable in self._environ
        }

    def report_unknown(self, sink: DiagnosticSink, named_by_secrets: Iterable[str]) -> None:
        """An error for each `DEEMSTER_…` that is no override: a typo must not be passed over."""
        known = {*self._paths, *named_by_secrets}
        for variable in sorted(self._environ):
            if (
                variable.startswith(PREFIX)
                and variable not in known
                and not _KUBERNETES.fullmatch(variable)
            ):
                sink.error(
                    Code.SETTING,
                    f"the environment variable `{variable}` overrides nothing",
                    _span(variable, variable),
                    help=_nearest(variable, self._paths)
                    or "only scalars that stand in no list can be overridden",
                )


def _nearest(variable: str, known: Iterable[str]) -> str | None:
    # What all have in common makes none of them near.
    names = [one.removeprefix(PREFIX) for one in known]
    found = did_you_mean(variable.removeprefix(PREFIX), names)
    return None if found is None else found.replace("`", f"`{PREFIX}", 1)


def _with(root: MappingNode, levels: list[str], value: ScalarNode) -> MappingNode:
    first, *rest = levels
    entries: list[tuple[ScalarNode, Node]] = []
    found = False
    for key, old in root.entries:
        if key.text != first:
            entries.append((key, old))
            continue
        found = True
        new: Node = value
        if rest:
            # Anything but a mapping stays: the reader reports it.
            new = _with(old, rest, value) if isinstance(old, MappingNode) else old
        entries.append((key, new))
    if not found:
        key = ScalarNode(first, ScalarStyle.PLAIN, value.span, 1, 1, verbatim=False)
        empty = MappingNode((), value.span)
        entries.append((key, _with(empty, rest, value) if rest else value))
    return MappingNode(tuple(entries), root.span)


def _node(variable: str, text: str) -> ScalarNode:
    return ScalarNode(text, ScalarStyle.PLAIN, _span(variable, text), 1, 1, verbatim=True)


def _span(variable: str, text: str) -> SourceSpan:
    return SourceSpan(ENVIRONMENT + variable, 1, 1, 1, len(text) + 1)
