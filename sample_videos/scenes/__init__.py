"""The scenes, by name; each with variations by seed."""

from __future__ import annotations

from collections.abc import Callable

from sample_videos.scenes.nights import concert, night
from sample_videos.scenes.scene import Scene
from sample_videos.scenes.squares import empty, evening, plaza
from sample_videos.scenes.steps import steps
from sample_videos.scenes.streams import bottleneck, metro, one_way, queue

__all__ = ["BUILDERS", "Scene", "scene", "scenes"]

BUILDERS: dict[str, Callable[..., Scene]] = {
    "steps": steps, "plaza": plaza, "metro": metro, "queue": queue, "concert": concert, "bottleneck": bottleneck,
    "oneway": one_way, "evening": evening, "night": night, "empty": empty,
}  # fmt: skip


def scene(name: str, seed: int | None = None) -> Scene:
    """A scene by name; without a seed, as it is committed. ValueError with one line on bad input."""
    if name not in BUILDERS:
        raise ValueError(f"no scene is called {name!r}; there are {', '.join(BUILDERS)}")
    if seed is not None and seed < 0:
        raise ValueError(f"seed {seed}: must be 0 or more")
    return BUILDERS[name]() if seed is None else BUILDERS[name](seed)


def scenes() -> dict[str, Scene]:
    """All scenes by name, in the order in which they are shown."""
    return {name: build() for name, build in BUILDERS.items()}
