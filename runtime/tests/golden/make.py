"""Golden numbers from PyTorch: activations, losses, optimizers and a ten-step training curve.

    python3 make.py        writes activations.json, losses.json, optimizers.json, training.json beside itself

Inputs are f32 numbers; PyTorch computes in f64 where a test compares values, and in f32 for the training curve, where
it compares programs. Every file names the versions that made it.
"""

import json
import math
import pathlib
import platform

import torch
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent
VERSIONS = {"torch": torch.__version__, "python": platform.python_version()}


def f32(values):
    """A list of numbers as an f64 tensor of f32 numbers."""
    return torch.tensor(values, dtype=torch.float32).double()


def numbers(tensor):
    """A flat list; f32 numbers with the digits that tell them from their neighbours."""
    if tensor.dtype == torch.float32:
        return [float(f"{x:.9g}") for x in tensor.flatten().tolist()]
    return tensor.flatten().tolist()


def write(name, content):
    text = json.dumps({"versions": VERSIONS, **content}, indent=None, separators=(",", ":"))
    (HERE / name).write_text(text.replace('],"', '],\n"').replace('},"', '},\n"') + "\n")


ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": F.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "sigmoid": torch.sigmoid,
    # F.hardsigmoid has 1/6 in f32 in its derivative, also for f64.
    "hard_sigmoid": lambda x: torch.clamp(x / 6 + 0.5, 0, 1),
    "mish": F.mish,
    "tanh": torch.tanh,
    "softplus": lambda x: F.softplus(x, threshold=1000),
    "softsign": F.softsign,
    "softmax": lambda x: F.softmax(x, -1),
    "log_softmax": lambda x: F.log_softmax(x, -1),
}


