"""One document written in many ways: layouts that authors and editors come up with, and comments.

What is written plain stays plain; what is quoted is quoted somehow. An expression stays in double
quotes or becomes a block, as the language asks for.
"""

from __future__ import annotations

import json
from random import Random

from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, ScalarStyle, SequenceNode

__all__ = ["RandomWriter"]


class RandomWriter:
    """Writes one document; `comments` are those that it has put in."""

    def __init__(self, rng: Random, *, expressions_stay: bool = True) -> None:
        """`expressions_stay`: quoted text may be an expression, and has the styles of one."""
        self._rng = rng
        self._expressions_stay = expressions_stay
        self.comments: list[str] = []
        # Below a block scalar, what is indented like its text is text.
        self._text_from: int | None = None

    def write(self, root: Node) -> str:
        """The document's text."""
        lines = [*self._between(0), *self._block(root, 0), *self._between(0)]
        if self._chance(0.1):
            lines.insert(0, "---")
        end = self._rng.choice(["\n", "\n", "\r\n"])
        text = end.join(lines)
        # The line break at the end may belong to a text.
        return text + end if "|" in text or self._chance(0.8) else text

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    # --- blocks ---------------------------------------------------------------------------------

    def _block(self, node: Node, indent: int) -> list[str]:
        if isinstance(node, SequenceNode):
            return [line for item in node.items for line in self._item(item, indent)]
        assert isinstance(node, MappingNode)
        return [line for key, value in node.entries for line in self._pair(key, value, indent)]

    def _item(self, item: Node, indent: int) -> list[str]:
        blank = " " * self._rng.choice([1, 1, 1, 2, 3])
        head = f"{' ' * indent}-{blank}"
        above = self._between(indent)
        if isinstance(item, ScalarNode) or self._as_flow(item):
            return [*above, *self._inline(head, item, indent)]
        if self._chance(0.1):
            inner = indent + self._rng.randint(1, 4)
            return [*above, head.rstrip() + self._trailing(), *self._block(item, inner)]
        first, *others = self._unbroken(item, indent + 1 + len(blank))
        return [*above, head + first.lstrip(), *others]

    def _unbroken(self, item: Node, indent: int) -> list[str]:
        """A block that begins with content, to stand behind a dash."""
        while True:
            known = len(self.comments)
            lines = self._block(item, indent)
            if lines[0].strip() and not lines[0].lstrip().startswith("#"):
                return lines
            del self.comments[known:]

    def _pair(self, key: ScalarNode, value: Node, indent: int) -> list[str]:
        head = f"{' ' * indent}{self._key(key)}:"
        above = self._between(indent)
        if isinstance(value, ScalarNode) or self._as_flow(value):
            return [*above, *self._inline(head + " " * self._rng.choice([1, 1, 4]), value, indent)]
        least = 0 if isinstance(value, SequenceNode) and indent >= 0 else 1
        inner = indent + self._rng.choice([least, 1, 2, 2, 2, 4])
        return [*above, head + self._trailing(), *self._block(value, inner)]

    def _as_flow(self, node: Node) -> bool:
        empty = not (node.entries if isinstance(node, MappingNode) else getattr(node, "items", ()))
        return empty or (not _has_blocks(node) and self._chance(0.4))

    def _inline(self, head: str, value: Node, indent: int) -> list[str]:
        if isinstance(value, ScalarNode):
            block = self._block_scalar(value, indent)
            if block is not None and ("\n" in value.text or self._chance(0.3)):
                header, *content = block
                self._text_from = next(len(line) - len(line.lstrip()) for line in content if line)
                return [head + header + self._trailing(), *content]
            if not value.text and value.style is ScalarStyle.PLAIN:
                return [head.rstrip() + self._trailing()]
            return [head + self._scalar(value) + self._trailing()]
        if self._chance(0.3):
            return self._long_flow(head, value, indent)
        return [head + self._flow(value) + self._trailing()]

    def _block_scalar(self, node: ScalarNode, indent: int) -> list[str] | None:
        text = node.text
        if node.style is ScalarStyle.PLAIN or not text.strip() or text[0] in " \t\n":
            return None
        if any(line.endswith((" ", "\t")) or "\r" in line for line in text.split("\n")):
            return None
        breaks = len(text) - len(text.rstrip("\n"))
        inner = indent + self._rng.choice([1, 2, 2, 4])
        lines = [" " * inner + line if line else "" for line in text.rstrip("\n").split("\n")]
        chomping = "-" if breaks == 0 else "" if breaks == 1 else "+"
        return ["|" + chomping, *lines, *[""] * (breaks - 1)]

    # --- brackets -------------------------------------------------------------------------------

    def _flow(self, node: Node) -> str:
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        comma = "," + " " * self._rng.choice([1, 1, 2])
        space = " " * self._rng.choice([0, 0, 1])
        if isinstance(node, SequenceNode):
            return f"[{space}{comma.join(self._flow(item) for item in node.items)}{space}]"
        parts = [f"{self._key(key)}: {self._flow(value)}" for key, value in node.entries]
        return f"{{{space}{comma.join(parts)}{space}}}"

    def _long_flow(self, head: str, node: Node, indent: int) -> list[str]:
        """Brackets over several lines, with comments between them."""
        inner = " " * (indent + self._rng.choice([1, 2, 6]))
        opening, closing = ("[", "]") if isinstance(node, SequenceNode) else ("{", "}")
        parts = (
            [self._flow(item) for item in node.items]
            if isinstance(node, SequenceNode)
            else [f"{self._key(key)}: {self._flow(value)}" for key, value in node.entries]
            if isinstance(node, MappingNode)
            else []
        )
        lines = [head + opening + self._trailing()]
        for number, part in enumerate(parts, start=1):
            lines += self._between(len(inner))
            comma = "," if number < len(parts) or self._chance(0.3) else ""
            lines.append(f"{inner}{part} {comma}" + self._trailing())
        lines += self._between(len(inner))
        return [*lines, inner + closing + self._trailing()]

    # --- scalars --------------------------------------------------------------------------------

    def _key(self, key: ScalarNode) -> str:
        quoted = key.style is not ScalarStyle.PLAIN or self._chance(0.1)
        return json.dumps(key.text, ensure_ascii=False) if quoted else key.text

    def _scalar(self, node: ScalarNode) -> str:
        if node.style is ScalarStyle.PLAIN:
            return node.text
        if not self._expressions_stay and "\n" not in node.text and self._chance(0.5):
            return "'" + node.text.replace("'", "''") + "'"
        return json.dumps(node.text, ensure_ascii=False)

    # --- what says nothing ----------------------------------------------------------------------

    def _trailing(self) -> str:
        return " " * self._rng.choice([1, 1, 2, 5]) + self._comment() if self._chance(0.1) else ""

    def _between(self, indent: int) -> list[str]:
        found = []
        while self._chance(0.15):
            if self._chance(0.5):
                found.append(" " * self._rng.choice([0, 0, 1]))
            else:
                at = max(0, indent + self._rng.choice([0, 0, 0, 0, -2, -1, 1, 2, 5]))
                if self._text_from is not None:
                    at = min(at, self._text_from - 1)
                found.append(" " * at + self._comment())
        self._text_from = None
        return found

    def _comment(self) -> str:
        text = self._rng.choice(["#", "# ", "#  why: ", "#! ", '# "quoted" ', "# a: {b: [c, # d"])
        text = f"{text}{len(self.comments)}"
        self.comments.append(text)
        return text


def _has_blocks(node: Node) -> bool:
    """Whether something is in it that brackets have no room for."""
    if isinstance(node, ScalarNode):
        is_plain = node.style is ScalarStyle.PLAIN
        return "\n" in node.text or (
            is_plain and (not node.text or bool(set(",[]{}") & {*node.text}))
        )
    inner = node.items if isinstance(node, SequenceNode) else [value for _, value in node.entries]
    return any(_has_blocks(item) for item in inner)
