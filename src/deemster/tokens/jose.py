"""Keys, signatures and seals: the only module that imports jwt or jwcrypto.

Admission comes before the library (RFC 7517 4, RFC 7518 6, RFC 8725 3): a key serves only the
algorithms that its type, curve, `alg`, `use` and `key_ops` all allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import digest as hmac_digest
from json import dumps
from typing import Any, Final

from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK
from jwt import PyJWK, PyJWS
from jwt.algorithms import Algorithm, get_default_algorithms

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.tokens.base64url import decode_base64url, encode_base64url
from deemster.tokens.precheck import CompactJws

__all__ = [
    "SUPPORTED_ALGORITHMS",
    "KeyNotUsableError",
    "NotOpenedError",
    "SealingKey",
    "SigningKey",
    "VerificationKey",
    "thumbprint_of",
    "verification_key",
    "verified_payload",
]

_RSA_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
# Elliptic keys: (kty, crv) to the one algorithm and its signature length in bytes
# (RFC 7518 3.4, RFC 8032 5.1.6 and 5.2.6).
_CURVES: Final[Mapping[tuple[str, object], tuple[str, int]]] = {
    ("EC", "P-256"): ("ES256", 64),
    ("EC", "P-384"): ("ES384", 96),
    ("EC", "P-521"): ("ES512", 132),
    ("OKP", "Ed25519"): ("EdDSA", 64),
    ("OKP", "Ed448"): ("EdDSA", 114),
}
_PUBLIC_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_RSA_BITS = range(2048, 8192 + 1)
_MAX_EXPONENT = 2**33

_ALGORITHMS: Final[Mapping[str, Algorithm]] = get_default_algorithms()

SUPPORTED_ALGORITHMS = _RSA_ALGORITHMS | {algorithm for algorithm, _ in _CURVES.values()}


class KeyNotUsableError(ValueError):
    """This key may not verify tokens; the message says why and quotes no key material."""


@dataclass(frozen=True, slots=True, eq=False)
class VerificationKey:
    """A public key that was admitted, and what it may be used for."""

    key_id: str | None
    algorithms: frozenset[str]
    signature_bytes: int
    _verifiers: Mapping[str, tuple[Algorithm, Any]] = field(repr=False)


def verification_key(jwk: Mapping[str, object]) -> VerificationKey:
    """Admit one member of a JWK set (RFC 7517 5).

    A key with private parts is refused whole: once published, anyone may sign with it. Symmetric
    keys are refused always. Raises KeyNotUsableError.
    """
    kty = jwk.get("kty")
    if not isinstance(kty, str) or kty not in _PUBLIC_MEMBERS:
        raise KeyNotUsableError("key type not supported")
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise KeyNotUsableError("holds private parts")
    key_id = jwk.get("kid")
    if key_id is not None and not isinstance(key_id, str):
        raise KeyNotUsableError("`kid` is not a string")
    _check_purpose(jwk)
    public = _public_members(jwk, kty)
    possible, signature_bytes = _possible_algorithms(jwk, kty)
    algorithms = _narrowed(possible, jwk)
    try:
        # The algorithm given here only chooses the parser; each verification names its own.
        key = PyJWK({"kty": kty, **public}, algorithm=min(algorithms)).key
        verifiers = {
            name: (_ALGORITHMS[name], _ALGORITHMS[name].prepare_key(key)) for name in algorithms
        }
    except Exception:  # noqa: BLE001 - hostile key material: whatever fails, this key is unusable
        raise KeyNotUsableError("key material not valid") from None
    return VerificationKey(key_id, algorithms, signature_bytes, verifiers)


def thumbprint_of(jwk: Mapping[str, object]) -> str:
    """The RFC 7638 thumbprint of a public key that was admitted: SHA-256 in base64url."""
    kty = str(jwk["kty"])
    # RFC 7638 3.2, 3.3: the members that make the key, in lexicographic order, without blanks.
    members = {name: jwk[name] for name in sorted(("kty", *_PUBLIC_MEMBERS[kty]))}
    octets = dumps(members, separators=(",", ":"), ensure_ascii=False).encode()
    return encode_base64url(sha256(octets).digest())


def verified_payload(jws: CompactJws, key: VerificationKey) -> bytes:
    """The payload octets, once the signature holds under exactly the header's algorithm.

    Raises TokenRejectedError (`token-signature-invalid`), whatever goes wrong.
    """
    # RFC 8725 3.1: each key is used with one algorithm; header, key and settings must agree.
    verifier = key._verifiers.get(jws.algorithm)
    if verifier is None or len(jws.signature) != key.signature_bytes:
        raise TokenRejectedError(Reason.TOKEN_SIGNATURE_INVALID, detail="key does not fit")
    algorithm, prepared = verifier
    # The structure was looked at by `precheck`, more strictly than the library does; what is left
    # for it is the signature itself (docs/decisions/0032).
    try:
        holds = algorithm.verify(jws.signing_input, prepared, jws.signature)
    except Exception as error:  # noqa: BLE001 - RFC 7515 5.2: on any failure the JWS is rejected
        raise TokenRejectedError(
            Reason.TOKEN_SIGNATURE_INVALID, detail=type(error).__name__
        ) from None
    # INVARIANT: nothing but True is a yes.
    if holds is not True:
        raise TokenRejectedError(Reason.TOKEN_SIGNATURE_INVALID, detail="InvalidSignatureError")
    return jws.payload


class SigningKey:
    """A private key for minting: development tokens and the throw-away keys of policy tests."""

    __slots__ = ("_jwk", "_key", "algorithm", "key_id")

    def __init__(self, private_jwk: Mapping[str, object]) -> None:
        """`private_jwk` needs `alg` and `kid`. Raises KeyNotUsableError."""
        algorithm, key_id = private_jwk.get("alg"), private_jwk.get("kid")
        if not isinstance(algorithm, str) or algorithm not in SUPPORTED_ALGORITHMS:
            raise KeyNotUsableError("`alg` missing or not supported")
        if not isinstance(key_id, str):
            raise KeyNotUsableError("`kid` missing")
        try:
            self._jwk = JWK(**private_jwk)
            complete = bool(self._jwk.has_private) and "k" not in private_jwk
            self._key = PyJWK(self.private_jwk, algorithm=algorithm).key
        except Exception:  # noqa: BLE001 - as in verification_key
            raise KeyNotUsableError("key material not valid") from None
        if not complete:
            raise KeyNotUsableError("no private part")
        self.algorithm = algorithm
        self.key_id = key_id
        verification_key(self.public_jwk)

    @classmethod
    def generate(cls, algorithm: str, *, key_id_prefix: str = "") -> SigningKey:
        """A new key; its `kid` is the prefix and the RFC 7638 thumbprint."""
        jwk = JWK.generate(**_GENERATED[algorithm])
        members: dict[str, object] = jwk.export(as_dict=True)
        return cls({**members, "alg": algorithm, "kid": key_id_prefix + jwk.thumbprint()})

    @classmethod
    def from_pem(cls, pem: bytes, algorithm: str, key_id: str) -> SigningKey:
        """A private key as a file has it, not encrypted. Raises KeyNotUsableError."""
        try:
            members: dict[str, object] = JWK.from_pem(pem).export(as_dict=True)
        except Exception:  # noqa: BLE001 - as in verification_key
            raise KeyNotUsableError("no private key in PEM") from None
        return cls({**members, "alg": algorithm, "kid": key_id})

    @property
    def public_jwk(self) -> dict[str, object]:
        """As published in a key set."""
        members: dict[str, object] = self._jwk.export_public(as_dict=True)
        return members

    @property
    def private_jwk(self) -> dict[str, object]:
        """For keeping in a file; never to be logged."""
        members: dict[str, object] = self._jwk.export_private(as_dict=True)
        return members

    def sign(self, payload: bytes, *, typ: str | None) -> str:
        """A compact JWS with `alg`, `kid` and, unless None, `typ`."""
        header = {"kid": self.key_id, "typ": typ}
        return PyJWS().encode(payload, self._key, algorithm=self.algorithm, headers=header)

    def __repr__(self) -> str:
        return f"SigningKey({self.algorithm}, {self.key_id})"


class NotOpenedError(ValueError):
    """What was to be opened was not sealed by this key, or is not what it was."""


class SealingKey:
    """Seals and opens what only we may read: compact JWE, `dir` with A256GCM (RFC 7516).

    There is one protected header for each key and purpose, compared as text before anything of
    what a stranger sent is parsed: it cannot name another algorithm, nor compression.
    """

    __slots__ = ("_header", "_key", "_start", "key_id")

    def __init__(self, key_id: str, secret: str, *, purpose: str) -> None:
        """`secret`: a text of at least 256 bits. `purpose` becomes `typ`, and part of the key:

        what is sealed for one purpose cannot be opened for another.
        """
        # RFC 7518 4.5 takes the key as it is, in 256 bits; a secret has any length.
        key = hmac_digest(secret.encode(), purpose.encode(), sha256)
        # Named after itself: secrets may change places between ids, as files do in a rotation.
        name = encode_base64url(sha256(key).digest()[:6])
        members = {"alg": "dir", "enc": "A256GCM", "kid": name, "typ": purpose}
        self.key_id = key_id
        self._header = dumps(members, separators=(",", ":"))
        # RFC 7516 7.1: the second of five parts is the encrypted key, which `dir` has not.
        self._start = f"{encode_base64url(self._header.encode())}.."
        self._key = JWK(kty="oct", k=encode_base64url(key))

    def seal(self, content: bytes) -> str:
        """A text of the base64url alphabet and dots; never the same twice (RFC 7518 5.3)."""
        jwe = JWE(content, protected=self._header)
        jwe.add_recipient(self._key)
        sealed: str = jwe.serialize(compact=True)
        return sealed

    def claims(self, sealed: str) -> bool:
        """Whether a text says that this key sealed it."""
        return sealed.startswith(self._start)

    def open(self, sealed: str) -> bytes:
        """The content. Raises NotOpenedError, whatever goes wrong."""
        if not self.claims(sealed):
            raise NotOpenedError("not sealed by this key")
        jwe = JWE(algs=["dir", "A256GCM"])
        try:
            # One content has one spelling; the library takes several.
            for part in sealed.split("."):
                decode_base64url(part)
            jwe.deserialize(sealed, self._key)
            content: object = jwe.payload
        except Exception as error:  # noqa: BLE001 - RFC 7516 5.2: on any failure it is invalid
            raise NotOpenedError(type(error).__name__) from None
        if not isinstance(content, bytes):
            raise NotOpenedError("no content")
        return content

    def __repr__(self) -> str:
        return f"SealingKey({self.key_id})"


_GENERATED: Final[Mapping[str, Mapping[str, object]]] = {
    **{algorithm: {"kty": "RSA", "size": 2048} for algorithm in _RSA_ALGORITHMS},
    "ES256": {"kty": "EC", "crv": "P-256"},
    "ES384": {"kty": "EC", "crv": "P-384"},
    "ES512": {"kty": "EC", "crv": "P-521"},
    "EdDSA": {"kty": "OKP", "crv": "Ed25519"},
}


def _check_purpose(jwk: Mapping[str, object]) -> None:
    # RFC 7517 4.2, 4.3.
    if jwk.get("use", "sig") != "sig":
        raise KeyNotUsableError("`use` is not `sig`")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise KeyNotUsableError("`key_ops` does not include `verify`")


def _public_members(jwk: Mapping[str, object], kty: str) -> dict[str, str]:
    members: dict[str, str] = {}
    for name in _PUBLIC_MEMBERS[kty]:
        value = jwk.get(name)
        if not isinstance(value, str):
            raise KeyNotUsableError(f"`{name}` missing")
        members[name] = value
    return members


def _possible_algorithms(jwk: Mapping[str, object], kty: str) -> tuple[frozenset[str], int]:
    if kty == "RSA":
        return _RSA_ALGORITHMS, _rsa_modulus_bytes(str(jwk["n"]), str(jwk["e"]))
    curve = _CURVES.get((kty, jwk["crv"]))
    if curve is None:
        raise KeyNotUsableError("curve not supported")
    return frozenset({curve[0]}), curve[1]


def _rsa_modulus_bytes(n: str, e: str) -> int:
    # Sizes come first: a huge modulus costs before it is refused.
    if len(n) > 2 * _RSA_BITS.stop // 8 or len(e) > 16:
        raise KeyNotUsableError("RSA key too large")
    try:
        modulus = int.from_bytes(decode_base64url(n), "big")
        exponent = int.from_bytes(decode_base64url(e), "big")
    except ValueError:
        raise KeyNotUsableError("not canonical base64url") from None
    if modulus.bit_length() not in _RSA_BITS:
        raise KeyNotUsableError("RSA key not of 2048 to 8192 bits")
    # RFC 8725 3.5 and FIPS 186-5 A.1.1 in spirit: e = 1 would verify anything.
    if exponent % 2 == 0 or not 3 <= exponent < _MAX_EXPONENT:
        raise KeyNotUsableError("RSA exponent not odd, or not between 3 and 2^33")
    return (modulus.bit_length() + 7) // 8


def _narrowed(possible: frozenset[str], jwk: Mapping[str, object]) -> frozenset[str]:
    if "alg" not in jwk:
        return possible
    declared = jwk["alg"]
    if declared not in possible:
        raise KeyNotUsableError("`alg` does not fit the key type")
    return frozenset({str(declared)})
