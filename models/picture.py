"""Pictures as cameras and files give them, brought to the one form that is counted: BGR, 8 bits a channel. Pure."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
GREY = 114
"""What shows through where a picture is transparent: neither dark nor light."""
_DEPTHS = (10, 12, 14, 16)


class PictureRefused(ValueError):
    """A picture cannot be read, or is no picture of 8 or 16 bits; the message is one line."""


def to_bgr(picture: NDArray[np.generic]) -> Image:
    """(h, w, 3) BGR of 8 bits, from (h, w), (h, w, 1), (h, w, 3) or (h, w, 4: BGR and alpha) of 8 or 16 bits.

    Values of 16 bits that stay below 2^10, 2^12 or 2^14 came from a sensor of as many bits, and are scaled by that.
    What is transparent becomes grey. The picture itself is left as it is; one that is right already is given back.
    """
    if picture.dtype == np.uint16:
        picture = _in_8_bits(picture)
    if picture.dtype != np.uint8:
        raise PictureRefused(f"expected 8 or 16 bits a channel, got {picture.dtype}")
    if picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 1):
        if picture.size == 0:
            raise PictureRefused("the picture is empty")
        return np.asarray(cv2.cvtColor(picture.reshape(picture.shape[:2]), cv2.COLOR_GRAY2BGR), np.uint8)
    if picture.ndim != 3 or picture.shape[2] not in (3, 4):
        raise PictureRefused(f"expected a picture of shape (height, width) or (height, width, 3), got {picture.shape}")
    if picture.shape[2] == 4:
        return _blended(np.asarray(picture, np.uint8))
    return np.asarray(picture, np.uint8)


def decode(data: bytes | NDArray[np.uint8]) -> Image:
    """The picture that the bytes of a file hold; PictureRefused with the reason where they hold none, or part of one.

    A JPEG file that breaks off is decoded by some libraries with grey below, and counted as if nobody stood there: its
    end is looked for first.
    """
    raw = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data
    if not raw.size:
        raise PictureRefused("the file is empty")
    head = raw[:32].tobytes()
    if head.startswith(b"\xff\xd8") and not ends_as_jpeg(raw.tobytes()):
        raise PictureRefused("a truncated JPEG: it breaks off before its end")
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
    # colour types 4 and 6 of PNG, and the flag of WebP, say that there is an alpha channel
    png = head.startswith(b"\x89PNG\r\n\x1a\n") and len(head) > 25 and head[25] in (4, 6)
    webp = head[8:16] == b"WEBPVP8X" and len(head) > 20 and bool(head[20] & 0x10)
    try:
        picture = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED if png or webp else flags)
    except cv2.error as error:
        # more pixels than OpenCV takes are raised, not refused
        raise PictureRefused(f"OpenCV does not take it: {' '.join(str(error).split())[:120]}") from None
    except MemoryError:
        raise PictureRefused("it does not fit into memory") from None
    if picture is None:
        raise PictureRefused("not a picture that can be read, or a truncated one")
    return to_bgr(picture)


def ends_as_jpeg(data: bytes) -> bool:
    """Whether the segments of a JPEG file lead to its end marker (ITU-T T.81, B.1): a thumbnail's does not count."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return False
        code = data[at + 1]
        if code == 0xFF:  # a fill byte
            at += 1
        elif code == 0xD9:
            return True
        elif code == 0x01 or 0xD0 <= code <= 0xD7:  # markers without a segment
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            if code == 0xDA:
                at = _after_scan(data, at)
    return data[at : at + 2] == b"\xff\xd9"


def _after_scan(data: bytes, at: int) -> int:
    """Where the next marker stands behind coded data, in which 0xFF is followed by 0 or a restart marker."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return len(data)
        following = data[at + 1]
        if following != 0 and not 0xD0 <= following <= 0xD7 and following != 0xFF:
            return at
        at += 1 if following == 0xFF else 2


def _in_8_bits(picture: NDArray[np.generic]) -> Image:
    most = int(picture.max()) if picture.size else 0
    bits = next(depth for depth in _DEPTHS if most < 2**depth)
    return np.asarray(cv2.convertScaleAbs(picture, alpha=255 / (2**bits - 1)), np.uint8)


def _blended(picture: Image) -> Image:
    alpha = picture[..., 3:]
    colour = np.ascontiguousarray(picture[..., :3])
    if alpha.min(initial=255) == 255:
        return colour
    share = alpha.astype(np.float32) / 255
    return np.asarray(np.rint(colour * share + GREY * (1 - share)), np.uint8)
