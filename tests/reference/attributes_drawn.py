"""Random attributes: of every source, some made of others, most of them right about values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from tests.reference.declared import (
    UNSET,
    Attribute,
    Declared,
    Expression,
    JsonPath,
    Parts,
    Scope,
    Source,
)

__all__ = ["PATHS", "QUERY_NAMES", "SERVICES", "AttributeDrawer"]

SERVICES = ("risk", "orders")
QUERY_NAMES = ("limits", "owners")
HEADER_NAMES = ("x-tenant", "x-mode", "x-number")
PARAMETER_NAMES = ("a", "mode", "number")
TIERS = ("bronze", "silver", "gold")


def steps(*names: str | int) -> JsonPath:
    """Names and indices; `*` is every child."""
    kinds = {int: "index", str: "name"}
    return tuple(("every",) if name == "*" else (kinds[type(name)], name) for name in names)


def below(name: str) -> JsonPath:
    return (("below", ("name", name)),)


PATHS: Mapping[str, tuple[JsonPath, ...]] = {
    "string": (
        steps("name"), steps("order", "owner"), steps("order", "lines", 0, "sku"), steps("x-y's"),
    ),
    "int": (
        steps("score"), steps("order", "total"), steps("order", "lines", -1, "qty"),
        steps("order", "lines", 0, "qty"),
    ),
    "bool": (steps("vip"),),
    "timestamp": (steps("when"),),
    "list<string>": (
        steps("tags"), steps("order", "lines", "*", "sku"), below("sku"),
        (*steps("tags"), ("slice", 0, 2)),
    ),
    "list<int>": (steps("nums"), below("qty"), steps("order", "lines", "*", "qty")),
    "json": ((), steps("order")),
}  # fmt: skip
"""Where the documents of `worlds` hold something of a type."""

COLUMNS = {
    "string": "name", "int": "score", "bool": "vip", "timestamp": "when", "list<string>": "name",
    "list<int>": "score",
}  # fmt: skip
DEFAULTS: Mapping[str, object] = {
    "string": "a", "int": 7, "bool": False, "list<string>": ("a",), "list<int>": (),
}  # fmt: skip
STAND_INS: Mapping[str, tuple[object, ...]] = {
    "string": ("gold", "", "ab"), "int": (0, 5, 100), "bool": (True, False),
    "list<string>": ((), ("gold", "b")), "list<int>": ((3,), ()),
}  # fmt: skip


class AttributeDrawer:
    """Draws the attributes of one document.

    `values`: what a place for a value may name, besides the attributes drawn before.
    """

    def __init__(self, rng: Random, scope: Scope, values: list[Expression], suffix: str) -> None:
        self.rng = rng
        self.scope = scope
        self.values = values
        self.suffix = suffix

    def attributes(self, number: int) -> Mapping[str, Attribute]:
        drawn: dict[str, Attribute] = {}
        for index in range(number):
            name = f"attr_{self.suffix}_{index}"
            drawn[name] = self.attribute(name, drawn)
        return drawn

    def attribute(self, name: str, earlier: Mapping[str, Attribute]) -> Attribute:
        type_ = self.rng.choice(
            [
                "string",
                "string",
                "int",
                "int",
                "bool",
                "timestamp",
                "list<string>",
                "list<int>",
                "json",
                "json",
            ]
        )
        entry = self.entry(name, type_)
        documents = [other for other, found in earlier.items() if found.entry.type == "json"]
        kinds = ["http", "http", "http", "sql", "body", "body"]
        if type_ != "json":
            kinds += ["header", "query"]
            kinds += ["constant"] if type_ != "timestamp" else []
        if documents:
            kinds += ["attribute"] * len(kinds)
        kind = self.rng.choice(kinds)
        draws: dict[str, Callable[[], Source]] = {
            "http": lambda: self.http(entry, earlier),
            "sql": lambda: self.sql(entry, earlier),
            "body": lambda: Source("body", select=self.path(entry)),
            "header": lambda: Source("header", self.rng.choice(HEADER_NAMES)),
            "query": lambda: Source("query", self.rng.choice(PARAMETER_NAMES)),
            "constant": lambda: Source("constant", value=self.constant(entry)),
            "attribute": lambda: Source(
                "attribute", of=(None, self.rng.choice(documents)), select=self.path(entry)
            ),
        }
        if kind == "constant":
            entry = replace(entry, optional=False, default=UNSET)
        return Attribute(entry, draws[kind](), self.stand_in(entry, kind))

    def entry(self, name: str, type_: str) -> Declared:
        entry = Declared("attr", name, type_)
        choice = self.rng.random()
        if type_ == "int" and self.rng.random() < 0.25:
            entry = replace(entry, minimum=0, maximum=100)
        elif type_ == "string" and self.rng.random() < 0.15:
            entry = replace(entry, enum=TIERS)
        if choice < 0.4:
            return replace(entry, optional=True)
        if choice < 0.65 and type_ in DEFAULTS:
            return replace(entry, default="silver" if entry.enum else DEFAULTS[type_])
        return entry

    def stand_in(self, entry: Declared, kind: str) -> object:
        if kind not in ("http", "sql", "body", "attribute") or entry.type not in STAND_INS:
            return UNSET
        if self.rng.random() < 0.65:
            return UNSET
        return self.rng.choice(TIERS if entry.enum else STAND_INS[entry.type])

    def constant(self, entry: Declared) -> object:
        return self.rng.choice(TIERS if entry.enum else STAND_INS[entry.type])

    def path(self, entry: Declared) -> JsonPath:
        return self.rng.choice(PATHS[entry.type])

    def http(self, entry: Declared, earlier: Mapping[str, Attribute]) -> Source:
        path: list[object] = ["/v1/"]
        for _ in range(self.rng.choice([0, 1, 1, 1, 2])):
            path += [self.place(earlier), self.rng.choice(["/", "-x/", "/a/", "."])]
        path.append("end")
        if self.rng.random() < 0.3:
            path += ["?q=", self.place(earlier)]
        headers = {"x-for": self.parts(earlier)} if self.rng.random() < 0.2 else {}
        return Source(
            "http",
            self.rng.choice(SERVICES),
            joined(path),
            headers,
            select=None if entry.type == "json" and self.rng.random() < 0.5 else self.path(entry),
        )

    def sql(self, entry: Declared, earlier: Mapping[str, Attribute]) -> Source:
        parameters = {
            name: self.parts(earlier) for name in ("who", "what") if self.rng.random() < 0.6
        }
        source = Source("sql", self.rng.choice(QUERY_NAMES), parameters=parameters)
        if entry.type == "json" or self.rng.random() < 0.25:
            first = ("every",) if entry.type.startswith("list<") else ("index", 0)
            name = COLUMNS.get(entry.type)
            return replace(source, select=(first, ("name", name)) if name else (first,))
        return replace(source, column=COLUMNS[entry.type])

    def parts(self, earlier: Mapping[str, Attribute]) -> Parts:
        if self.rng.random() < 0.7:
            return (self.place(earlier),)
        return joined(["{id}-", self.place(earlier)])

    def place(self, earlier: Mapping[str, Attribute]) -> object:
        own: list[Expression] = [
            ("attr", None, name)
            for name, attribute in earlier.items()
            if attribute.entry.type in ("string", "int", "bool")
        ]
        return self.rng.choice([*self.values, *own, *own])


def joined(parts: list[object]) -> Parts:
    """Without two texts beside each other."""
    found: list[object] = []
    for part in parts:
        if found and isinstance(part, str) and isinstance(found[-1], str):
            found[-1] += part
        else:
            found.append(part)
    return tuple(found)
