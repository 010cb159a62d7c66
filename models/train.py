"""Training, resumable: warm-up, a flat stretch, then a straight fall of the learning rate to zero.

Nothing of a run depends on the clock: crop number i of step s is drawn from (seed, s, i), so a run that
was killed and taken up again sees the pictures it would have seen.
"""

from __future__ import annotations

import copy
import csv
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from models.annotations import read_folder
from models.augment import Crops, crop, degrade, texture
from models.data import DataRefused, Picture, PictureCache, cell_counts
from models.evaluate import Counted, Score
from models.export import unfold
from models.folds import split
from models.network import CELL, STRIDE, VARIANTS, CountNetwork, Widths, count_loss
from models.optimizer import Optimizer


@dataclass(frozen=True)
class Source:
    """A folder of pictures, its share of the crops, and the scales it is seen at."""

    folder: Path
    share: float = 1.0
    crops: Crops = field(default_factory=Crops)


@dataclass(frozen=True)
class Plan:
    """What to train, how long, and where it is kept."""

    out: Path
    sources: tuple[Source, ...]
    variant: str = "levee-s"
    steps: int = 20_000
    decay_steps: int = 6_000
    batch: int = 8
    rate: float = 1e-3
    weight_decay: float = 1e-4
    warmup_steps: int = 300
    norm_steps: int = 800
    """Batch norm uses and learns the statistics of batches for so many steps and stands still from then on. In the
    last layers it always stands still: there it would make every batch look equally crowded."""
    head_rate: float = 0.3
    """Learning rate of the last layers, which have no moving norm to steady them, as a share of the others'."""
    clean_share: float = 0.4
    """Share of crops left as the picture is: only the others get the faults of cameras."""
    blank_share: float = 0.02
    """Share of crops that are drawn surfaces without people."""
    fold: str = "0"
    """Which fifth of the named pictures is held out (models/folds.yaml)."""
    seed: int = 20261123
    threads: int = 2
    save_every: int = 250
    score_every: int = 2_000


