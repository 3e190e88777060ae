"""Random services that answer questions of AuthZEN, and random questions on a tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from tests.reference.calls import Caller
from tests.reference.expressions import STRINGS, ZONES
from tests.reference.outcomes import ALGORITHMS
from tests.reference.shape import (
    Allow,
    AnyAll,
    Declared,
    Denied,
    Expression,
    Operation,
    PolicySet,
    Question,
    Rule,
    Scope,
    Service,
    StatementName,
    Template,
    Token,
    Tree,
    User,
)
from tests.reference.statements_drawn import StatementDrawer, some_attached
from tests.reference.trees import GROUPS

__all__ = ["Asker", "with_questions"]

KINDS = ("todo", "task", "doc")
ACTIONS = ("can_read", "can_write", "can_delete", "can_list", "can_share", "can_move")
ROLES = ("viewer", "editor", "admin")
SCHEMA = (
    Declared("user", "level", "int", optional=True, minimum=0, maximum=9),
    Declared("subject", "role", "string", enum=ROLES, optional=True),
    Declared("subject", "tags", "list<string>", default=("a",)),
    Declared("action", "soft", "bool", default=False),
    Declared("resource", "owner", "string"),
    Declared("resource", "level", "int", optional=True, minimum=0, maximum=9),
    Declared("context", "channel", "string", default="web"),
    Declared("context", "since", "timestamp", optional=True),
)
PLACED: tuple[Expression, ...] = (
    ("asked", "subject.id"), ("asked", "action.name"), ("asked", "resource.id"),
    ("access", "resource", "owner"), ("access", "resource", "level"), ("access", "action", "soft"),
    ("access", "context", "since"), ("access", "context", "channel"), ("request", "time"),
)  # fmt: skip
"""What may stand in a statement's text."""


def with_questions(tree: Tree, rng: Random) -> Tree:
    """The tree with one to three services more that answer questions alone."""
    pairs = [(kind, action) for kind in KINDS for action in ACTIONS]
    rng.shuffle(pairs)
    more = {
        f"services/asked-{number}.yaml": _Author(rng, tree, pairs).service(number)
        for number in range(rng.choice([1, 2, 3]))
    }
    return replace(tree, services={**tree.services, **more})


class _Author:
    def __init__(self, rng: Random, tree: Tree, pairs: list[tuple[str, str]]) -> None:
        self.rng = rng
        self.tree = tree
        self.pairs = pairs
        self.numbers = iter(range(1, 1000))
        self.said: list[StatementName] = []

    def service(self, number: int) -> Service:
        internal = self.rng.random() < 0.7
        drawer = _Drawer(self.rng, internal=internal)
        places = [*PLACED, ("user", "id"), ("user", "level")] if internal else PLACED
        statements = StatementDrawer(self.rng, places).statements(3, f"q{number}")
        self.said = [(None, name) for name in statements]
        applications = tuple(
            application.id for application in self.tree.applications.values() if internal
        )
        operations = tuple(
            self.operation(index, drawer) for index in range(self.rng.choice([1, 2, 3]))
        )
        return Service(
            id=f"asked-{number}",
            base_urls=(),
            internal=internal,
            operations=operations,
            scope=Scope(schema=SCHEMA, statements=statements),
            guards=self.policies("guard", drawer, self.rng.choice([0, 0, 1])),
            applications=applications,
        )

    def operation(self, index: int, drawer: _Drawer) -> Operation:
        kind, action = self.pairs.pop()
        actions = [action]
        for pair in list(self.pairs):
            if pair[0] == kind and len(actions) < 2 and self.rng.random() < 0.15:
                self.pairs.remove(pair)
                actions.append(pair[1])
        allow: Allow | str | None = None
        drawn = self.rng.random()
        if drawn < 0.2:
            allow = "authenticated"
        elif drawn < 0.8:
            allow = self.allow(drawer)
        has_policies = allow is None or self.rng.random() < 0.3
        return Operation(
            f"answer-{index}",
            None,
            (),
            allow=allow,
            access=(kind, tuple(actions)),
            policies=self.policies("policy", drawer, 1 if has_policies else 0),
            otherwise=Denied(self.fresh("code")) if isinstance(allow, Allow) else None,
            attach=some_attached(self.rng, self.said),
        )

    def allow(self, drawer: _Drawer) -> Allow:
        when = drawer.truth(2)
        if not drawer.internal or self.rng.random() < 0.4:
            return Allow(when=when)
        groups = AnyAll(tuple(self.rng.sample(GROUPS, 2)))
        return Allow(groups=groups, when=when if self.rng.random() < 0.6 else None)

    def policies(self, kind: str, drawer: _Drawer, count: int) -> tuple[PolicySet, ...]:
        return tuple(self.policy(kind, drawer) for _ in range(count))

    def policy(self, kind: str, drawer: _Drawer) -> PolicySet:
        combining = self.rng.choice(ALGORITHMS)
        rules = []
        for _ in range(self.rng.randint(1, 3)):
            effect = self.rng.choice(["permit", "permit", "deny"])
            # What denies there may not be in error: load sees to it.
            total = combining == "permit-unless-deny" and effect == "deny"
            when = drawer.certain() if total else drawer.truth(2)
            denied = Denied(self.fresh("code")) if self.rng.random() < 0.3 else None
            rules.append(Rule(self.fresh("rule"), effect, when, denied))
        attached = some_attached(self.rng, self.said)
        return PolicySet(self.fresh(kind), combining, tuple(rules), attach=attached)

    def fresh(self, kind: str) -> str:
        return f"{kind}-{next(self.numbers)}"


