"""docs/settings.md, made of the keys that the readers ask for and of `settings_meanings.yaml`.

`python -m tests.support.settings_page` writes it; tests/docs/test_settings_page.py holds it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import yaml

from deemster.app.changed_settings import compare_settings
from deemster.settings import Settings, load_settings
from deemster.settings.environment import OVERRIDABLE, variable_of
from deemster.settings.model import SettingValue
from tests.support.settings_keys import Key, found_keys

__all__ = ["PAGE", "RENEWED", "meaning_of", "meanings", "page"]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "settings.md"
MEANINGS = Path(__file__).with_name("settings_meanings.yaml")
ENVIRON = {"S": "s" * 48}
_SMALLEST = """
policies: {path: policies}
gateways:
  - {id: kong, protocols: [sideband], apiServices: ["*"], secrets: [{id: k, value: "${env:S}"}]}
stateKeys: [{id: s, value: "${env:S}"}]
decisionLog: {sinks: [{stdout: {}}], whenFull: drop}
"""

_OF_LISTENERS = ("decisions", "extAuthz", "management")
RENEWED = {
    **{
        f"listeners.{listener}.tls.{key}": "the file"
        for listener in _OF_LISTENERS
        for key in ("certificate", "key", "clientCa")
    },
    "policies.path": "the tree",
    "policies.bundle.bearer": "a file's secret",
    "policies.bundle.headers.NAME": "a file's secret",
    "policies.bundle.keys": "the files",
    "services.NAME.bearer": "a file's secret",
    "services.NAME.headers.NAME": "a file's secret",
    "directories[].scim.auth.basic.password": "a file's secret",
    "directories[].scim.auth.bearer": "a file's secret",
    "tokenProviders[].introspection.auth.clientSecretBasic": "a file's secret",
    "gateways[].secretHeader": "one that a gateway had",
}
"""What is renewed at SIGHUP although another value needs a restart, or the other way round."""

_HEAD = """# Settings

Made of what the readers of the settings ask for, by `python -m tests.support.settings_page`: a key
that they know and this page does not fails the gate. Settings are one YAML file; relative paths in
it start at its folder. `[]` is each item of a list, `NAME` a name of your choice. A key that is
**needed** is an error where it is not written and what is above it is. Without a default and that
word, what a key is for is off, or as its row says.

- Secrets are `"${env:NAME}"` or `"${file:PATH}"`; they are written out nowhere.
- Environment: a scalar that stands in no list is overridden by the variable of its row. Any other
  `DEEMSTER_…` is refused, but for those that secrets name.
- SIGHUP: *yes*, the key is taken while the service runs; *no*, a change is told in `restartNeeded`
  of `/ready` and in the metric `deemster_restart_needed`, and needs a restart; else what is read
  again while the key says the same.
- `deemster show-config` prints what is in force, and where each value came from.

A wrong file starts no service and is refused at SIGHUP; errors have file, line and column.
"""


def page() -> str:
    """The page as it should be."""
    tops: dict[str, list[Key]] = {}
    for key in _in_order(list(found_keys().keys.values())):
        tops.setdefault(_top(key.path), []).append(key)
    parts = [_HEAD]
    for top, keys in tops.items():
        rows = [key for key in keys if key.path != top or len(keys) == 1]
        parts.append(f"\n## `{top}`\n\n")
        if len(keys) > 1:
            parts.append(f"{meanings()[top]}\n\n")
        parts += _table(rows)
    return "".join(parts)


@cache
def meanings() -> dict[str, str]:
    """Path ► what it is for; `*.` and the end of a path for what several have."""
    read = yaml.safe_load(MEANINGS.read_text(encoding="utf-8"))
    shared = read.pop("*")
    return {**read, **{f"*.{end}": words for end, words in shared.items()}}


def meaning_of(path: str) -> str | None:
    """None where nobody has written it down."""
    told = meanings()
    if path in told:
        return told[path]
    names = path.split(".")
    ends = [".".join(names[start:]) for start in range(1, len(names))]
    return next((told[f"*.{end}"] for end in ends if f"*.{end}" in told), None)


# --- the parts ----------------------------------------------------------------------------------


def _top(path: str) -> str:
    return path.partition(".")[0].removesuffix("[]")


def _parent(path: str) -> str:
    before, _, last = path.rpartition(".")
    return before if before else last.removesuffix("[]")


def _in_order(keys: list[Key]) -> Iterator[Key]:
    """Parents before children, otherwise as they are read."""
    places = {key.path: number for number, key in enumerate(keys)}

    def place(key: Key) -> list[int]:
        names = key.path.replace("[]", ".[]").split(".")
        starts = [".".join(names[:end]).replace(".[]", "[]") for end in range(1, len(names) + 1)]
        return [places[start] for start in starts if start in places]

    return iter(sorted(keys, key=place))


def _table(keys: list[Key]) -> Iterator[str]:
    overridden = any(key.path in OVERRIDABLE for key in keys)
    heads = ["key", "takes", "default", "", "SIGHUP", *(["environment"] if overridden else [])]
    yield _row(heads)
    yield _row(["---"] * len(heads))
    for key in keys:
        variable = f"`{variable_of(key.path)}`" if key.path in OVERRIDABLE else ""
        cells = [
            f"`{key.path}`",
            key.takes or "as told",
            _default(key),
            meaning_of(key.path) or "",
            "" if key.has_more else _at_sighup(key.path),
        ]
        yield _row([*cells, variable] if overridden else cells)


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"


def _default(key: Key) -> str:
    if key.default is not None:
        return f"`{key.default}`"
    return "**needed**" if key.is_required else ""


def _at_sighup(path: str) -> str:
    if path in RENEWED:
        return RENEWED[path]
    return "no" if _needs_restart(path) else "yes"


def _needs_restart(path: str) -> bool:
    """Asked of the service's own comparison, with two settings that differ in the key alone."""
    one = path.replace("[]", "[0]").replace(".NAME", "[name]")
    serving = _smallest()
    before, now = [
        replace(serving, values=(SettingValue(one, shown, "default"),)) for shown in ("a", "b")
    ]
    return one in compare_settings(before, now).restart_needed


@cache
def _smallest() -> Settings:
    with tempfile.TemporaryDirectory() as at:
        file = Path(at) / "deemster.yaml"
        file.write_text(_SMALLEST, encoding="utf-8")
        return load_settings(file, ENVIRON)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
