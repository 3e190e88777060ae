"""Subjects ► targets of SCIM requests. A subject is hostile text, and stays one value in each.

RFC 7644 3.4.1 (a resource by its id), 3.4.2 (queries), 3.9 (`attributes`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import quote

__all__ = ["MOST_SUBJECT", "can_be_asked_for", "groups_target", "user_target", "users_target"]

MOST_SUBJECT = 1024


def can_be_asked_for(subject: str) -> bool:
    """Whether a user may be called that: what cannot be one value of a URL nobody is called.

    A dot segment stays one however it is encoded (RFC 3986 5.2.4, 6.2.2.2); a lone surrogate is
    no text.
    """
    if not 0 < len(subject) <= MOST_SUBJECT or subject in {".", ".."}:
        return False
    try:
        subject.encode()
    except UnicodeEncodeError:
        return False
    return True


def user_target(id: str, attributes: Iterable[str]) -> str:
    """One user by its `id`."""
    return f"/Users/{quote(id, safe='')}?{_projection(attributes)}"


def users_target(attribute: str, value: str, attributes: Iterable[str]) -> str:
    """Users by an attribute; two are enough to see that there is more than one."""
    asked = _filter(attribute, value)
    return f"/Users?{asked}&{_projection([attribute, *attributes])}&startIndex=1&count=2"


def groups_target(user_id: str, attribute: str, *, start: int, count: int) -> str:
    """A page of the groups that a user is a direct member of; `start` counts from 1."""
    asked = _filter("members.value", user_id)
    return f"/Groups?{asked}&{_projection([attribute])}&startIndex={start}&count={count}"


def _filter(attribute: str, value: str) -> str:
    # RFC 7644 3.4.2.2: the value is a JSON string, so JSON's escapes are the filter's.
    text = json.dumps(value, ensure_ascii=False)
    return "filter=" + quote(f"{attribute} eq {text}", safe="")


def _projection(attributes: Iterable[str]) -> str:
    names = ",".join(dict.fromkeys(attributes))
    return "attributes=" + quote(names, safe=",:")
