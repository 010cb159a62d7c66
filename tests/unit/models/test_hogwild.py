"""Processes beside the first one learn on the same weights, and end with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from models.augment import Crops


def test_batches_are_handed_out_once() -> None:
    pytest.importorskip("torch", reason="torch is not installed (extra train)")
    from models.hogwild import Claims

    claims = Claims(3, 7)
    one, other = iter(claims), iter(claims)
    assert [next(one), next(other), next(other), next(one)] == [3, 4, 5, 6]
    assert list(one) == list(other) == []


def test_a_run_of_two_processes_learns_and_leaves_none_behind(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed (extra train)")
    from models.train import Plan, Source, Trainer

    source = Source(folder, crops=Crops(width=64, height=64, scale_low=0.8, scale_high=1.2))
    plan = Plan(
        out=tmp_path / "two", sources=(source,), variant="levee-xs", steps=150, decay_steps=50, batch=2,
        warmup_steps=2, norm_steps=3, threads=1, save_every=50, score_every=50, beside=1,
    )  # fmt: skip
    trainer = Trainer(plan)
    before = trainer.network.head.bias.detach().clone()
    trainer.run()
    assert trainer.step == 150
    assert not bool((trainer.network.head.bias == before).all())
    assert not psutil.Process().children(recursive=True) or all(
        "resource_tracker" in " ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)
    )


def test_a_process_whose_parent_was_killed_ends_by_itself() -> None:
    pytest.importorskip("torch", reason="torch is not installed (extra train)")
    code = (
        "import time\nfrom models.hogwild import beside\n"
        "if __name__ == '__main__':\n"
        "    with beside(1, time.sleep, 600):\n        print('up', flush=True)\n        time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=os.getcwd())
    assert parent.stdout is not None
    assert parent.stdout.readline() == "up\n"
    children = psutil.Process(parent.pid).children(recursive=True)
    assert children
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs(children, timeout=60)
    for process in alive:
        process.kill()
    assert not alive
