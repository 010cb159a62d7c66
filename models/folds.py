"""Five parts of the annotated pictures, so that every one of them is held out once (cross-validation)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from models.data import Picture

FILE = Path(__file__).with_name("folds.yaml")
"""Names of the pictures of each fold, by folder."""
FOLDS = 5
OTHERS = 10
"""Of a folder that is not in the file, every tenth picture is held out, in any fold."""


def draw(pictures: list[Picture], seed: int) -> list[list[str]]:
    """Names in `FOLDS` parts that are alike: of each five pictures next to each other by heads, one goes to each."""
    rng = np.random.default_rng(seed)
    ordered = sorted(pictures, key=lambda p: (len(p.points), p.name))
    parts: list[list[str]] = [[] for _ in range(FOLDS)]
    for start in range(0, len(ordered), FOLDS):
        group = ordered[start : start + FOLDS]
        for picture, fold in zip(group, rng.permutation(FOLDS)[: len(group)].tolist(), strict=True):
            parts[fold].append(picture.name)
    return [sorted(names, key=_number) for names in parts]


def _number(name: str) -> tuple[int, str]:
    digits = "".join(c for c in Path(name).stem if c.isdigit())
    return (int(digits or 0), name)


def as_yaml(folds: dict[str, list[list[str]]], seed: int) -> str:
    """The file of the folds of several folders."""
    about = (
        "# Five folds of the annotated pictures, by folder and name; a network says which one it never saw.\n"
        f"# Drawn by `levee models folds --data DIR... --seed {seed}`.\n"
    )
    return about + yaml.safe_dump(folds, default_flow_style=None, width=118)


def read(file: Path = FILE) -> dict[str, list[frozenset[str]]]:
    """The folds of each folder that the file names."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {folder: [frozenset(names) for names in parts] for folder, parts in content.items()}


def is_named(folder: str) -> bool:
    """Whether the file says which pictures of a folder are held out."""
    return folder in read()


def split(pictures: list[Picture], fold: int) -> tuple[list[Picture], list[Picture]]:
    """(training, validation) where `fold`, 0 to 4, is held out; ValueError for another number."""
    if not 0 <= fold < FOLDS:
        raise ValueError(f"fold {fold}: there are folds 0 to {FOLDS - 1}")
    named = read()
    train: list[Picture] = []
    validation: list[Picture] = []
    for index, picture in enumerate(pictures):
        parts = named.get(picture.folder)
        out = index % OTHERS == OTHERS - 1 if parts is None else picture.name in parts[fold]
        (validation if out else train).append(picture)
    return train, validation
