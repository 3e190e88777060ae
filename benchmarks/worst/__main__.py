"""`python -m benchmarks.worst`: the loads of the worst hour, and the page that tells of them."""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import conditions
from benchmarks.plan import FULL as BENCH
from benchmarks.processes import LOAD_CORE
from benchmarks.worst.kid_flood import measure_kid_flood
from benchmarks.worst.overload import measure_overload
from benchmarks.worst.plan import FULL, QUICK
from benchmarks.worst.soak import measure_soak

__all__ = ["main"]

KEPT = Path(".bench/worst.json")


def main() -> None:
    """See `--help`. What is not measured again is told as it was measured last."""
    parser = argparse.ArgumentParser(prog="make worst-hour", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short, and not worth publishing")
    parser.add_argument("--only", choices=("overload", "kids", "soak"), action="append")
    given = parser.parse_args()
    plan = QUICK if given.quick else FULL
    folder = Path(".bench/quick" if given.quick else "docs")
    (folder / "benchmarks").mkdir(parents=True, exist_ok=True)
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    measures: dict[str, Callable[[Path], str]] = {
        "overload": lambda at: measure_overload(plan, at),
        "kids": lambda at: measure_kid_flood(plan, at),
        "soak": lambda at: measure_soak(plan, at, folder / "benchmarks"),
    }
    kept = KEPT if plan is FULL else KEPT.with_suffix(".quick.json")
    told: dict[str, str] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    told["conditions"] = "\n".join(conditions(BENCH).splitlines()[:3])
    for name, measure in measures.items():
        if given.only is None or name in given.only:
            with tempfile.TemporaryDirectory() as at:
                told[name] = measure(Path(at))
            kept.parent.mkdir(exist_ok=True)
            kept.write_text(json.dumps(told), encoding="utf-8")
    page = folder / "worst-hour.md"
    parts = [_HEAD.format(conditions=told["conditions"])]
    parts += [told[name].strip() for name in measures if name in told]
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(f"written: {page}")


_HEAD = """# The worst hour

Written by `make worst-hour`, which takes a quarter of an hour: figures of one run on one machine.
Nothing in the test suite asserts a time; that no answer is wrong under these loads is tested at a
smaller size (tests/e2e/test_worst_hour.py).

{conditions}"""


if __name__ == "__main__":
    main()
