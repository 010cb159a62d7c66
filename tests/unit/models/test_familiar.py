"""What is like the training pictures is familiar; what no counter should be trusted with is strange."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import msgspec
import numpy as np
import pytest

import models
import sample_videos
from models import familiar
from models.augment import texture


def frames(name: str) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(sample_videos.clip(name)))
    length = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    found = []
    for index in range(length):
        assert capture.grab()
        if index % (length // 4) == 5:
            found.append(capture.retrieve()[1])
    capture.release()
    return found


STREET = frames("steps") + frames("plaza")


def close_up(frame: np.ndarray) -> np.ndarray:
    return cv2.resize(frame[180:210, 300:340], (640, 480), interpolation=cv2.INTER_CUBIC)


def spoilt(how: Callable[[np.ndarray], np.ndarray]) -> list[np.ndarray]:
    return [how(frame) for frame in STREET]


@pytest.fixture(scope="module")
def counter() -> models.Counter:
    return models.load("levee-s", threads=1)


@pytest.mark.parametrize("name", sample_videos.names())
def test_an_ordinary_view_is_familiar(name: str, counter: models.Counter) -> None:
    for frame in frames(name):
        assert counter.count(frame).reasons in ((), ("denser-than-trained",))


@pytest.mark.parametrize(
    ("pictures", "least"),
    [
        (spoilt(lambda f: cv2.GaussianBlur(f, (0, 0), 8)), 1.0),
        (spoilt(close_up), 0.9),
        (spoilt(lambda f: np.full_like(f, 200)), 1.0),
        (spoilt(lambda f: (f * 0.02).astype(np.uint8)), 1.0),
        ([np.random.default_rng(i).integers(0, 256, (480, 640, 3), np.uint8) for i in range(3)], 1.0),
        ([texture(np.random.default_rng(i), 640, 480) for i in range(24)], 0.9),
    ],
    ids=["blurred", "close-up", "painted", "dark", "noise", "walls"],
)
def test_what_is_no_view_of_a_place_is_doubted(
    pictures: list[np.ndarray], least: float, counter: models.Counter
) -> None:
    doubted = [bool(counter.count(picture).reasons) for picture in pictures]
    assert np.mean(doubted) >= least


def signatures(rng: np.random.Generator, number: int) -> np.ndarray:
    """Numbers that hang together, as those of pictures do."""
    mix = np.random.default_rng(0).normal(size=(familiar.LENGTH, familiar.LENGTH))
    return rng.normal(size=(number, familiar.LENGTH)) @ mix + 5.0


def test_the_limit_lies_above_ordinary_pictures() -> None:
    rng = np.random.default_rng(1)
    known = familiar.fit(signatures(rng, 600), signatures(rng, 200))
    assert np.mean([known.strangeness(s) > 1 for s in signatures(rng, 1000)]) < 0.03
    assert np.mean([known.strangeness(s + 14.0) > 1 for s in signatures(rng, 200)]) > 0.95


@pytest.mark.parametrize(
    ("ordinary", "says"), [(np.zeros((9, familiar.LENGTH)), "are needed"), (np.full((100, 10), np.nan), "finite")]
)
def test_too_little_to_go_by_is_refused(ordinary: np.ndarray, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        familiar.fit(ordinary, ordinary[:1])


def test_a_damaged_description_is_refused() -> None:
    content = {"mean": [0.0] * 10, "whiten": [[0.0] * 10] * 9 + [[0.0] * 8], "limit": 1.0}
    with pytest.raises(msgspec.ValidationError, match="whiten"):
        msgspec.convert(content, familiar.Familiar)
