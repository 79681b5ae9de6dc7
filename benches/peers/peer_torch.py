"""PyTorch, eager and compiled."""

import os
import sys

import cases

options = cases.options()
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(options.threads)

import torch  # noqa: E402

torch.set_num_threads(options.threads)
compiled = "--compiled" in os.environ.get("PEER_FLAGS", "")
NAME = "PyTorch compiled" if compiled else "PyTorch eager"


def network(work, layers):
    parts = []
    for i, (weight, bias) in enumerate(layers):
        linear = torch.nn.Linear(*weight.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weight.T.copy()))
            linear.bias.copy_(torch.from_numpy(bias))
        parts.append(linear)
        if i + 1 < len(layers):
            parts.append(torch.nn.ReLU())
    return torch.nn.Sequential(*parts)


def trainer(workload, optimizer, batch):
    work = cases.WORKLOADS[workload]
    x, y, layers = cases.load(options.data, workload)
    model = network(work, layers)
    rate = cases.LEARNING_RATE[optimizer]
    if optimizer == "momentum":
        step = torch.optim.SGD(model.parameters(), lr=rate, momentum=cases.MOMENTUM)
    else:
        step = torch.optim.Adam(model.parameters(), lr=rate, eps=cases.EPSILON)
    x = torch.from_numpy(x)
    if work["loss"] == "binary":
        loss_function, y = torch.nn.BCEWithLogitsLoss(), torch.from_numpy(y).float()[:, None]
    else:
        loss_function, y = torch.nn.CrossEntropyLoss(), torch.from_numpy(y).long()
    batches = [(x[i : i + batch], y[i : i + batch]) for i in range(0, cases.ROWS, batch)]

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


train, predict = cases.wanted(options)
for workload, optimizer, batch in train:
    run = trainer(workload, optimizer, batch)
    loss = run(cases.CHECK_STEPS)
    cases.report(NAME, "train", workload, optimizer, batch, cases.rate(run, batch, options.seconds), loss)
for workload, batch in predict:
    x, _, layers = cases.load(options.data, workload)
    model = network(cases.WORKLOADS[workload], layers).eval()
    head = torch.nn.Sigmoid() if cases.WORKLOADS[workload]["loss"] == "binary" else torch.nn.Softmax(dim=1)
    model = torch.nn.Sequential(model, head)
    if compiled:
        model = torch.compile(model)
    inputs = torch.from_numpy(x[:batch])

    def infer(calls):
        with torch.inference_mode():
            for _ in range(calls):
                model(inputs)

    cases.report(NAME, "predict", workload, None, batch, cases.rate(infer, batch, options.seconds))
sys.exit(0)
