"""Figures of a counter on pictures whose answer is known."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from levee.cli import app
from models import sheet
from models.card import put_figures, table
from models.counter import Band, BandSide
from models.data import Picture, cell_counts
from models.evaluate import QUARTERS, Counted, Score, game, quarters

WIDE = BandSide(floor=5.0, poisson=0.0, relative=0.0)


def counted(found: float, heads: int, name: str = "a", size: tuple[int, int] = (80, 80)) -> Counted:
    """`found` people in the upper left cell; `heads` marked in the middle of the picture's lower right quarter."""
    grid = np.zeros((10, 10), np.float32)
    grid[0, 0] = found
    points = np.tile(np.array([[0.75 * size[0], 0.75 * size[1]]], np.float32), (heads, 1))
    return Counted(Picture(Path(name), "f", name, points), grid, size)


def test_score() -> None:
    found = Score.of([counted(10, 12), counted(30, 20)], Band(below=WIDE, above=WIDE))
    assert (found.pictures, found.truth_mean, found.mae, found.coverage_percent) == (2, 16.0, 6.0, 50.0)
    assert found.bias_percent == 25.0
    assert found.rmse == pytest.approx(np.sqrt((4 + 100) / 2))
    assert found.game == (36.0, 36.0, 36.0), "all were looked for in the wrong quarter: each miss counts twice"
    assert Score.of([counted(0.5, 0)]).bias_percent == 0.0
    with pytest.raises(ValueError, match="no pictures"):
        Score.of([])


@given(st.integers(0, 2**32 - 1), st.integers(3, 40), st.integers(3, 40), st.integers(0, 60))
def test_game_grows_with_its_level_and_begins_at_the_miss(seed: int, rows: int, cols: int, heads: int) -> None:
    rng = np.random.default_rng(seed)
    grid = rng.exponential(0.1, (rows, cols)).astype(np.float32)
    points = rng.uniform(0, 1, (heads, 2)).astype(np.float32) * np.array([8 * cols, 8 * rows], np.float32)
    one = Counted(Picture(Path("a"), "f", "a", points), grid, (8 * cols, 8 * rows))
    levels = [game(one, level) for level in range(4)]
    assert levels[0] == pytest.approx(abs(one.people - heads), abs=1e-3)
    assert all(fine >= coarse - 1e-3 for coarse, fine in pairwise(levels))


def test_game_of_an_exact_map_is_nothing() -> None:
    points = np.random.default_rng(3).uniform(0, 128, (50, 2)).astype(np.float32)
    one = Counted(Picture(Path("a"), "f", "a", points), cell_counts(points, 128, 128, 8), (128, 128))
    assert [game(one, level) for level in (0, 1, 2, 3)] == [0, 0, 0, 0]


def test_quarters_go_by_people_per_area() -> None:
    large = [counted(0, n, f"large {n}", (800, 800)) for n in range(1, 5)]
    small = [counted(0, n, f"small {n}") for n in range(1, 5)]
    parts = quarters(large + small)
    assert list(parts) == list(QUARTERS)
    assert [[one.picture.name for one in part] for part in parts.values()] == [
        ["large 1", "large 2"],
        ["large 3", "large 4"],
        ["small 1", "small 2"],
        ["small 3", "small 4"],
    ]
    assert quarters(large) == {}


def test_the_table_and_its_place_in_a_card(tmp_path: Path) -> None:
    text = table({"f": Score.of([counted(10, 12)], Band(below=WIDE, above=WIDE)), "g": Score.of([counted(1, 1)])})
    assert text.splitlines()[2] == "| f | 1 | 12.0 | 2.00 | 2.00 | -16.7 % | 22.0, 22.0, 22.0 | 100 % |"
    assert text.splitlines()[3].endswith("|  |")
    card = tmp_path / "card.md"
    card.write_text("a\n<!-- x -->\nold\n<!-- y -->\nb\n")
    assert put_figures(card, "new", "<!-- x -->", "<!-- y -->")
    assert card.read_text() == "a\n<!-- x -->\n\nnew\n\n<!-- y -->\nb\n"
    assert not put_figures(card, "new", "<!-- z -->", "<!-- y -->")


def test_the_command_shows_figures_quarters_and_the_worst(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "worst.png"
    done = CliRunner().invoke(app, ["models", "evaluate", "--data", str(folder), "--worst", str(out), "--number", "4"])
    assert done.exit_code == 0, done.output
    assert "| dots | 12 | 5.5 |" in done.stdout
    assert all(f"| {name} | 3 |" in done.stdout for name in QUARTERS)
    assert "1 pictures show nobody" in done.stdout
    assert "the 4 worst of 12" in done.stdout
    picture = cv2.imread(str(out))
    assert picture.shape == (2 * sheet.HEIGHT, 3 * sheet.WIDTH, 3)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["--data", "none"], "no such file"), (["--data", ".", "--model", "nobody"], "no model is called")],
)
def test_the_command_refuses_in_one_line(arguments: list[str], says: str) -> None:
    done = CliRunner().invoke(app, ["models", "evaluate", *arguments])
    assert done.exit_code == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
