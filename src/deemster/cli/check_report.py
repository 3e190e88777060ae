"""What `deemster check` prints, in each of its forms."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from deemster import __version__
from deemster.cli.output import colour_on, print_json
from deemster.policy.diagnostics import DiagnosticSet
from deemster.policy.rendering import render_text, safe_text, summary, suppressed_json, to_json
from deemster.policy.suppression import SuppressedFinding

__all__ = ["CheckFormat", "CheckReport", "print_report"]

_UNVERIFIED = "without --config the providers, services and queries of settings were not compared"


class CheckFormat(Enum):
    """`--format`"""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckReport:
    """One run. `contents`: how many of what there is; `verified`: against settings."""

    paths: tuple[Path, ...]
    diagnostics: DiagnosticSet
    suppressed: tuple[SuppressedFinding, ...]
    sources: Mapping[str, str]
    contents: Mapping[str, int]
    seconds: float
    verified: bool
    exit_status: int


def print_report(report: CheckReport, form: CheckFormat, *, show_suppressed: bool) -> None:
    """To stdout."""
    if form is CheckFormat.JSON:
        _print_json(report)
    elif form is CheckFormat.SARIF:
        from deemster.policy.sarif import sarif_log

        print_json(
            sarif_log(
                report.diagnostics,
                report.suppressed,
                version=__version__,
                exit_code=report.exit_status,
            )
        )
    elif form is CheckFormat.GITHUB:
        from deemster.policy.github_annotations import github_annotations

        sys.stdout.write(github_annotations(report.diagnostics, folder=Path.cwd().as_posix()))
        _print_ending(report)
    else:
        colour = colour_on(sys.stdout)
        sys.stdout.write(render_text(report.diagnostics, report.sources, colour=colour))
        if show_suppressed:
            sys.stdout.writelines(_suppressed_lines(report, colour=colour))
        _print_ending(report)


def _suppressed_lines(report: CheckReport, *, colour: bool) -> Iterator[str]:
    for each in report.suppressed:
        yield render_text([each.diagnostic], report.sources, colour=colour)
        reason = safe_text(each.suppression.reason)
        yield f"   suppressed at {each.suppression.span}: {reason}\n"


def _print_ending(report: CheckReport) -> None:
    listing = ", ".join(
        f"{count} {what}{'' if count == 1 else 's'}" for what, count in report.contents.items()
    )
    shown = safe_text(" ".join(str(path) for path in report.paths))
    of_what = f" ({listing})" if listing else ""
    hidden = f", {len(report.suppressed)} suppressed" if report.suppressed else ""
    found = f"{summary(report.diagnostics)}{hidden}"
    sys.stdout.write(f"{shown}{of_what}: {found} in {report.seconds:.2f} s\n")
    if not report.verified:
        sys.stdout.write(f"note: {_UNVERIFIED}\n")


def _print_json(report: CheckReport) -> None:
    print_json(
        {
            "diagnostics": to_json(report.diagnostics),
            "suppressed": suppressed_json(report.suppressed),
            "errors": len(report.diagnostics.errors),
            "contents": {
                what.replace(" ", "-").lower() + "s": count
                for what, count in report.contents.items()
            },
            "seconds": round(report.seconds, 3),
            "providersVerified": report.verified,
            "exitStatus": report.exit_status,
        }
    )
