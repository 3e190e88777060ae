"""`deemster check --explain CODE`."""

from __future__ import annotations

import sys
import textwrap

import typer

from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.explanations import EXPLANATIONS, SUPPRESSIBLE

__all__ = ["print_explanation"]

_WIDTH = 88


def print_explanation(written: str) -> None:
    """What a code means. Raises BadParameter for one that there is not."""
    try:
        code = Code(written)
    except ValueError:
        guess = did_you_mean(written, [str(known) for known in EXPLANATIONS])
        message = f"there is no code `{written}`" + (f"; {guess}" if guess else "")
        raise typer.BadParameter(message, param_hint="--explain") from None
    found = EXPLANATIONS[code]
    severities = " or ".join(severity.value for severity in found.severities)
    sys.stdout.write(f"{code} ({severities}): {found.title}\n\n")
    sys.stdout.write(f"{textwrap.fill(found.text, _WIDTH, break_on_hyphens=False)}\n")
    if code in SUPPRESSIBLE:
        example = f'suppress: [{{code: {code}, at: <id path>, reason: "..."}}]'
        sys.stdout.write(f"\nOnce looked at, suppress it in `metadata` of its file:\n  {example}\n")
