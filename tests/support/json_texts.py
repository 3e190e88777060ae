"""JSON texts that one reader may see otherwise than another: spacing, escapes, equal names."""

import json

from hypothesis import strategies as st

__all__ = ["json_texts"]

_SPACES = st.sampled_from(["", "", "", " ", "\n", "\t", "\r", "  "])
_AWKWARD = st.sampled_from(
    [":", '":', '\\":', "a:b", "\\", '"', ": ", "u003a", "\\u003a", "é", "/"]
)
_TEXTS = st.one_of(_AWKWARD, st.text(max_size=6))


@st.composite
def json_texts(draw: st.DrawFn, value: object) -> str:
    """A text of `value`, whose objects may hold members twice or under an escaped name."""
    if isinstance(value, dict):
        members = [
            (draw(_strings(name)), draw(json_texts(member))) for name, member in value.items()
        ]
        for name in draw(st.lists(st.sampled_from([*value, "zz"]), max_size=1)):
            twin = (draw(_strings(name)), draw(st.one_of(_scalars(), _other(value, name))))
            members.insert(draw(st.integers(0, len(members))), twin)
        return _joined(draw, "{}", [f"{n}{draw(_SPACES)}:{draw(_SPACES)}{m}" for n, m in members])
    if isinstance(value, list):
        return _joined(draw, "[]", [draw(json_texts(member)) for member in value])
    return draw(_strings(value)) if isinstance(value, str) else json.dumps(value)


def _other(value: dict[str, object], name: str) -> st.SearchStrategy[str]:
    return json_texts(value.get(name, ""))


def _scalars() -> st.SearchStrategy[str]:
    return st.one_of(_TEXTS.map(json.dumps), st.integers().map(json.dumps))


def _joined(draw: st.DrawFn, brackets: str, parts: list[str]) -> str:
    spaced = ",".join(f"{draw(_SPACES)}{part}{draw(_SPACES)}" for part in parts)
    return brackets[0] + spaced + brackets[1]


@st.composite
def _strings(draw: st.DrawFn, text: str) -> str:
    how = draw(st.sampled_from(["plain", "plain", "lua", "one", "all", "raw"]))
    written = json.dumps(text)
    if how == "lua":
        return written.replace("/", "\\/")
    if how == "raw":
        return json.dumps(text, ensure_ascii=False)
    if how == "plain" or not text:
        return written
    marked = set(range(len(text))) if how == "all" else {draw(st.integers(0, len(text) - 1))}
    escaped = [
        _escaped(character, draw) if index in marked else json.dumps(character)[1:-1]
        for index, character in enumerate(text)
    ]
    return f'"{"".join(escaped)}"'


def _escaped(character: str, draw: st.DrawFn) -> str:
    octets = character.encode("utf-16-be", "surrogatepass")
    form = "\\u%04X" if draw(st.booleans()) else "\\u%04x"
    return "".join(
        form % int.from_bytes(octets[i : i + 2], "big") for i in range(0, len(octets), 2)
    )
