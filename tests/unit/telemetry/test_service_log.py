"""The service log is JSON, printable, and holds no secret that somebody put into a text."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from deemster.errors import DependencyUnavailableError
from deemster.telemetry.service_log import ServiceLog, adopt_standard_logging, build_service_log
from tests.support.clock import FrozenClock

TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"


class Captured:
    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.log: ServiceLog = build_service_log(self.stream, FrozenClock())

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def captured() -> Captured:
    return Captured()


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level, logging.getLogger("uvicorn.error").level)
    yield root
    root.handlers[:], level, uvicorn_level = before
    root.setLevel(level)
    logging.getLogger("uvicorn.error").setLevel(uvicorn_level)


def test_an_event_is_one_line_of_json_with_time_and_level(captured: Captured) -> None:
    captured.log.info("policies_loaded", revision="r1", count=2, ids=["a", "b"])
    assert captured.lines == [
        {
            "event": "policies_loaded",
            "revision": "r1",
            "count": 2,
            "ids": ["a", "b"],
            "level": "info",
            "time": "2026-11-22T12:00:00.000Z",
        }
    ]


def test_debug_is_not_written(captured: Captured) -> None:
    captured.log.debug("noise_made")
    assert captured.lines == []


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("a\nb", "a\\nb", id="a forged line"),
        pytest.param("\x1b[31mred", "\\x1b[31mred", id="an escape sequence"),
        pytest.param("a\u202eb", "a\\u202eb", id="a bidirectional override"),
        pytest.param(f"got {TOKEN}!", "got [token]!", id="a token"),
        pytest.param("Authorization: Bearer abcdef123456", "Authorization: [token]", id="a scheme"),
        pytest.param("Basic dXNlcjpwYXNzd29yZA==", "[token]", id="another scheme"),
        pytest.param("x" * 3000, "x" * 2000 + "…", id="endless text"),
        pytest.param("Zürich", "Zürich", id="letters stay"),
    ],
)
def test_text_is_printable_and_without_tokens(captured: Captured, text: str, written: str) -> None:
    captured.log.info("seen", text=text, items=[text])
    (line,) = captured.lines
    assert (line["text"], line["items"]) == (written, [written])


def test_a_fault_tells_kind_and_places_and_keeps_the_message_to_itself(captured: Captured) -> None:
    try:
        int("hunter2")
    except ValueError as fault:
        captured.log.exception("call_failed", exc_info=fault)
    (line,) = captured.lines
    assert line["fault"] == "ValueError"
    assert "hunter2" not in json.dumps(line)
    assert "test_service_log.py" in str(line["fault_at"])


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        pytest.param(
            DependencyUnavailableError("people", detail="TimeoutError"),
            "DependencyUnavailableError: people is unavailable (TimeoutError)",
            id="ours",
        ),
        pytest.param(
            OSError(28, "No space left on device"), "OSError: No space left", id="the system's"
        ),
    ],
)
def test_our_own_messages_and_the_systems_are_told(
    captured: Captured, fault: Exception, told: str
) -> None:
    captured.log.error("call_failed", exc_info=fault)
    assert str(captured.lines[0]["fault"]).startswith(told)


def test_libraries_speak_through_the_same_log(
    captured: Captured, root_logger: logging.Logger
) -> None:
    adopt_standard_logging(captured.log)
    logging.getLogger("somebody").warning("got %s", TOKEN)
    logging.getLogger("somebody").info("noise")
    (line,) = captured.lines
    assert (line["event"], line["library"], line["text"], line["level"]) == (
        "library_reported",
        "somebody",
        "got [token]",
        "warning",
    )


def test_what_a_stranger_can_cause_in_the_server_is_not_logged(
    captured: Captured, root_logger: logging.Logger
) -> None:
    adopt_standard_logging(captured.log)
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    assert captured.lines == []
