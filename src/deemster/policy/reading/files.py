"""Discover and read the files of a policy tree, with their digests; or take a tree from memory.

The one place in `policy/` that touches the file system. What is found is never passed over in
silence where it might be a policy: `.yml`, links that leave the tree, files that cannot be read.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.reading.source_text import MAX_FILE_BYTES

__all__ = ["PolicyFile", "PolicyFiles", "files_from_memory", "read_tree_files"]

MAX_FILES = 20_000
MAX_TREE_BYTES = 128 << 20
MAX_FOLDERS_DEEP = 64

_SUFFIX = ".yaml"
_ALMOST = {".yml", ".yaml"}
"""Suffixes, case folded, of files that somebody meant to be policies."""


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """One file: `path` from the tree's root with `/`, `shown` as people see it in messages.

    `digest` is the SHA-256 of `content` in hex.
    """

    path: str
    shown: str
    content: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class PolicyFiles:
    """The files of one tree in order of `path`."""

    files: tuple[PolicyFile, ...]

    def sources(self) -> dict[str, str]:
        """Text by shown path, for the rendering of diagnostics; bad bytes as U+FFFD."""
        return {file.shown: file.content.decode("utf-8", errors="replace") for file in self.files}


def files_from_memory(texts: Mapping[str, str | bytes], *, shown_under: str = "") -> PolicyFiles:
    """A tree that is not on disk: path from the root ► text. `shown_under` is put before paths."""
    return PolicyFiles(
        tuple(
            _policy_file(path, f"{shown_under}/{path}" if shown_under else path, texts[path])
            for path in sorted(texts)
        )
    )


def read_tree_files(paths: Path | Sequence[Path], sink: DiagnosticSink) -> PolicyFiles:
    """Every `.yaml` file under a folder, in order of its path; dot files and dot folders are not
    read, nor is what has another extension.

    Of several paths (folders or single files), the tree's root is the folder that holds them all.
    """
    given = (paths,) if isinstance(paths, Path) else tuple(paths)
    discovery = _Discovery(_root_of(given), sink)
    for path in given:
        discovery.take(path)
    if not discovery.found and not discovery.has_reported:
        shown = ", ".join(f"`{path}`" for path in given)
        sink.error(
            Code.EMPTY_TREE,
            f"no `.yaml` file under {shown}",
            _file_span(str(given[0]) if given else "."),
            help="a tree without policies is not served",
        )
    return PolicyFiles(tuple(discovery.found[path] for path in sorted(discovery.found)))


def _root_of(given: tuple[Path, ...]) -> Path:
    # Lexical on purpose: the root is where the author says it is, also behind a link.
    folders = [
        Path(os.path.abspath(path if path.is_dir() else path.parent))  # noqa: PTH100
        for path in given
    ]
    return Path(os.path.commonpath(folders)) if folders else Path.cwd()


def _policy_file(path: str, shown: str, content: str | bytes) -> PolicyFile:
    raw = content.encode("utf-8") if isinstance(content, str) else content
    return PolicyFile(path, shown, raw, hashlib.sha256(raw).hexdigest())


def _file_span(shown: str) -> SourceSpan:
    return SourceSpan(shown, 1, 1, 1, 1)


class _Discovery:
    """One walk: which files belong to the tree, and what is wrong with the others."""

    def __init__(self, root: Path, sink: DiagnosticSink) -> None:
        self.found: dict[str, PolicyFile] = {}
        self.has_reported = False
        self._root = root
        self._real_root = Path(os.path.realpath(root))
        self._followed: set[str] = set()
        self._bytes = 0
        self._is_full = False
        self._sink = sink

    def take(self, path: Path) -> None:
        """A folder or a file as given on the command line."""
        if path.is_dir():
            for file in self._walk(path):
                self._read(file)
                if self._is_full:
                    return
        elif os.path.lexists(path):
            self._read(path, was_named=True)
        else:
            self._report(Code.FILE_UNREADABLE, path, f"`{path}` does not exist")

    def _walk(self, top: Path) -> Iterator[Path]:
        """Every entry below a folder that is no folder, in order. Without recursion."""
        ahead: list[tuple[Path, int]] = [(top, 0)]
        while ahead:
            path, depth = ahead.pop()
            if path is not top and not self._is_folder(path):
                yield path
            elif path is top or not path.is_symlink() or self._may_follow(path):
                ahead.extend((inner, depth + 1) for inner in reversed(self._inside(path, depth)))

    def _is_folder(self, path: Path) -> bool:
        try:
            return path.is_dir()
        except OSError:
            return False  # why it cannot be looked at is told where it is read

    def _inside(self, folder: Path, depth: int) -> list[Path]:
        if depth > MAX_FOLDERS_DEEP:
            self._report(
                Code.FILE_UNREADABLE, folder, f"folders lie more than {MAX_FOLDERS_DEEP} deep here"
            )
            return []
        try:
            entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
        except OSError as error:
            self._report(
                Code.FILE_UNREADABLE, folder, f"the folder cannot be read: {_plainly(error)}"
            )
            return []
        return [entry for entry in entries if not entry.name.startswith(".")]

    def _may_follow(self, link: Path) -> bool:
        """Whether what a linked folder holds is read under the link's name.

        A folder inside the tree is read at its own place, unless that place is hidden by a dot, as
        it is where Kubernetes mounts a ConfigMap.
        """
        if not self._is_inside(link):
            return False
        target = os.path.realpath(link)
        inside = Path(target).relative_to(self._real_root)
        if not any(part.startswith(".") for part in inside.parts):
            return False
        if target in self._followed:
            self._report(Code.FILE_UNREADABLE, link, "the folder behind this link is read already")
            return False
        self._followed.add(target)
        return True

    def _is_inside(self, path: Path) -> bool:
        target = Path(os.path.realpath(path))
        if target.is_relative_to(self._real_root):
            return True
        self._report(
            Code.SYMLINK_OUTSIDE,
            path,
            "this link leads out of the policy tree",
            help="put the file into the tree itself",
        )
        return False

    def _read(self, file: Path, *, was_named: bool = False) -> None:
        if not self._has_right_name(file, was_named=was_named) or not self._is_inside(file):
            return
        path = Path(os.path.abspath(file)).relative_to(self._root).as_posix()  # noqa: PTH100
        if path in self.found or not self._has_room(file):
            return
        try:
            content = self._content(file)
        except OSError as error:
            self._report(Code.FILE_UNREADABLE, file, f"the file cannot be read: {_plainly(error)}")
            return
        if content is not None:
            self._bytes += len(content)
            self.found[path] = _policy_file(path, file.as_posix(), content)

    def _has_room(self, file: Path) -> bool:
        if len(self.found) < MAX_FILES and self._bytes < MAX_TREE_BYTES:
            return True
        self._is_full = True
        bound = (
            f"{MAX_FILES:,} files"
            if len(self.found) >= MAX_FILES
            else f"{MAX_TREE_BYTES >> 20} MiB"
        )
        self._report(
            Code.TREE_TOO_LARGE,
            file,
            f"the tree has more than {bound}",
            help="look for what is no policy; this file and those after it were not read",
        )
        return False

    def _has_right_name(self, file: Path, *, was_named: bool) -> bool:
        suffix = file.suffix
        if suffix.lower() not in _ALMOST and not was_named:
            return False
        if suffix != _SUFFIX:
            self._report(
                Code.FILE_NAME,
                file,
                f"`{file.name}` is not read, because its name does not end in `.yaml`",
                help=f"rename it to `{file.stem}.yaml`, or move it out of the tree",
            )
            return False
        if not file.name.isprintable():
            self._report(
                Code.FILE_NAME, file, "the file's name has characters that cannot be shown"
            )
            return False
        return True

    def _content(self, file: Path) -> bytes | None:
        # A FIFO or a device would keep the reader waiting, also one that takes a file's place
        # after a look at it.
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as opened:  # noqa: PTH123
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                self._report(Code.FILE_UNREADABLE, file, "this is not a regular file")
                return None
            content = opened.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            self._report(
                Code.FILE_TOO_LARGE,
                file,
                "the file has more than 1 MiB",
                help="split it into several documents",
            )
            return None
        return content

    def _report(
        self,
        code: Code,
        path: Path,
        message: str,
        *,
        help: str | None = None,
    ) -> None:
        self.has_reported = True
        self._sink.error(code, message, _file_span(path.as_posix()), help=help)


def _plainly(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
