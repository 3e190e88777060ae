"""`metadata: suppress: [...]`: findings that the author has looked at, each with a written reason.

What may be suppressed is never an error, with one exception that the language page names
(section 10): a `permit-unless-deny` whose deny may be in error.
"""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.explanations import SUPPRESSIBLE
from deemster.policy.parsing import forms
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.shapes import Key, Keys, Shape
from deemster.policy.reading.nodes import Node
from deemster.policy.tree import Suppression, Text

__all__ = ["SUPPRESSION", "parse_suppressions"]

_SHORTEST_REASON = 10
"""Characters of a reason: `ok` and `todo` tell a reviewer nothing."""

_AT_HELP = "write `at:` with the id path of the policy, such as `invoices/read-invoice/owners`"

SUPPRESSION = Shape(
    "a suppression",
    Keys(
        {
            "code": Key(
                forms.Choice({str(code): code for code in sorted(SUPPRESSIBLE)}),
                "The code of the findings, as it stands in brackets after `warning` or `hint`.",
                example="specificity-hole",
            ),
            "at": Key(
                forms.Text("id path"),
                "The id path of the node that the findings stand in: it begins with the "
                "document's own id. Without it, the whole document.",
                example="invoices/read-invoice",
            ),
            "reason": Key(
                forms.Text("reason"),
                "Why the findings are no mistake: for whoever reviews the change.",
                example='"the upstream compares paths exactly"',
            ),
        }
    ),
    required={
        "code": "the code in brackets after `warning` or `hint`, such as `specificity-hole`",
        "reason": "say why the finding is no mistake: reviewers read it in the diff",
    },
    elsewhere={
        "file": "a suppression belongs into the file that the finding stands in",
        "id": "write `at:` with the id path of the node",
    },
    example='suppress: [{code: specificity-hole, at: invoices/read-invoice, reason: "..."}]',
    doc="Findings of `deemster check` that the author has looked at.",
)


def parse_suppressions(metadata: Fields) -> tuple[Suppression, ...]:
    """Those without an error. Whether each suppresses something is not known here."""
    if "suppress" not in metadata:
        return ()
    found = [_parse(item, metadata.sink) for item in metadata.items("suppress")]
    return tuple(suppression for suppression in found if suppression is not None)


def _parse(node: Node, sink: DiagnosticSink) -> Suppression | None:
    before = sink.error_count
    fields = Fields.of(node, SUPPRESSION, sink)
    if fields is None:
        return None
    code = _code(fields)
    at = fields.text("at")
    reason = fields.text("reason")
    if reason is not None and len(reason.value.strip()) < _SHORTEST_REASON:
        sink.error(
            Code.BAD_SUPPRESSION,
            f"`{reason.value}` is no reason",
            reason.span,
            help="say in a sentence why the finding is no mistake: reviewers read it in the diff",
        )
    if code is Code.FAIL_OPEN_COMBINING and at is None:
        sink.error(
            Code.BAD_SUPPRESSION,
            f"`{code}` is suppressed for one policy at a time",
            fields.head_span,
            help=_AT_HELP,
        )
    if code is None or reason is None or sink.error_count > before:
        return None
    return Suppression(code, at, reason.value, fields.head_span)


def _code(fields: Fields) -> Code | None:
    written = fields.text("code")
    if written is None:
        return None
    try:
        code = Code(written.value)
    except ValueError:
        _refuse(
            written,
            f"there is no finding with the code `{written.value}`",
            did_you_mean(written.value, sorted(SUPPRESSIBLE))
            or "the code stands in brackets after `warning` or `hint`",
            fields.sink,
        )
        return None
    if code in SUPPRESSIBLE:
        return code
    _refuse(
        written,
        f"`{code}` is an error, and errors are not suppressed",
        f"mend it; `deemster check --explain {code}` says how",
        fields.sink,
    )
    return None


def _refuse(written: Text, message: str, help_: str, sink: DiagnosticSink) -> None:
    sink.error(Code.BAD_SUPPRESSION, message, written.span, help=help_)
