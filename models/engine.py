"""Runs a network of one input on the CPU: compiled once, for pictures of every size that it takes."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from models.counter import CountRefused, WeightsRefused
from models.registry import Precision

KEPT_KERNELS = 64
"""Kernels that the runtime keeps for sizes it has seen, the one used longest ago going first. A network of ours has
about thirty layers; a new size then costs some milliseconds, and thousands of sizes cost no memory."""


class Engine:
    """A network in ONNX, OpenVINO IR or TFLite form, run by OpenVINO.

    Not for several threads at once: one engine belongs to one worker.
    """

    def __init__(self, file: Path, threads: int = 0, precision: Precision = "f32", output: str = "") -> None:
        """`threads` 0 leaves the number to the runtime; `output` names the output to read, the first where empty.

        WeightsRefused where the file is no network, or one that this runtime cannot run.
        """
        self._file = file
        core = ov.Core()
        self.precision = effective(precision, core)
        """what is computed in here: bf16 falls back to f32 on a CPU that has none"""
        try:
            model = core.read_model(str(file))
        except RuntimeError as error:
            raise WeightsRefused(f"{file}: not a network that can be read: {_cause(error)}") from None
        if len(model.inputs) != 1:
            raise WeightsRefused(f"{file}: {len(model.inputs)} inputs, where a counter has one")
        shape = model.input(0).partial_shape
        if shape.rank.is_dynamic or len(shape) != 4:
            raise WeightsRefused(f"{file}: the input is not a batch of pictures: {shape}")
        self.channels_last = not shape[3].is_dynamic and shape[3].get_length() in (1, 3)
        sides = (shape[2], shape[1]) if self.channels_last else (shape[3], shape[2])
        self.fixed: tuple[int, int] | None = None
        """(width, height) px where the network takes pictures of one size only"""
        if not any(side.is_dynamic for side in sides):
            self.fixed = (sides[0].get_length(), sides[1].get_length())
        settings: dict[str, object] = {
            "INFERENCE_PRECISION_HINT": "bf16" if self.precision == "bf16" else "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,  # several workers may share a small box
            "CPU_RUNTIME_CACHE_CAPACITY": str(KEPT_KERNELS),
        }
        if threads:
            settings["INFERENCE_NUM_THREADS"] = threads
        try:
            if shape[0].is_dynamic:
                shape[0] = ov.Dimension(1)
                model.reshape(shape)
            self._compiled = core.compile_model(model, "CPU", settings)
            self._output = self._compiled.output(output) if output else self._compiled.output(0)
        except RuntimeError as error:
            raise WeightsRefused(f"{file}: this runtime cannot run it: {_cause(error)}") from None
        self.took_s = self.cpu_s = 0.0
        """how long the network took for the last picture, and what its threads used together, seconds"""
        self.took_size = (0, 0)
        """(width, height) px of what it was given then"""

    def run(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        """(1, c, h, w) -> the output; CountRefused where the network cannot take this size."""
        batch = np.ascontiguousarray(pictures.transpose(0, 2, 3, 1) if self.channels_last else pictures)
        begin, used = time.perf_counter(), time.process_time()
        try:
            found = self._compiled(batch)
        except RuntimeError as error:
            wanted = self._compiled.input(0).partial_shape
            line = f"{self._file.name} takes pictures of shape {wanted}, not {tuple(batch.shape)}"
            raise CountRefused(line if self.fixed else f"{line}: {_cause(error)}") from None
        self.took_s, self.cpu_s = time.perf_counter() - begin, time.process_time() - used
        self.took_size = (pictures.shape[3], pictures.shape[2])
        return np.array(found[self._output], np.float32)


def effective(precision: Precision, core: ov.Core | None = None) -> Precision:
    """What this CPU computes in where `precision` is asked for. Files of 8 bits are what they are on every CPU."""
    if precision != "bf16":
        return precision
    abilities = (core or ov.Core()).get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "bf16" if "BF16" in abilities else "f32"


def _cause(error: Exception) -> str:
    """The line of a long report that says what is wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("Exception from", "Check '", "While ", "[CPU]"))]
    chosen = next((line for line in lines if "not supported" in line or "No conversion" in line), "")
    return (chosen or (told or lines or [type(error).__name__])[-1])[:200]
