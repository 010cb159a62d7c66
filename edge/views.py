"""What the views of the cameras looked like, kept on disk: a camera turned while the box was off is noticed."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np

from edge.drift import Memory
from edge.plan import Plan

_log = logging.getLogger(__name__)

EVERY_S = 600.0


class Views:
    """One small grey picture for each camera and calibration, in which people have blurred away."""

    def __init__(self, folder: Path, box: str, plan: Plan) -> None:
        self._paths = {name: folder / f"view-{box}-{name}-{ground.digest}.png" for name, ground in plan.grounds.items()}
        self._due = EVERY_S / 10
        self._first: float | None = None
        self._failed = False

    def kept(self) -> dict[str, Memory]:
        """What is on disk, by camera; a file that cannot be read is passed over, and written again."""
        found = {}
        for name, path in self._paths.items():
            picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) if path.is_file() else None
            if picture is not None:
                found[name] = picture.astype(np.float32)
        return found

    def keep(self, memories: dict[str, Memory], now: float) -> None:
        """Write them now and then; `now` is monotonic seconds. A disk that is full costs the files, not the box."""
        self._first = now if self._first is None else self._first
        if now - self._first < self._due or not memories:
            return
        self._due = now - self._first + EVERY_S
        for name, memory in memories.items():
            path = self._paths[name]
            written, data = cv2.imencode(".png", np.clip(memory, 0, 255).astype(np.uint8))
            part = path.with_suffix(".part")
            try:
                part.parent.mkdir(parents=True, exist_ok=True)
                part.touch(mode=0o600)
                part.write_bytes(data.tobytes() if written else b"")
                part.replace(path)
                self._failed = False
            except OSError as error:
                if not self._failed:
                    _log.warning("the view of camera %s cannot be kept: %s", name, error.strerror or error)
                self._failed = True
