"""Discovery: what is read, under which names, and what is never passed over in silence."""

import hashlib
import os
from pathlib import Path

import pytest

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.reading.files import PolicyFiles, files_from_memory, read_tree_files
from deemster.policy.reading.source_text import MAX_FILE_BYTES


def write(root: Path, *paths: str, content: bytes = b"a: 1\n") -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def read(*paths: Path) -> tuple[PolicyFiles, list[tuple[Code, str]]]:
    sink = DiagnosticSink()
    files = read_tree_files(paths, sink)
    return files, [(item.code, Path(item.span.file).name) for item in sink.finish()]


def paths_of(files: PolicyFiles) -> list[str]:
    return [file.path for file in files.files]


def test_files_come_in_order_of_their_path_from_the_root(tmp_path: Path) -> None:
    write(tmp_path, "lib/z.yaml", "b.yaml", "api-services/nested/c.yaml", "lib/a.yaml")
    files, found = read(tmp_path)
    assert paths_of(files) == ["api-services/nested/c.yaml", "b.yaml", "lib/a.yaml", "lib/z.yaml"]
    assert found == []


def test_the_shown_path_is_as_the_tree_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "policies/lib/a.yaml")
    monkeypatch.chdir(tmp_path)
    files, _ = read(Path("policies"))
    assert [(file.path, file.shown) for file in files.files] == [
        ("lib/a.yaml", "policies/lib/a.yaml")
    ]


def test_the_digest_is_sha_256_of_the_bytes(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", content=b"x: \xff\r\n")
    files, _ = read(tmp_path)
    assert files.files[0].content == b"x: \xff\r\n"
    assert files.files[0].digest == hashlib.sha256(b"x: \xff\r\n").hexdigest()


def test_a_tree_in_memory_equals_the_same_tree_on_disk(tmp_path: Path) -> None:
    write(tmp_path, "lib/a.yaml", "b.yaml", content="t: é\n".encode())
    on_disk, _ = read(tmp_path)
    in_memory = files_from_memory(
        {"b.yaml": "t: é\n", "lib/a.yaml": "t: é\n".encode()}, shown_under=tmp_path.as_posix()
    )
    assert in_memory == on_disk


def test_sources_map_the_shown_path_to_text_whatever_the_bytes() -> None:
    files = files_from_memory({"a.yaml": b"x: \xff", "b.yaml": "y"}, shown_under="policies")
    assert files.sources() == {"policies/a.yaml": "x: \ufffd", "policies/b.yaml": "y"}


@pytest.mark.parametrize(
    "name", ["README.md", ".hidden.yaml", ".git/config.yaml", "notes.yaml.bak", "schema.json"]
)
def test_what_is_no_policy_is_not_read(tmp_path: Path, name: str) -> None:
    write(tmp_path, "a.yaml", name)
    files, found = read(tmp_path)
    assert paths_of(files) == ["a.yaml"]
    assert found == []


@pytest.mark.parametrize("name", ["b.yml", "b.YAML", "b.Yml", "sub/b.yml"])
def test_a_name_that_is_almost_right_is_an_error(tmp_path: Path, name: str) -> None:
    write(tmp_path, "a.yaml", name)
    assert read(tmp_path)[1] == [(Code.FILE_NAME, Path(name).name)]


def test_a_file_that_was_named_is_never_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "README.md")
    assert read(tmp_path / "README.md")[1] == [(Code.FILE_NAME, "README.md")]


def test_a_name_that_a_terminal_would_obey_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "a\x1b[31m.yaml")
    files, found = read(tmp_path)
    assert files.files == ()
    assert [code for code, _ in found] == [Code.FILE_NAME]


def test_a_link_that_leaves_the_tree_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "tree/a.yaml", "outside/secret.yaml", "outside/more/x.yaml")
    (tmp_path / "tree/b.yaml").symlink_to("../outside/secret.yaml")
    (tmp_path / "tree/folder").symlink_to("../outside/more")
    files, found = read(tmp_path / "tree")
    assert paths_of(files) == ["a.yaml"]
    assert found == [(Code.SYMLINK_OUTSIDE, "b.yaml"), (Code.SYMLINK_OUTSIDE, "folder")]


def test_a_linked_folder_inside_the_tree_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, "lib/a.yaml")
    (tmp_path / "again").symlink_to("lib")
    (tmp_path / "lib/loop").symlink_to("..")
    files, found = read(tmp_path)
    assert paths_of(files) == ["lib/a.yaml"]
    assert found == []


def test_a_mounted_config_map_is_read_under_its_visible_names(tmp_path: Path) -> None:
    write(tmp_path, "..2026_11_22/lib/a.yaml", "..2026_11_22/b.yaml")
    (tmp_path / "..data").symlink_to("..2026_11_22")
    (tmp_path / "lib").symlink_to("..data/lib")
    (tmp_path / "b.yaml").symlink_to("..data/b.yaml")
    files, found = read(tmp_path)
    assert paths_of(files) == ["b.yaml", "lib/a.yaml"]
    assert found == []


def test_a_hidden_folder_behind_two_links_is_not_read_twice(tmp_path: Path) -> None:
    write(tmp_path, ".data/a.yaml")
    (tmp_path / "one").symlink_to(".data")
    (tmp_path / "two").symlink_to(".data")
    (tmp_path / ".data/loop").symlink_to(".")
    files, found = read(tmp_path)
    assert paths_of(files) == ["one/a.yaml"]
    assert found == [(Code.FILE_UNREADABLE, "loop"), (Code.FILE_UNREADABLE, "two")]


def test_a_dangling_link_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml")
    (tmp_path / "b.yaml").symlink_to("nowhere.yaml")
    assert read(tmp_path)[1] == [(Code.FILE_UNREADABLE, "b.yaml")]


def test_a_pipe_does_not_keep_the_reader_waiting(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml")
    os.mkfifo(tmp_path / "b.yaml")
    assert read(tmp_path)[1] == [(Code.FILE_UNREADABLE, "b.yaml")]


@pytest.mark.parametrize(
    ("size", "codes"), [(MAX_FILE_BYTES, []), (MAX_FILE_BYTES + 1, [Code.FILE_TOO_LARGE])]
)
def test_a_file_may_have_one_mebibyte(tmp_path: Path, size: int, codes: list[Code]) -> None:
    write(tmp_path, "a.yaml", content=b"#" * size)
    assert [code for code, _ in read(tmp_path)[1]] == codes


def test_an_empty_tree_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "README.md")
    assert [code for code, _ in read(tmp_path)[1]] == [Code.EMPTY_TREE]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert [code for code, _ in read(tmp_path / "policies")[1]] == [Code.FILE_UNREADABLE]


def test_no_path_at_all_is_an_empty_tree() -> None:
    assert [code for code, _ in read()[1]] == [Code.EMPTY_TREE]


def test_several_paths_have_the_folder_that_holds_them_as_root(tmp_path: Path) -> None:
    write(tmp_path, "p/lib/a.yaml", "p/api/b.yaml", "p/api/c.yaml", "p/other/d.yaml")
    files, found = read(tmp_path / "p/lib", tmp_path / "p/api/b.yaml", tmp_path / "p/lib")
    assert paths_of(files) == ["api/b.yaml", "lib/a.yaml"]
    assert found == []
