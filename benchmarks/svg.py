"""Pictures of figures: bars and lines as SVG text, readable on a light and on a dark page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import ceil, log10

__all__ = ["Picture", "nice_ticks", "short"]

_STYLE = """text{font:13px system-ui,'Segoe UI',Roboto,sans-serif;fill:#24292f}
.title{font-size:16px;font-weight:600}
.faint{fill:#57606a;font-size:12px}
.small{font-size:11px}
.grid{stroke:#d0d7de;stroke-width:1}
.ours{fill:#0969da;stroke:#0969da}
.peer{fill:#bc4c00;stroke:#bc4c00}
.null{fill:#8c959f;stroke:#8c959f}
.line{fill:none;stroke-width:2}
.hollow{fill:#fff;stroke-width:2}
.page{fill:#fff}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}
.faint{fill:#9198a1}
.grid{stroke:#3d444d}
.ours{fill:#58a6ff;stroke:#58a6ff}
.peer{fill:#f0883e;stroke:#f0883e}
.null{fill:#7d8590;stroke:#7d8590}
.line{fill:none}
.hollow{fill:#0d1117}
.page{fill:#0d1117}}"""


class Picture:
    """Shapes in the order in which they are drawn; y runs down."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self._width, self._height = width, height
        self._title = title
        self._shapes: list[str] = []
        self.text(16, 26, title, "title")

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> None:
        """`anchor`: start, middle or end."""
        self._shapes.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">'
            f"{escape(words)}</text>"
        )

    def bar(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        """A filled rectangle."""
        self._shapes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height:.1f}" '
            f'rx="2" class="{kind}"/>'
        )

    def rule(self, x1: float, y1: float, x2: float, y2: float, kind: str = "grid") -> None:
        """A straight line."""
        self._shapes.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'
        )

    def dot(self, x: float, y: float, kind: str) -> None:
        """A mark."""
        self._shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" class="{kind}"/>')

    def path(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """Through all points."""
        told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._shapes.append(f'<polyline points="{told}" class="{kind}"/>')

    def __str__(self) -> str:
        shapes = "\n".join(self._shapes)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self._width} {self._height}" '
            f'width="{self._width}" height="{self._height}" role="img" '
            f'aria-label="{escape(self._title)}">\n<style>{_STYLE}</style>\n'
            f'<rect width="{self._width}" height="{self._height}" class="page"/>\n'
            f"{shapes}\n</svg>\n"
        )


def nice_ticks(most: float, about: int = 5) -> list[float]:
    """From 0 to at least `most`, in steps of 1, 2 or 5 times a power of ten."""
    if most <= 0:
        return [0.0, 1.0]
    rough = most / about
    power = 10.0 ** (ceil(log10(rough)) - 1)
    step = next(power * turn for turn in (1, 2, 5, 10) if power * turn >= rough)
    return list(_steps(step, most))


def short(value: float) -> str:
    """With as many digits as can be meant."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _steps(step: float, most: float) -> Iterator[float]:
    at = 0.0
    while at < most:
        yield at
        at += step
    yield at
