"""The networks of the workloads as JAX functions `(tensors, state, x, training) -> (logits, state)`.

`state` holds the running means and variances of batch normalizations; it is empty for the others.
"""

import jax
import jax.numpy as jnp

import cases


def dense(tensors, x):
    weight, bias = tensors
    return x @ weight + bias


def chain(tensors, x):
    """Fully connected layers with relu between them."""
    for at in range(0, len(tensors) - 2, 2):
        x = jax.nn.relu(dense(tensors[at : at + 2], x))
    return dense(tensors[-2:], x)


def conv(tensors, x, padding):
    weight, bias = tensors
    return jax.lax.conv_general_dilated(x, weight, (1, 1), [(padding, padding)] * 2) + bias[:, None, None]


def max_pool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def batch_norm(tensors, state, x, training):
    scale, shift = (tensor[:, None, None] for tensor in tensors)
    if training:
        mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
        count = x.size // x.shape[1]
        share = cases.BATCH_NORM_MOMENTUM
        new = (mean, variance * count / (count - 1))
        state = tuple(share * now + (1 - share) * before for now, before in zip(new, state))
    else:
        mean, variance = state
    x = (x - mean[:, None, None]) * jax.lax.rsqrt(variance + cases.NORM_EPSILON)[:, None, None]
    return x * scale + shift, state


def layer_norm(tensors, x):
    scale, shift = tensors
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + cases.NORM_EPSILON) * scale + shift


def lenet(tensors, state, x, _):
    x = max_pool(jax.nn.relu(conv(tensors[:2], x, 2)))
    x = max_pool(jax.nn.relu(conv(tensors[2:4], x, 0)))
    return chain(tensors[4:], x.reshape(len(x), -1)), state


def cnn(tensors, state, x, training):
    after = []
    for block in range(3):
        at = 4 * block
        x, new = batch_norm(tensors[at + 2 : at + 4], state[block], conv(tensors[at : at + 2], x, 1), training)
        after.append(new)
        x = jax.nn.relu(x)
        if block > 0:
            x = max_pool(x)
    return chain(tensors[12:], x.reshape(len(x), -1)), tuple(after)


def lstm(tensors, state, x, _):
    weight, recurrent, bias = tensors[:3]

    def step(carry, projected):
        hidden, cell = carry
        gates = projected + hidden @ recurrent
        take, forget, new, give = jnp.split(gates, 4, axis=-1)
        cell = jax.nn.sigmoid(forget) * cell + jax.nn.sigmoid(take) * jnp.tanh(new)
        return (jax.nn.sigmoid(give) * jnp.tanh(cell), cell), None

    start = jnp.zeros((len(x), recurrent.shape[0]), x.dtype)
    (hidden, _), _ = jax.lax.scan(step, (start, start), (x @ weight + bias).transpose(1, 0, 2))
    return dense(tensors[3:], hidden), state


def attention(tensors, x):
    batch, steps, features = x.shape
    parts = dense(tensors[:2], x).reshape(batch, steps, 3, cases.HEADS, features // cases.HEADS)
    mixed = jax.nn.dot_product_attention(parts[:, :, 0], parts[:, :, 1], parts[:, :, 2])
    return dense(tensors[2:], mixed.reshape(batch, steps, features))


def encoder(tensors, state, x, _):
    x = x + attention(tensors[2:6], layer_norm(tensors[:2], x))
    hidden = jax.nn.gelu(dense(tensors[8:10], layer_norm(tensors[6:8], x)), approximate=False)
    x = x + dense(tensors[10:12], hidden)
    return dense(tensors[12:], x.mean(1)), state


def network(workload):
    written = {"w3": lenet, "w4": cnn, "w5": lstm, "w6": encoder}
    return written.get(workload, lambda tensors, state, x, _: (chain(tensors, x), state))


def start_state(workload):
    widths = (32, 32, 64) if workload == "w4" else ()
    return tuple((jnp.zeros(width), jnp.ones(width)) for width in widths)
