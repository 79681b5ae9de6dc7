"""JAX: one step for each call, and several steps in one call (`lax.scan` over 32 batches)."""

import os

import cases

options = cases.options()
os.environ["JAX_PLATFORMS"] = "cpu"
if options.threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.sched_setaffinity(0, set(list(os.sched_getaffinity(0))[: options.threads]))

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import optax  # noqa: E402

import networks_jax  # noqa: E402

STEPS = 32 if "--scan" in os.environ.get("PEER_FLAGS", "") else 1
NAME = f"JAX {STEPS} steps" if STEPS > 1 else "JAX"


def loss_of(workload):
    network = networks_jax.network(workload)
    binary = cases.WORKLOADS[workload]["loss"] == "binary"

    def loss(params, state, x, y):
        logits, state = network(params, state, x, True)
        if binary:
            losses = optax.sigmoid_binary_cross_entropy(logits[:, 0], y.astype(jnp.float32))
        else:
            losses = optax.softmax_cross_entropy_with_integer_labels(logits, y.astype(jnp.int32))
        return losses.mean(), state

    return loss


def trainer(workload, optimizer, batch):
    x, y, tensors = cases.load(options.data, workload)
    params = [jnp.asarray(tensor) for tensor in tensors]
    rate = cases.LEARNING_RATE[optimizer]
    if optimizer == "momentum":
        update = optax.sgd(rate, momentum=cases.MOMENTUM)
    else:
        update = optax.adam(rate, eps=cases.EPSILON)
    gradient = jax.value_and_grad(loss_of(workload), has_aux=True)

    def step(carry, data):
        params, state, slots = carry
        (loss, state), grads = gradient(params, state, *data)
        changes, slots = update.update(grads, slots)
        return (optax.apply_updates(params, changes), state, slots), loss

    @jax.jit
    def one(carry, x, y):
        return step(carry, (x, y))

    @jax.jit
    def many(carry, x, y):
        return jax.lax.scan(step, carry, (x, y))

    # Copies of the first batches, cyclic where the data are fewer than 32 batches.
    chunks = [(jnp.asarray(x[i : i + batch]), jnp.asarray(y[i : i + batch])) for i in range(0, len(x), batch)]
    carry = (params, networks_jax.start_state(workload), update.init(params))
    at = 0
    if STEPS > 1:
        groups = []
        for g in range(max(1, len(chunks) // STEPS)):
            group = [chunks[(g * STEPS + i) % len(chunks)] for i in range(STEPS)]
            groups.append((jnp.stack([c[0] for c in group]), jnp.stack([c[1] for c in group])))

    def run(calls):
        nonlocal carry, at
        for _ in range(calls):
            if STEPS > 1:
                carry, loss = many(carry, *groups[at % len(groups)])
            else:
                carry, loss = one(carry, *chunks[at % len(chunks)])
            at += 1
        return jax.block_until_ready(loss)

    return run


if options.kinds == "steps":
    cases.steps(trainer("w1", "momentum", 128))
train, predict = cases.wanted(options)
for workload, optimizer, batch in train:
    run = trainer(workload, optimizer, batch)
    loss = run(1)[cases.CHECK_STEPS - 1] if STEPS > 1 else run(cases.CHECK_STEPS)
    value = cases.rate(run, batch * STEPS, options.seconds)
    cases.report(NAME, "train", workload, optimizer, batch, value, loss)
for workload, batch in predict if STEPS == 1 else []:
    x, _, tensors = cases.load(options.data, workload)
    params, state = [jnp.asarray(tensor) for tensor in tensors], networks_jax.start_state(workload)
    head = jax.nn.sigmoid if cases.WORKLOADS[workload]["loss"] == "binary" else jax.nn.softmax
    network = networks_jax.network(workload)
    infer = jax.jit(lambda x, p=params, s=state, h=head, n=network: h(n(p, s, x, False)[0]))
    inputs = jnp.asarray(x[:batch])

    def predict_calls(calls):
        for _ in range(calls):
            out = infer(inputs)
        jax.block_until_ready(out)

    cases.report(NAME, "predict", workload, None, batch, cases.rate(predict_calls, batch, options.seconds))
