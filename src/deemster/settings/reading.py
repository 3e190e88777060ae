"""What one run of reading settings collects, and the words that a value may be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from deemster.model.source import SourceSpan
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.settings.model import SettingValue
from deemster.settings.secret import Secret

__all__ = ["PROTECTORS", "Reading", "SuggestedError", "UnsupportedValueError", "one_of"]

PROTECTORS = ("mesh", "sidecar", "private-network")
"""Who may protect a connection in place of TLS."""


class Reading:
    """What one run of reading settings collects.

    `folder` is where relative paths start, `sources` texts by shown name, for showing errors;
    `files` are all that were read.
    """

    def __init__(self, sink: DiagnosticSink, folder: Path, environ: Mapping[str, str]) -> None:
        self.sink = sink
        self.folder = folder
        self.environ = environ
        self.values: list[SettingValue] = []
        self.spans: dict[str, SourceSpan] = {}
        self.sources: dict[str, str] = {}
        self.hidden: list[str] = []
        self.files: list[Path] = []

    def note_file(self, secret: Secret) -> None:
        """Where a secret came from, if that is a file."""
        if secret.file is not None:
            self.files.append(secret.file)

    def shown_sources(self) -> dict[str, str]:
        """The texts without what somebody wrote there as a secret: errors end up in CI logs."""
        shown = dict(self.sources)
        for name in shown:
            for secret in self.hidden:
                shown[name] = shown[name].replace(secret, "*" * len(secret))
        return shown

    def span_of(self, path: str) -> SourceSpan:
        """Where a setting is written; for a default, where its nearest parent is."""
        while path not in self.spans:
            path = path.rpartition(".")[0]
        return self.spans[path]


class UnsupportedValueError(ValueError):
    """A word that a later version will know."""


class SuggestedError(ValueError):
    """A wrong word, with a suggestion."""

    def __init__(self, message: str, suggestion: str | None) -> None:
        super().__init__(message)
        self.help = suggestion


def one_of(words: Collection[str], later: Collection[str] = ()) -> Callable[[str], str]:
    """A parser for one of `words`; those of `later` are refused as not supported yet."""

    def parse(text: str) -> str:
        if text in words:
            return text
        if text in later:
            raise UnsupportedValueError(f"`{text}`")
        expected = " or ".join(f"`{word}`" for word in words)
        raise SuggestedError(f"expected {expected}", did_you_mean(text, words))

    return parse
