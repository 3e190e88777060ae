"""Codes of the shape of documents, and of how documents name each other."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.policy.codes import Code
from deemster.policy.diagnostics import Severity
from deemster.policy.explanations.explanation import Explanation

__all__ = ["DOCUMENTS", "REFERENCES"]

DOCUMENTS: Mapping[Code, Explanation] = {
    Code.UNKNOWN_KEY: Explanation(
        "a key that the language does not have at this place",
        "A misspelt key would otherwise be a rule that is silently not there. The finding lists "
        "the keys that may stand here, and says where the one that was found belongs.",
    ),
    Code.MISSING_KEY: Explanation(
        "a key that must be there",
        "Nothing that decides is guessed: combining algorithms, effects, ids and the header of a "
        "document are always written.",
    ),
    Code.WRONG_TYPE: Explanation(
        "a value of another type than the key takes",
        "For example a text where a list is expected. Scalars are read by what the key takes and "
        "never by YAML's guessing, so `NO` and `10:30` are texts where text is declared, and only "
        "plain `true` and `false` are booleans.",
    ),
    Code.BAD_VALUE: Explanation(
        "a value that cannot stand here",
        "It has the right type, but is none of the words, or not within the bounds, that the key "
        "takes. The finding lists them.",
    ),
    Code.BAD_ID: Explanation(
        "an id or a name with characters that it cannot have",
        "Ids have lower-case letters, digits and hyphens: they become parts of id paths in "
        "decisions, logs and suppressions. Names that expressions use have letters, digits and "
        "underscores and begin with no digit.",
    ),
    Code.DUPLICATE_ID: Explanation(
        "an id that is used twice",
        "Ids are unique among siblings, and a document's among its kind, so that an id path names "
        "one node in decisions, logs, coverage and diffs.",
    ),
    Code.DUPLICATE_ITEM: Explanation(
        "an item that stands in a list twice",
        "One of them was most likely meant to be something else.",
    ),
    Code.EMPTY_LIST: Explanation(
        "a list without items",
        'An empty list reads like "nobody" to some and like "no restriction" to others. Write '
        "at least one item, or leave the key out.",
    ),
    Code.UNSUPPORTED_YET: Explanation(
        "a word of the language that this version does not know how to enforce",
        "It is refused by its name, because to ignore it would be to permit without it. Remove "
        "it, or use a newer version.",
    ),
    Code.UNQUOTED_EXPRESSION: Explanation(
        "an expression without quotes",
        "In a plain scalar an unquoted ` #` cuts off the rest of a condition unseen. Expressions "
        "stand in double quotes or in a `|` block; only a bare, possibly dotted, name may be "
        "plain.",
    ),
    Code.EXPRESSION_STYLE: Explanation(
        "an expression in quotes in which its places could not be shown",
        "Expressions stand in double quotes on one line, or in a `|` block, so that a finding can "
        "point at the very name it is about, and so that texts inside can have single quotes.",
    ),
    Code.TOO_MANY_ERRORS: Explanation(
        "so many errors that the rest was not looked at",
        "Mend the first ones and check again; most of the others usually vanish with them.",
    ),
    Code.BAD_SUPPRESSION: Explanation(
        "a suppression that cannot be used",
        "`metadata: suppress:` lists findings that the author has looked at, each with its code, "
        "a written reason and, by `at`, the id path of the node that they stand in. Errors are "
        "not suppressed, with one exception: `fail-open-combining`, for one policy at a time.",
    ),
    Code.STALE_SUPPRESSION: Explanation(
        "a suppression that suppresses nothing",
        "What it was written for has been mended or moved. Remove it, so that it does not hide "
        "the next finding of its kind.",
        (Severity.WARNING,),
    ),
}

REFERENCES: Mapping[Code, Explanation] = {
    Code.IMPORT_NOT_FOUND: Explanation(
        "a path to a document that is not in the tree",
        "Paths of `imports` and `$ref` are relative to the file that writes them. When only a "
        "part of a tree is checked, name the folder that holds all of it.",
    ),
    Code.IMPORT_OUTSIDE: Explanation(
        "a path that leads out of the policy tree",
        "A tree is complete in itself: nothing outside of it can change what it means.",
    ),
    Code.IMPORT_CYCLE: Explanation(
        "documents that import or contain each other in a circle",
        "The finding shows the way round. Move what both need into a third document.",
    ),
    Code.ATTRIBUTE_CYCLE: Explanation(
        "attributes that are made of each other in a circle",
        "One of them needs a source of its own.",
    ),
    Code.UNKNOWN_SOURCE: Explanation(
        "a service or a query that the settings do not have",
        "URLs, credentials and SQL live in the settings under `services` and `queries`, and "
        "policies use them by name. Without `--config` this is not compared.",
    ),
    Code.IMPORT_KIND: Explanation(
        "a document of a kind that cannot be used this way",
        "A Library is imported by `imports: {alias: path}` and its names are used as "
        "`alias.name`; a whole Policy is used by `- $ref: path`.",
    ),
    Code.REDECLARED: Explanation(
        "a name that is declared twice",
        "Within a file, imports, constants, conditions and attributes share their names; the "
        "schema is shared with the files that are imported. Built-in names and words of the "
        "language cannot be declared. Rename one of them, or declare it once in a Library.",
    ),
}
