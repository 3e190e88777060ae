"""Policy trees of any size: twenty operations a file, scopes and groups, some with conditions."""

from __future__ import annotations

__all__ = [
    "AUDIENCE",
    "GROUPS",
    "ISSUER",
    "PROVIDER",
    "Operation",
    "OperationCall",
    "authzen_question",
    "authzen_tree_texts",
    "calls",
    "conditioned_tree_texts",
    "operations_of",
    "ruled_tree_texts",
    "tree_texts",
]

from typing import NamedTuple

PROVIDER = "bench"
AUDIENCE = "Bench API"
ISSUER = "https://issuer.example"
GROUPS = tuple(f"g{number}" for number in range(7))
"""Those that alice is in."""
OPERATIONS_IN_A_FILE = 20

_SHAPES = ("/r{n}", "/r{n}/{{id}}", "/r{n}/{{id}}/lines", "/r{n}/{{id}}/lines/{{line}}")
_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")


class Operation(NamedTuple):
    """What the tree says of one operation, for those that are told in another language."""

    service: str
    id: str
    method: str
    template: str
    scopes: tuple[str, str]
    groups: tuple[str, str]

    @property
    def pattern(self) -> str:
        """The template as a regular expression of the whole path."""
        steps = ["[^/]+" if step.startswith("{") else step for step in self.template.split("/")]
        return "/".join(steps)


class OperationCall(NamedTuple):
    """A call that one operation of the tree permits."""

    method: str
    url: str
    scope: str
    group: str


