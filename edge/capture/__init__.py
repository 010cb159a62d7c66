"""Where a frame comes in: clips, folders, USB cameras and streams, all as `Frame`.

`frames(source)` reads as fast as it can, for counting files; `Camera` keeps the newest picture of a source that runs at
its own pace; `redact` is what a source may be called in a log.
"""

from edge.capture.address import SourceKind, identify, redact, resolve
from edge.capture.camera import Camera, Report
from edge.capture.frame import Frame, SourceRefused
from edge.capture.play import Frames, frames

__all__ = [
    "Camera",
    "Frame",
    "Frames",
    "Report",
    "SourceKind",
    "SourceRefused",
    "frames",
    "identify",
    "redact",
    "resolve",
]
