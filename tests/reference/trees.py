"""Random policy trees over the whole language, such that nearly all of them load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from tests.reference.alone import can_permit
from tests.reference.attributes_drawn import AttributeDrawer
from tests.reference.declared import UNSET, Attribute, Declared, Expression, Scope, Statement
from tests.reference.expressions import CIDRS, INTS, STRINGS, Drawer
from tests.reference.features import Features, features_of
from tests.reference.openings import OPENINGS
from tests.reference.policies import Ids, Place, PolicyDrawer, distinct
from tests.reference.shape import (
    Allow,
    AnyAll,
    Application,
    Denied,
    Library,
    Operation,
    PolicyDocument,
    PolicySet,
    Ref,
    Service,
    Tree,
)
from tests.reference.statements_drawn import StatementDrawer, some_attached
from tests.reference.templates import operations_matched

__all__ = ["ACRS", "GROUPS", "SCOPES", "WORDS", "random_tree"]

SCOPES = ("invoices.read", "invoices.pay", "invoices.admin", "orders.read", "a")
GROUPS = ("finance", "Finance", "auditors", "CN=Finance,OU=Groups,DC=example", "cn=ops, ou=groups")
DISTINGUISHED = ("CN=Finance,OU=Groups,DC=example", "CN=Ops,OU=Groups", "CN=A+OU=B,DC=example")
ACRS = ("pwd", "mfa", "hwk")
TIERS = ("bronze", "silver", "gold")
WORDS = frozenset({"attributes", "response", "simple", "statements"})
"""Parts of the language that random trees have; those that are built are `attributes`,
`statements`, `response` and `simple`."""
UNDECIDED = "to be drawn"
BASES = ("", "/svc", "/svc/deep", "/other")
HOSTS = ("https://api.example.com", "https://eu.example.com")


def random_tree(rng: Random, words: frozenset[str] = WORDS) -> Tree:
    """A tree; the same state of `rng` draws the same one. `words`: which parts of the language."""
    return Author(rng, words).tree()


class Author:
    """Writes one tree from the leaves up: libraries, policies, applications, services."""

    def __init__(self, rng: Random, words: frozenset[str]) -> None:
        self.rng = rng
        self.words = words
        self.ids = Ids(rng, words)
        self.draft = Tree(services={}, libraries={}, policies={}, applications={})

    def tree(self) -> Tree:
        libraries: dict[str, Library] = {}
        for number in range(self.rng.choice([0, 1, 1, 2])):
            path = f"lib/library-{number}.yaml"
            libraries[path] = Library(f"library-{number}", self.scope(libraries, f"l{number}"))
            self.draft = replace(self.draft, libraries=dict(libraries))
        policies: dict[str, PolicyDocument] = {}
        for number in range(self.rng.choice([0, 0, 1, 2])):
            path = f"policies/policy-{number}.yaml"
            policies[path] = self.policy_document(number)
            self.draft = replace(self.draft, policies=dict(policies))
        applications = {
            f"applications/app-{number}.yaml": self.application(number)
            for number in range(self.rng.choice([0, 1, 2]))
        }
        self.draft = replace(self.draft, applications=applications)
        bases = [host + base for host in HOSTS for base in BASES]
        self.rng.shuffle(bases)
        services = {
            f"services/service-{number}.yaml": self.service(number, bases)
            for number in range(self.rng.choice([1, 1, 2, 3]))
        }
        return replace(self.draft, services=services)

    # --- declarations -----------------------------------------------------------------------------

    def scope(self, libraries: Mapping[str, Library], suffix: str) -> Scope:
        imports = {
            f"lib{index}": path for index, path in enumerate(libraries) if self.rng.random() < 0.6
        }
        scope = Scope(imports, self.schema(suffix), self.constants(suffix))
        scope = replace(scope, attributes=self.attributes(scope, suffix))
        scope = replace(scope, statements=self.statements(scope, suffix))
        conditions: dict[str, Expression] = {}
        for number in range(self.rng.choice([0, 1, 2])):
            scope = replace(scope, conditions=dict(conditions))
            place = Place(self.draft, scope, Features({"claims", "user", "error"}))
            drawer = Drawer(self.rng, place.words())
            conditions[f"cond_{suffix}_{number}"] = drawer.condition(2)
        return replace(scope, conditions=conditions)

    def attributes(self, scope: Scope, suffix: str) -> Mapping[str, Attribute]:
        if "attributes" not in self.words:
            return {}
        place = Place(self.draft, scope, Features({"claims", "user", "error"}))
        drawer = AttributeDrawer(self.rng, scope, values_named(self.rng, place), suffix)
        return drawer.attributes(self.rng.choice([0, 1, 2, 3, 4]))

    def statements(self, scope: Scope, suffix: str) -> Mapping[str, Statement]:
        if "statements" not in self.words:
            return {}
        place = Place(self.draft, scope, Features({"claims", "user", "error"}))
        values = values_named(self.rng, place)
        values += [("request", "time"), ("claim", "iat")]
        values += [
            ("attr", *key)
            for key, entry in place.words().attributes.items()
            if entry.type in ("string", "int", "bool", "timestamp")
        ]
        return StatementDrawer(self.rng, values).statements(self.rng.randint(0, 4), suffix)

    def schema(self, suffix: str) -> tuple[Declared, ...]:
        entries = []
        for kind, odds in (("claims", 0.5), ("user", 0.35)):
            for name, type_ in (
                ("tenant", "string"), ("tier", "tier"), ("level", "range"), ("amount", "int"),
                ("vip", "bool"), ("tags", "list<string>"), ("nums", "list<int>"),
                ("since", "timestamp"),
            ):  # fmt: skip
                if self.rng.random() < odds and not (kind == "user" and type_ == "timestamp"):
                    entries.append(self.declared(kind, f"{name}_{suffix}", type_))
        return tuple(entries)

    def declared(self, kind: str, name: str, type_: str) -> Declared:
        entry = {
            "tier": Declared(kind, name, "string", enum=TIERS),
            "range": Declared(kind, name, "int", minimum=0, maximum=9),
        }.get(type_) or Declared(kind, name, type_)
        default = {
            "tier": "silver", "range": 4, "string": "a", "int": 7, "bool": False,
            "list<string>": ("a",), "list<int>": (), "timestamp": UNSET,
        }[type_]  # fmt: skip
        if kind == "claims" and self.rng.random() < 0.2:
            entry = replace(entry, claim=f"p1.{name}")
        choice = self.rng.random()
        if choice < 0.4:
            return replace(entry, optional=True)
        return replace(entry, default=default) if choice < 0.7 else entry

    def constants(self, suffix: str) -> dict[str, object]:
        found: dict[str, object] = {}
        if self.rng.random() < 0.5:
            found[f"NETS_{suffix}"] = tuple(self.rng.sample(CIDRS, self.rng.randint(1, 3)))
        if self.rng.random() < 0.5:
            found[f"NAMES_{suffix}"] = tuple(self.rng.sample(STRINGS[:8], 3))
        if self.rng.random() < 0.4:
            found[f"WORD_{suffix}"] = self.rng.choice(STRINGS)
        if self.rng.random() < 0.4:
            found[f"LIMIT_{suffix}"] = self.rng.choice(INTS)
        return found

    # --- policies ---------------------------------------------------------------------------------

    def policy_document(self, number: int) -> PolicyDocument:
        scope = self.scope(self.draft.libraries, f"p{number}")
        allowed = Features(
            {"claims", "user", "error"} if self.rng.random() < 0.4 else {"claims", "error"}
        )
        if "response" in self.words and self.rng.random() < 0.25:
            allowed |= {"response"}
        if self.rng.random() < 0.3:  # then it fits only where there is such a parameter
            allowed |= {"params.id"}
        policy = PolicyDrawer(self.rng, self.ids, Place(self.draft, scope, allowed)).policy(2)
        return PolicyDocument(scope, replace(policy, id=f"policy-{number}", enabled=True))

    # --- applications and services ----------------------------------------------------------------

    def application(self, number: int) -> Application:
        resources = {f"res{number}": ("view", "pay", "void")}
        keys = [f"res{number}:{action}" for action in resources[f"res{number}"]]
        roles = {
            name: tuple(self.rng.sample(keys, self.rng.randint(1, 2)))
            for name in ("clerk", f"chief{number}", "auditor")
            if self.rng.random() < 0.8
        }
        return Application(f"app-{number}", resources, roles)

    def service(self, number: int, bases: list[str]) -> Service:
        internal = self.rng.random() < 0.65
        scope = self.scope(self.draft.libraries, f"s{number}")
        applications = tuple(
            application.id
            for application in self.draft.applications.values()
            if internal and self.rng.random() < 0.8
        )
        service = Service(
            id=f"service-{number}",
            base_urls=tuple(bases.pop() for _ in range(self.rng.choice([1, 1, 2]))),
            internal=internal,
            operations=(),
            scope=scope,
            applications=applications,
            same_slash=self.rng.random() < 0.2,
            any_case=self.rng.random() < 0.2,
            opened=self.opened(),
            preflight=self.rng.random() < 0.4,
        )
        operations = tuple(
            self.operation(bare, service) for bare in operations_matched(self.rng, service)
        )
        service = replace(service, operations=operations)
        names = {"claims", "error", *(["user"] if internal else [])}
        guards = self.guards(Place(self.draft, scope, Features(names)), operations, [0, 0, 1, 2])
        grants = any(can_permit(guard, self.draft) for guard in guards)
        return replace(
            service,
            guards=guards,
            unmatched=grants and self.rng.random() < 0.5,
            response=self.response_policies(
                Place(self.draft, scope, Features({*names, "response"})), operations
            ),
        )

    def opened(self) -> frozenset[str]:
        """Mostly nothing."""
        if self.rng.random() < 0.6:
            return frozenset()
        return frozenset(name for name in OPENINGS if self.rng.random() < 0.6)

    def response_policies(
        self, place: Place, operations: tuple[Operation, ...]
    ) -> tuple[PolicySet | Ref, ...]:
        if "response" not in self.words:
            return ()
        return self.guards(place, operations, [0, 0, 1, 1, 2])

    def guards(
        self,
        place: Place,
        operations: tuple[Operation, ...],
        numbers: list[int],
    ) -> tuple[PolicySet | Ref, ...]:
        """Guards that mostly let through; those that name an identity say whom they exempt."""
        public = tuple(operation.id for operation in operations if operation.allow == "public")
        guards: list[PolicySet | Ref] = []
        for _ in range(self.rng.choice(numbers)):
            guard = PolicyDrawer(self.rng, self.ids, place, "guard").set_or_ref(1, mild=True)
            names = features_of(guard, place.scope, self.draft)
            if names & {"claims", "user"}:
                guard = replace(guard, exempt=public)
            guards.append(guard)
        return distinct(guards, self.draft)

    def operation(self, bare: Operation, service: Service) -> Operation:
        kind = self.rng.random()
        grant: Allow | str | None = None
        if kind < 0.12:
            grant = "public"
        elif kind < 0.25:
            grant = "authenticated"
        elif kind < 0.75:
            grant = UNDECIDED
        names = {"error"}
        if grant != "public":
            names |= {"claims", "user"} if service.internal else {"claims"}
        place = Place(self.draft, service.scope, Features(names), parameter_types(bare))
        if grant == UNDECIDED:
            grant = self.allow(service, place)
        policies: tuple[PolicySet | Ref, ...] = ()
        if grant is None or self.rng.random() < 0.25:
            drawer = PolicyDrawer(self.rng, self.ids, place)
            policies = distinct(
                [drawer.set_or_ref(2) for _ in range(self.rng.choice([1, 1, 2]))], self.draft
            )
        guards: tuple[PolicySet | Ref, ...] = ()
        if self.rng.random() < 0.2:
            guards = self.guards(place, (), [1])
        # It has no status of its own: that of the reason stays.
        words = self.ids.denied(0.4) if isinstance(grant, Allow) else None
        otherwise = Denied(words.code) if words is not None else None
        after = Place(place.draft, place.scope, place.allowed | {"response"}, place.params)
        return replace(
            bare,
            allow=grant,
            policies=policies,
            guards=guards,
            otherwise=otherwise,
            attach=some_attached(self.rng, place.attachable()),
            opened=self.opened(),
            response=self.response_policies(after, ()) if self.rng.random() < 0.4 else (),
        )

    def allow(self, service: Service, place: Place) -> Allow:
        when = Drawer(self.rng, place.words()).condition(3)
        if not service.internal:
            return Allow(when=when)
        keys = [
            f"{resource}:{action}"
            for application in self.draft.applications.values()
            if application.id in service.applications
            for resource, actions in application.resources.items()
            for action in actions
        ]
        match = self.rng.choice(["exact", "exact", "ignore-case", "dn"])
        groups = DISTINGUISHED if match == "dn" else GROUPS
        lines = Allow(
            scopes=self.line(SCOPES, 0.5),
            groups=self.line(groups, 0.35, match),
            permissions=self.line(keys, 0.35) if keys else None,
            when=when if self.rng.random() < 0.5 else None,
            acr=tuple(self.rng.sample(ACRS, 2)) if self.rng.random() < 0.25 else (),
            max_age=self.rng.choice([0, 60, 300]) if self.rng.random() < 0.25 else None,
        )
        return lines if lines != Allow() else Allow(when=when)

    def line(
        self, names: tuple[str, ...] | list[str], odds: float, match: str = "exact"
    ) -> AnyAll | None:
        if self.rng.random() >= odds:
            return None
        any_of = tuple(self.rng.sample(names, self.rng.randint(1, 2)))
        all_of = tuple(self.rng.sample(names, self.rng.randint(1, 2)))
        kind = self.rng.random()
        if kind < 0.5:
            return AnyAll(any_of, (), match)
        return AnyAll((), all_of, match) if kind < 0.85 else AnyAll(any_of, all_of, match)


def values_named(rng: Random, place: Place) -> list[Expression]:
    """Names whose values may stand in a path, a parameter or a payload: text, int or bool."""
    words = place.words()
    plain = ("string", "int", "bool")
    names: list[Expression] = [("claim", name) for name in ("sub", "client_id", "acr")]
    names += [("claim", name) for name, entry in words.claims.items() if entry.type in plain]
    names += [("user", "id")]
    names += [("user", name) for name, entry in words.user.items() if entry.type in plain]
    names += [("request", name) for name in ("method", "host")]
    names += [
        ("constant", *key) for key, value in words.constants.items() if isinstance(value, str | int)
    ]
    names += [("param", name) for name in ("id", "name") if rng.random() < 0.3]
    # What names a user cannot be used with an external provider: not too often, then.
    return [name for name in names if name[0] != "user" or rng.random() < 0.3]


def parameter_types(operation: Operation) -> dict[str, str]:
    """Parameters that every template of the operation has, with their types."""
    names = [
        {part[1] for part in template if part[0] == "param"} for template in operation.templates
    ]
    return {
        name: "int" if operation.params.get(name) == ("type", "int") else "string"
        for name in sorted(set.intersection(*names))
    }
