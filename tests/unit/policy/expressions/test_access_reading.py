"""What the names of an AuthZEN question read."""

from collections.abc import Mapping

import pytest

from deemster.errors import EvaluationError
from deemster.model.access import AccessRequest, Action, Resource, Subject
from deemster.model.decision import Reason
from deemster.policy.expressions.access_reading import access_presence, access_reader
from deemster.policy.expressions.access_terms import AccessField, AccessRead
from deemster.policy.expressions.types import BOOL, INT, STRING, TIMESTAMP, Narrowing
from deemster.policy.values import Values
from tests.support.conditions import span
from tests.support.conditions import values as values_of

ROLE = Narrowing(STRING, ("viewer", "editor"))


def a_read(
    field: AccessField = AccessField.SUBJECT_PROPERTY,
    member: str = "role",
    narrowing: Narrowing = ROLE,
    *,
    optional: bool = False,
    default: object = None,
) -> AccessRead:
    return AccessRead(
        name=f"{field.value}.{member}" if field.is_property else field.value,
        field=field,
        member=member,
        narrowing=narrowing,
        optional=optional,
        has_default=default is not None,
        default=default,
        declared_at=span(1, 1, 4),
        span=span(2, 1, 4),
    )


def asked(
    *,
    subject: Mapping[str, object] | None = None,
    action: Mapping[str, object] | None = None,
    resource: Mapping[str, object] | None = None,
    context: Mapping[str, object] | None = None,
) -> Values:
    values = values_of()
    values.access = AccessRequest(
        subject=Subject("user", "alice", subject or {}),
        action=Action("can_read", action or {}),
        resource=Resource("todo", "t1", resource or {}),
        context=context or {},
    )
    return values


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (AccessField.SUBJECT_TYPE, "user"),
        (AccessField.SUBJECT_ID, "alice"),
        (AccessField.ACTION_NAME, "can_read"),
        (AccessField.RESOURCE_TYPE, "todo"),
        (AccessField.RESOURCE_ID, "t1"),
    ],
)
def test_what_every_question_has(field: AccessField, value: str) -> None:
    read = a_read(field, narrowing=Narrowing(STRING))
    assert access_reader(read)(asked()) == value
    assert access_presence(read)(asked()) is True


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (AccessField.SUBJECT_PROPERTY, asked(subject={"role": "editor"})),
        (AccessField.ACTION_PROPERTY, asked(action={"role": "editor"})),
        (AccessField.RESOURCE_PROPERTY, asked(resource={"role": "editor"})),
        (AccessField.CONTEXT_PROPERTY, asked(context={"role": "editor"})),
    ],
)
def test_each_part_has_properties_of_its_own(field: AccessField, values: Values) -> None:
    assert access_reader(a_read(field))(values) == "editor"
    elsewhere = asked(
        **{
            part: {"role": "viewer"}
            for part in ("subject", "action", "resource", "context")
            if not field.value.startswith(part)
        }
    )
    with pytest.raises(EvaluationError) as failed:
        access_reader(a_read(field))(elsewhere)
    assert failed.value.reason is Reason.ATTRIBUTE_MISSING


@pytest.mark.parametrize("found", [{}, {"role": None}])
def test_an_absent_property_is_what_its_declaration_says(found: dict[str, object]) -> None:
    values = asked(subject=found)
    assert access_reader(a_read(default="viewer"))(values) == "viewer"
    assert access_presence(a_read(default="viewer"))(values) is True
    assert access_presence(a_read(optional=True))(values) is False
    assert access_presence(a_read())(values) is False
    with pytest.raises(EvaluationError, match="is absent"):
        access_reader(a_read(optional=True))(values)


@pytest.mark.parametrize(
    ("narrowing", "value"),
    [
        (ROLE, "admin"),
        (ROLE, 1),
        (ROLE, ["editor"]),
        (Narrowing(INT), True),
        (Narrowing(INT), 1.0),
        (Narrowing(INT), "1"),
        (Narrowing(INT, None, 0, 9), 10),
        (Narrowing(BOOL), "true"),
        (Narrowing(TIMESTAMP), "yesterday"),
    ],
)
def test_a_value_of_another_type_is_an_error_and_so_is_has(
    narrowing: Narrowing, value: object
) -> None:
    values = asked(subject={"role": value})
    for function in (access_reader(a_read(narrowing=narrowing)),
                     access_presence(a_read(narrowing=narrowing, default="x"))):  # fmt: skip
        with pytest.raises(EvaluationError) as failed:
            function(values)
        assert failed.value.reason is Reason.INDETERMINATE


def test_a_timestamp_is_a_numeric_date_or_text() -> None:
    read = a_read(narrowing=Narrowing(TIMESTAMP))
    assert access_reader(read)(asked(subject={"role": 1_700_000_000})) == 1_700_000_000
    assert access_reader(read)(asked(subject={"role": "1970-01-01T00:01:00Z"})) == 60


@pytest.mark.parametrize("field", AccessField)
def test_of_a_call_every_read_is_an_error(field: AccessField) -> None:
    read = a_read(field, default="viewer" if field.is_property else None)
    for function in (access_reader(read), access_presence(read)):
        with pytest.raises(EvaluationError, match="no question of AuthZEN"):
            function(values_of())
