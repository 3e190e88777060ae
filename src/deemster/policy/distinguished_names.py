"""Distinguished names as values: parsed, normalised, compared structurally, never as text.

Grammar: RFC 4514 section 3 (and the RFC 2253 forms it allows). Seed 3: relative names are
compared case-insensitively, but for those whose values are no printable text: e-mail and domain
component names are case-sensitive.
"""

from __future__ import annotations

__all__ = ["DistinguishedName", "MalformedNameError", "parse_distinguished_name"]

DistinguishedName = tuple[frozenset[tuple[str, str]], ...]
"""Relative names in order; each is a set of (attribute type, normalised value)."""


class MalformedNameError(ValueError):
    """Text that is no distinguished name; the message says where."""


_TYPE_NAMES = {
    "2.5.4.3": "cn",
    "2.5.4.6": "c",
    "2.5.4.7": "l",
    "2.5.4.8": "st",
    "2.5.4.9": "street",
    "2.5.4.10": "o",
    "2.5.4.11": "ou",
    "0.9.2342.19200300.100.1.1": "uid",
    "0.9.2342.19200300.100.1.25": "dc",
    "1.2.840.113549.1.9.1": "email",
    "commonname": "cn",
    "countryname": "c",
    "localityname": "l",
    "stateorprovincename": "st",
    "s": "st",
    "streetaddress": "street",
    "organizationname": "o",
    "organizationalunitname": "ou",
    "userid": "uid",
    "domaincomponent": "dc",
    "emailaddress": "email",
    "e": "email",
}
_CASE_SENSITIVE = frozenset({"dc", "email"})
_ESCAPABLE = frozenset(' "#+,;<=>\\')
_HEX = frozenset("0123456789abcdefABCDEF")
_LONGEST = 4096


def parse_distinguished_name(text: str) -> DistinguishedName:
    """The name's structure. Raises MalformedNameError; the empty text is no name here."""
    if not text.strip():
        raise MalformedNameError("a distinguished name is not empty")
    if len(text) > _LONGEST:
        raise MalformedNameError(f"a distinguished name has at most {_LONGEST} characters")
    relative_names = []
    members: list[tuple[str, str]] = []
    position = 0
    while True:
        kind, position = _attribute_type(text, position)
        value, position = _attribute_value(text, position)
        members.append((kind, _normalised(kind, value)))
        separator = text[position] if position < len(text) else ""
        if separator != "+":
            relative_names.append(frozenset(members))
            members = []
        if not separator:
            return tuple(relative_names)
        position += 1


def _attribute_type(text: str, position: int) -> tuple[str, int]:
    end = text.find("=", position)
    if end < 0:
        raise MalformedNameError(f"`=` expected after position {position + 1}")
    name = text[position:end].strip(" ").lower().removeprefix("oid.")
    if not name or not all(c.isascii() and (c.isalnum() or c in "-.") for c in name):
        raise MalformedNameError(f"`{text[position:end]}` is no attribute type")
    return _TYPE_NAMES.get(name, name), end + 1


def _attribute_value(text: str, position: int) -> tuple[str, int]:
    while position < len(text) and text[position] == " ":
        position += 1
    if position < len(text) and text[position] == '"':
        return _quoted_value(text, position + 1)
    if text[position : position + 1] == "#":
        raise MalformedNameError(f"a value in hexadecimal form is not read, at {position + 1}")
    octets = bytearray()
    kept = 0  # spaces up to here were escaped, so they belong to the value
    while position < len(text) and text[position] not in ",;+":
        if text[position] == "\\":
            octet, position = _escaped(text, position + 1)
            octets += octet
            kept = len(octets)
            continue
        if text[position] in '"<>\0':
            raise MalformedNameError(f"`{text[position]}` must be escaped at {position + 1}")
        octets += text[position].encode()
        position += 1
    while len(octets) > kept and octets[-1] == 0x20:
        octets.pop()
    return _decoded(octets), position


def _quoted_value(text: str, position: int) -> tuple[str, int]:
    octets = bytearray()
    while position < len(text) and text[position] != '"':
        if text[position] == "\\":
            octet, position = _escaped(text, position + 1)
            octets += octet
        else:
            octets += text[position].encode()
            position += 1
    position += 1
    while position < len(text) and text[position] == " ":
        position += 1
    if position > len(text) or (position < len(text) and text[position] not in ",;+"):
        raise MalformedNameError("a quoted value is not closed")
    return _decoded(octets), position


def _escaped(text: str, position: int) -> tuple[bytes, int]:
    pair = text[position : position + 2]
    if len(pair) == 2 and pair[0] in _HEX and pair[1] in _HEX:
        return bytes.fromhex(pair), position + 2
    if pair and pair[0] in _ESCAPABLE:
        return pair[0].encode(), position + 1
    raise MalformedNameError(f"nothing to escape at {position + 1}")


def _decoded(octets: bytearray) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise MalformedNameError("a value is not UTF-8") from None


def _normalised(kind: str, value: str) -> str:
    # caseIgnoreMatch (RFC 4517 4.2.11) folds case and runs of spaces.
    spaced = " ".join(word for word in value.split(" ") if word)
    if kind in _CASE_SENSITIVE or not spaced.isprintable():
        return spaced
    return spaced.casefold()
