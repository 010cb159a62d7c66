"""The counting network: pictures in, expected people per 8x8 cell out.

Plain 3x3 convolutions with batch norm (folded into the weights on export), three depths (strides 8, 16
and 32) joined back at stride 8. Fully convolutional: any size whose sides are multiples of `STRIDE`.
Torch is needed here and is imported only by the training, evaluation and export commands.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

CELL = 8
"""Side of an output cell in pixels of the network's input."""
STRIDE = 32
"""Sides of the input must be multiples of this."""


@dataclass(frozen=True)
class Widths:
    """Channels at each stride; what a checkpoint needs to rebuild the network."""

    half: int = 24
    quarter: int = 48
    eighth: int = 96
    sixteenth: int = 128
    deepest: int = 128

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


VARIANTS = {
    "levee-s": Widths(),
    "levee-xs": Widths(half=16, quarter=32, eighth=48, sixteenth=64, deepest=96),
}


def _conv(inputs: int, outputs: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation, bias=False),
        nn.BatchNorm2d(outputs, momentum=0.03),
        nn.ReLU(inplace=True),
    )


class _Residual(nn.Module):
    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = _conv(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, dilation, dilation, bias=False),
            nn.BatchNorm2d(channels, momentum=0.03),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = functional.relu(x + self.second(self.first(x)))
        return out


class CountNetwork(nn.Module):
    """(n, 3, h, w) BGR 0..255 -> (n, 1, h/8, w/8) expected people per cell, >= 0."""

    def __init__(self, widths: Widths | None = None) -> None:
        super().__init__()
        self.widths = w = widths or Widths()
        self.stem = nn.Sequential(_conv(3, w.half, 2), _conv(w.half, w.quarter, 2), _conv(w.quarter, w.quarter))
        self.fine = nn.Sequential(_conv(w.quarter, w.eighth, 2), _Residual(w.eighth))
        self.middle = nn.Sequential(
            _conv(w.eighth, w.sixteenth, 2), _Residual(w.sixteenth), _Residual(w.sixteenth, dilation=2)
        )
        self.deep = nn.Sequential(_conv(w.sixteenth, w.deepest, 2), _Residual(w.deepest, dilation=2))
        self.deep_to_middle = nn.Conv2d(w.deepest, w.sixteenth, 1)
        self.middle_to_fine = nn.Conv2d(w.sixteenth, w.eighth, 1)
        self.join = nn.Sequential(_conv(w.eighth, w.eighth), _conv(w.eighth, w.eighth))
        self.head = nn.Conv2d(w.eighth, 1, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.constant_(self.head.bias, -3.5)  # starts at 0.03 people a cell, the mean of the data

    def last_layers(self) -> list[nn.Module]:
        """What follows the features: these layers decide how many people there are in all."""
        return [self.deep_to_middle, self.middle_to_fine, self.join, self.head]

    def forward(self, pictures: Tensor) -> Tensor:
        x = (pictures - 120.0) / 60.0
        fine = self.fine(self.stem(x))
        middle = self.middle(fine)
        deep = self.deep(middle)
        middle = functional.relu(middle + _double(self.deep_to_middle(deep)))
        fine = functional.relu(fine + _double(self.middle_to_fine(middle)))
        return functional.softplus(self.head(self.join(fine)).float())


def _double(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


DISPERSION = 0.05
"""Misses are taken to grow as sqrt(p + 0.05 p^2): by chance among few people, by about a fifth of many."""


def count_loss(predicted: Tensor, truth: Tensor, scales: tuple[int, ...] = (1, 4, 16)) -> Tensor:
    """Negative log-likelihood of counts in blocks of 1, 4 and 16 cells (8, 32 and 128 px).

    Negative binomial (mean p, variance p + DISPERSION p^2), less its value at p = y, so that each term is zero there.
    With a Poisson likelihood the few crops with thousands of heads decide everything, and ordinary streets are learnt
    last. Each scale is summed over its blocks and divided by the number of cells: fine blocks place people, coarse ones
    get the number right.
    """
    loss = predicted.new_zeros(())
    for scale in scales:
        p, y = in_blocks(predicted, scale) + 1e-4, in_blocks(truth, scale)
        spread = (y + 1.0 / DISPERSION) * torch.log((1.0 + DISPERSION * p) / (1.0 + DISPERSION * y))
        loss = loss + (spread - y * torch.log(p) + torch.xlogy(y, y)).sum() / truth.numel()
    return loss


def in_blocks(people: Tensor, scale: int) -> Tensor:
    """Sums over blocks of `scale` x `scale` cells; those at the right and lower edge may hold fewer."""
    if scale == 1:
        return people
    area = scale * scale
    return functional.avg_pool2d(people, scale, ceil_mode=True, divisor_override=area) * area
