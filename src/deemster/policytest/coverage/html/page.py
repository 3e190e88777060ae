"""The page around the sources: what is covered in all, by kind, by file, and what is not."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files

from deemster.policytest.coverage.html.markup import Markup, element
from deemster.policytest.coverage.html.source_view import source_view
from deemster.policytest.coverage.html.state import State, state_of_share
from deemster.policytest.coverage.summary import Coverage, CoveredUnit, Share, share_of
from deemster.policytest.coverage.text import PLURALS

__all__ = ["html_report"]

_TITLE = "Policy coverage"
_HELP = (
    "Counts are test cases. A part is covered when every outcome that it can have was seen: "
    "operations permitted and denied, guards and response policies passed and refused, "
    "lines satisfied and refused, "
    "rules applied and not, conditions true, false, and in error where a call can bring that about."
)


def html_report(coverage: Coverage, sources: Mapping[str, str]) -> str:
    """The whole document. `sources` are texts of the tree's files by path as shown."""
    anchors = {file: f"f{number}" for number, file in enumerate(coverage.by_file())}
    style, script = _asset("page.css"), _asset("page.js")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        # Nothing runs, and nothing is fetched, but what was written with the page.
        element(
            "meta",
            http_equiv="Content-Security-Policy",
            content=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
            "base-uri 'none'; form-action 'none'",
        ),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"{_TITLE}: {coverage.total}"),
        element("style", style),
    )
    body = element(
        "body",
        element("a", "Skip to the sources", href="#sources", class_="skip"),
        _header(coverage),
        element(
            "main",
            _not_covered(coverage, anchors),
            _file_list(coverage, anchors),
            element(
                "section",
                element("h2", "Sources", id="sources"),
                _controls(),
                *(
                    _file(file, units, sources.get(file, ""), anchors[file])
                    for file, units in coverage.by_file().items()
                ),
            ),
        ),
        element("script", script),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _asset(name: str) -> Markup:
    # INVARIANT: these two are ours and hold no `</`; they are the only text not escaped.
    return Markup(files(__package__).joinpath(name).read_text(encoding="utf-8"))


def _hash(content: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _header(coverage: Coverage) -> Markup:
    total = coverage.total
    cards = [_card(PLURALS[kind.value], share) for kind, share in coverage.by_kind().items()]
    return element(
        "header",
        element("h1", _TITLE),
        element(
            "p",
            element("span", str(total), class_=f"total {state_of_share(total).css}"),
            f" {total.covered} of {total.goals} outcomes seen",
            class_="verdict",
        ),
        _meter(total, f"{total} of all outcomes"),
        element("ul", *cards, class_="cards"),
        element("p", _HELP, class_="help"),
    )


def _card(name: str, share: Share) -> Markup:
    state = state_of_share(share)
    return element(
        "li",
        element("span", name, class_="name"),
        element(
            "span",
            element("span", state.symbol, aria_hidden="true"),
            f" {share}",
            class_=f"percent {state.css}",
        ),
        element("span", f"{share.covered} of {share.goals}", class_="of"),
        _meter(share, f"{name}: {share}"),
    )


def _meter(share: Share, label: str) -> Markup:
    return element(
        "progress",
        str(share),
        max=str(share.goals or 1),
        value=str(share.covered if share.goals else 1),
        aria_label=label,
        class_=state_of_share(share).css,
    )


def _not_covered(coverage: Coverage, anchors: Mapping[str, str]) -> Markup:
    missing = coverage.missing()
    if not missing:
        return element(
            "section", element("p", f"{State.FULL.symbol} Everything is covered.", class_="done")
        )
    rows = [_missing_row(found, anchors) for found in missing]
    columns = [element("th", name, scope="col") for name in ("Place", "Part", "Name", "Lacks")]
    return element(
        "section",
        element("h2", f"Not covered ({len(missing)})"),
        element(
            "table",
            element("thead", element("tr", *columns)),
            element("tbody", *rows),
            class_="missing",
        ),
    )


def _missing_row(found: CoveredUnit, anchors: Mapping[str, str]) -> Markup:
    unit = found.unit
    place = f"#{anchors[unit.span.file]}-L{unit.span.line}"
    return element(
        "tr",
        element("td", element("a", unit.span.place, href=place)),
        element("td", unit.kind.value),
        element("td", element("code", unit.name)),
        element("td", found.complaint),
    )


def _file_list(coverage: Coverage, anchors: Mapping[str, str]) -> Markup:
    items = []
    for file, units in coverage.by_file().items():
        share = share_of(units)
        items.append(
            element(
                "li",
                element("a", file, href=f"#{anchors[file]}"),
                element("span", str(share), class_=f"percent {state_of_share(share).css}"),
                _meter(share, f"{file}: {share}"),
            )
        )
    return element("nav", element("h2", "Files"), element("ul", *items), aria_label="Files")


def _controls() -> Markup:
    """They do something only where scripts run, so they are hidden until one does."""
    return element(
        "p",
        element("button", "Next not covered", type="button", data_do="next"),
        element("kbd", "n"),
        element("button", "Previous", type="button", data_do="previous"),
        element("kbd", "p"),
        element("button", "Open all lines", type="button", data_do="open"),
        element("button", "Close all lines", type="button", data_do="close"),
        class_="controls",
        hidden=True,
    )


def _file(file: str, units: tuple[CoveredUnit, ...], source: str, anchor: str) -> Markup:
    share = share_of(units)
    state = state_of_share(share)
    heading = element(
        "h3",
        element("span", state.symbol, aria_hidden="true"),
        f" {file} ",
        element("span", str(share), class_=f"percent {state.css}"),
    )
    return element("article", heading, source_view(source, units, anchor), id=anchor)
