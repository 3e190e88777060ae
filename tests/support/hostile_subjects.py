"""Subjects that mean something in URLs, filters, SQL or files, each of them a possible user."""

from __future__ import annotations

__all__ = ["HOSTILE_SUBJECTS"]

HOSTILE_SUBJECTS = (
    'alice" or userName pr or userName eq "',
    'alice"',
    "alice'--",
    "alice\\",
    'alice\\" or active eq true',
    "*",
    "alice)",
    "(|(uid=*))",
    "a\0b",
    "../alice",
    "../../Groups/g1",
    "%2f..%2falice",
    "..%2fGroups",
    "alice?attributes=id",
    "alice&count=0",
    "alice#",
    "alice/alice",
    "alice\r\nx-evil: 1",
    "line\nfeed",
    "a b+c",
    "été",
    "\u202ealice",
    "\U0001f600",
    ";drop table users",
    "{alice}",
    "[alice]",
    "urn:x:y:alice",
    " ",
    "...",
    "true",
    "null",
    "0",
)
