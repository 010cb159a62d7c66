"""Counters side by side on one machine: each round times each of them once, so that a slow moment hits them all."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from models import EngineCounter

WARM_UP = 3


@dataclass(frozen=True)
class Setting:
    """What is raced: pictures of (width, height) px, CPU threads, and what is computed in."""

    size: tuple[int, int]
    threads: int
    precision: str


@dataclass(frozen=True)
class Time:
    """Of one counter in one setting: medians over the rounds, ms, and the median of its ratios to the first one."""

    name: str
    takes: str
    """size of the network's input, px"""
    computes_in: str
    network_ms: float
    cpu_ms: float
    """of all threads together in the network: what other work on the machine hardly touches"""
    whole_ms: float
    """with what comes before and after: scaling the picture, reading the boxes"""
    ratio: float


def race(
    counters: list[EngineCounter], picture: NDArray[np.uint8], rounds: int, step: Callable[[], object] = lambda: None
) -> list[Time]:
    """Time the counters on one picture. `step` is called after each count. The first counter is the measure of all.

    The order turns from round to round, so that none always follows the same one.
    """
    if not counters or rounds < 1:
        raise ValueError("a race needs a counter and a round")
    network = np.zeros((rounds, len(counters)))
    cpu = np.zeros((rounds, len(counters)))
    whole = np.zeros((rounds, len(counters)))
    for number in range(-WARM_UP, rounds):
        for place in range(len(counters)):
            index = (place + number) % len(counters)
            begin = time.perf_counter()
            counters[index].count(picture)
            took = time.perf_counter() - begin
            step()
            if number >= 0:
                whole[number, index] = took
                network[number, index] = counters[index].engine.took_s
                cpu[number, index] = counters[index].engine.cpu_s
    ratios = np.median(network / network[:, :1], axis=0)
    return [
        Time(
            counter.name,
            "x".join(str(side) for side in counter.engine.took_size),
            counter.engine.precision,
            float(np.median(network[:, i])) * 1e3,
            float(np.median(cpu[:, i])) * 1e3,
            float(np.median(whole[:, i])) * 1e3,
            float(ratios[i]),
        )
        for i, counter in enumerate(counters)
    ]


def noise(size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture of (width, height) px with detail everywhere, the same each time."""
    return np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8)


def machine() -> str:
    """One line: processor, cores, what it is able to, the runtime, and how busy it is now."""
    core = ov.Core()
    name = str(core.get_property("CPU", "FULL_DEVICE_NAME"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    able = [flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile") if flag in _flags()]
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return (
        f"{name}, {cores} cores ({', '.join(able) or platform.machine()}), OpenVINO {ov.__version__.split('-')[0]};"
        f" load average before the run: {load}"
    )


def table(results: list[tuple[Setting, list[Time]]]) -> str:
    """Markdown: one row for each counter in each setting."""
    lines = [
        "| pictures | threads | counter | its input | computes in | network, ms | its CPU, ms | whole count, ms"
        " | ratio |",
        "|---|---:|---|---|---|---:|---:|---:|---:|",
    ]
    for setting, times in results:
        for one in times:
            fields = (
                f"{setting.size[0]}x{setting.size[1]}", str(setting.threads), one.name, one.takes, one.computes_in,
                f"{one.network_ms:.1f}", f"{one.cpu_ms:.1f}", f"{one.whole_ms:.1f}", f"{one.ratio:.2f}",
            )  # fmt: skip
            lines.append(f"| {' | '.join(fields)} |")
    return "\n".join(lines)


def _flags() -> frozenset[str]:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return frozenset(next((line.split(":", 1)[1] for line in lines if line.startswith("flags")), "").split())
