"""Sections 2 and 11 of the language page by brute force: URL ► service ► operation ► params."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from tests.reference.conditions import ascii_lower
from tests.reference.openings import is_refused
from tests.reference.shape import Bug, Operation, Service, Template, Tree

__all__ = ["Route", "chosen", "cuts", "matches", "rank", "route", "split_url"]

UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
INTEGER = r"0|[1-9][0-9]*"


@dataclass(frozen=True)
class Route:
    """Where a URL leads. `operation` None: no operation; `ambiguous`: refused whoever asks."""

    service: Service
    path: str
    relative_path: str
    query: str
    ambiguous: bool
    operation: Operation | None
    params: Mapping[str, str | int]


def route(tree: Tree, method: str, url: str, bug: str | None = None) -> Route | None:
    """None where no API service has a base URL above this one."""
    origin, raw_path, query = split_url(url)
    path = canonical(raw_path)
    owners = [
        (len(base_path), service)
        for service in tree.services.values()
        for base_url in service.base_urls
        for base_origin, base_path in [base_parts(base_url)]
        if base_origin == origin and (path + "/").startswith(base_path + "/")
    ]
    if not owners:
        return None
    length, service = max(owners, key=lambda owner: owner[0])
    relative = path[length:] or "/"
    operation, params = chosen(service, method, relative, bug)
    opened = service.opened
    if bug == Bug.OPENED_ELSEWHERE:
        opened = opened.union(*(one.opened for one in service.operations))
    if operation is not None:
        opened |= operation.opened
    if is_refused(path, opened, bug):
        return Route(service, path, relative, query, True, None, {})
    return Route(service, path, relative, query, False, operation, params)


def split_url(url: str) -> tuple[str, str, str]:
    """Origin (lower-case, without a default port), raw path, raw query."""
    scheme, _, rest = url.partition("://")
    rest, _, query = rest.partition("?")
    host, slash, path = rest.partition("/")
    default = {"http": ":80", "https": ":443"}[scheme.lower()]
    return f"{scheme.lower()}://{host.lower().removesuffix(default)}", slash + path, query


def base_parts(base_url: str) -> tuple[str, str]:
    origin, path, _ = split_url(base_url)
    return origin, path


def canonical(raw_path: str) -> str:
    """Unreserved characters decoded once, other escapes upper-case, raw UTF-8 encoded."""
    octets = "".join(
        character
        if character < "\x80"
        else "".join(f"%{octet:02X}" for octet in character.encode())
        for character in raw_path
    )

    def one(escape: re.Match[str]) -> str:
        character = chr(int(escape[1], 16))
        return character if character in UNRESERVED else escape[0].upper()

    return re.sub("%([0-9A-Fa-f]{2})", one, octets)


def chosen(
    service: Service, method: str, relative: str, bug: str | None
) -> tuple[Operation | None, Mapping[str, str | int]]:
    """The most specific of all that match."""
    segments = [unquote(segment) for segment in relative.split("/")[1:]]
    candidates = [
        (specificity(operation, template, service, bug), operation, params)
        for operation in service.operations
        if operation.methods is None or method in operation.methods
        for template in operation.templates
        for params in [matches(template, segments, operation, service)]
        if params is not None
    ]
    if not candidates:
        return None, {}
    _, operation, params = min(candidates, key=lambda candidate: candidate[0])
    return operation, params


def specificity(
    operation: Operation, template: Template, service: Service, bug: str | None
) -> tuple[Any, ...]:
    """Smaller is more specific: segment by segment from the left, then a listed method."""
    ranks = tuple(rank(segment, operation) for segment in folded(template, service))
    if bug == Bug.SPECIFICITY:
        ranks = ranks[::-1]
    # The end of a template (nothing: a shorter tuple) comes before `**` in tuple order.
    return ranks, operation.methods is None


def rank(segment: tuple[str, ...], operation: Operation) -> int:
    """literal > constrained parameter > parameter or `*` > `**`."""
    if segment[0] == "literal":
        return 0
    if segment[0] == "param" and segment[1] in operation.params:
        return 1
    return 3 if segment[0] == "rest" else 2


def matches(
    template: Template, segments: list[str], operation: Operation, service: Service
) -> dict[str, str | int] | None:
    """The parameters' values if `template` matches the decoded segments, else None."""
    wanted, found = list(folded(template, service)), list(segments)
    if service.same_slash and found[-1] == "":
        found.pop()
    if wanted and wanted[-1] == ("rest",):
        wanted.pop()
        if len(found) < len(wanted):
            return None
        found = found[: len(wanted)]
    if len(wanted) != len(found):
        return None
    values: dict[str, str | int] = {}
    for part, segment in zip(wanted, found, strict=True):
        if not fits(part, segment, operation, service):
            return None
        if part[0] == "param":
            is_number = operation.params.get(part[1]) == ("type", "int")
            values[part[1]] = int(segment) if is_number else segment
    return values


def folded(template: Template, service: Service) -> Template:
    """`trailingSlash: same` reads a template's own trailing slash away, as it does the path's."""
    if service.same_slash and template[-1:] == (("literal", ""),):
        return template[:-1]
    return template


def fits(part: tuple[str, ...], segment: str, operation: Operation, service: Service) -> bool:
    if part[0] == "literal":
        return (
            ascii_lower(part[1]) == ascii_lower(segment) if service.any_case else part[1] == segment
        )
    if segment == "":
        return False
    return part[0] == "star" or cuts(operation.params.get(part[1]), segment)


def cuts(constraint: tuple[str, str] | None, segment: str) -> bool:
    """Whether a non-empty segment is one that the parameter's constraint lets through."""
    if constraint is None:
        return True
    if constraint == ("type", "int"):
        return re.fullmatch(INTEGER, segment, re.ASCII) is not None and int(segment) < 2**63
    if constraint == ("type", "uuid"):
        return re.fullmatch(UUID, segment) is not None
    return re.fullmatch(constraint[1], segment) is not None
