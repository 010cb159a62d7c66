"""Runs a network of one input and one output on the CPU, compiled once for each input size."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from models.counter import CountRefused, WeightsRefused

KEPT_SIZES = 4
"""Networks compiled for this many input sizes are kept; the one used longest ago goes first."""


class Engine:
    """A network in ONNX, OpenVINO IR or TFLite form, run by OpenVINO in single precision.

    Not for several threads at once: one engine belongs to one worker.
    """

    def __init__(self, file: Path, threads: int = 0) -> None:
        """`threads` 0 leaves the number to the runtime. WeightsRefused where the file is no such network."""
        self._core = ov.Core()
        self._settings: dict[str, object] = {
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,  # several workers may share a small box
        }
        if threads:
            self._settings["INFERENCE_NUM_THREADS"] = threads
        try:
            self._model = self._core.read_model(str(file))
        except RuntimeError as error:
            raise WeightsRefused(f"{file}: not a network that can be read: {_last_line(error)}") from None
        if len(self._model.inputs) != 1:
            raise WeightsRefused(f"{file}: {len(self._model.inputs)} inputs, where a counter has one")
        shape = self._model.input(0).partial_shape
        if shape.rank.is_dynamic or len(shape) != 4:
            raise WeightsRefused(f"{file}: the input is not a batch of pictures: {shape}")
        self._file = file
        self._fixed = bool(shape.is_static)
        self.channels_last = not shape[3].is_dynamic and shape[3].get_length() in (1, 3)
        self._compiled: OrderedDict[tuple[int, ...], ov.CompiledModel] = OrderedDict()

    def run(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, c, h, w) -> the first output; CountRefused where the network cannot take this size."""
        return self.run_all(pictures)[0]

    def run_all(self, pictures: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """(n, c, h, w) -> every output, in the network's order; CountRefused as in `run`."""
        batch = np.ascontiguousarray(pictures.transpose(0, 2, 3, 1) if self.channels_last else pictures)
        compiled = self._for(batch.shape)
        found = compiled(batch)
        return [np.array(found[output], np.float32) for output in compiled.outputs]

    @property
    def outputs(self) -> list[str]:
        """Names of the outputs, in the network's order; empty where one has none."""
        return [next(iter(sorted(output.names)), "") for output in self._model.outputs]

    def _for(self, shape: tuple[int, ...]) -> ov.CompiledModel:
        compiled = self._compiled.get(shape)
        if compiled is None:
            try:
                if not self._fixed:
                    self._model.reshape(list(shape))
                compiled = self._core.compile_model(self._model, "CPU", self._settings)
            except RuntimeError as error:
                raise CountRefused(f"{self._file.name} cannot take {shape}: {_last_line(error)}") from None
            if tuple(compiled.input(0).shape) != tuple(shape):
                wanted = tuple(compiled.input(0).shape)
                raise CountRefused(f"{self._file.name} takes pictures of shape {wanted}, not {tuple(shape)}")
            self._compiled[shape] = compiled
            while len(self._compiled) > KEPT_SIZES:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(shape)
        return compiled


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:200] if lines else type(error).__name__
