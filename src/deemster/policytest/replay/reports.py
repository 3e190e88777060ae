"""What replaying found: for people, as JSON, and as JUnit for CI servers."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from deemster.policytest.printable import printable
from deemster.policytest.replay.changes import ChangeGroup, Kind, Replayed

__all__ = ["json_report", "junit_report", "text_report"]

_TITLES = {
    Kind.WIDENED: "permits that were denies",
    Kind.NARROWED: "denies that were permits",
    Kind.REASON: "denies for another reason",
    Kind.OPERATION: "the same answer from another operation",
}
# XML 1.0 2.2: what a document may hold; everything else has no way to be written.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text_report(found: Replayed, seconds: float | None) -> str:
    """Lines, the gravest first; ends with LF. `seconds` None is not told."""
    return "\n".join([printable(line) for line in _lines(found, seconds)]) + "\n"


def _lines(found: Replayed, seconds: float | None) -> Iterator[str]:
    groups = found.sorted_groups()
    for kind, title in _TITLES.items():
        of_kind = [group for group in groups if group.change.kind is kind]
        if of_kind:
            yield f"{title}: {found.count(kind)}"
            for group in of_kind:
                yield from _group_lines(group)
            yield ""
    if found.not_replayable:
        yield f"not replayable: {found.left}"
        for why, records in sorted(found.not_replayable.items(), key=lambda one: (-one[1], one[0])):
            yield f"  {records:>7}  {why}"
        yield ""
    took = ""
    if seconds is not None:
        took = f" ({seconds:.1f} s, {found.decided / max(seconds, 1e-9):,.0f} a second)"
    counts = f"{found.changed} changed, {found.same} the same"
    yield f"{found.decided} records decided again{took}: {counts}"


def _group_lines(group: ChangeGroup) -> Iterator[str]:
    change = group.change
    yield f"  {group.records:>7}  {change.operation}"
    yield f"           then  {_told(change.reason, change.rule, None, change.needed)}"
    other = f"{change.new_operation}: " if change.new_operation != change.operation else ""
    now = _told(change.new_reason, change.new_rule, change.new_place, change.new_needed)
    yield f"           now   {other}{now}"
    yield f"           e.g.  {', '.join(group.examples)}"


def _told(reason: str, rule: str | None, place: str | None, needed: str) -> str:
    parts = [reason]
    if rule is not None:
        parts.append(f"by {rule}" + (f" ({place})" if place else ""))
    if needed:
        parts.append(f"needs {needed}")
    return ", ".join(parts)


def json_report(found: Replayed, seconds: float) -> dict[str, object]:
    """Everything, for machines."""
    return {
        "decided": found.decided,
        "same": found.same,
        "changed": found.changed,
        "widened": found.count(Kind.WIDENED),
        "narrowed": found.count(Kind.NARROWED),
        "unreadable": found.unreadable,
        "seconds": round(seconds, 3),
        "revisions": dict(found.revisions),
        "groups": [_group_json(group) for group in found.sorted_groups()],
        "notReplayable": dict(found.not_replayable),
    }


def _group_json(group: ChangeGroup) -> dict[str, object]:
    change = group.change
    return {
        "kind": change.kind.value,
        "records": group.records,
        "examples": group.examples,
        "then": {
            "operation": change.operation,
            "reason": change.reason,
            "rule": change.rule,
            "needed": change.needed,
        },
        "now": {
            "operation": change.new_operation,
            "reason": change.new_reason,
            "rule": change.new_rule,
            "place": change.new_place,
            "needed": change.new_needed,
        },
    }


def junit_report(found: Replayed, seconds: float) -> str:
    """A test case for each operation that was asked; it fails where its decisions changed."""
    failing: dict[str, list[ChangeGroup]] = {}
    for group in found.sorted_groups():
        failing.setdefault(group.change.operation, []).append(group)
    counts = {
        "name": "deemster replay",
        "tests": str(len(found.by_operation)),
        "failures": str(len(failing)),
        "time": f"{seconds:.3f}",
    }
    root = ET.Element("testsuites")
    suite = ET.SubElement(root, "testsuite", counts)
    for operation, records in sorted(found.by_operation.items()):
        case = ET.SubElement(suite, "testcase", {"classname": "replay", "name": _xml(operation)})
        groups = failing.get(operation, [])
        if groups:
            changed = sum(group.records for group in groups)
            message = f"{changed} of {records} decisions changed"
            failure = ET.SubElement(case, "failure", {"message": message})
            lines = [
                f"{_TITLES[one.change.kind]}:\n" + "\n".join(_group_lines(one)) for one in groups
            ]
            failure.text = _xml("\n".join(lines))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _xml(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
