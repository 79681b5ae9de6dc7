"""Golden numbers from PyTorch in f64: batch normalisation, layer normalisation, embedding.

    python3 norm.py        writes norm.json beside itself
"""

import torch
from torch.nn import functional as F

from make import numbers, write

EPSILON, MOMENTUM = 1e-3, 0.1


def batch_norm(shape):
    """Output, running statistics and gradients in training, then the output with those statistics."""
    channels = shape[1]
    x = (2 * torch.randn(shape, dtype=torch.float64) + 1).requires_grad_()
    norm = torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d
    layer = norm(channels, eps=EPSILON, momentum=MOMENTUM, dtype=torch.float64)
    with torch.no_grad():
        for tensor in (layer.weight, layer.bias, layer.running_mean):
            tensor.copy_(torch.randn(channels))
        layer.running_var.copy_(torch.rand(channels) + 0.5)
    start = {
        "running_mean": numbers(layer.running_mean),
        "running_variance": numbers(layer.running_var),
    }
    grad_y = torch.randn(shape, dtype=torch.float64)
    y = layer(x)
    y.backward(grad_y)
    moved = {
        "running_mean": numbers(layer.running_mean),
        "running_variance": numbers(layer.running_var),
    }
    layer.eval()
    return {
        "channels": channels, "x": numbers(x), "scale": numbers(layer.weight), "shift": numbers(layer.bias),
        "grad_y": numbers(grad_y), "start": start, "moved": moved, "y": numbers(y), "predicted": numbers(layer(x)),
        "grad_x": numbers(x.grad), "grad_scale": numbers(layer.weight.grad), "grad_shift": numbers(layer.bias.grad),
    }


def layer_norm(rows, width):
    x = (2 * torch.randn(rows, width, dtype=torch.float64) + 1).requires_grad_()
    scale, shift = (torch.randn(width, dtype=torch.float64, requires_grad=True) for _ in range(2))
    grad_y = torch.randn(rows, width, dtype=torch.float64)
    y = F.layer_norm(x, (width,), scale, shift, EPSILON)
    y.backward(grad_y)
    return {
        "x": numbers(x), "scale": numbers(scale), "shift": numbers(shift), "grad_y": numbers(grad_y), "y": numbers(y),
        "grad_x": numbers(x.grad), "grad_scale": numbers(scale.grad), "grad_shift": numbers(shift.grad),
    }


def embedding(rows, width, indices):
    """With rows that come several times and rows that never come."""
    table = torch.randn(rows, width, dtype=torch.float64, requires_grad=True)
    y = F.embedding(torch.tensor(indices), table)
    grad_y = torch.randn_like(y)
    y.backward(grad_y)
    return {
        "indices": indices, "width": width, "table": numbers(table), "grad_y": numbers(grad_y), "y": numbers(y),
        "grad_table": numbers(table.grad),
    }


if __name__ == "__main__":
    torch.manual_seed(1)
    write("norm.json", {
        "epsilon": EPSILON,
        "momentum": MOMENTUM,
        "batch_norm": [batch_norm((6, 3)), batch_norm((2, 3, 2, 3))],
        "layer_norm": layer_norm(3, 7),
        "embedding": embedding(5, 3, [3, 0, 3, 3, 1, 0]),
    })
