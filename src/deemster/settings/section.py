"""Reads one mapping of the settings file: typed values, positions in errors, origins kept."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

from deemster.errors import ConfigurationError
from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, ScalarStyle, SequenceNode
from deemster.settings.environment import ENVIRONMENT
from deemster.settings.model import SettingValue
from deemster.settings.reading import Reading, SuggestedError, UnsupportedValueError, one_of
from deemster.settings.scalars import parse_boolean, parse_name
from deemster.settings.secret import Secret, is_reference, read_secret

__all__ = ["Section"]

T = TypeVar("T")


class Section:
    """One mapping, `path` its dotted name in the settings (`listeners.decisions`).

    Every reader takes a key once. What nobody took is unknown, which `finish` reports. After an
    error a reader yields its default, or None, so that all errors are found in one run.
    """

    def __init__(
        self, reading: Reading, node: MappingNode | None, path: str, *, keyed: bool = False
    ) -> None:
        """`keyed`: the keys are names that the operator chose, shown as `path[name]`."""
        self.reading = reading
        self.path = path
        self._node = node
        self._keyed = keyed
        self._taken: set[str] = set()
        if node is not None:
            reading.spans[path] = node.span

    # --- scalars --------------------------------------------------------------------------------

    def optional(
        self,
        key: str,
        parse: Callable[[str], T],
        default: T,
        *,
        shown: Callable[[T], str] = str,
    ) -> T:
        """A scalar, or its default."""
        node = self._take(key)
        found = None if node is None else self._parsed(key, node, parse)
        if node is None and default is not None:
            self._note(key, shown(default), None)
        if found is None:
            return default
        self._note(key, shown(found), node)
        return found

    def required(
        self, key: str, parse: Callable[[str], T], *, shown: Callable[[T], str] = str
    ) -> T | None:
        """A scalar that must be written."""
        node = self._take(key)
        if node is None:
            self.missing(key)
            return None
        found = self._parsed(key, node, parse)
        if found is not None:
            self._note(key, shown(found), node)
        return found

    def flag(self, key: str, *, default: bool) -> bool:
        """`true` or `false`."""
        return self.optional(key, parse_boolean, default, shown=lambda on: str(on).lower())

    def choice(self, key: str, words: Collection[str], default: str | None) -> str | None:
        """One of some words."""
        return self.optional(key, one_of(words), default)

    def required_choice(self, key: str, words: Collection[str]) -> str | None:
        """One of some words; must be written."""
        return self.required(key, one_of(words))

    def file_path(self, key: str, *, default: str | None = None) -> Path | None:
        """A path; a relative one starts at the folder of the settings file."""

        def parse(text: str) -> Path:
            return self.reading.folder / parse_name(text)

        if default is None:
            return self.required(key, parse)
        return self.optional(key, parse, parse(default))

    def secret(
        self,
        key: str,
        *,
        literal: Callable[[str], bool] = lambda _: False,
        mend: Callable[[str], str] | None = None,
    ) -> Secret | None:
        """`${env:NAME}` or `${file:PATH}`; written out only where `literal` accepts the text.

        `mend`: from the reference to how such a secret is made, told where there is none.
        """
        node = self._take(key)
        if node is None:
            self.missing(key)
            return None
        if not isinstance(node, ScalarNode):
            self.error(Code.WRONG_TYPE, f"`{self._name(key)}` is not text", node.span)
            return None
        if not is_reference(node.text) and literal(node.text):
            self._note(key, node.text, node)
            return Secret(node.text, "the settings file")
        if not is_reference(node.text):
            self.reading.hidden.append(node.text)
            self.error(
                Code.SETTING,
                f"`{self._name(key)}` is a secret and must not be written here",
                node.span,
                help='write `"${env:NAME}"` or `"${file:PATH}"`, and nothing around it',
            )
            return None
        try:
            found = read_secret(node.text, environ=self.reading.environ, folder=self.reading.folder)
        except ConfigurationError as error:
            help_ = None if mend is None or not is_reference(node.text) else mend(node.text)
            self.error(Code.SETTING, error.message, node.span, help=help_)
            return None
        self.reading.note_file(found)
        self._note(key, f"<secret of {node.text[2:-1]}>", node)
        return found

    # --- collections ----------------------------------------------------------------------------

    def section(self, key: str) -> Section:
        """A mapping below; one that is not there reads as empty."""
        node = self._take(key)
        if node is not None and not isinstance(node, MappingNode):
            self.error(Code.WRONG_TYPE, f"`{self._name(key)}` is not a mapping", node.span)
            node = None
        return Section(self.reading, node, self._name(key))

    def sections(self, key: str, *, example: str | None = None) -> list[Section]:
        """A list of mappings; absent is empty, and an error where there is an `example`."""
        found = []
        items = self._items(key)
        node = self._get(key)
        if example is not None and node is None:
            self.missing(key, help=f"for example `{key}: {example}`")
        elif example is not None and isinstance(node, SequenceNode) and not items:
            self.error(Code.EMPTY_LIST, f"`{self._name(key)}` is empty", node.span)
        for index, item in enumerate(items):
            if isinstance(item, MappingNode):
                found.append(Section(self.reading, item, f"{self._name(key)}[{index}]"))
            else:
                name = f"{self._name(key)}[{index}]"
                self.error(Code.WRONG_TYPE, f"`{name}` is not a mapping", item.span)
        return found

    def texts(
        self, key: str, parse: Callable[[str], str], *, default: tuple[str, ...] | None = None
    ) -> tuple[str, ...]:
        """A list of texts without repetition; must be written, and not be empty, where there is
        no default."""
        if not self.has(key):
            self._taken.add(key)
            if default is None:
                self.missing(key)
            elif default:
                self._note(key, ", ".join(default), None)
            return default or ()
        items = self._items(key)
        node = self._get(key)
        if not items and isinstance(node, SequenceNode) and default is None:
            self.error(Code.EMPTY_LIST, f"`{self._name(key)}` is empty", node.span)
        found: list[str] = []
        for item in items:
            text = self._parsed(key, item, parse)
            if text is not None and text in found:
                self.error(Code.DUPLICATE_ID, f"`{text}` is listed twice", item.span)
            elif text is not None:
                found.append(text)
        self._note(key, ", ".join(found), node)
        return tuple(found)

    def mapping(self, key: str) -> MappingNode | None:
        """A mapping with free keys."""
        node = self._take(key)
        if node is not None and not isinstance(node, MappingNode):
            self.error(Code.WRONG_TYPE, f"`{self._name(key)}` is not a mapping", node.span)
            return None
        return node

    def node(self, key: str) -> Node | None:
        """What is written, for a reader that takes more than one form."""
        return self._take(key)

    def note(self, key: str, shown: str) -> None:
        """List a setting that is read by other means, if it is written."""
        node = self._get(key)
        if node is not None:
            self._note(key, shown, node)

    # --- what is there --------------------------------------------------------------------------

    def has(self, key: str) -> bool:
        """Whether the key is written."""
        return self._get(key) is not None

    def is_text(self, key: str, text: str) -> bool:
        """Whether the key's value is exactly this text."""
        node = self._get(key)
        return isinstance(node, ScalarNode) and node.text == text

    def written(self, among: Collection[str] | None = None) -> list[str]:
        """The keys as written, all or those among some."""
        entries = () if self._node is None else self._node.entries
        return [key.text for key, _ in entries if among is None or key.text in among]

    @property
    def span(self) -> SourceSpan:
        """Where this section stands, or its nearest parent."""
        return self.reading.span_of(self.path)

    def span_at(self, key: str) -> SourceSpan:
        """Where the value of a key stands, or this section."""
        node = self._get(key)
        return self.span if node is None else node.span

    # --- errors ---------------------------------------------------------------------------------

    def error(self, code: Code, message: str, span: SourceSpan, *, help: str | None = None) -> None:
        """Report an error."""
        self.reading.sink.error(code, message, span, help=help)

    def missing(self, key: str, *, help: str | None = None) -> None:
        """Report a key that must be written."""
        self.error(Code.MISSING_KEY, f"`{self._name(key)}` is missing", self.span, help=help)

    def unsupported(self, *keys: str) -> None:
        """Refuse by name what a later version will know."""
        for key in keys:
            node = None if self._node is None else self._node.key_node(key)
            if node is not None:
                self._taken.add(key)
                message = f"`{self._name(key)}` is not supported yet"
                self.error(Code.UNSUPPORTED_YET, message, node.span)

    def misplaced(self, keys: Collection[str], why: str) -> None:
        """Refuse keys that have no meaning in this place."""
        for key in keys:
            node = None if self._node is None else self._node.key_node(key)
            if node is not None:
                self._taken.add(key)
                self.error(Code.SETTING, f"`{key}` has no meaning here: {why}", node.span)

    def take(self, *keys: str) -> None:
        """These keys are known here, whether they are read or not."""
        self._taken.update(keys)

    def finish(self) -> None:
        """Report every key that nobody took."""
        for key, _ in () if self._node is None else self._node.entries:
            if key.text not in self._taken:
                self.error(
                    Code.UNKNOWN_KEY,
                    f"unknown setting `{self._name(key.text)}`",
                    key.span,
                    help=did_you_mean(key.text, self._taken) or _known(self._taken),
                )

    # --- the parts ------------------------------------------------------------------------------

    def _name(self, key: str) -> str:
        if self._keyed:
            return f"{self.path}[{key}]"
        return f"{self.path}.{key}" if self.path else key

    def _get(self, key: str) -> Node | None:
        return None if self._node is None else self._node.get(key)

    def _take(self, key: str) -> Node | None:
        self._taken.add(key)
        node = self._get(key)
        if node is not None:
            self.reading.spans[self._name(key)] = node.span
        return node

    def _items(self, key: str) -> tuple[Node, ...]:
        node = self._take(key)
        if node is None:
            return ()
        if not isinstance(node, SequenceNode):
            self.error(Code.WRONG_TYPE, f"`{self._name(key)}` is not a list", node.span)
            return ()
        return node.items

    def _parsed(self, key: str, node: Node, parse: Callable[[str], T]) -> T | None:
        if not isinstance(node, ScalarNode):
            self.error(Code.WRONG_TYPE, f"`{self._name(key)}` is not a single value", node.span)
            return None
        if "${" in node.text:
            self.error(
                Code.SETTING,
                f"`{self._name(key)}` is no secret, so it is not taken from elsewhere",
                node.span,
                help="write the value, or override it by an environment variable `DEEMSTER_…`",
            )
            return None
        if not node.text and node.style is ScalarStyle.PLAIN:
            self.error(Code.BAD_VALUE, f"`{self._name(key)}` has no value", node.span)
            return None
        try:
            return parse(node.text)
        except UnsupportedValueError as error:
            self.error(Code.UNSUPPORTED_YET, f"{error} is not supported yet", node.span)
        except SuggestedError as error:
            self.error(Code.BAD_VALUE, f"`{node.text}`: {error}", node.span, help=error.help)
        except ValueError as error:
            self.error(Code.BAD_VALUE, f"`{node.text}`: {error}", node.span)
        return None

    def _note(self, key: str, shown: str, node: Node | None) -> None:
        if node is None:
            origin = "default"
        elif node.span.file.startswith(ENVIRONMENT):
            origin = node.span.file
        else:
            origin = node.span.place
        self.reading.values.append(SettingValue(self._name(key), shown, origin))


def _known(keys: Collection[str]) -> str | None:
    return "known here: " + ", ".join(f"`{key}`" for key in sorted(keys)) if keys else None
