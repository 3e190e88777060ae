"""`deemster schema`: what editors and people read of the language, made of the loader's model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from deemster.cli.files import write_atomically
from deemster.gateways.answers import REFUSALS
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.parsing.document_shapes import DOCUMENTS
from deemster.policy.parsing.scalars import listed
from deemster.policytools.json_schema import COMBINED, combined_schema, file_name_of, schema_of_kind
from deemster.policytools.reference.page import reference

__all__ = ["reference_page", "schema", "schema_files"]


def schema(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="KIND",
            help=f"One of {', '.join(DOCUMENTS)}; by default one schema for all kinds.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Write files there: one for each kind, and one for all. Made if it is not there.",
        ),
    ] = None,
    as_page: Annotated[
        bool, typer.Option("--reference", help="Print the language reference, as Markdown.")
    ] = False,
) -> None:
    """Print JSON Schemas of the policy language, or write them for an editor.

    A policy file names its schema in its first line, for example
    `# yaml-language-server: $schema=../../schemas/api-service.schema.json`.
    """
    if as_page:
        sys.stdout.write(reference_page())
        return
    files = schema_files()
    if kind is not None:
        files = {name: files[name] for name in (_file_name(kind),)}
    if out is None:
        sys.stdout.write(files[COMBINED] if kind is None else next(iter(files.values())))
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_atomically(out / name, text.encode())
        print(f"wrote {out / name}")


def schema_files() -> dict[str, str]:
    """Text by file name: one schema for each kind, and one for all."""
    schemas = {file_name_of(kind): schema_of_kind(kind, shape) for kind, shape in DOCUMENTS.items()}
    schemas[COMBINED] = combined_schema(DOCUMENTS)
    return {
        name: json.dumps(made, indent=2, ensure_ascii=False) + "\n"
        for name, made in schemas.items()
    }


def reference_page() -> str:
    """The language reference."""
    return reference({reason: refusal.status for reason, refusal in REFUSALS.items()})


def _file_name(kind: str) -> str:
    if kind in DOCUMENTS:
        return file_name_of(kind)
    guess = did_you_mean(kind, list(DOCUMENTS))
    raise typer.BadParameter(
        f"there is no kind `{kind}`; {guess or f'expected {listed(DOCUMENTS)}'}", param_hint="KIND"
    )
