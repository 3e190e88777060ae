"""Somebody who asks management whether the service lives: `looking_in PORT`, until SIGTERM.

A process of its own, so that a client that is busy does not make a service look so. Prints how many
times it asked, the 99th percentile and the longest wait in seconds, and how often there was none.
"""

from __future__ import annotations

import signal
import sys
import time
from array import array
from http.client import HTTPConnection, HTTPException

EVERY = 0.02


def _main(port: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    times, failed = array("d"), 0
    try:
        while True:
            began = time.perf_counter()
            try:
                connection = HTTPConnection("127.0.0.1", port, timeout=10)
                connection.request("GET", "/live")
                failed += connection.getresponse().status != 200
                connection.close()
            except (OSError, HTTPException):
                failed += 1
            times.append(time.perf_counter() - began)
            time.sleep(EVERY)
    finally:
        ordered = sorted(times) or [0.0]
        p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
        print(len(times), p99, ordered[-1], failed, flush=True)


if __name__ == "__main__":
    _main(int(sys.argv[1]))
