"""What is changed for the whole process while a tree is compiled is put back as it was."""

from __future__ import annotations

import gc
import sys

import pytest

from deemster.policyfeed.beside_loop import beside_event_loop


def compile_and_fail(interval: float) -> None:
    with beside_event_loop():
        assert sys.getswitchinterval() < interval
        assert not gc.isenabled()
        raise MemoryError


@pytest.mark.parametrize("collects", [True, False])
def test_the_interpreter_is_as_before_also_after_a_failure(collects: bool) -> None:
    interval, was_collecting = sys.getswitchinterval(), gc.isenabled()
    (gc.enable if collects else gc.disable)()
    try:
        with pytest.raises(MemoryError):
            compile_and_fail(interval)
        assert sys.getswitchinterval() == interval
        assert gc.isenabled() is collects
    finally:
        (gc.enable if was_collecting else gc.disable)()