class _Drawer:
    """Conditions over what a question says, and over the user where there is one."""

    def __init__(self, rng: Random, *, internal: bool) -> None:
        self.rng = rng
        self.internal = internal

    def truth(self, depth: int) -> Expression:
        if depth > 0 and self.rng.random() < 0.5:
            items = [self.truth(depth - 1) for _ in range(2)]
            form = self.rng.choice(["and", "or", "not", "all-list", "any-list"])
            if form == "not":
                return ("not", items[0])
            if form.endswith("-list"):
                # YAML's lists stand at the top of a condition alone.
                form = form.removesuffix("-list").replace("all", "and").replace("any", "or")
            return (form, *items)
        return self.rng.choice([self.said, self.said, self.said, self.certain, self.stored])()

    def certain(self) -> Expression:
        """Never in error."""
        names = ("subject.id", "action.name", "resource.type", "resource.id", "subject.type")
        literal = ("literal", self.rng.choice([*STRINGS[:4], *KINDS, *ACTIONS, "user"]))
        if self.rng.random() < 0.2:
            hour = ("local", self.rng.choice(ZONES), "hour")
            return ("cmp", "<", hour, ("literal", self.rng.choice([6, 12, 20])))
        return (
            "cmp", self.rng.choice(["==", "!="]), ("asked", self.rng.choice(names)), literal,
        )  # fmt: skip

    def said(self) -> Expression:
        entry = self.rng.choice([entry for entry in SCHEMA if entry.scope != "user"])
        name = ("access", entry.scope, entry.name)
        if self.rng.random() < 0.2:
            return ("has-access", entry.scope, entry.name)
        if entry.type == "bool":
            return name
        if entry.type == "int":
            bound = ("literal", self.rng.randint(0, 9))
            return ("cmp", self.rng.choice(["<", "<=", "==", ">"]), name, bound)
        if entry.type == "timestamp":
            return ("cmp", self.rng.choice(["<", ">="]), name, ("request", "time"))
        if entry.type == "list<string>":
            return ("in", ("literal", self.rng.choice(STRINGS[:4])), name)
        if entry.enum is not None:
            return ("cmp", "==", name, ("literal", self.rng.choice(entry.enum)))
        other = ("asked", "subject.id")
        if self.rng.random() < 0.5:
            other = ("literal", self.rng.choice([*STRINGS[:4], "web"]))
        return ("cmp", self.rng.choice(["==", "!="]), name, other)

    def stored(self) -> Expression:
        if not self.internal:
            return self.said()
        return self.rng.choice(
            [
                ("cmp", "==", ("user", "id"), ("asked", "subject.id")),
                ("in", ("literal", self.rng.choice(GROUPS)), ("user", "groups")),
                ("cmp", ">", ("user", "level"), ("literal", self.rng.randint(0, 9))),
                ("has-user-value", "level"),
                ("cmp", "==", ("access", "resource", "owner"), ("user", "id")),
            ]
        )


