"""Shapes of a PolicyTest document (policy-language section 13): data, read by `policytest`.

They stand here with those of the other kinds, so that schemas, reference and formatter are made
of all of them alike.
"""

from __future__ import annotations

from deemster.model.decision import Effect, Reason
from deemster.policy.parsing import forms
from deemster.policy.parsing.header import header_of
from deemster.policy.parsing.shapes import Key, Keys, Shape

__all__ = [
    "ACCESS_REQUEST",
    "ACTION",
    "ATTRIBUTE_FAULT",
    "ATTRIBUTE_FAULTS",
    "CALL",
    "CASE",
    "EFFECTS",
    "ENTITY",
    "EXPECTATION",
    "EXPECTED_CHALLENGE",
    "EXPECTED_REASON",
    "EXPECTED_STATEMENT",
    "MATRIX",
    "POLICY_TEST",
    "REASONS",
    "RESPONSE",
    "TOKEN_FAULTS",
    "USER",
]


def _words(docs: dict[str, str]) -> forms.Choice[str]:
    return forms.Choice({word: word for word in docs}, docs)


TOKEN_FAULTS = _words(
    {
        "expired": "`exp` is in the past",
        "not-yet-valid": "`nbf` is in the future",
        "wrong-audience": "`aud` is of another API",
        "wrong-issuer": "`iss` is another provider",
        "wrong-key": "signed by somebody else's key under the same name",
        "alg-none": "not signed at all",
        "tampered": "claims were changed after signing",
    }
)
ATTRIBUTE_FAULTS = _words(
    {
        "timeout": "the source does not answer in time",
        "unavailable": "the source cannot be reached, or says that it cannot answer",
        "garbage": "the source answers what is no value",
    }
)
EFFECTS = forms.Choice(
    {effect.value: effect for effect in Effect},
    synonyms={"allow": "permit", "allowed": "permit", "denied": "deny", "block": "deny"},
)
REASONS = forms.Choice({word.value: word for word in Reason})
_HEADERS = Key(
    forms.MapOf(
        forms.OneOf((forms.Text(), forms.ListOf(forms.Text(), may_be_empty=True, may_repeat=True))),
        forms.Text("name"),
    ),
    "Header fields; a list repeats the header.",
    example="{x-tenant: north}",
)
_BODY = Key(
    forms.Json("text, or JSON"),
    "The body: a text is sent as it stands, anything else as JSON with its media type.",
    example="{amount: 250}",
)
_STATUS = forms.Integer(100, 599)
_PROPERTIES = Key(forms.MapOf(forms.Json(), forms.Text("name")), "What else is known, as JSON.")
_CLAIMS = forms.MapOf(forms.Json("a claim"), forms.Text("name of a claim"))

