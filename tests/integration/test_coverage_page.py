"""The coverage page in a real browser, opened from a file: its script runs, nothing is refused."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.parts import Parts
from tests.unit.policytest.coverage.test_reports import Page

pytestmark = [pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PNG = b"\x89PNG\r\n\x1a\n"
PROBE = """
<script>
addEventListener("load", () => {
  const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", { key }));
  const focused = () => document.activeElement.parentElement.id;
  const seen = { controls: !document.querySelector(".controls").hidden, steps: [] };
  for (const key of ["n", "n", "p"]) { press(key); seen.steps.push(focused()); }
  document.querySelector("[data-do=close]").click();
  seen.closed = document.querySelectorAll("details[open]").length;
  document.querySelector("[data-do=open]").click();
  seen.opened = document.querySelectorAll("details:not([open])").length;
  const line = document.querySelector("details.line.part");
  seen.ground = getComputedStyle(line).backgroundColor;
  seen.wide = document.documentElement.scrollWidth <= innerWidth;
  document.title = JSON.stringify(seen);
});
</script>
"""


class Browser:
    """Headless Chromium on a file."""

    def __init__(self, command: str, folder: Path) -> None:
        self._command = command
        self._folder = folder

    def dom(self, page: Path, *options: str) -> tuple[str, str]:
        """The document after its scripts, and what the browser says of it on its console."""
        run = self._run(page, "--dump-dom", "--enable-logging=stderr", *options)
        console = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
        return run.stdout, "\n".join(console)

    def screenshot(self, page: Path, *options: str) -> bytes:
        image = self._folder / "page.png"
        self._run(page, f"--screenshot={image}", *options)
        return image.read_bytes()

    def _run(self, page: Path, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                self._command,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                f"--user-data-dir={self._folder / 'profile'}",
                "--window-size=1280,1600",
                *options,
                page.as_uri(),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )


@pytest.fixture
def browser(parts: Parts, tmp_path: Path) -> Browser:
    return Browser(parts.command("chromium", "chromium-browser", "google-chrome"), tmp_path)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Of the demonstration tree, by a part of its cases."""
    file = tmp_path / "page.html"
    run = subprocess.run(
        [ROOT / ".venv/bin/deemster", "test", "policies/tests/invoices.yaml",
         "-k", "not (sales or without)", "--report", f"html={file}"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return file


def test_the_browser_shows_every_line_and_refuses_nothing(browser: Browser, page: Path) -> None:
    dom, console = browser.dom(page)
    assert console == ""
    shown = Page(dom)
    sources = sorted(
        path
        for path in (ROOT / "policies").rglob("*.yaml")
        if path.parent.name not in {"tests", "applications"}
    )
    text = "".join(shown.texts)
    for source in sources:
        for line in source.read_text(encoding="utf-8").splitlines():
            assert line in text
    assert shown.all("details", "full")
    assert shown.all("details", "part")
    assert shown.all("details", "none")
    assert "partner-orders/list-own-orders" in text
    assert "never reached" in text


def test_keys_and_buttons_lead_through_what_is_not_covered(browser: Browser, page: Path) -> None:
    # The page's own policy would refuse the probe, as it should; without it nothing else changes.
    text = page.read_text(encoding="utf-8")
    probed = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    page.write_text(probed.replace("</body>", f"{PROBE}</body>"), encoding="utf-8")
    dom, console = browser.dom(page)
    assert console == ""
    found = re.search(r"<title>(.*?)</title>", dom)
    assert found is not None
    seen = json.loads(found[1])
    lacking = [
        line["id"] for line in Page(text).all("details", "line") if "full" not in str(line["class"])
    ]
    assert seen["steps"] == [lacking[0], lacking[1], lacking[0]]
    assert (seen["controls"], seen["closed"], seen["opened"], seen["wide"]) == (True, 0, 0, True)
    assert seen["ground"] == "rgb(253, 236, 204)"


def test_a_script_that_is_not_the_pages_own_does_not_run(browser: Browser, page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("</body>", f"{PROBE}</body>"), encoding="utf-8")
    dom, console = browser.dom(page)
    assert "Content Security Policy" in console
    assert "<title>Policy coverage" in dom


@pytest.mark.parametrize("scheme", [0, 1], ids=["dark", "light"])
def test_the_page_is_drawn_in_dark_and_in_light(scheme: int, browser: Browser, page: Path) -> None:
    image = browser.screenshot(page, f"--blink-settings=preferredColorScheme={scheme}")
    assert image.startswith(PNG)
    # An empty page of that size takes some 8 kB.
    assert len(image) > 50_000
