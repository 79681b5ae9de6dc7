"""Writes python.safetensors with the reference implementation (safetensors 0.8.0, numpy 2.4.6).

The tensors of `Mlp < Dense(3 => 4), Dense(4 => 2) >` with values that say where they stand, and metadata. The reference
implementation sorts the tensors by name: in the file, bias comes before weight. The order of the metadata differs from
run to run.

    python python.py
"""

import pathlib

import numpy
from safetensors.numpy import save_file

SHAPES = {"dense_1.weight": (3, 4), "dense_1.bias": (4,), "dense_2.weight": (4, 2), "dense_2.bias": (2,)}

tensors, start = {}, 0
for name, shape in SHAPES.items():
    count = int(numpy.prod(shape))
    tensors[name] = (numpy.arange(start, start + count, dtype=numpy.float32) / 8 - 1).reshape(shape)
    start += count

save_file(tensors, pathlib.Path(__file__).with_suffix(".safetensors"), {"epoch": "3", "note": "zwölf \"quoted\"\n"})
