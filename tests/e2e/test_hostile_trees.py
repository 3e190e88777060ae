"""`deemster check` of hostile trees, as a process with little memory and little time.

Each ends by itself with a diagnostic at a place, and never with a traceback.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

MEMORY = 1 << 30
PROCESSOR_SECONDS = 60
SERVICE = """apiVersion: deemster/v1
kind: ApiService
metadata: {id: shop}
service:
  baseUrls: [https://api.example.com/shop]
  tokenProvider: {type: internal, id: idp}
  audience: Shop
%s
operations:
  - id: read
    match: {methods: [GET], path: /items}
    allow: authenticated
"""
LIBRARY = "apiVersion: deemster/v1\nkind: Library\nmetadata: {id: %s}\n%s"
POLICY = (
    "apiVersion: deemster/v1\nkind: Policy\nmetadata: {id: %s}\n"
    "combiningAlgorithm: deny-overrides\n%s"
)
Files = dict[str, str | bytes]


def lines(form: str, count: int) -> str:
    return "".join(form.replace("#", str(number)) for number in range(count))


def import_chain() -> Files:
    files: Files = {"s.yaml": SERVICE % "imports: {l: f2999.yaml}"}
    for number in range(3000):
        names = ", ".join(f"c{number}x{column}: {{type: string}}" for column in range(10))
        imports = f"imports: {{a: f{number - 1}.yaml}}\n" if number else ""
        body = f"{imports}schema: {{claims: {{{names}}}}}\n"
        files[f"f{number}.yaml"] = LIBRARY % (f"l{number}", body)
    return files


def import_circle() -> Files:
    files: Files = {"s.yaml": SERVICE % "imports: {l: f0.yaml}"}
    for number in range(2000):
        following = f"imports: {{a: f{(number + 1) % 2000}.yaml}}\n"
        files[f"f{number}.yaml"] = LIBRARY % (f"l{number}", following)
    return files


def references_multiply() -> Files:
    files: Files = {
        "s.yaml": SERVICE % "guards: [{$ref: p30.yaml}]",
        "p0.yaml": POLICY % ("p0", "rules: [{id: a, effect: permit}]\n"),
    }
    child = (
        "  - policy: {id: x#, combiningAlgorithm: deny-overrides, children: [{$ref: p@.yaml}]}\n"
    )
    for number in range(1, 31):
        children = "children:\n" + lines(child.replace("@", str(number - 1)), 3)
        files[f"p{number}.yaml"] = POLICY % (f"p{number}", children)
    return files


def references_of_many() -> Files:
    rules = lines("  - {id: r#, effect: permit, when: \"request.method == 'A#'\"}\n", 5000)
    shared = "  - {id: o#, match: {path: /o#}, policies: [{$ref: p.yaml}]}\n"
    return {
        "p.yaml": POLICY % ("p", f"rules:\n{rules}"),
        "s.yaml": SERVICE % "" + lines(shared, 3000),
    }


def aliases_of_a_library() -> Files:
    return {
        "lib.yaml": LIBRARY % ("l", "constants:\n" + lines("  C#: 1\n", 20_000)),
        "s.yaml": SERVICE % ("imports:\n" + lines("  a#: lib.yaml\n", 20_000)),
    }


def many_nodes() -> Files:
    cases = "a," * 95_000
    suite = f"apiVersion: deemster/v1\nkind: PolicyTest\nmetadata: {{id: t@}}\ncases: [{cases}]\n"
    files: Files = {f"t{n}.yaml": suite.replace("@", str(n)) for n in range(40)}
    return {**files, "s.yaml": SERVICE % ""}


def unknown_names() -> Files:
    schema = "schema:\n  claims:\n" + lines("    claim_number_#: {type: string}\n", 9000)
    uses = "conditions:\n" + lines("  c#: \"claims.clam_numbr_# == 'a'\"\n", 8000)
    return {"s.yaml": SERVICE % (schema + uses)}


def same_rank() -> Files:
    operation = (
        '  - {id: o#, match: {path: "/{a}"}, params: {a: {pattern: "a#[0-9]+x*"}}, allow: public}\n'
    )
    return {"s.yaml": SERVICE % "" + lines(operation, 3000)}


REFUSED: dict[str, tuple[Callable[[], Files], str]] = {
    "aliases": (
        lambda: {"a.yaml": "a: &a [x]\n" + lines("b#: &b# [*a,*a,*a]\n", 20)},
        r"a\.yaml:1:4: error\[yaml-feature\]",
    ),
    "merge keys": (
        lambda: {"a.yaml": "a: &a {x: 1}\n" + lines("b#:\n  <<: [*a,*a]\n", 2000)},
        r"a\.yaml:1:4: error\[yaml-feature\]",
    ),
    "brackets 30,000 deep": (lambda: {"a.yaml": "[" * 30_000}, r":1:65: error\[too-deep\]"),
    "mappings 30,000 deep": (lambda: {"a.yaml": "{a: " * 30_000}, r"error\[too-deep\]"),
    "lists 30,000 deep": (lambda: {"a.yaml": "- " * 30_000}, r":1:129: error\[too-deep\]"),
    "10 MB": (lambda: {"a.yaml": "a: " + "x" * 10_000_000}, r"error\[file-too-large\]"),
    "500,000 items": (
        lambda: {"a.yaml": "[" + "a," * 500_000 + "]"},
        r"error\[too-many-nodes\]",
    ),
    "200,000 equal keys": (lambda: {"a.yaml": "a: 1\n" * 100_001}, r"error\[too-many-nodes\]"),
    "NUL": (lambda: {"a.yaml": "a: \0"}, r"a\.yaml:1:4: error\[control-character\]"),
    "byte order mark": (lambda: {"a.yaml": b"\xef\xbb\xbfa: 1"}, r"error\[not-utf8\]"),
    "UTF-16": (lambda: {"a.yaml": "a: 1".encode("utf-16")}, r":1:1: error\[not-utf8\]"),
    "tab": (lambda: {"a.yaml": "a:\n\tb: 1"}, r"a\.yaml:2:1: error\[yaml-syntax\]"),
    "CRLF": (
        lambda: {"a.yaml": (SERVICE % "guards: 7").replace("\n", "\r\n")},
        r"a\.yaml:8:9: error\[wrong-type\].*\n +8 \| guards: 7\n",
    ),
    "imports in a chain": (import_chain, r"f\d+\.yaml:3:16: error\[tree-too-large\]"),
    "imports in a circle": (import_circle, r"f1999\.yaml:4:14: error\[import-cycle\].*… 1993 more"),
    "references multiply": (references_multiply, r"error\[too-many-nodes\]"),
    "references of many operations": (references_of_many, r"error\[tree-too-large\]"),
    "aliases of a Library": (aliases_of_a_library, r"s\.yaml:9:3: error\[tree-too-large\]"),
    "nodes in many files": (many_nodes, r"error\[tree-too-large\]"),
    "unknown names": (unknown_names, r"error\[too-many-errors\]"),
    "templates of one rank": (same_rank, r"error\[overlapping-templates\]"),
}


@pytest.mark.parametrize(("tree", "told"), REFUSED.values(), ids=REFUSED)
def test_hostile_tree_is_refused_at_a_place(
    tree: Callable[[], Files], told: str, tmp_path: Path
) -> None:
    write(tmp_path, tree())
    ended = checked(tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert re.search(told, ended.stdout)


LARGE: dict[str, Callable[[], Files]] = {
    "10,000 files": lambda: {
        "s.yaml": SERVICE % "",
        **{f"l{n // 100}/f{n}.yaml": LIBRARY % (f"l{n}", "") for n in range(10_000)},
    },
    "15,000 operations": lambda: {
        "s.yaml": SERVICE % "" + lines("  - {id: o#, match: {path: /o#}, allow: public}\n", 15_000)
    },
    "a chain of conditions": lambda: {
        "s.yaml": SERVICE
        % (
            "conditions:\n  c0: \"request.method == 'A'\"\n"
            + "".join(f'  c{n}: "!c{n - 1}"\n' for n in range(1, 60))
        )
    },
    "a long list in many conditions": lambda: {
        "s.yaml": SERVICE
        % (
            f"constants:\n  L: [{','.join(f'a{n}' for n in range(9000))}]\nconditions:\n"
            + lines('  c#: "request.method in L"\n', 4000)
        )
    },
    "9,000 rules of one policy": lambda: {
        "s.yaml": SERVICE
        % (
            "guards:\n  - id: g\n    combiningAlgorithm: first-applicable\n    rules:\n"
            + lines("      - {id: r#, effect: deny, when: \"request.method == 'A#'\"}\n", 9000)
        )
    },
}


@pytest.mark.parametrize("tree", LARGE.values(), ids=LARGE)
def test_large_tree_is_checked_to_its_end(tree: Callable[[], Files], tmp_path: Path) -> None:
    write(tmp_path, tree())
    ended = checked(tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "warning[untested-service]" in ended.stdout


def test_entries_that_are_no_files_are_told_and_never_opened(tmp_path: Path) -> None:
    write(tmp_path, {"s.yaml": SERVICE % ""})
    os.mkfifo(tmp_path / "fifo.yaml")
    (tmp_path / "self.yaml").symlink_to("self.yaml")
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    (tmp_path / "out.yaml").symlink_to("/etc/passwd")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "etc").symlink_to("/etc")
    deep = tmp_path
    for _ in range(70):
        deep /= "d"
    deep.mkdir(parents=True)
    ended = checked(tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert [
        (name, code)
        for name, code in re.findall(r"^([^:/\n]*): error\[([a-z-]+)\]", ended.stdout, re.MULTILINE)
    ] == [
        ("etc", "symlink-outside"),
        ("fifo.yaml", "file-unreadable"),
        ("gone.yaml", "file-unreadable"),
        ("out.yaml", "symlink-outside"),
        ("self.yaml", "file-unreadable"),
    ]
    assert "folders lie more than 64 deep here" in ended.stdout


def test_name_that_is_no_text_is_told_in_every_form(tmp_path: Path) -> None:
    write(tmp_path, {"s.yaml": SERVICE % ""})
    (tmp_path / os.fsdecode(b"\xff.yaml")).touch()
    for form in ("text", "json", "github", "sarif"):
        ended = checked(tmp_path, "--format", form)
        assert (ended.returncode, ended.stderr) == (1, "")
        assert "characters that cannot be shown" in ended.stdout


def write(folder: Path, files: Files) -> None:
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())


def checked(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deemster", "check", ".", *options],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        preexec_fn=limited,
    )


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
