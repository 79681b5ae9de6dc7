"""Golden numbers from PyTorch in f64: whole networks that are no chain, in training mode.

    python3 graphs.py        writes graphs.json beside itself

Each case has the numbers of the network's tensors under the names that typenet gives them, inputs, the gradient by the outputs,
and what PyTorch makes of them: outputs, gradients by inputs and by all parameters, and the running statistics afterwards. The weight of
a dense layer is written transposed, as typenet has it.
"""

import torch
from torch import nn
from torch.nn import functional as F

from make import numbers, write


class Unit(nn.Module):
    def __init__(self, inputs, channels, stride=1):
        super().__init__()
        self.conv2d_1 = nn.Conv2d(inputs, channels, 3, stride=stride, padding=1, bias=False)
        self.batch_norm_1 = nn.BatchNorm2d(channels)

    def forward(self, x):
        return self.batch_norm_1(self.conv2d_1(x))


class Plain(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.unit_1, self.unit_2 = Unit(channels, channels), Unit(channels, channels)

    def forward(self, x):
        return torch.tanh(x + self.unit_2(torch.tanh(self.unit_1(x))))


class Down(nn.Module):
    def __init__(self, inputs, channels):
        super().__init__()
        self.conv2d_1 = nn.Conv2d(inputs, channels, 1, stride=2, bias=False)
        self.batch_norm_1 = nn.BatchNorm2d(channels)
        self.unit_1, self.unit_2 = Unit(inputs, channels, 2), Unit(channels, channels)

    def forward(self, x):
        branch = self.unit_2(torch.tanh(self.unit_1(x)))
        return torch.tanh(self.batch_norm_1(self.conv2d_1(x)) + branch)


class Residual(nn.Module):
    """A residual network on images."""

    def __init__(self):
        super().__init__()
        self.unit_1 = Unit(2, 3)
        self.plain_1, self.plain_2, self.down_1 = Plain(3), Plain(3), Down(3, 4)
        self.dense_1 = nn.Linear(4, 3)

    def forward(self, x):
        x = self.down_1(self.plain_2(self.plain_1(torch.tanh(self.unit_1(x)))))
        return self.dense_1(x.mean((2, 3)))


class Siamese(nn.Module):
    """One layer's numbers used three times."""

    def __init__(self):
        super().__init__()
        self.dense_1, self.tower, self.dense_3 = nn.Linear(4, 6), nn.Linear(6, 6), nn.Linear(6, 2)

    def forward(self, x):
        both = torch.tanh(self.dense_1(x))
        tower = F.gelu(self.tower(both))
        again = F.gelu(self.tower(torch.sigmoid(both)))
        third = F.gelu(self.tower(again))
        return self.dense_3(tower + again + third)


class Thrice(nn.Module):
    """A value that three layers read, and twice one of them."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.dense_4 = nn.Linear(4, 3), nn.Linear(3, 3), nn.Linear(3, 2), nn.Linear(5, 2)

    def forward(self, x):
        a = torch.tanh(self.a(x))
        c = self.c(a + F.silu(self.b(a)) + a)
        return self.dense_4(torch.cat((a, c), -1))


def layout(module, name, tensor):
    """The numbers of a tensor of a module, or of its gradient, as typenet has them."""
    owner = module.get_submodule(name.rpartition(".")[0])
    return numbers(tensor.T if isinstance(owner, nn.Linear) and tensor.dim() == 2 else tensor)


def case(module, shape):
    module = module.double().train()
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape) + 0.5 if name.endswith("running_var") else torch.randn(tensor.shape) / 2)
    state = lambda: {
        name: layout(module, name, tensor) for name, tensor in module.state_dict().items() if tensor.is_floating_point()
    }
    tensors = state()
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    y = module(x)
    grad_y = torch.randn_like(y)
    y.backward(grad_y)
    moved = state()
    gradients = {name: layout(module, name, parameter.grad) for name, parameter in module.named_parameters()}
    module.eval()
    return {
        "batch": shape[0], "tensors": tensors, "x": numbers(x), "grad_y": numbers(grad_y), "y": numbers(y),
        "grad_x": numbers(x.grad), "gradients": gradients,
        "moved": {name: values for name, values in moved.items() if "running" in name}, "predicted": numbers(module(x)),
    }


if __name__ == "__main__":
    torch.manual_seed(6)
    write("graphs.json", {
        "residual": case(Residual(), (3, 2, 7, 6)),
        "siamese": case(Siamese(), (5, 4)),
        "thrice": case(Thrice(), (4, 4)),
    })
