"""Words that are written once and resemble one that is written elsewhere.

Scopes, groups and authentication classes are free text: a slip in one is no error, and yet nobody
ever has that scope, and a deny for that group refuses nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deemster.model.source import SourceSpan
from deemster.policy import tree
from deemster.policy.analysis.resemblance import Resemblances
from deemster.policy.analysis.vocabulary import Vocabulary
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode
from deemster.policy.resolved import ResolvedTree

__all__ = ["report_typos"]

_WORDS = {
    "action.properties": "the property",
    "claims": "the claim",
    "claims.acr": "the authentication class",
    "claims.scope": "the scope",
    "context": "the member of the context",
    "request.headers": "the header",
    "resource.properties": "the property",
    "subject.properties": "the property",
    "user": "the user attribute",
    "user.groups": "the group",
    "user.permissions": "the permission",
    "user.roles": "the role",
}


def report_typos(parsed: tree.Tree, resolved: ResolvedTree, sink: DiagnosticSink) -> None:
    """Report each such word; one that a test suite has too was meant."""
    vocabulary = Vocabulary(parsed, resolved)
    declared = {
        "user.permissions": frozenset().union(*resolved.catalogue.permissions.values()),
        "user.roles": frozenset(_roles(parsed)),
    }
    tested = frozenset(_words_of_suites(parsed))
    for name, places in vocabulary.places.items():
        known = declared.get(name, frozenset())
        lonely = [
            (word, next(iter(spans)))
            for word, spans in places.items()
            if len(spans) == 1 and word not in known and word not in tested
        ]
        if lonely:
            settled = [word for word, spans in places.items() if len(spans) > 1]
            resemblances = Resemblances({*settled, *known})
            for word, span in lonely:
                for meant in resemblances.of(word)[:1]:
                    _report(name, word, span, meant, places, sink)


def _report(
    name: str,
    word: str,
    span: SourceSpan,
    meant: str,
    places: Mapping[str, set[SourceSpan]],
    sink: DiagnosticSink,
) -> None:
    elsewhere = sorted(places.get(meant, ()))
    count = len(elsewhere)
    contrast = f"`{meant}` in {count} places" if count > 1 else f"`{meant}` is declared"
    sink.warning(
        Code.LIKELY_TYPO,
        f"{_WORDS.get(name, f'`{name}`')} `{word}` is written once in the whole tree, "
        f"and {contrast}",
        span,
        help=f"did you mean `{meant}`?",
        notes=tuple(Note(f"`{meant}` is written", place) for place in elsewhere[:1]),
    )


def _roles(parsed: tree.Tree) -> Iterator[str]:
    for document in parsed.documents:
        if isinstance(document, tree.ApplicationDocument):
            for role, _ in document.roles:
                yield role.value
                yield f"{document.metadata.id.value}/{role.value}"


def _words_of_suites(parsed: tree.Tree) -> Iterator[str]:
    ahead: list[Node] = [
        document.root
        for document in parsed.documents
        if isinstance(document, tree.PolicyTestDocument)
    ]
    while ahead:
        node = ahead.pop()
        if isinstance(node, ScalarNode):
            yield node.text
            yield from node.text.split()
        elif isinstance(node, MappingNode):
            for key, value in node.entries:
                yield key.text
                ahead.append(value)
        else:
            ahead.extend(node.items)
