"""An outline ► lines in the canonical layout."""

from __future__ import annotations

from deemster.policy.parsing.header import HEADER
from deemster.policytools.layout.block_scalars import INDENT, block_scalar
from deemster.policytools.layout.outline import Collection, Entry
from deemster.policytools.layout.scalars import key_text, value_text

__all__ = ["WIDTH", "printed"]

WIDTH = 120
"""Columns up to which brackets stay on one line."""


def printed(root: Collection, lines: list[str]) -> list[str]:
    """The document's lines. `lines` are those of the file that it was read from."""
    return _Printer(lines).document(root)


class _Printer:
    """Knows the file, because values are written as they stand there.

    Entries come as two lists: what stands above them, comments and blank lines not indented yet,
    and their own lines.
    """

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        # Asked for at each level of what is around it.
        self._flows: dict[Collection, str | None] = {}

    def document(self, root: Collection) -> list[str]:
        """The keys at the top, with a blank line around those that have several lines."""
        if not root.entries:
            return [*self._after(root, 0), "{}" if root.is_mapping else "[]"]
        # What stands above the first key is about the file, whichever key comes first.
        made = _without_blank(root.entries[0].before)
        root.entries[0].before = []
        previous: Entry | None = None
        was_long = False
        for entry in root.in_order():
            above, own = self._entry(entry, 0)
            text = _without_blank(above)
            is_long = len(own) > 1 or (bool(text) and previous is not None)
            is_apart = is_long or was_long or (text != above and not _are_header(previous, entry))
            if previous is None:
                # What came with the key itself is apart from what was about the file.
                made += [""] if made and text else []
            elif is_apart and not self._keeps_blanks(previous):
                made.append("")
            made += [*text, *own]
            previous, was_long = entry, is_long
        return [*made, *self._after(root, 0)]

    def _block(self, collection: Collection, indent: int) -> tuple[list[str], list[str]]:
        """Entries one below the other: what is above the first, and all the rest."""
        above_first: list[str] = []
        made: list[str] = []
        previous: Entry | None = None
        for entry in collection.in_order():
            above, own = self._entry(entry, indent)
            if previous is None:
                above_first = _without_blank(above)
            else:
                kept = _without_blank(above) if self._keeps_blanks(previous) else above
                made += [_indented(line, indent) for line in kept]
            made += own
            previous = entry
        return above_first, [*made, *self._after(collection, indent)]

    def _after(self, collection: Collection, indent: int) -> list[str]:
        after = collection.after
        if not collection.entries or self._keeps_blanks(collection.in_order()[-1]):
            after = _without_blank(after)
        return [_indented(line, indent) for line in after]

    def _entry(self, entry: Entry, indent: int) -> tuple[list[str], list[str]]:
        value = entry.value
        head = " " * indent + ("-" if entry.key is None else f"{key_text(entry, self._lines)}:")
        if not isinstance(value, Collection):
            *earlier, last = ["", *entry.trailing]
            return [*entry.before, *filter(None, earlier)], self._scalar(entry, head, indent, last)
        flow = self._flow(value)
        if flow is not None and (not value.entries or len(f"{head} {flow}") <= WIDTH):
            *earlier, last = ["", *entry.trailing]
            return [*entry.before, *filter(None, earlier)], [_with_comment(f"{head} {flow}", last)]
        if not value.entries:
            above = [*entry.before, *entry.trailing, *filter(None, value.after)]
            return above, [f"{head} {'{}' if value.is_mapping else '[]'}"]
        above_first, own = self._block(value, indent + INDENT)
        if entry.key is None:
            # The first inner entry shares the line of the dash.
            own[0] = f"{head} {own[0].lstrip()}"
            return [*entry.before, *entry.trailing, *above_first], own
        *earlier, last = ["", *entry.trailing]
        inner = [_indented(line, indent + INDENT) for line in above_first]
        return [*entry.before, *filter(None, earlier)], [_with_comment(head, last), *inner, *own]

    def _scalar(self, entry: Entry, head: str, indent: int, comment: str) -> list[str]:
        node = entry.value
        if isinstance(node, Collection):
            return []
        block = block_scalar(node, self._lines)
        if block is not None and block.content:
            content = [_indented(line, indent + INDENT) for line in block.content]
            return [_with_comment(f"{head} {block.header}", comment), *content]
        first, *others = value_text(entry, self._lines)
        made = [f"{head} {first}" if first else head]
        made += [_indented(line, indent + INDENT) for line in others]
        made[-1] = _with_comment(made[-1], comment)
        return made

    # --- brackets -------------------------------------------------------------------------------

    def _flow(self, collection: Collection) -> str | None:
        """The collection in brackets on one line; None where it stands in none or does not fit."""
        if collection not in self._flows:
            self._flows[collection] = self._new_flow(collection)
        return self._flows[collection]

    def _new_flow(self, collection: Collection) -> str | None:
        if not collection.in_brackets or any(collection.after):
            return None
        parts: list[str] = []
        width = 0
        for entry in collection.in_order():
            part = self._flow_entry(entry)
            if part is None:
                return None
            width += len(part) + len(", ")
            if width > WIDTH:
                return None
            parts.append(part)
        inner = ", ".join(parts)
        return f"{{{inner}}}" if collection.is_mapping else f"[{inner}]"

    def _flow_entry(self, entry: Entry) -> str | None:
        if any(entry.before) or entry.trailing:
            return None
        if isinstance(entry.value, Collection):
            text = self._flow(entry.value)
        else:
            first, *others = value_text(entry, self._lines)
            text = None if others else first
        if text is None or entry.key is None:
            return text
        return f"{key_text(entry, self._lines)}: {text}"

    def _keeps_blanks(self, entry: Entry) -> bool:
        """Whether blank lines below the entry would belong to a text in it."""
        value = entry.value
        if isinstance(value, Collection):
            if value.after or not value.entries:
                return False
            return self._keeps_blanks(value.in_order()[-1])
        block = block_scalar(value, self._lines)
        return block is not None and block.keeps_blanks


def _with_comment(line: str, comment: str) -> str:
    return f"{line}  {comment}" if comment else line


def _indented(line: str, indent: int) -> str:
    return f"{' ' * indent}{line}" if line else ""


def _without_blank(lines: list[str]) -> list[str]:
    """Less the blank line at the top."""
    return lines[1:] if lines and not lines[0] else list(lines)


def _are_header(previous: Entry | None, entry: Entry) -> bool:
    return all(
        found is not None and found.key is not None and found.key.text in HEADER
        for found in (previous, entry)
    )
