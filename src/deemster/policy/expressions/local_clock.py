"""What the clocks of a time zone show at an instant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from deemster.policy.expressions.terms import LocalTimeField

__all__ = ["LocalClock"]


class LocalClock:
    """One field of one zone's clocks, looked up once for all instants of a minute.

    INVARIANT: what is remembered is only ever a matter of speed. A field changes on the minute,
    and no zone changes its offset twice within one (a test reads them all), so what is equal at
    both ends of a minute holds throughout.
    """

    __slots__ = ("_field", "_zone", "seen")

    def __init__(self, zone: ZoneInfo, field: LocalTimeField) -> None:
        self._zone = zone
        self._field = _FIELDS[field]
        self.seen: tuple[int, int, object] = (0, 0, None)
        """From, up to, and what is shown then; one tuple, so that no thread sees half of it."""

    def at(self, now: float) -> object:
        """An int, or text for the date, at an instant: epoch seconds.

        Raises ValueError or OverflowError for an instant outside the years 1 to 9999.
        """
        start, end, shown = self.seen
        return shown if start <= now < end else self._looked_up(now)

    def _looked_up(self, now: float) -> object:
        start = int(now // 60) * 60
        first, last = self._shown(start), self._shown(start + 59)
        if first != last:
            return self._shown(int(now // 1))
        self.seen = (start, start + 60, first)
        return first

    def _shown(self, second: int) -> object:
        return self._field(datetime.fromtimestamp(second, self._zone))


_FIELDS: dict[LocalTimeField, Callable[[datetime], object]] = {
    LocalTimeField.HOUR: lambda local: local.hour,
    LocalTimeField.MINUTE_OF_DAY: lambda local: local.hour * 60 + local.minute,
    LocalTimeField.WEEKDAY: datetime.isoweekday,
    LocalTimeField.DATE: lambda local: date.isoformat(local.date()),
}
