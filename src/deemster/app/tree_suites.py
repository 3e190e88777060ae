"""A tree's own policy tests, run before it serves (`policies.selfTest: suites`)."""

from __future__ import annotations

from deemster.errors import SelfTestFailedError
from deemster.gateways.answers import refusal_of
from deemster.model.clock import Clock
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.loading import LoadedTree
from deemster.policytest.gathering import gather_suites
from deemster.policytest.runner import SuiteRunner
from deemster.policytest.running import Workplace, run_suites
from deemster.settings.model import Settings
from deemster.settings.provider_profiles import profile_of

__all__ = ["refuse_unless_suites_pass"]


def refuse_unless_suites_pass(loaded: LoadedTree, settings: Settings, clock: Clock) -> None:
    """On the path that `deemster test` takes, with throw-away keys, in this process.

    Not on a thread that runs an event loop. Raises SelfTestFailedError naming the first case.
    """
    sink = DiagnosticSink()
    suites = gather_suites(loaded, sink, now=clock.wall())
    broken = next(iter(sink.finish().errors), None)
    if broken is not None:
        raise SelfTestFailedError(f"a test suite cannot be used: {broken.span}: {broken.message}")
    if not suites:
        raise SelfTestFailedError(
            "`policies.selfTest` asks for the tree's own suites, and it has none: add a document "
            "of `kind: PolicyTest`, or write `selfTest: builtin`"
        )
    runner = SuiteRunner(
        loaded,
        status_of=lambda decision: refusal_of(decision).status,
        stopwatch=clock,
        profiles=[profile_of(provider) for provider in settings.token_providers],
    )
    workplace = Workplace(suites, runner)
    ran, _ = run_suites(workplace, lambda: workplace, exit_first=True)
    for suite in ran.suites:
        for result in suite.results:
            if not result.good:
                raise SelfTestFailedError(
                    f"the case `{result.case.name}` of the suite `{suite.suite.id}` "
                    f"{result.outcome.value} ({result.case.span})"
                )
