"""Golden numbers of convolutions and pools, with all gradients, from PyTorch.

    python3 conv.py        writes conv.json beside itself

Inputs are small multiples of 1/8, so that they are exact in every format; PyTorch computes in f64. A gradient is that of the sum of
output times `grad`. Padding is [above, below, left, right].
"""

import json
import pathlib
import platform

import torch
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent
VERSIONS = {"torch": torch.__version__, "python": platform.python_version()}
RANDOM = torch.Generator().manual_seed(1)


def eighths(*shape):
    return torch.randint(-16, 17, shape, generator=RANDOM, dtype=torch.float64) / 8


def distinct(*shape):
    """All different, so that each window has one largest value."""
    count = torch.Size(shape).numel()
    return (torch.randperm(count, generator=RANDOM).double() - count // 2).reshape(shape) / 8


def numbers(tensor):
    return tensor.detach().flatten().tolist()


def case(settings, function, leaves):
    for leaf in leaves.values():
        leaf.requires_grad_(True)
    output = function(**leaves)
    grad = eighths(*output.shape)
    output.backward(grad)
    result = {**settings, "output_shape": list(output.shape), "output": numbers(output), "grad": numbers(grad)}
    for name, leaf in leaves.items():
        result |= {name: numbers(leaf), f"grad_{name}": numbers(leaf.grad)}
    return result


def conv(shape, filters, kernel, stride=(1, 1), padding=(0, 0, 0, 0), dilation=(1, 1), groups=1):
    top, bottom, left, right = padding

    def function(x, weight, bias):
        x = F.pad(x, (left, right, top, bottom))
        return F.conv2d(x, weight, bias, stride=stride, dilation=dilation, groups=groups)

    leaves = {
        "x": eighths(*shape),
        "weight": eighths(filters, shape[1] // groups, *kernel),
        "bias": eighths(filters),
    }
    settings = {"shape": shape, "filters": filters, "kernel": kernel, "stride": stride, "padding": padding}
    return case({**settings, "dilation": dilation, "groups": groups}, function, leaves)


def pool(kind, x, kernel, stride, padding=(0, 0), count_padding=True):
    def function(x):
        if kind == "max":
            return F.max_pool2d(x, kernel, stride, padding)
        return F.avg_pool2d(x, kernel, stride, padding, count_include_pad=count_padding)

    settings = {"shape": x.shape, "kind": kind, "kernel": kernel, "stride": stride, "padding": padding}
    return case({**settings, "count_padding": count_padding}, function, {"x": x})


def sequences(lengths, steps, width):
    mask = (torch.arange(steps) < torch.tensor(lengths)[:, None]).double()[:, :, None]
    return case(
        {"lengths": lengths, "steps": steps, "width": width},
        lambda x: (x * mask).sum(1) / mask.sum(1),
        {"x": eighths(len(lengths), steps, width)},
    )


CONTENT = {
    "versions": VERSIONS,
    "conv": [
        conv((2, 1, 5, 6), 2, (3, 3)),
        conv((2, 2, 5, 4), 3, (3, 3), padding=(1, 1, 1, 1)),
        conv((1, 3, 7, 6), 2, (3, 2), stride=(2, 3), padding=(1, 1, 0, 0)),
        # `same` with even kernels: one more below and to the right.
        conv((2, 2, 5, 5), 2, (2, 4), padding=(0, 1, 1, 2)),
        conv((1, 2, 9, 8), 2, (3, 3), padding=(2, 2, 1, 1), dilation=(2, 3)),
        conv((2, 4, 5, 5), 6, (3, 3), stride=(2, 1), padding=(1, 1, 1, 1), groups=2),
        conv((2, 3, 4, 5), 3, (3, 3), padding=(1, 1, 1, 1), groups=3),
        conv((2, 3, 4, 3), 5, (1, 1)),
        conv((2, 3, 5, 5), 2, (1, 1), stride=(2, 2)),
        conv((2, 2, 3, 3), 4, (3, 3)),
        # A window larger than the image, and padding larger than the window.
        conv((1, 1, 2, 3), 2, (4, 5), padding=(2, 2, 1, 3)),
        conv((1, 2, 3, 3), 2, (2, 2), stride=(3, 3), padding=(3, 3, 4, 4), dilation=(1, 2)),
    ],
    "pool": [
        pool("max", distinct(2, 2, 4, 6), (2, 2), (2, 2)),
        pool("max", distinct(1, 2, 7, 7), (3, 3), (2, 2), (1, 1)),
        pool("max", distinct(2, 1, 5, 6), (3, 2), (1, 3), (1, 0)),
        # Equal values: the first is the largest.
        pool("max", torch.zeros(1, 1, 4, 4, dtype=torch.float64), (2, 3), (1, 1), (1, 1)),
        pool("max", (eighths(1, 2, 6, 6) * 2).round(), (3, 3), (2, 1), (1, 1)),
        *(
            pool("average", eighths(*shape), kernel, stride, padding, count)
            for count in (True, False)
            for shape, kernel, stride, padding in [
                ((2, 2, 4, 6), (2, 2), (2, 2), (0, 0)),
                ((1, 2, 7, 7), (3, 3), (2, 2), (1, 1)),
                ((2, 1, 5, 6), (3, 2), (1, 3), (1, 1)),
            ]
        ),
    ],
    "global": [
        case({"shape": shape}, lambda x: F.adaptive_avg_pool2d(x, 1), {"x": eighths(*shape)})
        for shape in [(2, 3, 4, 5), (1, 2, 1, 1), (2, 1, 7, 3)]
    ],
    "sequences": [sequences([3, 1, 5], 5, 4), sequences([2], 4, 1)],
}

text = json.dumps(CONTENT, indent=None, separators=(",", ":"))
(HERE / "conv.json").write_text(text.replace('},{"', '},\n{"') + "\n")
