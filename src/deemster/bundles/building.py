"""Making bundles: of a tree's files, signed, or anew of an older bundle."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.bundles.archive import Archive, read_archive, write_archive
from deemster.bundles.jws import SigningKey
from deemster.bundles.limits import MAX_FILE_BYTES, MAX_FILES, MAX_TREE_BYTES
from deemster.bundles.manifest import (
    BundleManifest,
    Restored,
    read_manifest,
    write_manifest,
)
from deemster.bundles.paths import clash_of, wrong_with_path
from deemster.bundles.verifying import VerifiedBundle, check_files, digest_of
from deemster.errors import BundleRefusedError
from deemster.model.bundle_cause import BundleCause

__all__ = ["build_bundle", "rolled_back", "sign_bundle"]


def build_bundle(
    files: Mapping[str, bytes],
    *,
    environment: str,
    sequence: int,
    issued_at: float,
    expires: float,
    restores: Restored | None = None,
) -> bytes:
    """An unsigned bundle; equal arguments make equal octets. Dates are cut to whole seconds.

    Raises BundleRefusedError (`malformed`, `too-large`): what could not be read is not written.
    """
    _check_tree(files)
    manifest = BundleManifest(
        environment=environment,
        sequence=sequence,
        issued_at=float(int(issued_at)),
        expires=float(int(expires)),
        files={path: digest_of(content) for path, content in files.items()},
        restores=restores,
    )
    octets = write_archive(Archive(write_manifest(manifest), None, files))
    checked = read_archive(octets)
    check_files(checked, read_manifest(checked.manifest))
    return octets


def sign_bundle(octets: bytes, key: SigningKey) -> bytes:
    """The same bundle signed by `key`, and by no other: a signature that is there is replaced.

    Raises BundleRefusedError where it is no bundle, or its files are not those of its manifest.
    """
    archive = read_archive(octets)
    check_files(archive, read_manifest(archive.manifest))
    signature = key.sign(archive.manifest).encode("ascii")
    return write_archive(Archive(archive.manifest, signature, archive.files))


def rolled_back(older: VerifiedBundle, *, sequence: int, issued_at: float, expires: float) -> bytes:
    """An unsigned bundle of the older one's files, which says what it restores.

    The sequence goes on: a service that took the rollback takes nothing below it again, so an old
    bundle alone can never bring old policies back.
    """
    return build_bundle(
        older.files,
        environment=older.manifest.environment,
        sequence=sequence,
        issued_at=issued_at,
        expires=expires,
        restores=Restored(older.manifest.sequence, older.digest),
    )


def _check_tree(files: Mapping[str, bytes]) -> None:
    if not files:
        raise BundleRefusedError(BundleCause.MALFORMED, "there is no policy file to put in")
    too_many = len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_TREE_BYTES
    large = next((path for path, content in files.items() if len(content) > MAX_FILE_BYTES), None)
    if too_many or large is not None:
        what = f"`{large}` has more than 1 MiB" if large else "the tree has too much"
        raise BundleRefusedError(
            BundleCause.TOO_LARGE,
            f"{what}; a bundle holds {MAX_FILES:,} files and {MAX_TREE_BYTES >> 20} MiB",
        )
    for path in files:
        wrong = wrong_with_path(path)
        if wrong is not None:
            raise BundleRefusedError(BundleCause.MALFORMED, f"`{path}` {wrong}: rename it")
    clash = clash_of(files)
    if clash is not None:
        raise BundleRefusedError(
            BundleCause.MALFORMED,
            f"`{clash[0]}` and `{clash[1]}` cannot lie side by side on every disk: rename one",
        )
