"""Reads `directories[].userinfo`: an issuer that is asked with the user's own token."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.settings.directory_model import UserinfoDirectory
from deemster.settings.outgoing_sections import read_outgoing
from deemster.settings.section import Section
from deemster.settings.user_mapping_sections import read_user_mapping

__all__ = ["read_userinfo_directory"]

_PLACES = ("url", "discovery")


def read_userinfo_directory(section: Section) -> UserinfoDirectory | None:
    """`url` of the endpoint, or `discovery` with the issuer's; and which member says what."""
    written = section.written(_PLACES)
    section.take(*_PLACES)
    outgoing = None
    if len(written) != 1:
        section.error(
            Code.SETTING,
            f"`{section.path}` is exactly one of `url` and `discovery`",
            section.span,
            help="`url` is the endpoint's, `discovery` the issuer's",
        )
        section.take("allowPrivate", "plaintextBehind", "tls", "concurrency", "breaker")
    else:
        outgoing = read_outgoing(section, written[0])
    mapping = read_user_mapping(section)
    section.finish()
    if outgoing is None:
        return None
    return UserinfoDirectory(outgoing, written == ["discovery"], mapping)
