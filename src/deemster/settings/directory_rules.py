"""What holds between a directory and the token providers whose users it knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deemster.policy.codes import Code
from deemster.settings.directory_model import DirectorySettings, UserinfoDirectory
from deemster.settings.provider_model import TokenProviderSettings, VerifyingProviderSettings
from deemster.settings.reading import Reading

__all__ = ["check_directories"]


def check_directories(
    reading: Reading,
    providers: Sequence[tuple[TokenProviderSettings, str]],
    directories: Iterable[DirectorySettings],
) -> None:
    """`providers`: (provider, its path)."""
    of_userinfo = {
        directory.id for directory in directories if isinstance(directory.source, UserinfoDirectory)
    }
    for provider, path in providers:
        if (
            isinstance(provider, VerifyingProviderSettings)
            and provider.directory in of_userinfo
            and provider.user_claim != "sub"
        ):
            reading.sink.error(
                Code.SETTING,
                f"the directory `{provider.directory}` is asked with the user's token, and what it "
                "answers is compared with the token's `sub`",
                reading.span_of(f"{path}.userClaim"),
                help="leave `userClaim` away",
            )
