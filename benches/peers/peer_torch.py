"""PyTorch, eager and compiled. Compiled also takes the optimizers' fused kernels."""

import os
import sys

import cases

options = cases.options()
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(options.threads)

import torch  # noqa: E402

from networks_torch import network  # noqa: E402

torch.set_num_threads(options.threads)
compiled = "--compiled" in os.environ.get("PEER_FLAGS", "")
NAME = "PyTorch compiled" if compiled else "PyTorch eager"


def trainer(workload, optimizer, batch):
    x, y, tensors = cases.load(options.data, workload)
    model = network(workload, tensors)
    rate = cases.LEARNING_RATE[optimizer]
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if optimizer == "momentum":
        step = torch.optim.SGD(learned, lr=rate, momentum=cases.MOMENTUM, fused=compiled)
    else:
        step = torch.optim.Adam(learned, lr=rate, eps=cases.EPSILON, fused=compiled)
    x = torch.from_numpy(x)
    if cases.WORKLOADS[workload]["loss"] == "binary":
        loss_function, y = torch.nn.BCEWithLogitsLoss(), torch.from_numpy(y).float()[:, None]
    else:
        loss_function, y = torch.nn.CrossEntropyLoss(), torch.from_numpy(y).long()
    batches = [(x[i : i + batch], y[i : i + batch]) for i in range(0, len(x), batch)]

    def loss_of(inputs, labels):
        return loss_function(model(inputs), labels)

    forward = torch.compile(loss_of) if compiled else loss_of
    at = 0

    def run(calls):
        nonlocal at
        for _ in range(calls):
            inputs, labels = batches[at % len(batches)]
            at += 1
            step.zero_grad(set_to_none=True)
            loss = forward(inputs, labels)
            loss.backward()
            step.step()
        return loss.item()

    return run


if options.kinds == "steps":
    cases.steps(trainer("w1", "momentum", 128))
train, predict = cases.wanted(options)
for workload, optimizer, batch in train:
    run = trainer(workload, optimizer, batch)
    loss = run(cases.CHECK_STEPS)
    cases.report(NAME, "train", workload, optimizer, batch, cases.rate(run, batch, options.seconds), loss)
for workload, batch in predict:
    x, _, tensors = cases.load(options.data, workload)
    head = torch.nn.Sigmoid() if cases.WORKLOADS[workload]["loss"] == "binary" else torch.nn.Softmax(dim=1)
    model = torch.nn.Sequential(network(workload, tensors), head).eval()
    if compiled:
        model = torch.compile(model)
    inputs = torch.from_numpy(x[:batch])

    def infer(calls):
        with torch.inference_mode():
            for _ in range(calls):
                model(inputs)

    cases.report(NAME, "predict", workload, None, batch, cases.rate(infer, batch, options.seconds))
sys.exit(0)
