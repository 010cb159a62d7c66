"""Five parts of the annotated pictures, so that every one of them is held out once (cross-validation)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from models.data import Picture

FILE = Path(__file__).with_name("folds.yaml")
"""Names of the pictures of each part, by folder."""
FOLDS = ("0", "1", "2", "3", "4")
TENTH = "tenth"
"""A smaller part, drawn before there were folds: what the first weights never saw."""
OTHERS = 10
"""Of a folder that is not in the file, every tenth picture is held out, in any fold."""


def draw(pictures: list[Picture], seed: int) -> dict[str, list[str]]:
    """Names in five parts that are alike: of each five pictures next to each other by heads, one goes to each."""
    rng = np.random.default_rng(seed)
    ordered = sorted(pictures, key=lambda p: (len(p.points), p.name))
    parts: dict[str, list[str]] = {fold: [] for fold in FOLDS}
    for start in range(0, len(ordered), len(FOLDS)):
        group = ordered[start : start + len(FOLDS)]
        for picture, fold in zip(group, rng.permutation(FOLDS)[: len(group)].tolist(), strict=True):
            parts[fold].append(picture.name)
    return {fold: sorted(names, key=_number) for fold, names in parts.items()}


def _number(name: str) -> tuple[int, str]:
    digits = "".join(c for c in Path(name).stem if c.isdigit())
    return (int(digits or 0), name)


def as_yaml(folds: dict[str, dict[str, list[str]]], seed: int) -> str:
    """The file of the folds of several folders."""
    about = (
        "# Five folds of the annotated pictures, by folder and name; a network says which one it never saw.\n"
        f"# Drawn by `levee models folds --data DIR... --seed {seed}`.\n"
    )
    return about + yaml.safe_dump(folds, default_flow_style=None, width=118)


def read(file: Path = FILE) -> dict[str, dict[str, frozenset[str]]]:
    """The parts of each folder that the file names."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {folder: {fold: frozenset(names) for fold, names in parts.items()} for folder, parts in content.items()}


def is_named(folder: str) -> bool:
    """Whether the file says which pictures of a folder are held out."""
    return folder in read()


def split(pictures: list[Picture], fold: str) -> tuple[list[Picture], list[Picture]]:
    """(training, validation) where `fold`, "0" to "4" or "tenth", is held out; ValueError for another name."""
    if fold not in (*FOLDS, TENTH):
        raise ValueError(f"fold {fold!r}: there are {', '.join((*FOLDS, TENTH))}")
    named = read()
    train: list[Picture] = []
    validation: list[Picture] = []
    for index, picture in enumerate(pictures):
        parts = named.get(picture.folder)
        out = index % OTHERS == OTHERS - 1 if parts is None else picture.name in parts[fold]
        (validation if out else train).append(picture)
    return train, validation
