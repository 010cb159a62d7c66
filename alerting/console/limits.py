"""How often somebody may ask: buckets of tokens, one for each name or address. No clock: the time is given."""

from __future__ import annotations

from collections import OrderedDict


class Limit:
    """`burst` at once, and `per_s` a second in the long run, for each key."""

    def __init__(self, per_s: float, burst: int, keys: int = 10_000) -> None:
        self._per_s, self._burst, self._keys = per_s, float(burst), keys
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: str, at: float, cost: float = 1.0) -> float:
        """0 where it may, which uses one up; otherwise the seconds until it might."""
        left, since = self._left.pop(key, (self._burst, at))
        left = min(self._burst, left + max(0.0, at - since) * self._per_s)
        allowed = left >= cost
        self._left[key] = (left - cost if allowed else left, at)
        while len(self._left) > self._keys:
            self._left.popitem(last=False)
        return 0.0 if allowed else (cost - left) / self._per_s

    def give_back(self, key: str, cost: float = 1.0) -> None:
        """What was used up for nothing wrong."""
        if key in self._left:
            left, since = self._left[key]
            self._left[key] = (min(self._burst, left + cost), since)

    def forget(self, key: str) -> None:
        self._left.pop(key, None)
