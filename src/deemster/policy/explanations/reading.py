"""Codes of files and of the YAML profile."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.policy.codes import Code
from deemster.policy.explanations.explanation import Explanation

__all__ = ["FILES", "YAML"]

FILES: Mapping[Code, Explanation] = {
    Code.FILE_NAME: Explanation(
        "a file whose name keeps it from being read",
        "A policy tree is made of `.yaml` files. A file called `.yml`, or with another spelling, "
        "would be passed over, and its author would believe it in force. Rename it, or move what "
        "is no policy out of the tree.",
    ),
    Code.FILE_UNREADABLE: Explanation(
        "a file or folder that cannot be read",
        "It vanished while the tree was read, its permissions forbid it, it is no regular file "
        "(a FIFO, a device, a socket), a link leads in a circle, or folders lie too deep. Nothing "
        "is left out in silence: a tree of which a part cannot be read does not load.",
    ),
    Code.FILE_TOO_LARGE: Explanation(
        "a file of more than 1 MiB",
        "Files are bounded, so that no file can keep a check or a reload busy. Split it into "
        "several documents: a service may keep its policies in files of their own and use them by "
        "`$ref`, its conditions and constants in Libraries.",
    ),
    Code.TREE_TOO_LARGE: Explanation(
        "a tree beyond all measure",
        "The number of files, their bytes, and what is made of them are bounded for a whole tree, "
        "so that checking ends in bounded time and memory. Trees of tens of thousands of "
        "operations stay far below. Most likely something was put into the folder that is no "
        "policy, or files import and refer to each other so that their parts multiply.",
    ),
    Code.SYMLINK_OUTSIDE: Explanation(
        "a link that leads out of the policy tree",
        "What lies outside the tree is not part of its revision and not part of a review. Put the "
        "file into the tree itself. Links within the tree are followed, also into folders that "
        "are hidden by a dot, as Kubernetes mounts a ConfigMap.",
    ),
    Code.EMPTY_TREE: Explanation(
        "a tree that decides nothing",
        "There is no `.yaml` file, or no document with `kind: ApiService` among them. A service "
        "that denies everything because somebody mistyped a folder is an outage, so such a tree "
        "does not load.",
    ),
}

YAML: Mapping[Code, Explanation] = {
    Code.YAML_SYNTAX: Explanation(
        "text that is not YAML",
        "The file cannot be read as YAML. The usual causes are a value with `: ` or ` #` in it "
        "that is not quoted, a tab used for indentation, and a line that is indented differently "
        "from its neighbours. The finding points at the place where reading stopped; the mistake "
        "may be a line above.",
    ),
    Code.NOT_UTF8: Explanation(
        "a file that is not UTF-8",
        "Policy files are UTF-8 without a byte order mark. Another encoding would be read by some "
        "tools as different text than by others. Save the file as UTF-8.",
    ),
    Code.DUPLICATE_KEY: Explanation(
        "a key that is written twice in one mapping",
        "YAML readers differ about which of two equal keys counts, and most keep the last one in "
        "silence: `effect: deny` with `effect: permit` further down would permit. Keep one.",
    ),
    Code.YAML_FEATURE: Explanation(
        "a feature of YAML that policy files do without",
        "Anchors, aliases, merge keys, explicit tags, directives and keys that are no text are "
        "refused: they hide from a diff what a change means, and they are how small files are "
        "made to explode. Share text by a Library, or a whole policy by `$ref`.",
    ),
    Code.SEVERAL_DOCUMENTS: Explanation(
        "more than one document in a file",
        "A file holds one document, so that a path names one thing in imports, references, logs "
        "and reviews. Put each document into a file of its own.",
    ),
    Code.TOO_DEEP: Explanation(
        "something nested too deep",
        "YAML is read 64 levels deep, and policies lie at most 32 deep with every `$ref` written "
        "out. Name inner conditions under `conditions`, and give inner policies files of their "
        "own, used higher up.",
    ),
    Code.TOO_MANY_NODES: Explanation(
        "too many keys, values or rules",
        "A file holds at most 200,000 keys, values and lists, and a list of policies at most "
        "10,000 nodes with every `$ref` written out: references multiply. Split the file, or use "
        "a policy once, higher up.",
    ),
    Code.CONTROL_CHARACTER: Explanation(
        "a character that a reviewer cannot see",
        "Control characters, line separators that only some readers know, and marks that change "
        "the direction of text (CVE-2021-42574) may not stand in a policy file: what is shown "
        "must be what is read. Inside double quotes they can be written as escapes.",
    ),
}
