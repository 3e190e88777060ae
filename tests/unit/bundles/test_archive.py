"""A bundle's archive has one spelling; whatever else an archive can be is refused in words."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable

import pytest

from deemster.bundles import limits
from deemster.bundles.archive import Archive, read_archive, write_archive
from deemster.bundles.building import build_bundle
from deemster.errors import BundleRefusedError
from deemster.policy.reading import files as policy_files
from deemster.policy.reading import source_text
from tests.support.bundles import FILES, a_bundle, a_signed_bundle
from tests.support.clock import FROZEN_AT


def refused(octets: bytes) -> tuple[str, str]:
    with pytest.raises(BundleRefusedError) as caught:
        read_archive(octets)
    return caught.value.cause.value, caught.value.message


def raw(*entries: tuple[str, bytes]) -> bytes:
    """Entries as the writer has them, in any order and with any name."""
    parts = []
    for name, content in entries:
        whole = write_archive(Archive(b"", None, {name: content}))
        parts.append(whole[512:-1024])
    return write_archive(Archive(b"{}", None, {}))[:-1024] + b"".join(parts) + bytes(1024)


def with_header(octets: bytes, change: Callable[[bytearray], None], entry: int = 1) -> bytes:
    """The header of one entry changed, and its sum made right again."""
    parts = bytearray(octets)
    at = 0
    for _ in range(entry):
        size = int(bytes(parts[at + 124 : at + 135]), 8)
        at += 512 + size + -size % 512
    header = parts[at : at + 512]
    change(header)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    parts[at : at + 512] = header
    return bytes(parts)


def put(at: int, value: bytes) -> Callable[[bytearray], None]:
    def change(header: bytearray) -> None:
        header[at : at + len(value)] = value

    return change


def test_equal_trees_make_equal_octets_in_whatever_order_they_come() -> None:
    backwards = {path: FILES[path] for path in sorted(FILES, reverse=True)}
    assert a_bundle(backwards) == a_bundle(FILES)


def test_the_octets_are_the_same_in_every_release() -> None:
    octets = build_bundle(
        {"a.yaml": b"kind: Policy\n"},
        environment="production",
        sequence=1,
        issued_at=1_800_000_000.9,
        expires=1_800_604_800,
    )
    with tarfile.open(fileobj=io.BytesIO(octets)) as opened:
        listed = opened.getmembers()
    assert [(one.name, one.mode, one.uid, one.gid, one.mtime, one.uname) for one in listed] == [
        ("manifest.json", 0o644, 0, 0, 0, ""),
        ("policies/a.yaml", 0o644, 0, 0, 0, ""),
    ]
    assert read_archive(octets).manifest.decode() == (
        "{\n"
        '  "format": "deemster-bundle/1",\n'
        '  "environment": "production",\n'
        '  "sequence": 1,\n'
        '  "issuedAt": "2027-01-15T08:00:00Z",\n'
        '  "expires": "2027-01-22T08:00:00Z",\n'
        '  "revision": "9d8a776ce584daf3",\n'
        '  "files": {\n'
        '    "a.yaml": "6aeae0c2ca02c71f6bf36bb3d155a3522e246bcacda215c991fa8228d3167fce"\n'
        "  }\n"
        "}\n"
    )


def test_what_was_written_is_read_again() -> None:
    archive = Archive(b"{}", b"a..b", {"a.yaml": b"", "b/c.yaml": b"x" * 513})
    found = read_archive(write_archive(archive))
    assert (found.manifest, found.signature, found.files) == (b"{}", b"a..b", archive.files)


def test_tar_lists_and_reads_a_bundle_also_with_long_and_foreign_names() -> None:
    long = f"{'f' * 90}/{'ü' * 40}.yaml"
    octets = a_bundle({long: b"kind: Policy\n"})
    with tarfile.open(fileobj=io.BytesIO(octets)) as opened:
        assert opened.getnames() == ["manifest.json", f"policies/{long}"]
        content = opened.extractfile(f"policies/{long}")
        assert content is not None
        assert content.read() == b"kind: Policy\n"
    assert list(read_archive(octets).files) == [long]


def test_a_name_whose_last_part_is_too_long_for_an_archive_is_refused_when_it_is_built() -> None:
    with pytest.raises(BundleRefusedError, match="at most 100 bytes: rename it"):
        a_bundle({f"{'f' * 101}.yaml": b""})


@pytest.mark.catalogue("P5")
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("../evil.yaml", "leads out of the tree"),
        ("a/../../evil.yaml", "leads out of the tree"),
        ("/etc/evil.yaml", "not a path relative to the tree"),
        ("a//b.yaml", "not written plainly"),
        ("./a.yaml", "not written plainly"),
        ("a\\b.yaml", "not a path relative to the tree"),
        ("a\n.yaml", "characters that cannot be shown"),
        ("a\u202e.yaml", "characters that cannot be shown"),
        (".hidden/a.yaml", "hidden by a dot"),
        (".a.yaml", "hidden by a dot"),
        ("a.yml", "does not end in `.yaml`"),
        ("a.yaml/", "not written plainly"),
        ("a.sh", "does not end in `.yaml`"),
        ("folder/" * 32 + "a" * 12 + ".yaml", "is longer than 240 bytes"),
    ],
)
def test_a_name_that_no_tree_has_is_refused_in_an_archive_and_when_one_is_built(
    name: str, told: str
) -> None:
    cause, message = refused(raw((name, b"")))
    assert (cause, told in message) == ("malformed", True), message
    with pytest.raises(BundleRefusedError, match="rename it"):
        a_bundle({name: b""})


@pytest.mark.catalogue("P5")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Notes.yaml", "notes.yaml"),
        ("STRASSE.yaml", "stra\u00dfe.yaml"),
        ("caf\u00e9.yaml", "cafe\u0301.yaml"),
        ("A/x.yaml", "a/X.yaml"),
        ("a.yaml", "a.yaml/b.yaml"),
    ],
)
def test_names_that_some_disks_take_for_one_are_refused(one: str, other: str) -> None:
    entries = sorted([one, other])
    cause, message = refused(raw(*((name, b"") for name in entries)))
    assert (cause, "side by side" in message) == ("malformed", True), message
    with pytest.raises(BundleRefusedError, match="side by side"):
        a_bundle({one: b"", other: b""})


def test_a_name_that_is_there_twice_is_refused() -> None:
    cause, message = refused(raw(("a.yaml", b"one"), ("a.yaml", b"two")))
    assert (cause, "`policies/a.yaml` is there twice" in message) == ("malformed", True)


def test_two_signatures_or_manifests_are_refused() -> None:
    signed = a_signed_bundle()
    manifest_end = 512 + -(-len(read_archive(signed).manifest) // 512) * 512
    signature = signed[manifest_end : manifest_end + 1024]
    twice = signed[:manifest_end] + signature + signed[manifest_end:]
    assert refused(twice) == (
        "malformed", "`signature.jws` is there twice; each name is there once, in order",
    )  # fmt: skip
    assert "`manifest.json` is there twice" in refused(signed[:manifest_end] + signed)[1]


def test_names_out_of_order_are_refused() -> None:
    assert "comes after `policies/b.yaml`" in refused(raw(("b.yaml", b""), ("a.yaml", b"")))[1]


@pytest.mark.catalogue("P5")
@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (b"1", "a hard link"),
        (b"2", "a symbolic link"),
        (b"3", "a character device"),
        (b"4", "a block device"),
        (b"5", "a folder"),
        (b"6", "a FIFO"),
        (b"x", "an extended header"),
        (b"g", "a global extended header"),
        (b"L", "a GNU long name"),
        (b"S", "a sparse file"),
        (b"\0", "an entry of type"),
        (b"7", "an entry of type"),
    ],
)
def test_nothing_but_regular_files_is_taken(kind: bytes, told: str) -> None:
    octets = with_header(a_bundle(), put(156, kind))
    cause, message = refused(octets)
    assert (cause, told in message) == ("malformed", True), message


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (put(100, b"0000755"), "not as `deemster bundle build` writes it"),
        (put(108, b"0000001"), "not as `deemster bundle build` writes it"),
        (put(136, b"00000000001"), "not as `deemster bundle build` writes it"),
        (put(157, b"/etc/passwd"), "not as `deemster bundle build` writes it"),
        (put(265, b"root"), "not as `deemster bundle build` writes it"),
        (put(500, b"x"), "not as `deemster bundle build` writes it"),
        (put(345, b"elsewhere"), "has no place in a bundle"),
        (put(124, b"-0000000001"), "not written in octal digits"),
        (put(124, b"\x80\0\0\0\0\0\0\0\0\0\0\1"), "not written in octal digits"),
        (put(0, b"\xff"), "is not UTF-8"),
        (put(0, b"Policies"), "has no place in a bundle"),
        (put(257, b"ustar  "), "this is no bundle"),
    ],
)
def test_a_header_has_one_spelling(change: Callable[[bytearray], None], told: str) -> None:
    cause, message = refused(with_header(a_bundle(), change))
    assert (cause, told in message) == ("malformed", True), message


@pytest.mark.parametrize(
    "octets",
    [b"", b"x", bytes(512), bytes(1024), b"<html>404</html>" * 100, b"PK\x03\x04" * 200,
     b"\x1f\x8b\x08" + bytes(600)],
    ids=["empty", "short", "block", "end", "page", "zip", "gzip"],
)  # fmt: skip
def test_what_is_no_bundle_is_refused(octets: bytes) -> None:
    assert refused(octets)[0] == "malformed"


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("compressed", ["w", "w:gz", "w:bz2", "w:xz"])
def test_an_archive_that_another_program_makes_of_the_same_is_refused(
    form: int, compressed: str
) -> None:
    made = io.BytesIO()
    # typeshed has an overload for each mode and none for a choice of them.
    with tarfile.open(fileobj=made, mode=compressed, format=form) as archive:  # type: ignore[call-overload]
        for name, content in (("manifest.json", b"{}"), ("policies/a.yaml", b"kind: Policy")):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), 1_800_000_000
            archive.addfile(entry, io.BytesIO(content))
    assert refused(made.getvalue())[0] == "malformed"


def test_every_beginning_of_a_bundle_is_refused() -> None:
    octets = a_signed_bundle()
    for length in range(0, len(octets), 97):
        assert refused(octets[:length])[0] == "malformed"
    assert "fetch or copy it again" in refused(octets[:-1])[1]
    assert "ends within `policies/tests/notes.yaml`" in refused(octets[:-1025])[1]


def test_what_comes_after_the_end_is_refused() -> None:
    octets = a_signed_bundle()
    for tail in (b"\0", bytes(512), b"x", octets):
        assert refused(octets + tail) == (
            "malformed", "there is something behind the end of the archive",
        )  # fmt: skip


def test_what_is_hidden_in_padding_is_refused() -> None:
    octets = bytearray(a_bundle())
    octets[-1025] = 1
    assert "behind the end of `policies/tests/notes.yaml`" in refused(bytes(octets))[1]


def test_a_file_that_says_it_is_larger_than_it_may_be_is_refused_before_it_is_read() -> None:
    cause, message = refused(with_header(a_bundle(), put(124, b"77777777777")))
    assert (cause, "it may have 1,048,576" in message) == ("too-large", True)
    assert (
        "it may have 8,388,608" in refused(with_header(a_bundle(), put(124, b"77777777777"), 0))[1]
    )


@pytest.mark.catalogue("P5")
def test_the_bounds_of_files_and_of_all_of_them_are_kept() -> None:
    many = {f"{number:05}.yaml": b"" for number in range(limits.MAX_FILES + 1)}
    assert refused(write_archive(Archive(b"{}", None, many))) == (
        "too-large", "more than 20,000 files; a policy tree has no more",
    )  # fmt: skip
    large = {f"{number:03}.yaml": bytes(limits.MAX_FILE_BYTES) for number in range(129)}
    assert refused(write_archive(Archive(b"{}", None, large))) == (
        "too-large", "files of more than 128 MiB together",
    )  # fmt: skip
    assert refused(bytes(limits.MAX_BUNDLE_BYTES + 1))[0] == "too-large"


def test_a_bundle_holds_just_what_a_tree_may_have() -> None:
    assert limits.MAX_FILES == policy_files.MAX_FILES
    assert limits.MAX_TREE_BYTES == policy_files.MAX_TREE_BYTES
    assert limits.MAX_FILE_BYTES == source_text.MAX_FILE_BYTES
    full = {"a.yaml": bytes(limits.MAX_FILE_BYTES)}
    assert read_archive(a_bundle(full)).files == full
    with pytest.raises(BundleRefusedError, match="more than 1 MiB"):
        a_bundle({"a.yaml": bytes(limits.MAX_FILE_BYTES + 1)})
    with pytest.raises(BundleRefusedError, match="no policy file"):
        a_bundle({})


def test_dates_of_a_bundle_are_whole_seconds() -> None:
    assert a_bundle(issued_at=FROZEN_AT + 0.9) == a_bundle(issued_at=FROZEN_AT)
