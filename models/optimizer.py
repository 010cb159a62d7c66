"""How weights are moved: Muon for the convolutions, AdamW for the rest.

Muon (Jordan and others 2024) makes the step of a matrix of weights equally large in every direction that the gradient
has; a convolution is the matrix (outputs, height x width x inputs). torch.optim.Muon takes matrices alone, so each
convolution is shown to it as one, on the same memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class _Seen:
    """A convolution's weight and the matrix that lies on the same memory."""

    weight: nn.Parameter
    matrix: nn.Parameter


class Optimizer:
    """Moves the parts of a network, lists of parameters with their shares of one learning rate."""

    def __init__(self, parts: Iterable[tuple[list[nn.Parameter], float]], rate: float, decay: float) -> None:
        self._seen: list[_Seen] = []
        matrices, others = [], []
        for parameters, share in parts:
            flat = [_Seen(p, _as_matrix(p)) for p in parameters if p.ndim == 4 and p.shape[0] > 1]
            taken = {id(one.weight) for one in flat}
            self._seen += flat
            matrices.append({"params": [one.matrix for one in flat], "share": share})
            others.append({"params": [p for p in parameters if id(p) not in taken], "share": share})
        self._muon = torch.optim.Muon(matrices, rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw")
        self._adam = torch.optim.AdamW(others, rate, weight_decay=decay)

    def step(self, rate: float) -> None:
        """One step at this learning rate, from the gradients of the weights."""
        for optimizer in (self._muon, self._adam):
            for group in optimizer.param_groups:
                group["lr"] = rate * group["share"]
        for one in self._seen:
            one.matrix.grad = None if one.weight.grad is None else _flat(one.weight.grad)
        self._muon.step()
        self._adam.step()

    def zero_grad(self) -> None:
        for one in self._seen:
            one.weight.grad = None
        self._adam.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, object]:
        return {"muon": self._muon.state_dict(), "adam": self._adam.state_dict()}

    def load_state_dict(self, state: dict[str, dict[str, object]]) -> None:
        self._muon.load_state_dict(state["muon"])
        self._adam.load_state_dict(state["adam"])


def _flat(weight: Tensor) -> Tensor:
    """(outputs, inputs, height, width) as (outputs, height * width * inputs)."""
    return weight.permute(0, 2, 3, 1).reshape(weight.shape[0], -1)


def _as_matrix(weight: nn.Parameter) -> nn.Parameter:
    if not weight.is_contiguous(memory_format=torch.channels_last):
        raise ValueError("a convolution's weight has to lie in memory with its inputs last")
    matrix = _flat(weight.detach())
    if matrix.data_ptr() != weight.data_ptr():
        raise ValueError("the matrix of a convolution does not lie on its memory")
    return nn.Parameter(matrix)
