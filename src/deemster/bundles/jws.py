"""Signatures of bundles: detached JWS (RFC 7515 appendix F) by jwcrypto.

Beside `tokens/jose.py` the only module that imports a JOSE library. INVARIANT: what a signature
says of its algorithm chooses nothing. Each key has one algorithm and one protected header, which
is compared as text before anything of a stranger's is parsed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from jwcrypto.common import base64url_decode, base64url_encode
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from deemster.errors import BundleRefusedError
from deemster.model.bundle_cause import BundleCause
from deemster.model.strict_json import StrictJsonError, read_strict_json

__all__ = [
    "ALGORITHMS",
    "SIGNATURE_TYPE",
    "PinnedKey",
    "SigningKey",
    "UnusableKeyError",
    "check_signature",
    "members_of_pem",
]

SIGNATURE_TYPE = "deemster-bundle+jws"
"""`typ` (RFC 7515 4.1.9, RFC 8725 3.11): no signature of anything else passes for a bundle's."""

ALGORITHMS: Final = ("EdDSA", "ES256", "RS256", "PS256")
_GENERATED: Final[Mapping[str, Mapping[str, object]]] = {
    "EdDSA": {"kty": "OKP", "crv": "Ed25519"},
    "ES256": {"kty": "EC", "crv": "P-256"},
    "RS256": {"kty": "RSA", "size": 3072},
    "PS256": {"kty": "RSA", "size": 3072},
}
_PUBLIC_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_RSA_BITS = range(2048, 8192 + 1)


class UnusableKeyError(ValueError):
    """Why a key cannot be used, as the end of a sentence; no key material is quoted."""


class PinnedKey:
    """A public key that bundles may be signed with."""

    __slots__ = ("_header", "_key", "algorithm", "key_id")

    def __init__(self, jwk: Mapping[str, object]) -> None:
        """Raises UnusableKeyError, also where `jwk` has private or symmetric members."""
        if not _PRIVATE_MEMBERS.isdisjoint(jwk):
            raise UnusableKeyError("holds a private key where a public one is expected")
        self.algorithm = _algorithm_of(jwk)
        self._key = _imported(jwk)
        _check_strength(self._key, jwk)
        # RFC 7638: named after itself, however its file is written and whatever `kid` it has.
        self.key_id: str = self._key.thumbprint()
        self._header = _header_of(self.algorithm, self.key_id)

    @property
    def public_jwk(self) -> dict[str, object]:
        """For a file, with `alg` and `kid`."""
        members: dict[str, object] = self._key.export_public(as_dict=True)
        return {**members, "alg": self.algorithm, "kid": self.key_id, "use": "sig"}

    def claims(self, signature: str) -> bool:
        """Whether a signature says that it was made with this key."""
        return signature.startswith(f"{base64url_encode(self._header)}..")

    def verifies(self, signature: str, payload: bytes) -> bool:
        """Whether the key made this signature over `payload`."""
        try:
            raw = base64url_decode(signature.rpartition(".")[2])
            # One signature has one spelling; the library takes several.
            if signature != f"{base64url_encode(self._header)}..{base64url_encode(raw)}":
                return False
            jws = JWS()
            jws.allowed_algs = [self.algorithm]
            jws.deserialize(signature)
            jws.verify(self._key, alg=self.algorithm, detached_payload=payload)
        except Exception:  # noqa: BLE001 - RFC 7515 5.2: on any failure it is invalid
            return False
        return bool(jws.is_valid)

    def __repr__(self) -> str:
        return f"PinnedKey({self.algorithm}, {self.key_id})"


class SigningKey:
    """A private key that signs bundles; `repr` hides it."""

    __slots__ = ("_key", "pinned")

    def __init__(self, jwk: Mapping[str, object]) -> None:
        """Raises UnusableKeyError, also where `jwk` has no private part."""
        self._key = _imported(jwk)
        if jwk.get("kty") == "oct" or not self._key.has_private:
            raise UnusableKeyError("holds no private key")
        public: dict[str, object] = self._key.export_public(as_dict=True)
        self.pinned = PinnedKey({**public, **_stated(jwk)})

    @classmethod
    def generate(cls, algorithm: str) -> SigningKey:
        """A new key for one of ALGORITHMS."""
        members: dict[str, object] = JWK.generate(**_GENERATED[algorithm]).export(as_dict=True)
        return cls({**members, "alg": algorithm})

    @property
    def private_jwk(self) -> dict[str, object]:
        """For a private file; never to be logged."""
        members: dict[str, object] = self._key.export_private(as_dict=True)
        return {**members, "alg": self.pinned.algorithm, "kid": self.pinned.key_id, "use": "sig"}

    def sign(self, payload: bytes) -> str:
        """A compact JWS with the payload left out."""
        jws = JWS(payload)
        jws.allowed_algs = [self.pinned.algorithm]
        header = _header_of(self.pinned.algorithm, self.pinned.key_id)
        jws.add_signature(self._key, alg=self.pinned.algorithm, protected=header)
        jws.detach_payload()
        compact: str = jws.serialize(compact=True)
        return compact

    def __repr__(self) -> str:
        return f"SigningKey({self.pinned.algorithm}, {self.pinned.key_id})"


def members_of_pem(pem: bytes) -> dict[str, object]:
    """The JWK of a PEM file (PKCS #8, SPKI, PKCS #1, SEC 1). Raises UnusableKeyError."""
    if b"ENCRYPTED" in pem:
        raise UnusableKeyError("holds an encrypted key; decrypt it first")
    try:
        members: dict[str, object] = JWK.from_pem(pem).export(as_dict=True)
    except Exception:  # noqa: BLE001 - hostile key material: whatever fails, this key is unusable
        raise UnusableKeyError("holds no key in PEM that can be read") from None
    # The library gives it a thumbprint for a name: so do we, ourselves.
    members.pop("kid", None)
    return members


