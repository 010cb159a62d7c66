"""More processes that learn on the same weights, for a machine whose cores are not always free.

Hogwild (Recht et al., NIPS 2011): each process takes the next batch, and applies its gradients to the shared weights
without waiting for the others. A core that others use as well slows its own process only, where threads that share one
batch all wait for the slowest. The price: two runs of one seed see the same crops, but differ in the last digits.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.sharedctypes import Synchronized
from threading import Thread
from typing import Any

import torch.multiprocessing

NICENESS = 15
"""How much the processes beside give way to everything else."""


class Claims:
    """Hands each batch of a run to one of its processes."""

    def __init__(self, first: int, end: int) -> None:
        self._next: Synchronized[int] = torch.multiprocessing.get_context("spawn").Value("q", first)
        self._end = end

    def __iter__(self) -> Iterator[int]:
        while True:
            with self._next.get_lock():
                step = int(self._next.value)
                if step >= self._end:
                    return
                self._next.value = step + 1
            yield step


@contextmanager
def beside(number: int, work: Callable[..., None], *args: Any) -> Iterator[None]:
    """`number` processes that run `work(*args)` while the block runs; they are ended with it, whatever ends it."""
    context = torch.multiprocessing.get_context("spawn")
    args = (os.getpid(), work, *args)
    processes = [context.Process(target=_quietly, args=args, daemon=True) for _ in range(number)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
            process.join(10.0)


def _quietly(parent: int, work: Callable[..., None], *args: Any) -> None:
    os.nice(NICENESS)
    Thread(target=_end_with, args=(parent,), daemon=True).start()
    work(*args)


def _end_with(parent: int) -> None:
    """A parent that was killed cannot end its processes: they look for themselves."""
    while os.getppid() == parent:
        time.sleep(2.0)
    os._exit(1)
