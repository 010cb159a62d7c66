"""Five folds: each picture is held out once, and the folds are alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from levee.cli import app
from models import folds
from models.annotations import read_folder
from models.data import Picture


def pictures(counts: list[int], folder: str = "f") -> list[Picture]:
    return [Picture(Path(str(i)), folder, f"{i}.png", np.zeros((n, 2), np.float32)) for i, n in enumerate(counts)]


def test_every_picture_is_in_one_fold_and_the_folds_are_alike() -> None:
    some = pictures(np.random.default_rng(1).integers(0, 900, 203).tolist())
    parts = folds.draw(some, 7)
    assert list(parts) == list(folds.FOLDS)
    assert sorted(name for part in parts.values() for name in part) == sorted(p.name for p in some)
    heads = {p.name: len(p.points) for p in some}
    means = [np.mean([heads[name] for name in part]) for part in parts.values()]
    assert max(means) - min(means) < 0.05 * np.mean(means)
    assert parts == folds.draw(some, 7) != folds.draw(some, 8)


def test_the_file_names_694_pictures_once() -> None:
    named = folds.read()
    assert {folder: [len(part) for part in parts.values()] for folder, parts in named.items()} == {
        "shanghaitech_a_train": [59, 59, 58, 59, 59, 29],
        "shanghaitech_b_train": [80, 80, 80, 80, 80, 40],
    }
    for parts in named.values():
        assert list(parts) == [*folds.FOLDS, folds.TENTH]
        five = [parts[fold] for fold in folds.FOLDS]
        assert len(frozenset.union(*five)) == sum(len(part) for part in five)
        assert parts[folds.TENTH] <= frozenset.union(*five)


def test_the_file_names_the_pictures_that_are_there(shared_data: Path) -> None:
    for name, parts in folds.read().items():
        if not (shared_data / name).is_dir():
            pytest.skip(f"{name} is not among the data beside the project")
        here = read_folder(shared_data / name)
        assert {p.name for p in here} == frozenset.union(*parts.values())
        held = [split_names(here, fold) for fold in folds.FOLDS]
        assert sum(len(names) for names in held) == len(here)


def split_names(here: list[Picture], fold: str) -> set[str]:
    train, validation = folds.split(here, fold)
    assert not {p.name for p in train} & {p.name for p in validation}
    return {p.name for p in validation}


def test_of_other_folders_a_tenth_is_held_out(folder: Path) -> None:
    here = read_folder(folder)
    for fold in ("0", "tenth"):
        train, validation = folds.split(here, fold)
        assert [p.name for p in validation] == ["images/9.png"]
        assert len(train) == 11
    for fold in ("-1", "5"):
        with pytest.raises(ValueError, match=f"fold {fold!r}"):
            folds.split(here, fold)


def test_the_command_prints_a_file_of_folds(folder: Path) -> None:
    done = CliRunner().invoke(app, ["models", "folds", "--data", str(folder), "--seed", "3"])
    assert done.exit_code == 0, done.output
    drawn = yaml.safe_load(done.stdout)
    assert drawn == {"dots": folds.draw(read_folder(folder), 3)}
    refused = CliRunner().invoke(app, ["models", "folds", "--data", "none"])
    assert refused.exit_code == 2
    assert "no such file" in refused.stderr
