"""The networks of the workloads as PyTorch modules."""

import torch
from torch import nn
from torch.nn import functional as F

import cases


class LastState(nn.Module):
    """An LSTM's last state. Its second bias stays zero: one bias, as elsewhere."""

    def __init__(self, features, units):
        super().__init__()
        self.lstm = nn.LSTM(features, units, batch_first=True)
        self.lstm.bias_hh_l0.requires_grad_(False).zero_()

    def forward(self, x):
        return self.lstm(x)[0][:, -1]


class Attention(nn.Module):
    """Multi-head self-attention; queries, keys and values from one weight."""

    def __init__(self, features):
        super().__init__()
        self.project = nn.Linear(features, 3 * features)
        self.out = nn.Linear(features, features)

    def forward(self, x):
        batch, steps, features = x.shape
        parts = self.project(x).view(batch, steps, 3, cases.HEADS, features // cases.HEADS)
        queries, keys, values = parts.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(queries, keys, values)
        return self.out(mixed.transpose(1, 2).reshape(batch, steps, features))


class Encoder(nn.Module):
    """A pre-norm encoder block, and the mean over steps."""

    def __init__(self, features, hidden):
        super().__init__()
        self.norm_1 = nn.LayerNorm(features, cases.NORM_EPSILON)
        self.attention = Attention(features)
        self.norm_2 = nn.LayerNorm(features, cases.NORM_EPSILON)
        self.feed_forward = nn.Sequential(nn.Linear(features, hidden), nn.GELU(), nn.Linear(hidden, features))

    def forward(self, x):
        x = x + self.attention(self.norm_1(x))
        x = x + self.feed_forward(self.norm_2(x))
        return x.mean(1)


def dense(widths):
    parts = []
    for inputs, units in zip(widths, widths[1:]):
        parts += [nn.Linear(inputs, units), nn.ReLU()]
    return parts[:-1]


def batch_norm(channels):
    return nn.BatchNorm2d(channels, cases.NORM_EPSILON, cases.BATCH_NORM_MOMENTUM)


def layers(workload):
    work = cases.WORKLOADS[workload]
    if "widths" in work:
        return dense(work["widths"])
    if workload == "w3":
        parts = [nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU()]
        return parts + [nn.MaxPool2d(2), nn.Flatten(), *dense([400, 120, 84, 10])]
    if workload == "w4":
        parts = []
        for channels, filters in ((3, 32), (32, 32), (32, 64)):
            parts += [nn.Conv2d(channels, filters, 3, padding=1), batch_norm(filters), nn.ReLU()]
            if (channels, filters) != (3, 32):
                parts.append(nn.MaxPool2d(2))
        return parts + [nn.Flatten(), *dense([4096, 128, 10])]
    if workload == "w5":
        return [LastState(28, 128), nn.Linear(128, 10)]
    return [Encoder(128, 512), nn.Linear(128, 10)]


def network(workload, tensors):
    """The network with these weights, up to the logits."""
    model = nn.Sequential(*layers(workload))
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    assert len(learned) == len(tensors)
    with torch.no_grad():
        for parameter, tensor in zip(learned, tensors):
            # PyTorch keeps dense weights as [units, inputs].
            value = torch.from_numpy(tensor)
            parameter.copy_(value.T if value.ndim == 2 else value)
    return model