def check_signature(signature: bytes | None, payload: bytes, pinned: Sequence[PinnedKey]) -> str:
    """The id of the pinned key that signed `payload`.

    Raises BundleRefusedError (`unsigned`, `wrong-key`, `tampered`, `malformed`).
    """
    if signature is None:
        raise BundleRefusedError(
            BundleCause.UNSIGNED,
            "the bundle is not signed: run `deemster bundle sign` with the key of this environment",
        )
    text = signature.decode("ascii", errors="replace")
    claimed = next((key for key in pinned if key.claims(text)), None)
    if claimed is None:
        raise _not_claimed(text, pinned)
    if not claimed.verifies(text, payload):
        raise BundleRefusedError(
            BundleCause.TAMPERED,
            f"the signature by key `{claimed.key_id}` does not fit the manifest: one of them was "
            "changed after signing. Fetch the bundle again, or sign it anew",
        )
    return claimed.key_id


def _not_claimed(text: str, pinned: Sequence[PinnedKey]) -> BundleRefusedError:
    """Why no pinned key has such a header. What it quotes decides nothing."""
    members = _claimed_header(text)
    if members is None:
        return _refused(BundleCause.MALFORMED, "the signature is no detached JWS (RFC 7515 F)")
    algorithm, typ, key_id = (_quoted(members.get(name)) for name in ("alg", "typ", "kid"))
    if algorithm == "`none`":
        return _refused(
            BundleCause.UNSIGNED, "the signature has the algorithm `none`, so it is no signature"
        )
    if members.get("typ") != SIGNATURE_TYPE:
        return _refused(
            BundleCause.MALFORMED,
            f"the signature has the type {typ}, expected `{SIGNATURE_TYPE}`: it was made for "
            "something else than a bundle",
        )
    for key in pinned:
        if key.key_id == members.get("kid") and key.algorithm != members.get("alg"):
            return _refused(
                BundleCause.WRONG_KEY,
                f"the signature says {algorithm}, and pinned key `{key.key_id}` signs by "
                f"`{key.algorithm}` only",
            )
        if key.key_id == members.get("kid"):
            return _refused(
                BundleCause.MALFORMED,
                "the header of the signature is not as `deemster bundle sign` writes it",
            )
    known = ", ".join(f"`{key.key_id}`" for key in pinned)
    return _refused(
        BundleCause.WRONG_KEY,
        f"the bundle is signed by key {key_id}, and pinned is {known}: sign it with a pinned key, "
        "or pin the new one beside the old",
    )


def _claimed_header(text: str) -> Mapping[str, object] | None:
    header, *rest = text.split(".")
    if len(rest) != 2 or rest[0]:
        return None
    try:
        members = read_strict_json(base64url_decode(header), max_depth=4)
    except (ValueError, StrictJsonError):
        return None
    return members if isinstance(members, dict) else None


def _quoted(value: object) -> str:
    if not isinstance(value, str):
        return "none at all" if value is None else "that is no text"
    return f"`{value[:80]}`"


def _refused(cause: BundleCause, message: str) -> BundleRefusedError:
    return BundleRefusedError(cause, message)


def _header_of(algorithm: str, key_id: str) -> str:
    members = {"alg": algorithm, "kid": key_id, "typ": SIGNATURE_TYPE}
    return json.dumps(members, separators=(",", ":"))


def _algorithm_of(jwk: Mapping[str, object]) -> str:
    kind, stated = jwk.get("kty"), jwk.get("alg")
    if jwk.get("use", "sig") != "sig":
        raise UnusableKeyError("holds a key whose `use` is not `sig`")
    if kind == "RSA":
        fitting: tuple[str, ...] = ("RS256", "PS256")
    elif (kind, jwk.get("crv")) == ("EC", "P-256"):
        fitting = ("ES256",)
    elif (kind, jwk.get("crv")) == ("OKP", "Ed25519"):
        fitting = ("EdDSA",)
    else:
        raise UnusableKeyError("holds a key that is none of Ed25519, P-256 and RSA")
    if stated is None:
        return fitting[0]
    if stated not in fitting:
        raise UnusableKeyError(f"holds a key whose `alg` is not {' or '.join(fitting)}")
    return str(stated)


def _imported(jwk: Mapping[str, object]) -> JWK:
    kind = jwk.get("kty")
    members = {"kty": kind} | {
        name: jwk[name]
        for name in (*_PUBLIC_MEMBERS.get(str(kind), ()), *sorted(_PRIVATE_MEMBERS))
        if name in jwk
    }
    try:
        key = JWK(**members)
        # The library looks at the material only when it is used.
        key.get_op_key("sign" if key.has_private else "verify")
    except Exception:  # noqa: BLE001 - as above
        raise UnusableKeyError("holds a key whose material is not valid") from None
    return key


def _check_strength(key: JWK, jwk: Mapping[str, object]) -> None:
    if jwk.get("kty") != "RSA":
        return
    # The library refuses exponents that are even or below 3.
    modulus = key.get_op_key("verify").public_numbers().n
    if modulus.bit_length() not in _RSA_BITS:
        raise UnusableKeyError("holds an RSA key that is not of 2048 to 8192 bits")


def _stated(jwk: Mapping[str, object]) -> dict[str, object]:
    return {name: jwk[name] for name in ("alg", "use") if name in jwk}
