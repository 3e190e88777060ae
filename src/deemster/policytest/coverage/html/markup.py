"""Text that is safe to stand in a page: everything is escaped that was not made here."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable

__all__ = ["Markup", "element", "joined", "text"]


class Markup(str):
    """Text that is markup already. Only this module makes it."""

    __slots__ = ()


def text(written: str) -> Markup:
    """Any text. What cannot be seen, or turns the direction of writing, shows as an escape."""
    return Markup(html.escape("".join(map(_visible, written)), quote=True))


def element(name: str, /, *content: Markup | str, **attributes: str | bool | None) -> Markup:
    """`<name a="…">content</name>`; content that is no `Markup` is escaped.

    Attribute names have `_` for `-`; a trailing `_` is dropped (`class_`). True stands alone,
    None and False are left out.
    """
    listed = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{text(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{listed}>")
    return Markup(f"<{name}{listed}>{joined(content)}</{name}>")


def joined(content: Iterable[Markup | str]) -> Markup:
    """One after the other."""
    return Markup("".join(part if isinstance(part, Markup) else text(part) for part in content))


_VOID = {"meta", "input", "br"}
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _visible(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")
