"""Rendered sample clips with exact truth, and the studio that renders them.

The public surface is here and needs numpy only: `names()`, `clip(name)`, `truth(name)`, `camera_file(name)`.
To render: `levee scenes render NAME --out DIR`; training stills: `levee scenes stills DIR`.
"""

from __future__ import annotations

from pathlib import Path

from sample_videos.ledger import GateTruth, Heads, Truth, ZoneTruth, read

__all__ = ["GateTruth", "Heads", "Truth", "ZoneTruth", "camera_file", "clip", "names", "truth"]

_CLIPS = Path(__file__).parent / "clips"


def names() -> tuple[str, ...]:
    """Names of the clips that are here."""
    return tuple(sorted(path.stem for path in _CLIPS.glob("*.mp4")))


def clip(name: str) -> Path:
    """The video file of a clip; ValueError with one line where there is none of that name."""
    return _known(name, ".mp4")


def camera_file(name: str) -> Path:
    """NAME.camera.yaml: true camera, measured ground points, zones."""
    return _known(name, ".camera.yaml")


def truth(name: str) -> Truth:
    """The exact truth of a clip, frame by frame."""
    return read(_known(name, ".truth.csv.gz").parent, name)


def _known(name: str, ending: str) -> Path:
    if name not in names():
        raise ValueError(f"no sample clip is called {name!r}; there are {', '.join(names()) or 'none'}")
    path = _CLIPS / f"{name}{ending}"
    if not path.is_file():
        raise ValueError(f"sample clip {name!r} lacks its file {path.name}: render it again")
    return path
