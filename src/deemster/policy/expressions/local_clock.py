"""What the clocks of a time zone show at an instant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from deemster.policy.expressions.terms import LocalTimeField

__all__ = ["LocalClock"]

_DAY = 86_400
_EPOCH_DAY = date(1970, 1, 1).toordinal()


class LocalClock:
    """One zone. Its offset is looked up once for all instants of a minute, and then remembered.

    INVARIANT: what is remembered is only ever a matter of speed. No zone changes its offset twice
    within a minute (a test reads them all), so one that is equal at both ends holds throughout.
    """

    __slots__ = ("_minute", "_zone")

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._minute = (0, 0, 0)
        """From, up to, offset; one tuple, so that no thread sees half of it."""

    def field(self, field: LocalTimeField) -> Callable[[float], object]:
        """The function of an instant, epoch seconds, for one field: an int, or text for the date.

        It raises ValueError or OverflowError for an instant outside the years 1 to 9999.
        """
        return {
            LocalTimeField.HOUR: self._hour,
            LocalTimeField.MINUTE_OF_DAY: self._minute_of_day,
            LocalTimeField.WEEKDAY: self._weekday,
            LocalTimeField.DATE: self._date,
        }[field]

    def _hour(self, now: float) -> int:
        return self._local(now) % _DAY // 3600

    def _minute_of_day(self, now: float) -> int:
        return self._local(now) % _DAY // 60

    def _weekday(self, now: float) -> int:
        # The first day of 1970 was a Thursday.
        return (self._local(now) // _DAY + 3) % 7 + 1

    def _date(self, now: float) -> str:
        return date.fromordinal(self._local(now) // _DAY + _EPOCH_DAY).isoformat()

    def _local(self, now: float) -> int:
        """Seconds since 1970 on the zone's own clocks."""
        start, end, offset = self._minute
        if not start <= now < end:
            offset = self._looked_up(now)
        return int(now // 1) + offset

    def _looked_up(self, now: float) -> int:
        start = int(now // 60) * 60
        first, last = self._offset(start), self._offset(start + 59)
        if first != last:
            return self._offset(int(now // 1))
        self._minute = (start, start + 60, first)
        return first

    def _offset(self, second: int) -> int:
        offset = datetime.fromtimestamp(second, self._zone).utcoffset()
        return 0 if offset is None else offset.days * _DAY + offset.seconds
