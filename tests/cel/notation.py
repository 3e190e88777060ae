"""The same expression for CEL: what it says in other words, and what it must be told."""

from __future__ import annotations

from random import Random

from tests.cel.situations import CLAIMS, REGISTERED, USER
from tests.reference.notation import FORMS, MEMBER, UNARY, expression_text
from tests.reference.shape import Expression

__all__ = ["cel_text", "our_text"]


def our_text(expression: Expression, seed: int) -> str:
    """As a policy author writes it. `seed` decides about parentheses that are not needed."""
    return expression_text(expression, Random(seed))


def cel_text(expression: Expression, seed: int) -> str:
    """As CEL takes it, over the variables of `situations.cel_values`."""
    return expression_text(_for_cel(expression), Random(seed))


def _negative(rng: Random, item: Expression) -> tuple[int, str]:
    # `-5` is a literal; `-(5)` and `- -x` are not.
    inner = expression_text(item, rng, UNARY)
    return UNARY, f"-({inner})" if inner[0] in "-0123456789" else f"-{inner}"


FORMS["neg"] = _negative
FORMS["cel"] = lambda _rng, text: (MEMBER, text)


def _for_cel(expression: Expression) -> Expression:
    match expression:
        case ("claim", str(name)) if _is_time("claims", name):
            return ("cel", f"timestamp(claims.{name})")
        case ("user", str(name)) if _is_time("user", name):
            return ("cel", f"timestamp(user.{name})")
        case ("request", "time"):
            return ("cel", "timestamp(request.time)")
        case ("lower", inner):
            return ("cel", f"{expression_text(_for_cel(inner), Random(0), MEMBER)}.lowerAscii()")
        case ("cmp", sign, ("local", zone, "date"), ("literal", day)):
            return ("cel", f"({_date(zone)} {sign} {_day(day)})")
        case ("cmp", sign, ("literal", day), ("local", zone, "date")):
            return ("cel", f"({_day(day)} {sign} {_date(zone)})")
        case ("local", zone, part):
            return ("cel", _local(zone, part))
        case _:
            return tuple(_for_cel(item) if isinstance(item, tuple) else item for item in expression)


def _is_time(kind: str, name: str) -> bool:
    declared = (CLAIMS if kind == "claims" else USER).get(name)
    found = REGISTERED.get(name) if declared is None else declared.type
    return found == "timestamp"


def _get(field: str, zone: str) -> str:
    return f"timestamp(request.time).get{field}('{zone}')"


def _local(zone: str, part: str) -> str:
    return {
        "hour": _get("Hours", zone),
        "minute_of_day": f"({_get('Hours', zone)} * 60 + {_get('Minutes', zone)})",
        # Sunday is 0 there, and 7 here.
        "weekday": f"(({_get('DayOfWeek', zone)} + 6) % 7 + 1)",
    }[part]


def _date(zone: str) -> str:
    year, month, day = (_get(field, zone) for field in ("FullYear", "Month", "Date"))
    return f"({year} * 10000 + ({month} + 1) * 100 + {day})"


def _day(text: str) -> int:
    return int(text.replace("-", ""))
