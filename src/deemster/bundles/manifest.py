"""What a bundle says of itself: environment, place in the sequence, dates, and every file's digest.

JSON with exactly these members: `format`, `environment`, `sequence`, `issuedAt` and `expires` (UTC,
whole seconds, RFC 3339), `revision`, `files` (path ► SHA-256 in hex), and `restores` in a rollback.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from deemster.bundles.limits import MAX_FILES
from deemster.bundles.paths import wrong_with_path
from deemster.errors import BundleRefusedError
from deemster.model.bundle_cause import BundleCause
from deemster.model.strict_json import StrictJsonError, read_strict_json
from deemster.model.tree_revision import tree_revision

__all__ = [
    "MAX_SEQUENCE",
    "BundleManifest",
    "Restored",
    "read_manifest",
    "shown_instant",
    "write_manifest",
    "wrong_with_environment",
    "wrong_with_sequence",
]

FORMAT = "deemster-bundle/1"
MAX_SEQUENCE = 2**53 - 1
"""The largest that every reader of JSON keeps exactly (RFC 8259 6)."""

_MEMBERS = ("format", "environment", "sequence", "issuedAt", "expires", "revision", "files")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Restored:
    """The older bundle whose files a rollback has: its sequence and its digest."""

    sequence: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleManifest:
    """`issued_at`, `expires`: seconds since 1970, whole. `files`: SHA-256 in hex by path.

    `restores` is set in a rollback and nowhere else.
    """

    environment: str
    sequence: int
    issued_at: float
    expires: float
    files: Mapping[str, str]
    restores: Restored | None = None

    @property
    def revision(self) -> str:
        """As the policy tree's own, in decision records and answers."""
        return tree_revision(self.files)


def write_manifest(manifest: BundleManifest) -> bytes:
    """The octets that are signed: equal manifests have equal octets."""
    restores = manifest.restores
    members: dict[str, object] = {
        "format": FORMAT,
        "environment": manifest.environment,
        "sequence": manifest.sequence,
        "issuedAt": shown_instant(manifest.issued_at),
        "expires": shown_instant(manifest.expires),
        "revision": manifest.revision,
    }
    if restores is not None:
        members["restores"] = {"sequence": restores.sequence, "digest": restores.digest}
    members["files"] = dict(sorted(manifest.files.items()))
    return json.dumps(members, indent=2, ensure_ascii=False).encode() + b"\n"


def read_manifest(octets: bytes) -> BundleManifest:
    """Raises BundleRefusedError (`malformed`)."""
    try:
        document = read_strict_json(octets, max_depth=4)
    except StrictJsonError as error:
        raise _malformed(f"is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise _malformed("is not a JSON object")
    if document.get("format") != FORMAT:
        raise _malformed(
            f"is of format `{document.get('format')}`, and this release reads `{FORMAT}`: build "
            "the bundle with this release, or run the release that the bundle is for"
        )
    _check_members(document, _MEMBERS, optional=("restores",))
    manifest = BundleManifest(
        environment=_environment(document["environment"]),
        sequence=_sequence(document["sequence"], "sequence"),
        issued_at=_instant(document["issuedAt"], "issuedAt"),
        expires=_instant(document["expires"], "expires"),
        files=_files(document["files"]),
        restores=_restored(document["restores"]) if "restores" in document else None,
    )
    if manifest.expires <= manifest.issued_at:
        raise _malformed("has an `expires` that is not after `issuedAt`")
    if manifest.restores is not None and manifest.restores.sequence >= manifest.sequence:
        raise _malformed("restores a bundle whose sequence is not below its own")
    if document["revision"] != manifest.revision:
        raise _malformed("has a `revision` that is not that of its files")
    return manifest


def shown_instant(instant: float) -> str:
    """RFC 3339, UTC, whole seconds."""
    moment = datetime.fromtimestamp(int(instant), UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def wrong_with_environment(name: str) -> str | None:
    """None if the name of an environment can be used."""
    if _ENVIRONMENT.fullmatch(name):
        return None
    return "expected 1 to 64 letters, digits, `.`, `_` and `-`, such as `production`"


def wrong_with_sequence(sequence: int) -> str | None:
    """None if the number can be used."""
    if 1 <= sequence <= MAX_SEQUENCE:
        return None
    return f"expected a whole number from 1 to {MAX_SEQUENCE}"


def _check_members(
    members: Mapping[str, object], needed: tuple[str, ...], optional: tuple[str, ...] = ()
) -> None:
    missing = [name for name in needed if name not in members]
    if missing:
        raise _malformed(f"has no `{missing[0]}`")
    unknown = sorted(members.keys() - {*needed, *optional})
    if unknown:
        raise _malformed(f"has a member `{unknown[0]}`, which `{FORMAT}` does not know")


def _environment(value: object) -> str:
    if not isinstance(value, str) or wrong_with_environment(value) is not None:
        raise _malformed("has an `environment` that is no name")
    return value


def _sequence(value: object, member: str) -> int:
    # bool is an int to Python.
    if type(value) is not int or wrong_with_sequence(value) is not None:
        raise _malformed(f"has a `{member}` that is no whole number from 1 to {MAX_SEQUENCE}")
    return value


def _instant(value: object, member: str) -> float:
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
        except ValueError:
            pass
    raise _malformed(f"has `{member}` not as `2026-01-31T12:00:00Z`")


def _files(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict) or not value:
        raise _malformed("lists no `files`")
    if len(value) > MAX_FILES:
        raise BundleRefusedError(
            BundleCause.TOO_LARGE, f"the manifest lists more than {MAX_FILES:,} files"
        )
    for path, digest in value.items():
        wrong = wrong_with_path(path)
        if wrong is not None:
            raise _malformed(f"lists `{path}`, which {wrong}")
        _check_digest(digest, path)
    return value


def _restored(value: object) -> Restored:
    if not isinstance(value, dict):
        raise _malformed("has `restores` that is no object")
    _check_members(value, ("sequence", "digest"))
    digest = _check_digest(value["digest"], "restores")
    return Restored(_sequence(value["sequence"], "restores.sequence"), digest)


def _check_digest(value: object, of: str) -> str:
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise _malformed(f"has a digest of `{of}` that is no SHA-256 in hex")
    return value


def _malformed(what: str) -> BundleRefusedError:
    return BundleRefusedError(BundleCause.MALFORMED, f"the manifest {what}")
