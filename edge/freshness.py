"""Whether a box does its work: what the watchdog is fed by. Pure.

A worker whose threads run may still see nothing. While pictures come, they must be counted: if not, the worker is ill,
and a restart helps at once. While none come from any camera, the fault is most likely outside, and a restart every
minute would only make it worse; but a decoder or driver that hangs looks the same, so one is tried every ten minutes.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Seconds without a count, while pictures come, until the worker counts as ill [J].
UNCOUNTED_S = 60.0
#: Seconds without a picture from any camera until a restart is worth a try [J].
BLIND_S = 600.0
#: An age and the moment that it was made from may differ by so much.
ROUNDING_S = 0.01


class Freshness:
    """`began` is monotonic seconds, like every clock here."""

    def __init__(self, began: float) -> None:
        self._pictured = self._counted = began
        #: When the oldest picture was taken that nothing was counted since.
        self._waiting: float | None = None

    def look(self, now: float, frame_ages: Mapping[str, float | None], counted: Mapping[str, float]) -> str:
        """Why the work is not fresh, or nothing where it is.

        `frame_ages` are seconds since each camera's newest picture, None before its first; `counted` says when the
        last picture of a camera that was counted was taken.
        """
        ages = [age for age in frame_ages.values() if age is not None]
        if ages:
            self._pictured = max(self._pictured, now - min(ages))
        if counted:
            self._counted = max(self._counted, *counted.values())
        blind = now - self._pictured
        if blind > BLIND_S:
            return f"no camera has given a picture for {blind:.0f} s"
        if self._waiting is None or self._counted >= self._waiting:
            self._waiting = self._pictured if self._pictured > self._counted + ROUNDING_S else None
        waited = now - self._waiting if self._waiting is not None else 0.0
        if waited > UNCOUNTED_S:
            return f"pictures come, and none was counted for {waited:.0f} s"
        return ""
