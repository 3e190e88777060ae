"""Files ► snapshot: from disk, from memory, and never a snapshot of a tree with errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from deemster.errors import PolicyError
from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.loading import load_files, load_texts, load_tree
from deemster.policy.reading.files import files_from_memory
from deemster.policy.resolved import ProviderFacts
from tests.support.policy_trees import a_library, a_service, an_operation

SHOP = a_service(an_operation())
BROKEN = SHOP.replace("kind: ApiService", "kind: ApiServise").replace("id: shop", "id: mall")


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_tree_on_disk_and_in_memory_are_one_tree(tmp_path: Path) -> None:
    from_disk = load_tree([written(tmp_path, shop=SHOP)])
    from_memory = load_texts({"shop.yaml": SHOP})
    assert from_disk.snapshot.revision == from_memory.snapshot.revision


def test_one_bad_file_keeps_the_whole_tree_from_loading(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as refused:
        load_tree([written(tmp_path, shop=SHOP, mall=BROKEN)])
    assert refused.value.message == "the policy tree has 1 error"
    assert [item.code for item in refused.value.diagnostics] == [Code.BAD_VALUE]


def test_findings_can_be_shown_with_their_lines() -> None:
    with pytest.raises(PolicyError) as refused:
        load_texts({"shop.yaml": SHOP, "mall.yaml": BROKEN})
    (finding,) = refused.value.diagnostics
    assert refused.value.sources[finding.span.file] == BROKEN


def test_a_file_that_is_not_read_keeps_the_tree_from_loading(tmp_path: Path) -> None:
    (written(tmp_path, shop=SHOP) / "guards.yml").write_text("", encoding="utf-8")
    with pytest.raises(PolicyError) as refused:
        load_tree([tmp_path])
    assert [item.code for item in refused.value.diagnostics] == [Code.FILE_NAME]


def test_errors_told_before_count_as_errors_of_the_tree() -> None:
    files = files_from_memory({"shop.yaml": SHOP})
    sink = DiagnosticSink()
    assert load_files(files, None, sink).snapshot.services.keys() == {"shop"}
    sink.error(Code.FILE_UNREADABLE, "the file cannot be read", _somewhere(files.files[0].shown))
    with pytest.raises(PolicyError):
        load_files(files, None, sink)


def test_warnings_are_handed_on_and_stop_nothing() -> None:
    shop = a_service("imports: {std: lib.yaml}\n" + an_operation())
    tree = load_texts({"shop.yaml": shop, "lib.yaml": a_library("constants: {A: 1}\n")})
    assert [item.code for item in tree.diagnostics] == [Code.UNUSED_IMPORT]


def test_the_settings_have_their_say() -> None:
    known = {"idp": ProviderFacts("internal", asserted=False)}
    assert load_texts({"shop.yaml": SHOP}, known).diagnostics.errors == ()
    with pytest.raises(PolicyError):
        load_texts({"shop.yaml": SHOP}, {})


def test_nothing_at_all_is_no_tree() -> None:
    with pytest.raises(PolicyError) as refused:
        load_texts({})
    assert [item.code for item in refused.value.diagnostics] == [Code.EMPTY_TREE]


def test_an_empty_folder_is_told_once(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as refused:
        load_tree([tmp_path])
    (finding,) = refused.value.diagnostics
    assert finding.message == f"no `.yaml` file under `{tmp_path}`"


def _somewhere(shown: str) -> SourceSpan:
    return SourceSpan(shown, 1, 1, 1, 1)
