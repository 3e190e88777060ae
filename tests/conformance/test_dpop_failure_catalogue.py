"""The catalogue of what goes wrong with bound tokens, row by row (facts/security.md 1.4)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.errors import DependencyUnavailableError, TokenRejectedError
from deemster.model.certificate import ClientCertificate
from deemster.model.decision import Reason
from deemster.model.http import ApiCall, Headers
from deemster.model.identity import Confirmation, Credential, VerifiedClaims
from deemster.model.sender import DpopMode, SenderRules
from deemster.model.urls import canonical_url
from deemster.sharedstate.memory import MemoryOfUses, NoMemory
from deemster.sharedstate.stores import ReplayMemory
from deemster.tokens.base64url import decode_base64url, encode_base64url
from deemster.tokens.dpop import verified_proof
from deemster.tokens.dpop_nonces import BUCKET_SECONDS, DpopNonces
from deemster.tokens.sender_constraints import SenderConstraints
from tests.support.clock import FROZEN_AT as NOW
from tests.support.clock import FrozenClock
from tests.support.keys import minted, signing_key
from tests.support.proofs import METHOD, URL, a_proof, proof_claims, thumbprint
from tests.support.scale import scaled

TOKEN = minted(cnf={"jkt": thumbprint()})
ON = SenderRules(dpop=DpopMode.ENABLED)
SKEW = 30.0
CERTIFICATE = "c" * 43


def bound(
    key: str | None = None, certificate: str | None = None, provider: str = "bizpro"
) -> VerifiedClaims:
    confirmation = Confirmation(key, certificate) if key or certificate else None
    return VerifiedClaims(
        provider=provider,
        claims={},
        scopes=frozenset(),
        user_id="alice",
        client_id="webshop",
        asserted=False,
        confirmation=confirmation,
    )


class Desk:
    """One service with its memory of proofs, at FROZEN_AT."""

    def __init__(
        self, *, began: float = 0.0, of_all: ReplayMemory | None = None, most: int = 1000
    ) -> None:
        self.clock = FrozenClock()
        self.nonces = DpopNonces([b"k" * 32])
        self.memory = MemoryOfUses(self.clock, most=most)
        self._senders = SenderConstraints(
            self.nonces, of_process=self.memory, began=began, of_all=of_all
        )

    def present(
        self,
        *proofs: str,
        claims: VerifiedClaims | None = None,
        scheme: str = "dpop",
        token: str = TOKEN,
        rules: SenderRules = ON,
        method: str = METHOD,
        url: str = URL,
        headers: Mapping[str, str] | None = None,
        certificate: ClientCertificate | None = None,
    ) -> None:
        """Returns where it is theirs."""
        fields = [("dpop", proof) for proof in proofs] + list((headers or {}).items())
        call = ApiCall(method, url, Headers(tuple(fields)), certificate=certificate)
        pending = self._senders.check(
            claims or bound(thumbprint()),
            Credential(scheme, token),
            call,
            rules,
            skew=SKEW,
            now=self.clock.wall(),
        )
        assert pending is None

    def reason(self, *proofs: str, **facts: object) -> Reason:
        with pytest.raises(TokenRejectedError) as caught:
            self.present(*proofs, **facts)  # type: ignore[arg-type]
        return caught.value.reason


def test_a_good_proof_is_theirs() -> None:
    Desk().present(a_proof(TOKEN))


# --- D1: a proof is remembered for as long as it is good ----------------------------------------


@pytest.mark.catalogue("D1")
@pytest.mark.parametrize("ahead", [-120, -1, 0, 29, 30])
def test_d1_a_proof_is_remembered_for_as_long_as_it_could_be_taken(ahead: int) -> None:
    desk = Desk()
    proof = a_proof(TOKEN, iat=int(NOW) + ahead)
    desk.present(proof)
    for _ in range(400):
        assert desk.reason(proof) is Reason.PROOF_INVALID
        desk.clock.advance(1)


@pytest.mark.catalogue("D1")
def test_d1_what_is_forgotten_could_not_be_taken_any_more() -> None:
    desk = Desk()
    desk.present(a_proof(TOKEN))
    desk.clock.advance(151)
    desk.present(a_proof(TOKEN, iat=int(desk.clock.wall()), jti="another"))
    assert len(desk.memory) == 1


@pytest.mark.catalogue("D1")
def test_d1_a_bad_proof_is_not_remembered() -> None:
    desk = Desk()
    assert desk.reason(a_proof(TOKEN, htm="POST")) is Reason.PROOF_INVALID
    assert desk.reason(a_proof(TOKEN, key=signing_key(name="thief"))) is Reason.BINDING_FAILED
    assert len(desk.memory) == 0
    desk.present(a_proof(TOKEN))


# --- D2: the replay key does not depend on how method and URL are spelt ---------------------------


@pytest.mark.catalogue("D2")
@pytest.mark.parametrize("htu", [URL + "?a=1", URL + "#x", "HTTPS://API.EXAMPLE.COM:443/orders"])
def test_d2_another_spelling_of_the_url_is_no_other_proof(htu: str) -> None:
    desk = Desk()
    desk.present(a_proof(TOKEN, htu=URL))
    assert desk.reason(a_proof(TOKEN, htu=htu)) is Reason.PROOF_INVALID


@pytest.mark.catalogue("D2")
@pytest.mark.parametrize("htm", ["get", "Get", "POST", "", " GET"])
def test_d2_the_method_is_compared_to_the_letter(htm: str) -> None:
    assert Desk().reason(a_proof(TOKEN, htm=htm)) is Reason.PROOF_INVALID


# --- D3: identifiers are remembered, by key, and nothing makes room ---


@pytest.mark.catalogue("D3")
def test_d3_the_same_proof_is_taken_once() -> None:
    desk = Desk()
    proof = a_proof(TOKEN)
    desk.present(proof)
    assert desk.reason(proof) is Reason.PROOF_INVALID


@pytest.mark.catalogue("D3")
def test_d3_no_client_burns_the_identifiers_of_another() -> None:
    desk = Desk()
    other = signing_key(name="other")
    desk.present(a_proof(TOKEN))
    desk.present(a_proof(TOKEN, key=other), claims=bound(thumbprint(other)))
    desk.present(a_proof(TOKEN), claims=bound(thumbprint(), provider="another"))


@pytest.mark.catalogue("D3")
def test_d3_a_full_memory_refuses_and_forgets_nothing() -> None:
    desk = Desk(most=2)
    first = a_proof(TOKEN, jti="1")
    desk.present(first)
    desk.present(a_proof(TOKEN, jti="2"))
    with pytest.raises(DependencyUnavailableError):
        desk.present(a_proof(TOKEN, jti="3"))
    assert desk.reason(first) is Reason.PROOF_INVALID
    desk.clock.advance(151)
    desk.present(a_proof(TOKEN, jti="4", iat=int(desk.clock.wall())))


@pytest.mark.catalogue("D3")
@pytest.mark.parametrize("jti", [..., "", 7, None, ["a"], "j" * 257, "é" * 129])
def test_d3_a_proof_without_a_usable_identifier_is_none(jti: object) -> None:
    assert Desk().reason(a_proof(TOKEN, jti=jti)) is Reason.PROOF_INVALID


# --- D4: the URL is the one that the gateway saw ------------------------------------------------


@pytest.mark.catalogue("D4")
@pytest.mark.parametrize(
    "htu",
    [
        "https://api.example.com:443/orders",
        "https://API.example.COM/orders",
        "https://api.example.com/%6Frders",
        "https://api.example.com/orders?page=2",
        "https://api.example.com/orders#top",
    ],
)
def test_d4_the_same_url_in_another_spelling_is_the_same(htu: str) -> None:
    Desk().present(a_proof(TOKEN, htu=htu), url=URL + "?page=1")


@pytest.mark.catalogue("D4")
@pytest.mark.parametrize(
    "htu",
    [
        "http://api.example.com/orders",
        "https://api.example.com:8443/orders",
        "https://api.example.com/orders/",
        "https://api.example.com/Orders",
        "https://api.example.com/orders/..",
        "https://api.example.com/orders%2F",
        "https://api.example.com.evil.example/orders",
        "https://user@api.example.com/orders",
        "//api.example.com/orders",
        "/orders",
        "",
        7,
        None,
        ...,
    ],
)
def test_d4_another_url_is_another(htu: object) -> None:
    assert Desk().reason(a_proof(TOKEN, htu=htu)) is Reason.PROOF_INVALID


@pytest.mark.catalogue("D4")
def test_d4_what_the_client_says_of_forwarding_changes_nothing() -> None:
    spoofed = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "http"}
    assert (
        Desk().reason(a_proof(TOKEN, htu="http://evil.example/orders"), headers=spoofed)
        is Reason.PROOF_INVALID
    )
    Desk().present(a_proof(TOKEN), headers=spoofed)


# --- D5: which token with which scheme ------------------------------------------------------------


@pytest.mark.catalogue("D5")
@pytest.mark.parametrize("ath", [..., "", 1, "x" * 43])
def test_d5_a_proof_is_about_its_access_token(ath: object) -> None:
    assert Desk().reason(a_proof(TOKEN, ath=ath)) is Reason.PROOF_INVALID


@pytest.mark.catalogue("D5")
@pytest.mark.parametrize("mode", DpopMode)
def test_d5_a_bound_token_is_never_a_bearer_token(mode: DpopMode) -> None:
    rules = SenderRules(dpop=mode)
    for proofs in ((), (a_proof(TOKEN),)):
        reason = Desk().reason(*proofs, scheme="bearer", rules=rules)
        assert reason is Reason.BEARER_NOT_ACCEPTED


@pytest.mark.catalogue("D5")
@pytest.mark.parametrize("mode", DpopMode)
def test_d5_a_token_that_is_not_bound_needs_no_such_scheme(mode: DpopMode) -> None:
    reason = Desk().reason(a_proof(TOKEN), claims=bound(), rules=SenderRules(dpop=mode))
    assert reason is Reason.BINDING_FAILED


@pytest.mark.catalogue("D5")
def test_d5_a_bearer_token_is_taken_unless_proofs_are_required() -> None:
    Desk().present(claims=bound(), scheme="bearer")
    required = SenderRules(dpop=DpopMode.REQUIRED)
    reason = Desk().reason(claims=bound(), scheme="bearer", rules=required)
    assert reason is Reason.BEARER_NOT_ACCEPTED


@pytest.mark.catalogue("D5")
def test_d5_there_is_exactly_one_proof() -> None:
    assert Desk().reason() is Reason.PROOF_MISSING
    proof = a_proof(TOKEN)
    assert Desk().reason(proof, proof) is Reason.PROOF_INVALID
    assert Desk().reason(f"{proof},{proof}") is Reason.PROOF_INVALID


@pytest.mark.catalogue("D5")
def test_d5_where_proofs_are_not_taken_a_bound_token_is_not_either() -> None:
    assert Desk().reason(a_proof(TOKEN), rules=SenderRules()) is Reason.BINDING_FAILED


# --- D6: the key of a proof -----------------------------------------------------------------------

HOLDER = signing_key(name="holder")
PUBLIC = {name: HOLDER.public_jwk[name] for name in ("kty", "crv", "x", "y")}


@pytest.mark.catalogue("D6")
@pytest.mark.parametrize(
    "header",
    [
        pytest.param({"jwk": HOLDER.private_jwk}, id="with its private part"),
        pytest.param({"jwk": {"kty": "oct", "k": "c2VjcmV0"}}, id="symmetric"),
        pytest.param({"jwk": {**PUBLIC, "crv": "secp256k1"}}, id="another curve"),
        pytest.param({"jwk": {**PUBLIC, "use": "enc"}}, id="for another use"),
        pytest.param({"jwk": {**PUBLIC, "key_ops": ["sign"]}}, id="for another operation"),
        pytest.param({"jwk": ...}, id="absent"),
        pytest.param({"jwk": "x"}, id="a text"),
        pytest.param({"jwk": {**PUBLIC, "y": PUBLIC["x"]}}, id="not on the curve"),
        pytest.param({"alg": "none"}, id="none"),
        pytest.param({"alg": "HS256"}, id="HMAC"),
        pytest.param({"alg": "ES512"}, id="an algorithm of other keys"),
        pytest.param({"alg": ["ES256"]}, id="a list"),
        pytest.param({"typ": "JWT"}, id="JWT"),
        pytest.param({"typ": "at+jwt"}, id="an access token"),
        pytest.param({"typ": ...}, id="no type"),
        pytest.param({"typ": 1}, id="a number"),
        pytest.param({"crit": ["exp"]}, id="crit"),
        pytest.param({"b64": False}, id="b64"),
        pytest.param({"zip": "DEF"}, id="zip"),
        pytest.param({"jku": "https://evil.example/keys"}, id="jku"),
        pytest.param({"x5c": ["MII"]}, id="x5c"),
    ],
)
def test_d6_a_proof_names_a_public_key_and_an_accepted_algorithm(
    header: dict[str, object],
) -> None:
    assert Desk().reason(a_proof(TOKEN, header=header)) is Reason.PROOF_INVALID


@pytest.mark.catalogue("D6")
def test_d6_a_proof_of_another_key_is_none_of_the_holder() -> None:
    thief = signing_key(name="thief")
    assert Desk().reason(a_proof(TOKEN, key=thief)) is Reason.BINDING_FAILED
    # The holder's key, named by whoever does not have it.
    assert Desk().reason(a_proof(TOKEN, key=thief, header={"jwk": PUBLIC})) is Reason.PROOF_INVALID


# --- D7: nonces and times -------------------------------------------------------------------------

WITH_NONCE = SenderRules(dpop=DpopMode.ENABLED, nonce=True)


@pytest.mark.catalogue("D7")
def test_d7_a_nonce_of_ours_is_taken_in_its_own_bucket_and_the_next() -> None:
    desk = Desk()
    nonce = desk.nonces.fresh(NOW)
    start = NOW - NOW % BUCKET_SECONDS
    for after, good in ((0, True), (119, True), (120, True), (239, True), (240, False)):
        desk.clock.set_wall(start + after)
        proof = a_proof(TOKEN, nonce=nonce, iat=int(start + after), jti=str(after))
        if good:
            desk.present(proof, rules=WITH_NONCE)
        else:
            assert desk.reason(proof, rules=WITH_NONCE) is Reason.PROOF_NONCE_REQUIRED


@pytest.mark.catalogue("D7")
@pytest.mark.parametrize("nonce", [..., "", "guessed", "é", DpopNonces([b"x" * 32]).fresh(NOW)])
def test_d7_any_other_nonce_asks_for_one_of_ours(nonce: object) -> None:
    reason = Desk().reason(a_proof(TOKEN, nonce=nonce), rules=WITH_NONCE)
    assert reason is Reason.PROOF_NONCE_REQUIRED


@pytest.mark.catalogue("D7")
def test_d7_a_nonce_that_is_no_text_makes_no_proof() -> None:
    assert Desk().reason(a_proof(TOKEN, nonce=7)) is Reason.PROOF_INVALID


@pytest.mark.catalogue("D7")
def test_d7_replicas_with_the_same_key_take_each_others_nonces() -> None:
    old, new = b"o" * 32, b"n" * 32
    before, after = DpopNonces([old]), DpopNonces([new, old])
    assert after.is_live(before.fresh(NOW), NOW)
    assert not before.is_live(after.fresh(NOW), NOW)


@pytest.mark.catalogue("D7")
@pytest.mark.parametrize(
    ("iat", "good"),
    [(-151, False), (-150, True), (0, True), (30, True), (31, False)],
)
def test_d7_a_proof_is_good_for_its_lifetime_and_the_skew_of_clocks(iat: int, good: bool) -> None:
    proof = a_proof(TOKEN, iat=int(NOW) + iat)
    if good:
        Desk().present(proof)
    else:
        assert Desk().reason(proof) is Reason.PROOF_INVALID


@pytest.mark.catalogue("D7")
@pytest.mark.parametrize("iat", [..., None, True, "1", -1, 2**53, [1]])
def test_d7_the_time_of_a_proof_is_a_number_of_seconds(iat: object) -> None:
    assert Desk().reason(a_proof(TOKEN, iat=iat)) is Reason.PROOF_INVALID


@pytest.mark.catalogue("D7")
@pytest.mark.parametrize("step", [-3600, -600, 600, 3600])
def test_d7_no_step_of_the_clock_brings_a_used_proof_back(step: int) -> None:
    desk = Desk()
    proof = a_proof(TOKEN)
    desk.present(proof)
    desk.clock.set_wall(NOW + step)
    other = a_proof(TOKEN, jti="other", iat=int(NOW + step))
    desk.present(other)
    desk.clock.set_wall(NOW)
    assert desk.reason(proof) is Reason.PROOF_INVALID
    desk.clock.advance(200)
    desk.clock.set_wall(NOW)
    assert desk.reason(proof) is Reason.PROOF_INVALID


# --- D8, D9: who remembers ---


@pytest.mark.catalogue("D8")
def test_d8_where_nobody_remembers_for_all_a_proof_is_not_taken() -> None:
    desk = Desk(of_all=NoMemory("a memory that all share"))
    with pytest.raises(DependencyUnavailableError):
        desk.present(a_proof(TOKEN))
    # Each process for itself, where somebody wrote that down.
    desk.present(a_proof(TOKEN), rules=SenderRules(dpop=DpopMode.ENABLED, once_in_all=False))


@pytest.mark.catalogue("D8")
def test_d8_processes_with_one_memory_take_a_proof_once_among_them() -> None:
    together = MemoryOfUses(FrozenClock())
    proof = a_proof(TOKEN)
    Desk(of_all=together).present(proof)
    assert Desk(of_all=together).reason(proof) is Reason.PROOF_INVALID


@pytest.mark.catalogue("D9")
def test_d9_a_proof_older_than_the_memory_is_refused() -> None:
    desk = Desk(began=NOW + 0.5)
    desk.clock.advance(10)
    assert desk.reason(a_proof(TOKEN)) is Reason.PROOF_INVALID
    desk.present(a_proof(TOKEN, iat=int(NOW) + 1))


@pytest.mark.catalogue("D9")
def test_d9_a_memory_that_outlives_the_process_takes_older_ones() -> None:
    Desk(began=NOW + 0.5, of_all=MemoryOfUses(FrozenClock())).present(a_proof(TOKEN))


# --- D10: certificates ----------------------------------------------------------------------------

THEIRS = ClientCertificate(thumbprint=CERTIFICATE)


@pytest.mark.catalogue("D10")
def test_d10_a_token_is_held_against_the_certificate_that_the_gateway_tells() -> None:
    claims = bound(certificate=CERTIFICATE)
    Desk().present(claims=claims, scheme="bearer", certificate=THEIRS)
    for shown in (None, ClientCertificate(), ClientCertificate(thumbprint="d" * 43)):
        reason = Desk().reason(claims=claims, scheme="bearer", certificate=shown)
        assert reason is Reason.BINDING_FAILED


@pytest.mark.catalogue("D10")
def test_d10_a_header_that_anyone_can_send_is_no_certificate() -> None:
    spoofed = {
        "client-cert": f":{CERTIFICATE}:",
        "x-client-cert": CERTIFICATE,
        "x5t#s256": CERTIFICATE,
    }
    reason = Desk().reason(claims=bound(certificate=CERTIFICATE), scheme="bearer", headers=spoofed)
    assert reason is Reason.BINDING_FAILED


@pytest.mark.catalogue("D10")
def test_d10_a_token_of_both_needs_both() -> None:
    claims = bound(thumbprint(), CERTIFICATE)
    Desk().present(a_proof(TOKEN), claims=claims, certificate=THEIRS)
    assert Desk().reason(a_proof(TOKEN), claims=claims) is Reason.BINDING_FAILED
    assert Desk().reason(claims=claims, certificate=THEIRS) is Reason.PROOF_MISSING


@pytest.mark.catalogue("D10")
def test_d10_where_certificates_are_required_an_unbound_token_is_refused() -> None:
    required = SenderRules(certificate_required=True)
    reason = Desk().reason(claims=bound(), scheme="bearer", rules=required, certificate=THEIRS)
    assert reason is Reason.BINDING_FAILED


# --- anything else --------------------------------------------------------------------------------


@pytest.mark.catalogue("D6")
@pytest.mark.parametrize(
    "proof",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c",
        "é.é.é",
        a_proof(TOKEN) + ".x",
        a_proof(TOKEN) + "=",
        " " + a_proof(TOKEN),
        a_proof(TOKEN)[:-2],
        "x" * 8193,
        a_proof(TOKEN, payload=b"[]"),
        a_proof(TOKEN, payload=b"\xff"),
        a_proof(TOKEN, payload=b'{"jti":"a","jti":"b"}'),
        a_proof(TOKEN, pad="p" * 9000),
    ],
)
def test_garbage_is_no_proof(proof: str) -> None:
    assert Desk().reason(proof) is Reason.PROOF_INVALID


@pytest.mark.catalogue("D2", "D4", "D5", "D6")
@settings(max_examples=scaled(2000), deadline=None)
@given(st.data())
def test_no_change_of_a_good_proof_is_good(data: st.DataObject) -> None:
    proof = a_proof(TOKEN)
    octets = bytearray(proof.encode())
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] = data.draw(st.integers(0x20, 0x7E).filter(lambda octet: octet != octets[at]))
    with pytest.raises(TokenRejectedError):
        verified_proof(
            octets.decode(),
            method=METHOD,
            url=canonical_url(URL),
            token=TOKEN,
            rules=ON,
            skew=SKEW,
            now=NOW,
        )


@pytest.mark.catalogue("D6")
@settings(max_examples=scaled(1000), deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["jti", "htm", "htu", "iat", "ath", "nonce", "exp"]),
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text())
        ),
        min_size=1,
    )
)
def test_odd_claims_are_refused_or_good_and_never_a_fault(claims: dict[str, object]) -> None:
    header = {"typ": "dpop+jwt"}
    try:
        proof = a_proof(TOKEN, header=header, **claims)  # type: ignore[arg-type]
    except (ValueError, UnicodeEncodeError):
        return
    desk = Desk()
    try:
        desk.present(proof)
    except TokenRejectedError:
        return
    good = proof_claims(TOKEN)
    for name in ("htm", "ath"):
        assert claims.get(name, good[name]) == good[name]


def test_the_last_letters_of_a_signature_cannot_be_respelt() -> None:
    head, _, signature = a_proof(TOKEN).rpartition(".")
    raw = decode_base64url(signature)
    assert encode_base64url(raw) == signature
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        respelt = f"{head}.{signature[:-1]}{last}"
        if last != signature[-1]:
            assert Desk().reason(respelt) is Reason.PROOF_INVALID
