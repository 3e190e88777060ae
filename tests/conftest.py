"""What holds for every test: asyncio, no network, a frozen clock, random counts and seed."""

import os
import secrets
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support import scale
from tests.support.clock import FrozenClock
from tests.support.network import GUARD, NetworkGuard, Reach
from tests.support.parts import Parts

TESTS = Path(__file__).parent
# make check, make test and make evidence set 0.01, 0.1 and 1.0.
SCALE = float(os.environ.get("DEEMSTER_RANDOM_SCALE", "0.1"))
IS_EVIDENCE = SCALE >= 1.0
# Kinds of tests that talk to a server they started themselves.
LOOPBACK_KINDS = {"docs", "e2e", "integration"}


def pytest_configure(config: pytest.Config) -> None:
    scale.configure(scale=SCALE, seed=agreed_seed(config))
    hypothesis.settings.register_profile(
        "deemster",
        deadline=None,
        derandomize=not IS_EVIDENCE,
        max_examples=scale.scaled(1000),
        print_blob=True,
    )
    hypothesis.settings.load_profile("deemster")
    GUARD.install()


def agreed_seed(config: pytest.Config) -> int:
    """The gates are repeatable; the evidence run looks where nobody looked before."""
    fresh = str(secrets.randbelow(2**32)) if IS_EVIDENCE else "20261122"
    seed = int(os.environ.setdefault("DEEMSTER_SEED", fresh))
    # xdist's workers inherit the seed from the process that starts them, so that all draw the
    # same cases. A service that a test starts must not: DEEMSTER_* are its settings.
    if not config.getoption("numprocesses", default=None):
        del os.environ["DEEMSTER_SEED"]
        os.environ.pop("DEEMSTER_RANDOM_SCALE", None)
    return seed


def pytest_report_header() -> str:
    return f"deemster: DEEMSTER_RANDOM_SCALE={SCALE:g} DEEMSTER_SEED={scale.seed()}"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def network_guard(request: pytest.FixtureRequest) -> Iterator[NetworkGuard]:
    """Fails a test that reached for the network, even where the program swallowed the error."""
    kind = kind_of(request.node.nodeid)
    GUARD.reach = Reach.LOOPBACK if kind in LOOPBACK_KINDS else Reach.NOWHERE
    GUARD.refused.clear()
    yield GUARD
    refused = list(GUARD.refused)
    GUARD.refused.clear()
    GUARD.reach = Reach.LOOPBACK
    if refused:
        pytest.fail("\n".join(refused))


@pytest.fixture(scope="session")
def parts() -> Parts:
    return Parts(is_ci=os.environ.get("CI") == "true")


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


def kind_of(nodeid: str) -> str:
    """The folder under tests/, e.g. `unit` of `tests/unit/policy/test_x.py::test_y`."""
    parts = nodeid.split("::")[0].split("/")
    return parts[1] if len(parts) > 2 and parts[0] == TESTS.name else "other"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Each report says which rows of the catalogue its test forces: see docs/security.md."""
    report = yield
    rows = [row for mark in item.iter_markers("catalogue") for row in mark.args]
    if rows and report.when == "call":
        report.user_properties.append(("catalogue", rows))
    return report


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Tells a measured figure, in words, at the end of the run: none is ever asserted."""
    return lambda text: record_property("figure", text)


def told_rows(reports: Iterable[pytest.TestReport]) -> set[str]:
    """Rows of the catalogue that the tests of these reports force."""
    return {
        row
        for report in reports
        # A file that cannot be collected has none.
        for name, rows in getattr(report, "user_properties", ())
        if name == "catalogue" and isinstance(rows, list)
        for row in rows
    }


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    ran = {
        report.nodeid
        for outcome in ("passed", "failed", "error", "xfailed", "xpassed")
        for report in terminalreporter.stats.get(outcome, [])
    }
    counts = Counter(kind_of(nodeid) for nodeid in ran)
    listing = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
    terminalreporter.write_line(f"tests by kind: {listing or 'none'}")
    stats = terminalreporter.stats
    for report in stats.get("passed", []):
        for name, text in report.user_properties:
            if name == "figure":
                place = report.nodeid.rpartition("/")[2].replace(".py::test_", ": ")
                terminalreporter.write_line(f"figure: {place}: {text}")
    forced = told_rows(stats.get("passed", []))
    red = told_rows([*stats.get("failed", []), *stats.get("error", [])])
    if forced or red:
        terminalreporter.write_line(
            f"catalogue: {len(forced - red)} rows forced and green, {len(red)} red"
        )
