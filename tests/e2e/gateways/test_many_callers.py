"""Many callers at once, and several on one connection: everybody is taken for who they are."""

from __future__ import annotations

import re
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPResponse

import pytest

from tests.e2e.gateways.assertions import identities
from tests.e2e.gateways.stand import CALLERS, Stand, call_by
from tests.e2e.gateways.wire import say

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

DUE = {"alice": 200, "carol": 200, "bob": 200, None: 401, "mallory": 403}


def assert_everybody_is_known(stand: Stand, numbers: range) -> None:
    arrived = {}
    for arrival in stand.upstream.taken():
        found = re.search(rb"n=(\d+)$", arrival.target)
        assert found is not None
        arrived[int(found[1])] = identities(arrival)
    allowed = [number for number in numbers if DUE[CALLERS[number % 5]] == 200]
    assert arrived == {number: [str(CALLERS[number % 5]).encode()] for number in allowed}


def test_callers_at_once_are_not_taken_for_each_other(stand: Stand) -> None:
    stand.upstream.taken()
    numbers = range(200)
    calls = [call_by(stand, CALLERS[n % 5], b"/api/items?n=%d" % n) for n in numbers]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda call: say(stand.address, call), calls))
    assert [answer.status for answer in answers] == [DUE[CALLERS[n % 5]] for n in numbers]
    assert_everybody_is_known(stand, numbers)


def test_callers_on_one_connection_are_not_taken_for_each_other(stand: Stand) -> None:
    stand.upstream.taken()
    numbers = range(20)
    connection = socket.create_connection(stand.address, timeout=20.0)
    for number in numbers:
        call = call_by(stand, CALLERS[number % 5], b"/api/items?n=%d" % number)
        connection.sendall(replace(call, fields=()).to_bytes())
        with HTTPResponse(connection) as response:
            response.begin()
            response.read()
            assert response.status == DUE[CALLERS[number % 5]]
            ends = response.will_close
        if ends:
            # Some gateways end a connection with a refusal.
            connection.close()
            connection = socket.create_connection(stand.address, timeout=20.0)
    connection.close()
    assert_everybody_is_known(stand, numbers)
