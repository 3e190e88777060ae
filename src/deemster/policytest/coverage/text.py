"""Coverage in words for a terminal: shares, then what is missing, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from deemster.policytest.coverage.summary import Coverage, Share
from deemster.policytest.paint import Paint
from deemster.policytest.printable import printable

__all__ = ["PLURALS", "coverage_text"]

PLURALS = {
    "operation": "operations",
    "guard": "guards",
    "response policy": "response policies",
    "allow line": "allow lines",
    "rule": "rules",
    "condition": "conditions",
    "named condition": "named conditions",
}


def coverage_text(coverage: Coverage, *, paint: Paint) -> str:
    """Ends with LF."""
    return "".join(f"{line}\n" for line in _lines(coverage, paint))


def _lines(coverage: Coverage, paint: Paint) -> Iterator[str]:
    shares = {PLURALS[kind.value]: share for kind, share in coverage.by_kind().items()}
    width = max(map(len, shares), default=0)
    yield f"{'coverage':<{width + 2}}  {_share(coverage.total, paint)}"
    for kind, share in shares.items():
        yield f"  {kind:<{width}}  {_share(share, paint)}"
    missing = coverage.missing()
    if not missing:
        return
    places = [printable(found.unit.span.place) for found in missing]
    kinds = [found.unit.kind.value for found in missing]
    place_width, kind_width = max(map(len, places)), max(map(len, kinds))
    yield "not covered"
    for place, kind, found in zip(places, kinds, missing, strict=True):
        name = printable(found.unit.name)
        complaint = paint.outcome(found.complaint, "skipped")
        yield f"  {place:<{place_width}}  {kind:<{kind_width}}  {name}: {complaint}"


def _share(share: Share, paint: Paint) -> str:
    told = f"{share!s:>7}"
    colour = "passed" if share.covered == share.goals else "skipped"
    return f"{paint.outcome(told, colour)}  {share.covered} of {share.goals}"
