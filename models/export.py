"""From a checkpoint to the two files that a box needs: an ONNX network and its manifest."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from models.counter import Band
from models.network import CELL, STRIDE, VARIANTS, CountNetwork
from models.registry import Density, Manifest, Picture, weights_digest, write_manifest

OPSET = 17
NORM_EPS = 1e-5
HALVED = 256
"""Weights of more numbers than this are stored in 16 bits; the run-time computes in 32 all the same."""


@dataclass(frozen=True)
class Described:
    """What a manifest says about a network besides its hash."""

    name: str
    about: str
    terms: str
    longest_side: int
    saturated_people: float | None
    band: Band
    fold: str | None = None
    head_px: tuple[float, float] | None = None


def export(network: CountNetwork, folder: Path, described: Described) -> Manifest:
    """Write NAME.onnx and NAME.yaml into a folder and give the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{described.name}.onnx"
    fused = fold_norm(network)
    example = torch.zeros(1, 3, 2 * STRIDE, 3 * STRIDE)
    torch.onnx.export(
        fused, (example,), str(file), input_names=["picture"], output_names=["people"], opset_version=OPSET,
        dynamic_axes={"picture": {2: "height", 3: "width"}, "people": {2: "rows", 3: "columns"}},
        dynamo=False,
    )  # fmt: skip
    model = halve(onnx.load(str(file)))
    onnx.checker.check_model(model)
    onnx.save(model, str(file))
    manifest = Manifest(
        kind="density",
        name=described.name,
        file=file.name,
        sha256=weights_digest(file),
        about=described.about,
        terms=described.terms,
        picture=Picture(colour="bgr", multiple=STRIDE, longest_side=described.longest_side, head_px=described.head_px),
        density=Density(cell=CELL, people_per_unit=1.0, saturated_people=described.saturated_people),
        band=described.band,
        fold=described.fold,
    )
    write_manifest(manifest, folder / f"{described.name}.yaml")
    return manifest


def fold_norm(network: CountNetwork) -> CountNetwork:
    """A copy on the CPU whose batch norms are folded into the convolutions before them."""
    out = copy.deepcopy(network).float().eval().to("cpu").to(memory_format=torch.contiguous_format)
    for module in out.modules():
        if not isinstance(module, nn.Sequential):
            continue
        for index in range(len(module) - 1):
            convolution, norm = module[index], module[index + 1]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                module[index] = fuse_conv_bn_eval(convolution, norm)
                module[index + 1] = nn.Identity()
    return out


def unfold(file: Path) -> CountNetwork:
    """The network of an exported file, to train further: its norms stand still and do what is folded into its weights.

    ValueError where the file is none of ours.
    """
    stored = {t.name.removesuffix("_16"): numpy_helper.to_array(t) for t in onnx.load(str(file)).graph.initializer}
    for widths in VARIANTS.values():
        network = CountNetwork(widths)
        state = network.state_dict()
        for name, weights in state.items():
            layer, _, number = name.rpartition(".")[0].rpartition(".")
            convolution = f"{layer}.{int(number) - 1}" if number.isdigit() and number != "0" else ""
            if name.endswith("running_var"):
                state[name] = torch.ones_like(weights) - NORM_EPS
            elif name.endswith(".bias") and f"{convolution}.bias" in stored:
                state[name] = torch.tensor(stored[f"{convolution}.bias"], dtype=torch.float32)
            elif name in stored and tuple(weights.shape) == stored[name].shape:
                state[name] = torch.tensor(stored[name], dtype=torch.float32)
            elif not name.endswith(("running_mean", "num_batches_tracked")) and not _is_norm_gain(name, state):
                break
        else:
            network.load_state_dict(state)
            return network.eval().to(memory_format=torch.channels_last)
    raise ValueError(f"{file}: not an exported network of ours")


def _is_norm_gain(name: str, state: dict[str, torch.Tensor]) -> bool:
    return name.endswith(".weight") and f"{name.removesuffix('weight')}running_var" in state


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    """Large weights stored in 16 bits, each followed by a cast back to 32."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) <= HALVED:
            continue
        name = tensor.name
        small = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}_16")
        casts.append(helper.make_node("Cast", [f"{name}_16"], [name], to=TensorProto.FLOAT))
        tensor.CopyFrom(small)
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return model