class Asker:
    """Draws questions on one tree."""

    def __init__(self, tree: Tree, rng: Random) -> None:
        self.tree = tree
        self.rng = rng
        calls = {path: service for path, service in tree.services.items() if service.base_urls}
        self.caller = Caller(replace(tree, services=calls), rng, biased=True)
        self.targets = [
            (service, operation)
            for service in tree.services.values()
            for operation in service.operations
        ]

    def question(self) -> Question:
        service, operation = self.rng.choice(self.targets)
        now = self.caller.instant()
        user = self.caller.user()
        level = {"level": self.rng.choice([0, 3, 9, 10, "3", None])}
        if isinstance(user.attributes, Mapping) and self.rng.random() < 0.8:
            user = replace(user, attributes={**user.attributes, **level})
        kind, action, resource = self.about(service, operation)
        token = None
        if self.rng.random() < (0.5 if kind in ("route", "uri") else 0.1):
            token = self.token(service, operation, user, now)
        return Question(
            subject=user.id if self.rng.random() < 0.97 else "",
            action=action,
            kind=kind,
            resource=resource,
            now=now,
            user=user,
            said=self.said(user.id, now),
            token=token,
            may=self.rng.random() < 0.95,
            services=self.services(service, kind),
            world=self.caller.world(now),
            possible=self.caller.possible(),
        )

    def about(self, service: Service, operation: Operation) -> tuple[str, str, str]:
        """Resource type, action and resource id."""
        if operation.access is not None:
            kind, actions = operation.access
            drawn = self.rng.random()
            if drawn < 0.05:
                return self.rng.choice([*KINDS, "unknown"]), "can_fly", "1"
            if drawn < 0.1:
                return self.rng.choice(KINDS), self.rng.choice(ACTIONS), "1"
            return kind, self.rng.choice(actions), self.rng.choice(["1", "a", *STRINGS[:4]]) or "1"
        methods = ("GET", "POST", "PUT", "DELETE", "OPTIONS")
        method = self.rng.choice(operation.methods or methods)
        if self.rng.random() < 0.1:
            method = self.rng.choice([*methods, "get"])
        if self.rng.random() < 0.5:
            return "uri", method, self.caller.url(service, operation)
        return "route", method, self.route(self.rng.choice(operation.templates))

    def route(self, template: Template) -> str:
        """The template with other names; sometimes bent."""
        texts = {"param": "{other}", "star": "*", "rest": "**"}
        text = "".join(
            "/" + (part[1] if part[0] == "literal" else texts[part[0]]) for part in template
        )
        if self.rng.random() < 0.2:
            text = self.rng.choice(
                [text + "/", text.upper(), text.replace("{other}", "7"), text[1:], text + "/**",
                 text.replace("*", "{a}"), text + "//", "https://api.example.com" + text]
            )  # fmt: skip
        return text or "/"

    def services(self, service: Service, kind: str) -> frozenset[str]:
        drawn = self.rng.random()
        if kind == "route" and drawn < 0.9:
            return frozenset({service.id})
        if drawn < 0.1:
            return frozenset({"another"})
        if drawn < 0.3:
            return frozenset({service.id, "another"})
        return frozenset({"*"})

    def token(self, service: Service, operation: Operation, user: User, now: float) -> Token | None:
        token = self.caller.token(service, operation, now)
        if token is None or token.refused is not None:
            return token
        # Mostly the subject's own; a client's names it by its `sub` alone.
        claims = {**token.claims, "sub": user.id}
        if self.rng.random() < 0.85:
            return replace(token, claims=claims, user=user)
        return replace(token, claims=claims, user=None) if self.rng.random() < 0.5 else token

    def said(self, subject: str, now: float) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = {}
        for entry in SCHEMA:
            if entry.scope == "user" or self.rng.random() < 0.25:
                continue
            found.setdefault(entry.scope, {})[entry.name] = self.value(entry, subject, now)
        return found

    def value(self, entry: Declared, subject: str, now: float) -> object:
        if self.rng.random() < 0.08:
            return self.rng.choice([None, 1, "x", True, [], {}, 1.5])
        if entry.enum is not None:
            return self.rng.choice([*entry.enum, "Admin"])
        values: dict[str, list[object]] = {
            "string": [subject, "web", *STRINGS[:4]],
            "int": [0, 3, 9, 10, -1],
            "bool": [True, False],
            "list<string>": [[], ["a"], ["ab", "b"]],
            "timestamp": [now, now - 1, now + 1],
        }
        return self.rng.choice(values[entry.type])
