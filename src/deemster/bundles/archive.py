"""The octets of a bundle: a ustar archive (POSIX.1-1988) with exactly one spelling.

`manifest.json`, then `signature.jws` where it is signed, then `policies/<path>` in order. Owners,
modes and times are constants, so that one content has one archive. The reader takes only what the
writer writes, octet for octet: no links, devices, extensions, trailing data or compression. `tar`
lists and unpacks it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deemster.bundles.limits import (
    MAX_BUNDLE_BYTES,
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_MANIFEST_BYTES,
    MAX_SIGNATURE_BYTES,
    MAX_TREE_BYTES,
)
from deemster.bundles.paths import clash_of, wrong_with_path
from deemster.errors import BundleRefusedError
from deemster.model.bundle_cause import BundleCause

__all__ = ["Archive", "read_archive", "write_archive"]

_BLOCK = 512
_END = bytes(2 * _BLOCK)
_MANIFEST = "manifest.json"
_SIGNATURE = "signature.jws"
_FOLDER = "policies/"
_MOST = {_MANIFEST: MAX_MANIFEST_BYTES, _SIGNATURE: MAX_SIGNATURE_BYTES}
_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"5": "a folder",
    b"6": "a FIFO",
    b"x": "an extended header",
    b"g": "a global extended header",
    b"L": "a GNU long name",
    b"S": "a sparse file",
}


@dataclass(frozen=True, slots=True, eq=False)
class Archive:
    """What a bundle holds, not believed yet. `files`: content by path from the tree's root."""

    manifest: bytes
    signature: bytes | None
    files: Mapping[str, bytes]


def write_archive(archive: Archive) -> bytes:
    """The one spelling. The caller has checked paths and sizes."""
    entries = [(_MANIFEST, archive.manifest)]
    if archive.signature is not None:
        entries.append((_SIGNATURE, archive.signature))
    entries += [(_FOLDER + path, archive.files[path]) for path in sorted(archive.files)]
    parts: list[bytes] = []
    for name, content in entries:
        parts += (_header(name, len(content)), content, bytes(-len(content) % _BLOCK))
    return b"".join([*parts, _END])


def read_archive(octets: bytes) -> Archive:
    """Raises BundleRefusedError (`malformed`, `too-large`)."""
    if len(octets) > MAX_BUNDLE_BYTES:
        raise _too_large(f"the file has {len(octets):,} bytes; a bundle has {MAX_BUNDLE_BYTES:,}")
    special: dict[str, bytes] = {}
    files: dict[str, bytes] = {}
    total = 0
    for name, content in _entries(octets):
        if name in _MOST:
            special[name] = content
            continue
        files[name.removeprefix(_FOLDER)] = content
        total += len(content)
        if len(files) > MAX_FILES:
            raise _too_large(f"more than {MAX_FILES:,} files; a policy tree has no more")
        if total > MAX_TREE_BYTES:
            raise _too_large(f"files of more than {MAX_TREE_BYTES >> 20} MiB together")
    if _MANIFEST not in special:
        raise _malformed(f"there is no `{_MANIFEST}`; a bundle begins with it")
    clash = clash_of(files)
    if clash is not None:
        raise _malformed(
            f"`{clash[0]}` and `{clash[1]}` cannot lie side by side on every disk: rename one"
        )
    return Archive(special[_MANIFEST], special.get(_SIGNATURE), files)


def _entries(octets: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and content of each, in the order that the writer keeps."""
    at, before = 0, (-1, "")
    while octets[at : at + _BLOCK].strip(b"\0"):
        name, size = _described(octets[at : at + _BLOCK])
        place = _order(name)
        if place <= before:
            twice = "is there twice" if place == before else f"comes after `{before[1]}`"
            raise _malformed(f"`{name}` {twice}; each name is there once, in order")
        before = place
        start, end = at + _BLOCK, at + _BLOCK + size
        at = end + -size % _BLOCK
        if at > len(octets):
            raise _malformed(f"the file ends within `{name}`: fetch or copy it again")
        if octets[end:at].strip(b"\0"):
            raise _malformed(f"there is something behind the end of `{name}`")
        yield name, octets[start:end]
    if octets[at:] != _END:
        if len(octets) - at < len(_END):
            raise _malformed("the file ends before the archive does: fetch or copy it again")
        raise _malformed("there is something behind the end of the archive")


def _order(name: str) -> tuple[int, str]:
    return (0 if name == _MANIFEST else 1 if name == _SIGNATURE else 2, name)


def _described(block: bytes) -> tuple[str, int]:
    """Name and size of one header that is exactly as the writer has it."""
    if len(block) < _BLOCK or block[257:263] != b"ustar\0":
        raise _malformed("this is no bundle: expected a file made by `deemster bundle build`")
    name = _name(block)
    kind = block[156:157]
    if kind != b"0":
        shown = _KINDS.get(kind, f"an entry of type {kind!r}")
        raise _malformed(f"`{name}` is {shown}; a bundle holds regular files only")
    if name not in _MOST:
        if not name.startswith(_FOLDER):
            raise _malformed(f"`{name}` has no place in a bundle: policies are under `{_FOLDER}`")
        wrong = wrong_with_path(name.removeprefix(_FOLDER))
        if wrong is not None:
            raise _malformed(f"`{name}` {wrong}; `deemster bundle build` makes no such entry")
    size = _size(block, name)
    if block != _header(name, size):
        raise _malformed(f"the header of `{name}` is not as `deemster bundle build` writes it")
    return name, size


def _name(block: bytes) -> str:
    prefix, name = block[345:500].rstrip(b"\0"), block[:100].rstrip(b"\0")
    raw = prefix + b"/" + name if prefix else name
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _malformed(f"the name {raw!r} is not UTF-8") from None


def _size(block: bytes, name: str) -> int:
    written = block[124:135]
    if not all(digit in b"01234567" for digit in written):
        raise _malformed(f"the size of `{name}` is not written in octal digits")
    size = int(written, 8)
    most = _MOST.get(name, MAX_FILE_BYTES)
    if size > most:
        raise _too_large(f"`{name}` has {size:,} bytes; it may have {most:,}")
    return size


def _header(name: str, size: int) -> bytes:
    prefix, short = _divided(name.encode("utf-8"))
    fields = (
        short.ljust(100, b"\0"),
        b"0000644\0",
        b"0000000\0" * 2,
        b"%011o\0" % size,
        b"00000000000\0",
        b" " * 8,
        b"0",
        bytes(100),
        b"ustar\00000",
        bytes(32 * 2),
        b"0000000\0" * 2,
        prefix.ljust(155, b"\0"),
        bytes(12),
    )
    block = b"".join(fields)
    # The sum is taken with its own field as blanks.
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _divided(name: bytes) -> tuple[bytes, bytes]:
    """Prefix and name: as little as possible goes into the prefix."""
    if len(name) <= 100:
        return b"", name
    slash = name.find(b"/", len(name) - 101)
    if slash < 0 or slash > 155 or slash == len(name) - 1:
        raise _malformed(
            f"`{name.decode()}`: the last part of a path has at most 100 bytes: rename it"
        )
    return name[:slash], name[slash + 1 :]


def _malformed(message: str) -> BundleRefusedError:
    return BundleRefusedError(BundleCause.MALFORMED, message)


def _too_large(message: str) -> BundleRefusedError:
    return BundleRefusedError(BundleCause.TOO_LARGE, message)
