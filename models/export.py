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
from models.network import CELL, STRIDE, CountNetwork
from models.registry import Density, Manifest, Picture, weights_digest, write_manifest

OPSET = 17
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
    fold: int | None = None


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
        picture=Picture(colour="bgr", multiple=STRIDE, longest_side=described.longest_side),
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