class CropSampler:
    """Batches of augmented crops, each a function of (seed, step)."""

    def __init__(self, plan: Plan, pictures: list[list[Picture]]) -> None:
        self._plan = plan
        self._pictures = pictures
        self._cache = PictureCache()
        shares = np.array([s.share for s in plan.sources])
        self._chances = shares / shares.sum()

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """(n, 3, h, w) uint8 BGR and (n, 1, h/8, w/8) people per cell."""
        images, truths = [], []
        for index in range(self._plan.batch):
            image, points = self._one(np.random.default_rng((self._plan.seed, step, index)))
            images.append(image)
            truths.append(cell_counts(points, image.shape[1], image.shape[0], CELL))
        x = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
        return x, torch.from_numpy(np.stack(truths)[:, None])

    def _one(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        source = int(rng.choice(len(self._chances), p=self._chances))
        crops = self._plan.sources[source].crops
        if rng.random() < self._plan.blank_share:
            return degrade(rng, texture(rng, crops.width, crops.height)), np.zeros((0, 2), np.float32)
        picture = self._pictures[source][int(rng.integers(len(self._pictures[source])))]
        full, half = self._cache.get(picture)
        image, points = crop(rng, full, half, picture.points, crops)
        return (image if rng.random() < self._plan.clean_share else degrade(rng, image)), points


def _ahead(sampler: CropSampler, steps: Iterable[int]) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Batches drawn by one thread, up to three ahead of the network."""
    coming = iter(steps)
    with ThreadPoolExecutor(1, thread_name_prefix="crops") as pool:
        waiting = [(step, pool.submit(sampler.batch, step)) for step in islice(coming, 3)]
        while waiting:
            step, drawn = waiting.pop(0)
            x, y = drawn.result()
            waiting += [(later, pool.submit(sampler.batch, later)) for later in islice(coming, 1)]
            yield step, x, y


def rate_at(plan: Plan, step: int) -> float:
    """Learning rate of one step."""
    warm = min(1.0, (step + 1) / max(plan.warmup_steps, 1))
    fall = min(1.0, (plan.steps - step) / max(plan.decay_steps, 1))
    return plan.rate * warm * fall


def predict_grid(network: CountNetwork, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(rows, cols) people per 8x8 cell of one BGR picture, padded to a multiple of 32 at its edges."""
    height, width = image.shape[:2]
    padded = np.pad(image, ((0, -height % STRIDE), (0, -width % STRIDE), (0, 0)), mode="edge")
    x = torch.from_numpy(padded).permute(2, 0, 1)[None].float().contiguous(memory_format=torch.channels_last)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        grid = network(x)[0, 0].float().numpy()
    return np.asarray(grid, np.float32)


def score_network(network: CountNetwork, pictures: list[Picture]) -> Score:
    """Errors of the totals of whole pictures at their own size."""
    network.eval()
    counted = []
    for picture in pictures:
        image = picture.load()
        height, width = image.shape[:2]
        grid = predict_grid(network, image)[: -(-height // CELL), : -(-width // CELL)]
        counted.append(Counted(picture, grid, (width, height)))
    return Score.of(counted)


class Trainer:
    """One run in one folder: `last.pt`, to resume from and to export, and `log.csv`."""

    def __init__(self, plan: Plan) -> None:
        torch.manual_seed(plan.seed)
        torch.set_num_threads(plan.threads)
        self.plan = plan
        parts = [split(read_folder(s.folder), plan.fold) for s in plan.sources]
        if not all(train for train, _ in parts):
            raise DataRefused("a folder has no picture left to train on")
        self.sampler = CropSampler(plan, [train for train, _ in parts])
        self.validation = {s.folder.name: held for s, (_, held) in zip(plan.sources, parts, strict=True) if held}
        self.network = CountNetwork(VARIANTS[plan.variant]).to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).eval()
        last = {id(parameter) for part in self.network.last_layers() for parameter in part.parameters()}
        groups = [[p for p in self.network.parameters() if (id(p) in last) is wanted] for wanted in (False, True)]
        self.optimizer = Optimizer(zip(groups, (1.0, plan.head_rate), strict=True), plan.rate, plan.weight_decay)
        self.step = 0
        plan.out.mkdir(parents=True, exist_ok=True)

    @property
    def checkpoint(self) -> Path:
        return self.plan.out / "last.pt"

    def resume(self, start_from: Path | None = None) -> None:
        """Take up the run in the folder, or begin a new one from the averaged weights of another."""
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, weights_only=True)
            self.network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step = int(state["step"])
        elif start_from is not None:
            known = load_network(start_from).state_dict()
            self.network.load_state_dict(known)
            self.average.load_state_dict(known)

    def save(self) -> None:
        """Written beside and moved into place: a kill in the middle leaves the one before."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "widths": self.network.widths.as_dict(),
            "variant": self.plan.variant,
            "fold": self.plan.fold,
        }
        beside = self.checkpoint.with_suffix(".new")
        torch.save(state, beside)
        beside.replace(self.checkpoint)

    def run(self) -> None:
        """Train to the last step, saving and scoring on the way."""
        plan = self.plan
        losses: list[float] = []
        began = time.monotonic()
        with tqdm(total=plan.steps, initial=self.step, desc=plan.out.name, mininterval=10.0) as bar:
            for step, x, y in _ahead(self.sampler, range(self.step, plan.steps)):
                losses.append(self._learn(step, x, y))
                self.step = step + 1
                bar.update()
                bar.set_postfix(loss=f"{np.mean(losses[-200:]):.4f}", refresh=False)
                if self.step % plan.save_every == 0 or self.step == plan.steps:
                    self.save()
                if self.step % plan.score_every == 0 or self.step == plan.steps:
                    bar.write(self._scored(step, losses, began))
                    losses.clear()

    def _learn(self, step: int, x: Tensor, y: Tensor) -> float:
        """One batch: (n, 3, h, w) uint8 pictures, (n, 1, h/8, w/8) people. Gives the loss."""
        self.network.train()
        for part in [self.network] if step >= self.plan.norm_steps else self.network.last_layers():
            _freeze_norm(part)
        # bf16 holds 0..255 exactly
        pictures = x.to(torch.bfloat16).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            predicted = self.network(pictures)
        loss = count_loss(predicted, y)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step(rate_at(self.plan, step))
        _follow(self.average, self.network, min(0.999, (1 + step) / (10 + step)))
        return float(loss.detach())

    def _scored(self, step: int, losses: list[float], began: float) -> str:
        """A line of the log, also written to its file."""
        row: dict[str, object] = {
            "step": self.step,
            "minutes": round((time.monotonic() - began) / 60, 1),
            "rate": f"{rate_at(self.plan, step):.2e}",
            "loss": f"{np.mean(losses):.4f}",
        }
        for name, pictures in self.validation.items():
            figures = score_network(self.average, pictures)
            row[f"{name}_mae"] = f"{figures.mae:.2f}"
            row[f"{name}_bias"] = f"{figures.bias_percent:.1f}"
        _append(self.plan.out / "log.csv", row)
        return " ".join(f"{k}={v}" for k, v in row.items())


def _freeze_norm(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, keep: float) -> None:
    """Moving average of weights and of batch norm's statistics."""
    for mine, theirs in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if mine.is_floating_point():
            mine.lerp_(theirs, 1 - keep)
        else:
            mine.copy_(theirs)


def _append(file: Path, row: dict[str, object]) -> None:
    fresh = not file.exists()
    with file.open("a", newline="") as handle:
        writer = csv.DictWriter(handle, fieldnames=list(row))
        if fresh:
            writer.writeheader()
        writer.writerow(row)


def load_network(file: Path) -> CountNetwork:
    """The averaged weights of a checkpoint, or those of an exported network (`.onnx`), ready to count."""
    if file.suffix == ".onnx":
        return unfold(file)
    state = torch.load(file, weights_only=True)
    network = CountNetwork(Widths(**state["widths"]))
    network.load_state_dict(state["average"])
    return network.eval().to(memory_format=torch.channels_last)


def fold_of(checkpoint: Path) -> str:
    """Which fold a run held out."""
    return str(torch.load(checkpoint, weights_only=True)["fold"])
