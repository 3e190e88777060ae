"""What the upstream is told of who was let through, and what no client may send."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.errors import CannotCarryOutError, ConfigurationError
from deemster.gateways.header_fields import COMMON_NAMES
from deemster.gateways.identity_headers import (
    LONGEST_VALUE,
    IdentityHeaders,
    IdentityValue,
    ReservedFields,
    can_be_sent,
    why_not_ours,
)
from deemster.model.decision import Reason, ServiceFacts
from deemster.model.identity import VerifiedClaims
from tests.support.doubles import a_permit
from tests.support.scale import scaled

ALL = IdentityHeaders({f"X-{value.value}": value for value in IdentityValue})
OURS = ReservedFields(["X-Auth-User", "X-Auth-Scope"])


def test_each_header_says_what_the_settings_say() -> None:
    token = VerifiedClaims(
        provider="bizpro",
        claims={},
        scopes=frozenset({"write", "read"}),
        user_id="alice",
        client_id="shop",
        asserted=False,
    )
    permit = a_permit(
        decision_id="d-7",
        subject="alice",
        client_id="shop",
        provider="bizpro",
        operation="pay",
        service=ServiceFacts("billing", "https://api.example.com", 403, "none"),
        token=token,
    )
    assert dict(ALL.fields(permit)) == {
        "x-subject": "alice",
        "x-clientid": "shop",
        "x-scope": "read write",
        "x-provider": "bizpro",
        "x-apiservice": "billing",
        "x-operation": "pay",
        "x-decisionid": "d-7",
    }


def test_what_is_not_known_is_told_as_empty_and_never_left_out() -> None:
    fields = dict(ALL.fields(a_permit(decision_id="")))
    assert fields == dict.fromkeys(ALL.names, "")
    assert len(fields) == len(IdentityValue)


@pytest.mark.parametrize(
    "subject",
    [
        "alice\r\nX-Admin: 1",
        "alice\n",
        "al\tice",
        "\x00",
        "\x7f",
        " alice",
        "alice ",
        "jürgen",
        "\u212a",
        "\ud800",
        "a" * (LONGEST_VALUE + 1),
    ],
)
def test_a_name_that_would_arrive_as_another_one_is_no_permit(subject: str) -> None:
    headers = IdentityHeaders({"X-Auth-User": IdentityValue.SUBJECT})
    with pytest.raises(CannotCarryOutError, match="x-auth-user"):
        headers.fields(a_permit(subject=subject))


def with_scopes(*scopes: str) -> VerifiedClaims:
    return VerifiedClaims(
        provider="bizpro",
        claims={},
        scopes=frozenset(scopes),
        user_id=None,
        client_id=None,
        asserted=False,
    )


@pytest.mark.parametrize("scopes", [["a b"], ["a b", "c"], ["a", "b ", "c"]])
def test_a_scope_that_would_arrive_as_two_is_no_permit(scopes: list[str]) -> None:
    headers = IdentityHeaders({"X-Auth-Scope": IdentityValue.SCOPE})
    with pytest.raises(CannotCarryOutError):
        headers.fields(a_permit(token=with_scopes(*scopes)))


@pytest.mark.parametrize(("scopes", "told"), [([], ""), (["a"], "a"), (["b", "a"], "a b")])
def test_scopes_are_told_in_order(scopes: list[str], told: str) -> None:
    headers = IdentityHeaders({"X-Auth-Scope": IdentityValue.SCOPE})
    assert headers.fields(a_permit(token=with_scopes(*scopes))) == (("x-auth-scope", told),)


def test_a_client_with_its_own_token_is_not_told_as_a_user_of_that_name() -> None:
    headers = IdentityHeaders(
        {"X-Auth-User": IdentityValue.SUBJECT, "X-Auth-Client": IdentityValue.CLIENT_ID}
    )
    fields = dict(headers.fields(a_permit(subject="alice", client_id="alice")))
    assert fields == {"x-auth-user": "", "x-auth-client": "alice"}


@pytest.mark.parametrize("subject", ["alice", "a b", 'o"neill', "a,b;c=d", "{}", "a" * 8192])
def test_visible_ascii_is_told_as_it_is(subject: str) -> None:
    headers = IdentityHeaders({"X-Auth-User": IdentityValue.SUBJECT})
    assert headers.fields(a_permit(subject=subject)) == (("x-auth-user", subject),)


@pytest.mark.parametrize(
    "name",
    ["x-auth-user", "x_auth_user", "x.auth.user", "x-auth_user", "x~auth!user", "x-auth.scope"],
)
@pytest.mark.parametrize("value", ["mallory", ""])
def test_a_client_sends_neither_our_headers_nor_aliases_of_them(name: str, value: str) -> None:
    assert OURS.refusal([("accept", "*/*"), (name, value)]) is Reason.RESERVED_HEADER


@pytest.mark.parametrize(
    "name", ["x-auth-use", "x-auth-users", "xauthuser", "x-auth--user", "x-user", "auth-user"]
)
def test_names_that_no_upstream_confuses_with_ours_are_the_clients_own(name: str) -> None:
    assert OURS.refusal([(name, "1")]) is None


@pytest.mark.parametrize(
    "connection", ["x-auth-user", "close, X-Auth-User", "authorization", "keep-alive,cookie"]
)
def test_a_connection_that_asks_for_fields_to_be_removed_is_refused(connection: str) -> None:
    assert OURS.refusal([("connection", connection)]) is Reason.RESERVED_HEADER


@pytest.mark.parametrize("connection", ["", "close", "Keep-Alive", "upgrade", "te, keep-alive"])
def test_a_plain_connection_is_nothing(connection: str) -> None:
    assert OURS.refusal([("connection", connection)]) is None


def test_two_authorizations_are_refused_also_where_they_are_equal() -> None:
    one = ("authorization", "Bearer a")
    assert OURS.refusal([one]) is None
    assert OURS.refusal([one, ("accept", "*/*"), one]) is Reason.CREDENTIAL_AMBIGUOUS


@settings(max_examples=scaled(500))
@given(
    separators=st.tuples(*[st.sampled_from("-_.!#$%&'*+^`|~")] * 2),
    cases=st.lists(st.booleans(), min_size=9, max_size=9),
)
def test_every_spelling_of_our_names_is_found(
    separators: tuple[str, str], cases: list[bool]
) -> None:
    letters = [c.upper() if up else c for c, up in zip("xauthuser", cases, strict=True)]
    name = letters[0] + separators[0] + "".join(letters[1:5]) + separators[1] + "".join(letters[5:])
    assert OURS.refusal([(name, "mallory")]) is Reason.RESERVED_HEADER


@settings(max_examples=scaled(1_000))
@given(st.text(max_size=20))
def test_what_can_be_sent_is_one_line_of_ascii_without_blanks_at_its_ends(value: str) -> None:
    visible = all(0x20 <= ord(character) < 0x7F for character in value)
    assert can_be_sent(value) is (visible and value == value.strip(" "))


@pytest.mark.parametrize("name", [*sorted(COMMON_NAMES), "", "a b", "x_forwarded_for", "Te", "é"])
def test_what_others_send_is_never_a_name_of_ours(name: str) -> None:
    with pytest.raises(ConfigurationError):
        IdentityHeaders({name: IdentityValue.SUBJECT})


def test_two_names_that_some_upstream_reads_as_one_are_refused() -> None:
    assert why_not_ours(["X-User", "X-Client", "x_user"]) == [
        None,
        None,
        "`x_user` is `X-User` to some upstreams",
    ]