def tree_texts(operations: int, *, conditions: bool = False) -> dict[str, str]:
    """Texts by path: `operations` of them, twenty a service; scope any-of and group any-of.

    With `conditions`, every other operation has a condition of its own.
    """
    texts = {"lib/shared.yaml": _LIBRARY}
    files = -(-operations // OPERATIONS_IN_A_FILE)
    for file in range(files):
        count = min(OPERATIONS_IN_A_FILE, operations - file * OPERATIONS_IN_A_FILE)
        blocks = [_operation(file, number, conditions=conditions) for number in range(count)]
        imports = "imports: {shared: ../lib/shared.yaml}\n" if conditions else ""
        service = _SERVICE.format(file=file, imports=imports)
        texts[f"services/s{file:04}.yaml"] = service + "".join(blocks)
    return texts


def operations_of(operations: int) -> list[Operation]:
    """The operations of `tree_texts(operations)`; any of the scopes, and any of the groups."""
    found = []
    for index in range(operations):
        file, number = divmod(index, OPERATIONS_IN_A_FILE)
        found.append(
            Operation(
                service=f"s{file}",
                id=f"op{number}",
                method=_METHODS[number % 5],
                template=f"/s{file}{_path(number)}",
                scopes=(f"s{file}.op{number}.read", f"s{file}.admin"),
                groups=(f"g{number % 7}", "admins"),
            )
        )
    return found


def ruled_tree_texts(operations: int, conditions: int) -> dict[str, str]:
    """As `tree_texts`; each operation with as many deny rules, whose conditions are all false.

    All are evaluated, for one that held would deny.
    """
    texts = tree_texts(operations)
    rules = "".join(
        f"          - {{id: r{turn}, effect: deny, "
        f"when: \"has(claims.client_id) && claims.client_id == 'other{turn}'\"}}\n"
        for turn in range(conditions)
    )
    policies = f"""    policies:
      - id: more
        combiningAlgorithm: deny-overrides
        rules:
          - {{id: allow, effect: permit}}
{rules}"""
    for path in texts:
        if path.startswith("services/"):
            head, *blocks = texts[path].split("  - id: ")
            texts[path] = "  - id: ".join([head, *[block + policies for block in blocks]])
    return texts


def conditioned_tree_texts(operations: int) -> dict[str, str]:
    """As `tree_texts`; each operation with a condition in `allow` and a rule with another one."""
    texts = {"lib/shared.yaml": _LIBRARY}
    files = -(-operations // OPERATIONS_IN_A_FILE)
    for file in range(files):
        count = min(OPERATIONS_IN_A_FILE, operations - file * OPERATIONS_IN_A_FILE)
        blocks = [_conditioned(file, number) for number in range(count)]
        imports = "imports: {shared: ../lib/shared.yaml}\n"
        service = _SERVICE.format(file=file, imports=imports)
        texts[f"services/s{file:04}.yaml"] = service + "".join(blocks)
    return texts


def calls(operations: int) -> list[OperationCall]:
    """One permitted call for each operation of `tree_texts(operations)`."""
    found = []
    for index in range(operations):
        file, number = divmod(index, OPERATIONS_IN_A_FILE)
        path = _path(number).format(id="4711", line="7").replace("{id}", "4711")
        path = path.replace("{line}", "7")
        url = f"https://api.example.com/s{file}{path}"
        found.append(
            OperationCall(_METHODS[number % 5], url, f"s{file}.op{number}.read", f"g{number % 7}")
        )
    return found


def authzen_tree_texts(operations: int) -> dict[str, str]:
    """As `tree_texts`, of operations that answer questions of AuthZEN; group any-of."""
    texts = {}
    files = -(-operations // OPERATIONS_IN_A_FILE)
    for file in range(files):
        count = min(OPERATIONS_IN_A_FILE, operations - file * OPERATIONS_IN_A_FILE)
        blocks = [
            f"""  - id: op{number}
    match: {{resourceType: r{file}, actions: [a{number}]}}
    allow: {{groups: {{any: [g{number % 7}, admins]}}}}
"""
            for number in range(count)
        ]
        texts[f"services/s{file:04}.yaml"] = _AUTHZEN_SERVICE.format(file=file) + "".join(blocks)
    return texts


def authzen_question(index: int) -> dict[str, dict[str, str]]:
    """One that operation `index` of `authzen_tree_texts` permits."""
    file, number = divmod(index, OPERATIONS_IN_A_FILE)
    return {
        "subject": {"type": "user", "id": "alice"},
        "action": {"name": f"a{number}"},
        "resource": {"type": f"r{file}", "id": "4711"},
    }


def _path(number: int) -> str:
    return _SHAPES[number % 4].format(n=number)


def _operation(file: int, number: int, *, conditions: bool) -> str:
    when = ""
    if conditions and number % 2:
        when = f"""
      when: "request.ip.inAny(shared.NETS) && has(claims.tier) && claims.tier != 'none{number}'\""""
    return f"""  - id: op{number}
    match: {{methods: [{_METHODS[number % 5]}], path: "{_path(number)}"}}
    allow:
      scopes: {{any: [s{file}.op{number}.read, s{file}.admin]}}
      groups: {{any: [g{number % 7}, admins]}}{when}
"""


def _conditioned(file: int, number: int) -> str:
    first, second = (
        _CONDITIONS[(number + turn) % len(_CONDITIONS)].format(n=number) for turn in (0, 1)
    )
    return f"""{_operation(file, number, conditions=False)}      when: "{first}"
    policies:
      - id: more
        combiningAlgorithm: deny-unless-permit
        rules:
          - {{id: first, effect: permit, when: "{second}"}}
"""


_CONDITIONS = (
    "request.ip.inAny(shared.NETS) && has(claims.tier) && claims.tier != 'none{n}'",
    "has(user.level) && user.level > {n} && user.level <= 9{n}",
    "has(claims.tier) && claims.tier == 't{n}' || 'x{n}' in user.groups",
    "request.method == 'GET' && shared.office_hours && 'a{n}' in claims.amr",
    "has(claims.tier) && claims.tier.matches('^t{n}-[a-z]+$')",
)

_SERVICE = """apiVersion: deemster/v1
kind: ApiService
metadata: {{id: s{file}}}
service:
  baseUrls: [https://api.example.com/s{file}]
  tokenProvider: {{type: internal, id: bench}}
  audience: Bench API
{imports}operations:
"""

_AUTHZEN_SERVICE = """apiVersion: deemster/v1
kind: ApiService
metadata: {{id: s{file}}}
service:
  tokenProvider: {{type: internal, id: bench}}
  audience: Bench API
operations:
"""

_LIBRARY = """apiVersion: deemster/v1
kind: Library
metadata: {id: shared}
schema:
  claims:
    tier: {type: string, optional: true}
  user:
    level: {type: int, min: 0, max: 999, optional: true}
constants:
  NETS: [10.0.0.0/8, 192.0.2.0/24, 127.0.0.0/8]
conditions:
  office_hours: "time.local('Europe/Berlin').minute_of_day >= 480"
"""