def activations():
    """Values and derivatives at 201 points in ±10 and at a few far out; rows of 8 for softmax and log_softmax."""
    points = f32([i / 10 for i in range(-100, 101)] + [-1e4, -100, -30, -1e-3, -1e-7, 1e-7, 1e-3, 30, 100, 1e4])
    # Kinks have no derivative.
    points = points[(points != 0) & (points.abs() != 3)]
    points = points[: len(points) // 8 * 8]
    torch.manual_seed(1)
    weights = torch.randn(len(points)).double()
    functions = {}
    for name, function in ACTIVATIONS.items():
        x = points.clone().requires_grad_()
        row = x.view(-1, 8) if "softmax" in name else x
        y = function(row)
        (y.flatten() * weights).sum().backward()
        functions[name] = {"values": numbers(y.detach()), "gradients": numbers(x.grad)}
    write("activations.json", {
        "points": numbers(points.float()),
        "weights": numbers(weights.float()),
        "functions": functions,
    })


def losses():
    """Losses of six samples with five values each, their means and the gradients by the logits."""
    torch.manual_seed(2)
    logits = torch.randn(6, 5).mul(3).double()
    logits[4] = f32([1e4, -1e4, 0, 50, -50])
    logits[5] = f32([-1e4, 1e4, 0, 50, -50])
    logits = logits.float().double()
    classes = torch.tensor([0, 4, 2, 2, 0, 0])
    soft = torch.softmax(torch.randn(6, 5).double(), -1).float().double()
    hard = (torch.rand(6, 5) > 0.5).double()
    targets = torch.randn(6, 5).float().double()

    def case(loss):
        z = logits.clone().requires_grad_()
        value = loss(z)
        value.backward()
        return {"loss": value.item(), "gradient": numbers(z.grad)}

    write("losses.json", {
        "logits": numbers(logits.float()),
        "classes": classes.tolist(),
        "distributions": numbers(soft.float()),
        "truths": numbers(hard.float()),
        "numbers": numbers(targets.float()),
        "cases": {
            "categorical_classes": case(lambda z: F.cross_entropy(z, classes)),
            "categorical_distributions": case(lambda z: F.cross_entropy(z, soft)),
            "binary_truths": case(lambda z: F.binary_cross_entropy_with_logits(z, hard)),
            "binary_probabilities": case(lambda z: F.binary_cross_entropy_with_logits(z, soft)),
            "mean_squared_error": case(lambda z: F.mse_loss(z, targets)),
            "mean_absolute_error": case(lambda z: F.l1_loss(z, targets)),
            "mean_squared_error_sigmoid": case(lambda z: F.mse_loss(torch.sigmoid(z), targets)),
            "mean_squared_error_softmax": case(lambda z: F.mse_loss(torch.softmax(z, -1), targets)),
            "mean_squared_error_gelu": case(lambda z: F.mse_loss(F.gelu(z), targets)),
        },
    })


def optimizers():
    """Twenty steps in f64 from equal starts with equal gradients.

    PyTorch adds Adam's epsilon after the bias correction, Keras before. With 1e-12 beside gradients near 1 neither
    can be seen in f32.
    """
    torch.manual_seed(3)
    start = torch.randn(8).float()
    gradients = [torch.randn(8).float() for _ in range(20)]
    epsilon = 1e-12
    settings = {
        "sgd": lambda w: torch.optim.SGD(w, lr=0.1),
        "sgd_momentum": lambda w: torch.optim.SGD(w, lr=0.1, momentum=0.9),
        "sgd_nesterov": lambda w: torch.optim.SGD(w, lr=0.1, momentum=0.9, nesterov=True),
        "adam": lambda w: torch.optim.Adam(w, lr=0.01, betas=(0.9, 0.999), eps=epsilon),
        "adamw": lambda w: torch.optim.AdamW(w, lr=0.01, betas=(0.9, 0.999), eps=epsilon, weight_decay=0.1),
    }
    paths = {}
    for name, make in settings.items():
        w = torch.nn.Parameter(start.double())
        optimizer = make([w])
        path = []
        for gradient in gradients:
            w.grad = gradient.double()
            optimizer.step()
            path.append(numbers(w.detach()))
        paths[name] = path
    write("optimizers.json", {
        "epsilon": epsilon,
        "start": numbers(start),
        "gradients": [numbers(g) for g in gradients],
        "paths": paths,
    })


def training():
    """Ten steps of 20 → 16 relu → 5, softmax cross-entropy, batches of 8, in f32 and in f64.

    Parameters lie as in our block: weight_1 [20, 16], bias_1, weight_2 [16, 5], bias_2.
    """
    torch.manual_seed(4)
    weight_1 = torch.empty(20, 16).uniform_(-1, 1).mul(math.sqrt(6 / 36))
    weight_2 = torch.empty(16, 5).uniform_(-1, 1).mul(math.sqrt(6 / 21))
    bias_1, bias_2 = torch.randn(16).mul(0.1), torch.randn(5).mul(0.1)
    # A few digits are enough for a start value, and keep the file short.
    start = [torch.round(t * 1024) / 1024 for t in (weight_1, bias_1, weight_2, bias_2)]
    inputs = [torch.round(torch.randn(8, 20) * 64) / 64 for _ in range(10)]
    labels = [torch.randint(5, (8,)) for _ in range(10)]
    optimizers = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
        "adam": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.9, 0.999), eps=1e-12),
    }
    curves = {}
    for name, make in optimizers.items():
        for dtype, suffix in ((torch.float32, ""), (torch.float64, "_f64")):
            parameters = [torch.nn.Parameter(t.to(dtype, copy=True)) for t in start]
            optimizer = make(parameters)
            losses = []
            for x, t in zip(inputs, labels):
                hidden = F.relu(x.to(dtype) @ parameters[0] + parameters[1])
                loss = F.cross_entropy(hidden @ parameters[2] + parameters[3], t)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            final = torch.cat([p.detach().flatten() for p in parameters])
            curves[name + suffix] = {"losses": losses, "final": numbers(final)}
    write("training.json", {
        "start": numbers(torch.cat([t.flatten() for t in start])),
        "inputs": [numbers(x) for x in inputs],
        "labels": [t.tolist() for t in labels],
        "curves": curves,
    })


if __name__ == "__main__":
    activations()
    losses()
    optimizers()
    training()