USER = Shape(
    "a user",
    Keys(
        {
            "groups": Key(
                forms.ListOf(forms.Text("group"), may_be_empty=True), "Groups of the directory."
            ),
            "roles": Key(
                forms.ListOf(forms.Text("role"), may_be_empty=True),
                "Roles of Applications, as `application/role`; the bare name where one has it.",
            ),
            "attributes": Key(
                forms.MapOf(forms.Json(), forms.Text("name")), "Attributes of the directory."
            ),
            "enabled": Key(forms.Flag(), "Whether the directory lets the user in.", default="true"),
        }
    ),
    example="alice: {groups: [finance], attributes: {level: 3}}",
    doc="A user of the directory of every internal provider while the suite runs.",
)
CERTIFICATE = Shape(
    "`certificate`",
    Keys(
        {
            "thumbprint": Key(
                forms.Text(),
                "SHA-256 of the certificate in base64url, `x5t#S256` of RFC 8705.",
            ),
            "subject": Key(
                forms.Text("distinguished name"), "Its subject.", '"CN=partner-1,O=Example"'
            ),
            "issuer": Key(forms.Text("distinguished name"), "Its issuer.", '"CN=Example CA"'),
            "dnsNames": Key(forms.ListOf(forms.Text()), "DNS names it is for.", "[a.example.com]"),
            "uris": Key(forms.ListOf(forms.Text()), "URIs it is for.", '["spiffe://example/a"]'),
        }
    ),
    elsewhere=dict.fromkeys(
        ("x5c", "pem"), "say what conditions read: thumbprint, subject, issuer, dnsNames, uris"
    ),
    example='certificate: {subject: "CN=partner-1,O=Example"}',
    doc="The client's certificate that the gateway tells of, `request.certificate`.",
)
CALL = Shape(
    "`request`",
    Keys(
        {
            "method": Key(forms.Text("HTTP method"), "The method, exact."),
            "url": Key(forms.Text("URL"), "The absolute URL that the gateway saw, query included."),
            "headers": _HEADERS,
            "body": _BODY,
            "ip": Key(forms.Text("IP address"), "The client's address, `request.ip`."),
            "certificate": Key(CERTIFICATE, "The client's certificate.", default="none"),
        }
    ),
    required={
        "method": "for example `method: GET`",
        "url": "the absolute URL, for example `url: https://api.example.com/invoices`",
    },
    elsewhere={
        "path": "write the whole `url`",
        "host": "write the whole `url`",
        "query": "the query is part of `url`",
        "token": "`token` belongs to the case",
        "claims": "`claims` belongs to the case",
    },
    example="request: {method: GET, url: https://api.example.com/invoices}",
    doc="The HTTP exchange that the gateway asks about.",
)
ENTITY = Shape(
    "a subject or a resource",
    Keys(
        {
            "type": Key(forms.Text(), "Its type."),
            "id": Key(forms.Text(), "Its id, unique in its type."),
            "properties": _PROPERTIES,
        }
    ),
    required={"type": "for example `type: user`", "id": "for example `id: alice`"},
    example="{type: user, id: alice}",
)
ACTION = Shape(
    "`action`",
    Keys({"name": Key(forms.Text(), "What is to be done."), "properties": _PROPERTIES}),
    required={"name": "for example `name: can_read`"},
    example="{name: can_read}",
)
ACCESS_REQUEST = Shape(
    "a `request` with a subject",
    Keys(
        {
            "subject": Key(ENTITY, "Who asks."),
            "action": Key(ACTION, "What for."),
            "resource": Key(ENTITY, "On what."),
            "context": Key(
                forms.MapOf(forms.Json(), forms.Text("name")), "What surrounds the question."
            ),
        }
    ),
    required={
        "subject": "for example `subject: {type: user, id: alice}`",
        "action": "for example `action: {name: can_read}`",
        "resource": 'for example `resource: {type: todo, id: "1"}`',
    },
    doc="A question of AuthZEN 1.0.",
)
RESPONSE = Shape(
    "`response`",
    Keys(
        {
            "status": Key(_STATUS, "The upstream's status."),
            "headers": _HEADERS,
            "body": _BODY,
        }
    ),
    required={"status": "for example `status: 200`"},
    example="response: {status: 200, body: {iban: DE02}}",
    doc="The upstream's answer: the case is then about the response phase.",
)
ATTRIBUTE_FAULT = Shape(
    "an attribute with a fault",
    Keys(
        {
            "fault": Key(ATTRIBUTE_FAULTS, "How the source fails."),
        }
    ),
    required={"fault": None},
    example="risk_score: {fault: timeout}",
)
EXPECTED_CHALLENGE = Shape(
    "`challenge`",
    Keys(
        {
            "realm": Key(forms.Json(), "The realm."),
            "error": Key(forms.Json(), "The error code of RFC 6750 or RFC 9470."),
            "scope": Key(forms.Json(), "Scopes that would suffice."),
            "acr_values": Key(forms.Json(), "Authentication contexts that would suffice."),
            "max_age": Key(forms.Json(), "Seconds since the login at most."),
        }
    ),
    example="challenge: {max_age: 300}",
    doc="Members of the challenge in `WWW-Authenticate` that must be so; others may be there.",
)
EXPECTED_REASON = Shape(
    "`deniedReason`",
    Keys(
        {
            "code": Key(forms.Json(), "The author's code."),
            "message": Key(forms.Json(), "The author's sentence."),
            "detail": Key(forms.Json(), "The author's detail."),
            "status": Key(forms.Json(), "The author's status."),
        }
    ),
    example="deniedReason: pay.not-allowed",
    doc="The author's words that must be told; a text alone is the code.",
)
EXPECTED_STATEMENT = Shape(
    "an item of `statements`",
    Keys(
        {
            "code": Key(forms.Text(), "The statement's code."),
            "id": Key(forms.Text(), "Its name."),
            "obligatory": Key(forms.Flag(), "Whether the gateway must carry it out."),
            "payload": Key(forms.Json(), "What its payload must have; more may be there."),
        }
    ),
    required={"code": "for example `code: exclude-attributes`"},
    example="statements: [{code: exclude-attributes, payload: [$.iban]}]",
    doc="A statement that must be among those of the decision.",
)
_STATEMENT = forms.OneOf((forms.Text("code"), EXPECTED_STATEMENT))
EXPECTATION = Shape(
    "`expect`",
    Keys(
        {
            "decision": Key(EFFECTS, "`permit` or `deny`."),
            "reason": Key(REASONS, "Why."),
            "operation": Key(forms.Id(), "The operation that was found."),
            "rule": Key(forms.Text("id path"), "Id path of the node that decided."),
            "status": Key(_STATUS, "The status that the end user is told; a permit has none."),
            "deniedReason": Key(
                forms.OneOf((forms.Text("code"), EXPECTED_REASON)), "The author's words."
            ),
            "challenge": Key(EXPECTED_CHALLENGE, "What is asked of the end user."),
            "statements": Key(
                forms.OneOf((forms.Choice({"none": ()}), forms.ListOf(_STATEMENT))),
                "What goes with the answer, or `none`.",
                "[exclude-attributes]",
            ),
        }
    ),
    required={"decision": "`permit` or `deny`"},
    elsewhere={
        "effect": "write `decision: permit` or `decision: deny`",
        "code": "write `deniedReason: {code: ...}`",
        "message": "write `deniedReason: {message: ...}`",
        "obligations": "write `statements: [...]`",
    },
    example="expect: {decision: permit}",
    doc="What must be so; members that are not written are not looked at.",
)
_TOKEN = Key(
    forms.OneOf((forms.Text("name of a token"), _CLAIMS)),
    "A name of `tokens`, `none`, `fault(name)`, or `{like: name, ...}` with other claims. "
    f"Faults: {', '.join(TOKEN_FAULTS.options)}.",
    example="{like: alice, scope: invoices.read}",
    default="none",
)
_ASSERTED = Key(
    forms.OneOf((forms.Text("name of a token"), _CLAIMS)),
    "Claims that the gateway asserts: as `token`, or written out.",
    example="{client_id: partner-acme}",
)
_NAME = Key(forms.Text(), "A sentence that says what must be so.")
_NOW = Key(forms.Instant(), "The time of this case.", default="that of the suite")
_SKIP = Key(forms.Text(), "Why the case is not run.")
_REQUEST = Key(CALL, "What the gateway asks about.")
_ATTRIBUTES = Key(
    forms.MapOf(
        forms.Json("what the source answers, or `{fault: timeout | unavailable | garbage}`"),
        forms.Text("name of an attribute"),
    ),
    "What the sources of attributes answer, by the attribute's name, `alias.name` or `id.name`."
    " One that is needed and not named has failed.",
    "{risk_score: 80, std.limit: {fault: timeout}}",
)
_RESPONSE = Key(
    RESPONSE,
    "What the upstream answers: then the case is about that answer, once the call is permitted.",
    "{status: 200, body: {iban: DE02}}",
)
CASE = Shape(
    "a case",
    Keys(
        {
            "name": _NAME,
            "skip": _SKIP,
            "now": _NOW,
            "request": _REQUEST,
            "attributes": _ATTRIBUTES,
            "token": _TOKEN,
            "claims": _ASSERTED,
            "response": _RESPONSE,
            "expect": Key(EXPECTATION, "What must be so."),
        }
    ),
    required={
        "name": "a sentence that says what must be so",
        "request": "for example `request: {method: GET, url: https://api.example.com/invoices}`",
        "expect": "for example `expect: {decision: permit}`",
    },
    elsewhere={
        "id": "a case is named by `name`",
        "title": "a case is named by `name`",
        "tokens": "a case has one `token`; several belong to an entry of `matrix`",
        "users": "users belong to the suite",
        "service": "the suite names its API service",
        "method": "write `request: {method: ..., url: ...}`",
        "url": "write `request: {method: ..., url: ...}`",
        "decision": "write `expect: {decision: ...}`",
        "reason": "write `expect: {decision: deny, reason: ...}`",
    },
    at_most_one=(("token", "claims"),),
    doc="One question and the answer that it must have.",
)
_ROWS = forms.MapOf(forms.OneOf((EFFECTS, EXPECTATION)), forms.Text("token"), may_be_empty=False)
MATRIX = Shape(
    "an entry of `matrix`",
    Keys(
        {
            "name": _NAME,
            "skip": _SKIP,
            "now": _NOW,
            "request": _REQUEST,
            "attributes": _ATTRIBUTES,
            "tokens": Key(_ROWS, "For each token what must be so.", example="{alice: permit}"),
            "claims": Key(_ROWS, "The same for claims that the gateway asserts."),
            "response": _RESPONSE,
        }
    ),
    required={"name": CASE.required["name"], "request": CASE.required["request"]},
    elsewhere={
        "token": "an entry of `matrix` has `tokens`, each with what is expected",
        "expect": "what is expected stands with each token: `tokens: {alice: permit, none: deny}`",
    },
    at_least_one=(("tokens", "claims"),),
    doc="One question asked with several tokens; each is a case of its own.",
)
POLICY_TEST = Shape(
    "a PolicyTest",
    header_of("PolicyTest")
    | Keys(
        {
            "service": Key(forms.Id(), "The API service that the suite is about."),
            "now": Key(forms.Instant(), "The time of every case.", default="when the suite is run"),
            "users": Key(
                forms.MapOf(USER, forms.Text("subject")),
                "The directory of every internal provider while the suite runs.",
            ),
            "tokens": Key(
                forms.MapOf(_CLAIMS, forms.Text("name of a token")),
                "Claims by name. What is not written is added: issuer, the service's audience, "
                "`client_id: test`, `iat` now, `exp` in an hour.",
            ),
            "cases": Key(forms.ListOf(CASE), "Questions, each with its answer."),
            "matrix": Key(forms.ListOf(MATRIX), "Questions asked with several tokens each."),
        }
    ),
    required={"service": "the id of the API service that the suite is about"},
    elsewhere={
        "tests": "write `cases: [...]`",
        "settings": "settings are given on the command line, `--config`",
        "attributes": "what sources of attributes answer belongs to a case",
    },
    at_least_one=(("cases", "matrix"),),
    doc="Questions to one API service, each with the answer that it must have.",
)
