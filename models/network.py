"""The counting network: pictures in, expected people per 8x8 cell out.

The picture is folded into blocks of 4x4 pixels (48 channels at stride 4): no convolution at full size, where most
of the time of a small network goes. Plain 3x3 convolutions and residual blocks at strides 4, 8, 16 and 32 follow,
joined back at stride 8. Batch norm is folded into the weights on export. Fully convolutional: any size whose sides
are multiples of `STRIDE`. Torch is needed here and is imported only by the training, evaluation and export commands.
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
FOLD = 4
"""Side of the blocks of pixels that become channels."""
BACKGROUND = -3.5
"""Where the output starts: softplus of it is 0.03 people a cell, the mean of the data."""


@dataclass(frozen=True)
class Widths:
    """Channels and residual blocks at each stride; what a checkpoint needs to rebuild the network."""

    quarter: int = 64
    eighth: int = 96
    sixteenth: int = 128
    deepest: int = 192
    eighth_blocks: int = 1
    sixteenth_blocks: int = 2
    deepest_blocks: int = 2

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


VARIANTS = {
    "levee-s": Widths(),
    "levee-xs": Widths(quarter=32, eighth=48, sixteenth=64, deepest=96, sixteenth_blocks=1, deepest_blocks=1),
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


def _stage(inputs: int, outputs: int, blocks: int, dilation: int = 1) -> nn.Sequential:
    """Half the size, then residual blocks; the last of them looks further."""
    return nn.Sequential(
        _conv(inputs, outputs, 2), *(_Residual(outputs, dilation if i == blocks - 1 else 1) for i in range(blocks))
    )


class CountNetwork(nn.Module):
    """(n, 3, h, w) BGR 0..255 -> (n, 1, h/8, w/8) expected people per cell, >= 0."""

    def __init__(self, widths: Widths | None = None) -> None:
        super().__init__()
        self.widths = w = widths or Widths()
        self.stem = nn.Sequential(nn.PixelUnshuffle(FOLD), _conv(3 * FOLD * FOLD, w.quarter))
        self.fine = _stage(w.quarter, w.eighth, w.eighth_blocks)
        self.middle = _stage(w.eighth, w.sixteenth, w.sixteenth_blocks, dilation=2)
        self.deep = _stage(w.sixteenth, w.deepest, w.deepest_blocks, dilation=2)
        self.deep_to_middle = nn.Conv2d(w.deepest, w.sixteenth, 1)
        self.middle_to_fine = nn.Conv2d(w.sixteenth, w.eighth, 1)
        self.join = nn.Sequential(_conv(w.eighth, w.eighth), _conv(w.eighth, w.eighth))
        self.head = nn.Conv2d(w.eighth, 1, 1)
        # counts at strides 16 and 32, for the loss alone: they teach the deep layers directly
        self.middle_head = nn.Conv2d(w.sixteenth, 1, 1)
        self.deep_head = nn.Conv2d(w.deepest, 1, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        for head in (self.head, self.middle_head, self.deep_head):
            nn.init.normal_(head.weight, std=0.01)
            nn.init.constant_(head.bias, BACKGROUND)

    def last_layers(self) -> list[nn.Module]:
        """What follows the features: these layers decide how many people there are in all."""
        return [self.deep_to_middle, self.middle_to_fine, self.join, self.head, self.middle_head, self.deep_head]

    def forward(self, pictures: Tensor) -> Tensor:
        return self.at_all_strides(pictures)[0]

    def at_all_strides(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """People per block of 8, 16 and 32 px: the answer, and two views of it that only the loss looks at."""
        fine = self.fine(self.stem((pictures - 120.0) / 60.0))
        middle = self.middle(fine)
        deep = self.deep(middle)
        middle = functional.relu(middle + _double(self.deep_to_middle(deep)))
        fine = functional.relu(fine + _double(self.middle_to_fine(middle)))
        return (
            _people(self.head(self.join(fine))),
            4.0 * _people(self.middle_head(middle)),
            16.0 * _people(self.deep_head(deep)),
        )


def _people(x: Tensor) -> Tensor:
    return functional.softplus(x.float())


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
