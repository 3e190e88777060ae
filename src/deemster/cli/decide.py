"""`deemster decide`: one decision from the shell, with its trace."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from deemster.app.changes import StatementChanges
from deemster.cli.access_arguments import access_request
from deemster.cli.arguments import (
    ConfigOption,
    FormatOption,
    json_object,
    minted_claims,
)
from deemster.cli.asking import Answer, Question, ask_made_up, ask_with_settings
from deemster.cli.decision_report import decision_json, decision_text
from deemster.cli.output import OutputFormat, colour_on, print_json
from deemster.cli.trees import chosen_paths, load_chosen_tree, settings_in
from deemster.errors import CannotCarryOutError
from deemster.gateways.adapter import WireRequest
from deemster.gateways.ping_sideband import PingSidebandRequestLeg
from deemster.model.access import AccessRequest
from deemster.model.http import EVERY_STATEMENT, ApiCall, Headers

__all__ = ["decide"]

_MAX_DEPTH = 64


def decide(
    method: Annotated[str, typer.Option("--method", "-X", help="HTTP method.")] = "GET",
    url: Annotated[
        str | None,
        typer.Option("--url", help="Absolute URL; without it a sideband body is read from stdin."),
    ] = None,
    token: Annotated[
        str | None, typer.Option("--token", help="A bearer token; needs --config to verify it.")
    ] = None,
    sub: Annotated[
        str | None, typer.Option("--sub", help="Mint a token for this user instead.")
    ] = None,
    scope: Annotated[str | None, typer.Option("--scope", help="Its scopes.")] = None,
    claim: Annotated[
        list[str] | None,
        typer.Option("--claim", metavar="NAME=VALUE", help="A further claim; JSON or text."),
    ] = None,
    claims: Annotated[
        str | None,
        typer.Option("--claims", metavar="JSON", help="Claims, asserted as a gateway would."),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(
            "--user",
            metavar="JSON",
            help="What the directory says of the user, without --config: groups, roles, …",
        ),
    ] = None,
    attributes: Annotated[
        str | None,
        typer.Option(
            "--attributes",
            metavar="JSON",
            help="What the sources of attributes answer, without --config: {risk_score: 80}",
        ),
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", metavar="NAME: VALUE")
    ] = None,
    body: Annotated[
        str | None,
        typer.Option("--body", help="The body as text; JSON unless a --header says otherwise."),
    ] = None,
    ip: Annotated[str | None, typer.Option("--ip", help="The client's address.")] = None,
    subject: Annotated[
        str | None,
        typer.Option("--subject", metavar="TYPE:ID", help="Ask as AuthZEN does: who, user:alice."),
    ] = None,
    action: Annotated[
        str | None, typer.Option("--action", help="What they want to do, can_read.")
    ] = None,
    resource: Annotated[
        str | None, typer.Option("--resource", metavar="TYPE:ID", help="To what, todo:1.")
    ] = None,
    properties: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            metavar="PART.NAME=VALUE",
            help="Of subject, action, resource or context; JSON or text.",
        ),
    ] = None,
    api_service: Annotated[
        str | None,
        typer.Option("--api-service", help="Ask as a gateway that has this API service alone."),
    ] = None,
    policies: Annotated[
        list[Path] | None,
        typer.Option("--policies", help="Policy folders or files.", show_default=False),
    ] = None,
    config: ConfigOption = None,
    gateway: Annotated[
        str | None,
        typer.Option("--gateway", help="Ask as this gateway of the settings, with its rights."),
    ] = None,
    output_format: FormatOption = OutputFormat.TEXT,
) -> None:
    """Decide one call, or one question of AuthZEN, and print every policy node visited.

    Without --config the tree's token providers are made up: a token is minted from --sub, --scope
    and --claim with a throw-away key. Exit status: 0 permit, 1 deny, 2 could not run.
    """
    asked: ApiCall | AccessRequest | None = access_request(
        subject, action, resource, properties or ()
    )
    if asked is not None and (url is not None or claims is not None):
        raise typer.BadParameter("a question has no --url and no --claims", param_hint="--action")
    if asked is None and url is not None:
        asked = ApiCall(
            method=method,
            url=url,
            headers=_headers(header or [], body),
            body=body,
            client_ip=ip,
            asserted_claims=json_object(claims, "--claims") if claims is not None else None,
            # Nobody carries anything out here: what applies is shown.
            possible=EVERY_STATEMENT,
        )
    if gateway is not None and api_service is not None:
        raise typer.BadParameter("a gateway has its own", param_hint="--api-service")
    asked = asked or replace(_sideband_call(), possible=EVERY_STATEMENT)
    minted = minted_claims(sub, scope, claim or ())
    if token is not None and minted:
        raise typer.BadParameter("goes without --sub, --scope and --claim", param_hint="--token")
    question = Question(
        asked=asked,
        token=token,
        minted=minted or None,
        user=json_object(user, "--user") if user is not None else None,
        attributes=(json_object(attributes, "--attributes") if attributes is not None else None),
        gateway=gateway,
        api_service=api_service,
    )
    settings = settings_in(config)
    loaded = load_chosen_tree(chosen_paths(policies, settings), settings)
    if settings is None:
        asking = ask_made_up(question, loaded)
    else:
        asking = ask_with_settings(question, loaded, settings)
    _print(asyncio.run(asking), output_format)


def _print(answer: Answer, output_format: OutputFormat) -> None:
    if output_format is OutputFormat.JSON:
        print_json(decision_json(answer))
    else:
        sys.stdout.write(decision_text(answer, colour=colour_on(sys.stdout)))
    raise typer.Exit(0 if answer.decision.permitted else 1)


def _headers(written: list[str], body: str | None) -> Headers:
    pairs = [_header(text) for text in written]
    if body is not None and all(name != "content-type" for name, _ in pairs):
        pairs.append(("content-type", "application/json"))
    return Headers(tuple(pairs))


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise typer.BadParameter(f"`{text}` is not `name: value`", param_hint="--header")
    return name.strip().lower(), value.strip()


def _sideband_call() -> ApiCall:
    if sys.stdin.isatty():
        raise typer.BadParameter("give --url, or a sideband body on stdin", param_hint="--url")
    body = sys.stdin.buffer.read()
    wire = WireRequest("POST", "/sideband/request", [], body)
    leg = PingSidebandRequestLeg(
        max_depth=_MAX_DEPTH, changes=StatementChanges(), seal=_nothing_is_answered
    )
    return leg.decode(wire)


def _nothing_is_answered(_kept: object, _call: ApiCall, _url: str) -> str:
    raise CannotCarryOutError("no gateway asks here")
