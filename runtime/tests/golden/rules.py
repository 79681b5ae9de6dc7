"""Golden numbers of optimizers, of their options and of schedules, from Keras, PyTorch and optax.

    python3 rules.py        writes rules.json, schedules.json and weights.json beside itself

Parameters are two tensors, of eight and four numbers. Gradients are f32 numbers, all arithmetic is in f64. Every file
names the versions that made it.
"""

import json
import os
import pathlib
import platform

os.environ["KERAS_BACKEND"] = "torch"
os.environ["JAX_ENABLE_X64"] = "1"

import jax.numpy as jnp
import keras
import numpy as np
import optax
import torch

keras.config.set_floatx("float64")
HERE = pathlib.Path(__file__).parent
VERSIONS = {
    "keras": keras.__version__,
    "torch": torch.__version__,
    "optax": optax.__version__,
    "python": platform.python_version(),
}
SPLIT = 8
STEPS = 20


def write(name, value):
    path = HERE / name
    path.write_text(json.dumps({"versions": VERSIONS, **value}, indent=None, separators=(",", ":")) + "\n")


def numbers(x):
    """Twelve digits: a hundred thousand times closer than f32."""
    return [float(f"{value:.12g}") for value in np.asarray(x, dtype=np.float64).flatten()]


def gradients():
    """Random numbers; and zeros, tiny and huge numbers and changes of sign, whose squares f32 can still hold."""
    random = np.random.default_rng(1)
    ordinary = random.normal(size=(STEPS, 12))
    extreme = random.normal(size=(STEPS, 12))
    sign = np.where(np.arange(STEPS) % 2 == 0, 1.0, -1.0)
    extreme[:, 0] = 0.0
    extreme[:, 1] = 1e-20
    extreme[:, 2] = 1e-20 * sign
    extreme[:, 3] = 1e18
    extreme[:, 4] = 1e18 * sign
    extreme[:, 5] = np.where(np.arange(STEPS) == 3, 1e18, extreme[:, 5])
    extreme[:, 8] = np.where(np.arange(STEPS) % 5 == 0, extreme[:, 8], 0.0)
    extreme[:, 9] = sign
    return {"random": ordinary.astype(np.float32), "extreme": extreme.astype(np.float32)}


def with_keras(make, start, steps):
    """Parameters, and averages where the optimizer keeps them, after each step."""
    optimizer = make()
    tensors = [keras.Variable(start[:SPLIT]), keras.Variable(start[SPLIT:])]
    optimizer.build(tensors)
    path, averages = [], []
    for step in steps:
        parts = [keras.ops.convert_to_tensor(part.astype(np.float64)) for part in (step[:SPLIT], step[SPLIT:])]
        optimizer.apply(parts, tensors)
        path.append(numbers(np.concatenate([keras.ops.convert_to_numpy(t) for t in tensors])))
        if optimizer.use_ema:
            kept = optimizer._model_variables_moving_average
            averages.append(numbers(np.concatenate([keras.ops.convert_to_numpy(t) for t in kept])))
    return path, averages


def with_torch(make, start, steps):
    tensors = [torch.nn.Parameter(torch.tensor(part, dtype=torch.float64)) for part in (start[:SPLIT], start[SPLIT:])]
    optimizer = make(tensors)
    path = []
    for step in steps:
        for tensor, part in zip(tensors, (step[:SPLIT], step[SPLIT:])):
            tensor.grad = torch.tensor(part, dtype=torch.float64)
        optimizer.step()
        path.append(numbers(torch.cat([t.detach() for t in tensors])))
    return path, []


def with_optax(make, start, steps):
    optimizer = make()
    tensors = [jnp.asarray(start[:SPLIT], jnp.float64), jnp.asarray(start[SPLIT:], jnp.float64)]
    state = optimizer.init(tensors)
    path = []
    for step in steps:
        parts = [jnp.asarray(part, jnp.float64) for part in (step[:SPLIT], step[SPLIT:])]
        updates, state = optimizer.update(parts, state, tensors)
        tensors = optax.apply_updates(tensors, updates)
        path.append(numbers(np.concatenate(tensors)))
    return path, []


def rules():
    start = np.random.default_rng(2).normal(size=12).astype(np.float32)
    of = keras.optimizers
    cosine = keras.optimizers.schedules.CosineDecay(0.1, 15, alpha=0.1)
    cases = {
        "sgd_nesterov": (with_keras, lambda: of.SGD(0.1, momentum=0.9, nesterov=True)),
        "adam": (with_keras, lambda: of.Adam(0.01)),
        "adam_amsgrad": (with_keras, lambda: of.Adam(0.01, amsgrad=True)),
        "adamw": (with_keras, lambda: of.AdamW(0.01, weight_decay=0.1)),
        "adamw_amsgrad": (with_keras, lambda: of.AdamW(0.01, weight_decay=0.1, amsgrad=True)),
        "nadam": (with_keras, lambda: of.Nadam(0.01)),
        "rmsprop": (with_keras, lambda: of.RMSprop(0.01)),
        "rmsprop_momentum": (with_keras, lambda: of.RMSprop(0.01, momentum=0.9)),
        "rmsprop_centered": (with_keras, lambda: of.RMSprop(0.01, centered=True)),
        "rmsprop_centered_momentum": (with_keras, lambda: of.RMSprop(0.01, centered=True, momentum=0.9)),
        "adagrad": (with_keras, lambda: of.Adagrad(0.1)),
        "adadelta": (with_keras, lambda: of.Adadelta(1.0)),
        "adamax": (with_keras, lambda: of.Adamax(0.01)),
        "ftrl": (with_keras, lambda: of.Ftrl(0.1)),
        "ftrl_regularized": (with_keras, lambda: of.Ftrl(
            0.1, l1_regularization_strength=0.2, l2_regularization_strength=0.3,
            l2_shrinkage_regularization_strength=0.1, beta=0.5, initial_accumulator_value=0.4)),
        "ftrl_power": (with_keras, lambda: of.Ftrl(0.1, learning_rate_power=-0.25)),
        "lion": (with_keras, lambda: of.Lion(0.01)),
        "lamb": (with_keras, lambda: of.Lamb(0.01)),
        # Options.
        "sgd_weight_decay": (with_keras, lambda: of.SGD(0.1, weight_decay=0.2)),
        "lamb_keras_decay": (with_keras, lambda: of.Lamb(0.01, weight_decay=0.5)),
        "adam_clip_value": (with_keras, lambda: of.Adam(0.01, clipvalue=0.5)),
        "sgd_clip_norm": (with_keras, lambda: of.SGD(0.1, momentum=0.9, clipnorm=1.5)),
        "sgd_clip_global_norm": (with_keras, lambda: of.SGD(0.1, global_clipnorm=1.5)),
        "lamb_clip_norm": (with_keras, lambda: of.Lamb(0.01, clipnorm=1.5)),
        "adam_accumulate": (with_keras, lambda: of.Adam(0.01, gradient_accumulation_steps=3)),
        "sgd_accumulate_clip_global_norm": (with_keras, lambda: of.SGD(
            0.1, gradient_accumulation_steps=3, global_clipnorm=1.0, weight_decay=0.1)),
        "adam_average": (with_keras, lambda: of.Adam(0.01, use_ema=True, ema_momentum=0.9)),
        "lamb_average": (with_keras, lambda: of.Lamb(0.01, use_ema=True, ema_momentum=0.9)),
        "sgd_schedule": (with_keras, lambda: of.SGD(cosine, momentum=0.9)),
        "everything": (with_keras, lambda: of.AdamW(
            cosine, weight_decay=0.1, clipnorm=1.0, use_ema=True, ema_momentum=0.8)),
        # Other frameworks where they can be set to the same formula.
        "torch_amsgrad": (with_torch, lambda p: torch.optim.Adam(p, lr=0.01, eps=1e-12, amsgrad=True)),
        "torch_nadam": (with_torch, lambda p: torch.optim.NAdam(p, lr=0.01, eps=1e-7, momentum_decay=0.004)),
        "torch_adadelta": (with_torch, lambda p: torch.optim.Adadelta(p, lr=0.5, rho=0.9, eps=1e-6)),
        "torch_rmsprop": (with_torch, lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.99, eps=1e-15)),
        "optax_lion": (with_optax, lambda: optax.lion(0.01, b1=0.8, b2=0.95, weight_decay=0.1)),
        "optax_lamb": (with_optax, lambda: optax.lamb(0.01, eps=1e-6, weight_decay=0.1)),
    }
    result = {}
    for name, (run, make) in cases.items():
        result[name] = {}
        for kind, steps in gradients().items():
            path, averages = run(make, start.astype(np.float64), steps)
            assert np.isfinite(path).all(), name
            result[name][kind] = {"path": path, **({"averages": averages} if averages else {})}
    write("rules.json", {
        "split": SPLIT,
        "start": start.astype(float).tolist(),
        "gradients": {kind: [step.astype(float).tolist() for step in steps] for kind, steps in gradients().items()},
        "cases": result,
    })


def with_scheduler(make, steps):
    """Rates of PyTorch's schedulers, which change an optimizer."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    scheduler = make(optimizer)
    rates = []
    for step in range(steps):
        if step > 0:
            optimizer.step()
            scheduler.step()
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


def schedules():
    of, lr = keras.optimizers.schedules, torch.optim.lr_scheduler
    steps = 130
    with_function = {
        "piecewise": of.PiecewiseConstantDecay([10, 40, 41], [1.0, 0.5, 0.25, 0.125]),
        "exponential": of.ExponentialDecay(0.5, 30, 0.7),
        "exponential_staircase": of.ExponentialDecay(0.5, 30, 0.7, staircase=True),
        "polynomial": of.PolynomialDecay(0.5, 50, 0.01),
        "polynomial_power": of.PolynomialDecay(0.5, 50, 0.01, power=2.5),
        "polynomial_cycle": of.PolynomialDecay(0.5, 50, 0.01, power=0.5, cycle=True),
        "inverse_time": of.InverseTimeDecay(0.5, 30, 1.7),
        "inverse_time_staircase": of.InverseTimeDecay(0.5, 30, 1.7, staircase=True),
        "cosine": of.CosineDecay(0.5, 100),
        "cosine_alpha": of.CosineDecay(0.5, 100, alpha=0.2),
        "cosine_warm_up": of.CosineDecay(0.05, 100, alpha=0.2, warmup_target=0.5, warmup_steps=17),
        "restarts": of.CosineDecayRestarts(0.5, 15),
        "restarts_same": of.CosineDecayRestarts(0.5, 15, t_mul=1.0, m_mul=0.8, alpha=0.1),
        "restarts_longer": of.CosineDecayRestarts(0.5, 10, t_mul=1.5, m_mul=0.8, alpha=0.1),
        "exponential_warm_up": optax.join_schedules(
            [optax.linear_schedule(0.1, 0.5, 10), optax.exponential_decay(0.5, 30, 0.7)], [10]),
    }
    rates = {name: [float(schedule(step)) for step in range(steps)] for name, schedule in with_function.items()}
    cycle = dict(max_lr=0.5, total_steps=steps)
    with_state = {
        "step": lambda o: lr.StepLR(o, 30),
        "step_gamma": lambda o: lr.StepLR(o, 7, gamma=0.9),
        "one_cycle": lambda o: lr.OneCycleLR(o, **cycle),
        "one_cycle_linear": lambda o: lr.OneCycleLR(o, **cycle, pct_start=0.4, anneal_strategy="linear"),
        "one_cycle_three": lambda o: lr.OneCycleLR(o, **cycle, three_phase=True, div_factor=10, final_div_factor=100),
    }
    # PyTorch allows no step behind the last of a cycle.
    rates |= {name: with_scheduler(make, steps) for name, make in with_state.items() if "cycle" not in name}
    rates |= {name: with_scheduler(make, steps - 1) for name, make in with_state.items() if "cycle" in name}
    write("schedules.json", {"rates": rates, "extremes": extreme_schedules()})


def extreme_schedules():
    """Rates with the least and the largest settings, at the first steps and at huge ones."""
    of, lr = keras.optimizers.schedules, torch.optim.lr_scheduler
    steps = [0, 1, 2, 3, 29, 30, 31, 1000, 10**6, 10**9, 2**40]
    with_function = {
        "exponential_to_zero": of.ExponentialDecay(0.5, 30, 0.0),
        "exponential_to_zero_staircase": of.ExponentialDecay(0.5, 30, 0.0, staircase=True),
        "exponential_constant": of.ExponentialDecay(0.5, 1, 1.0),
        "exponential_of_zero": of.ExponentialDecay(0.0, 30, 0.7),
        "exponential_slow": of.ExponentialDecay(0.5, 10**12, 0.7),
        "inverse_time_constant": of.InverseTimeDecay(0.5, 30, 0.0),
        "inverse_time_fast": of.InverseTimeDecay(0.5, 1, 1e9),
        "polynomial_power_zero": of.PolynomialDecay(0.5, 30, 0.01, power=0.0),
        "polynomial_power_zero_cycle": of.PolynomialDecay(0.5, 30, 0.01, power=0.0, cycle=True),
        "polynomial_power_large": of.PolynomialDecay(0.5, 30, 0.01, power=1000.0),
        "polynomial_one_step": of.PolynomialDecay(0.5, 1, 0.01),
        "polynomial_one_step_cycle": of.PolynomialDecay(0.5, 1, 0.01, cycle=True),
        "polynomial_to_zero": of.PolynomialDecay(0.5, 30, 0.0),
        "polynomial_rising": of.PolynomialDecay(0.01, 30, 0.5),
        "polynomial_slow_cycle": of.PolynomialDecay(0.5, 10**9, 0.01, cycle=True),
        "cosine_one_step": of.CosineDecay(0.5, 1),
        "cosine_constant": of.CosineDecay(0.5, 30, alpha=1.0),
        "cosine_slow": of.CosineDecay(0.5, 10**12),
        "cosine_warm_up_one_step": of.CosineDecay(0.0, 30, warmup_target=0.5, warmup_steps=1),
        "piecewise_first_step": of.PiecewiseConstantDecay([0], [0.5, 0.0]),
        "piecewise_huge": of.PiecewiseConstantDecay([10**9], [0.5, 0.25]),
    }
    rates = {
        name: {"steps": steps, "rates": [float(schedule(step)) for step in steps]}
        for name, schedule in with_function.items()
    }
    # Far out, an f64 does not tell in which of Keras's periods it is.
    few = [step for step in steps if step <= 1000]
    restarts = {
        "restarts_one_step": of.CosineDecayRestarts(0.5, 1),
        "restarts_one_step_same": of.CosineDecayRestarts(0.5, 1, t_mul=1.0),
        "restarts_height_zero": of.CosineDecayRestarts(0.5, 30, m_mul=0.0),
        "restarts_constant": of.CosineDecayRestarts(0.5, 30, alpha=1.0),
    }
    rates |= {name: {"steps": few, "rates": [float(of(step)) for step in few]} for name, of in restarts.items()}
    with_state = {
        "step_to_zero": (lambda o: lr.StepLR(o, 30, gamma=0.0), 62),
        "step_each": (lambda o: lr.StepLR(o, 1, gamma=0.5), 62),
        "one_cycle_two_steps": (lambda o: lr.OneCycleLR(o, max_lr=0.5, total_steps=2), 2),
        "one_cycle_only_falls": (lambda o: lr.OneCycleLR(o, max_lr=0.5, total_steps=30, pct_start=0.0), 30),
        "one_cycle_only_rises": (lambda o: lr.OneCycleLR(o, max_lr=0.5, total_steps=30, pct_start=1.0), 30),
        "one_cycle_level": (
            lambda o: lr.OneCycleLR(o, max_lr=0.5, total_steps=30, div_factor=1.0, final_div_factor=1.0), 30),
    }
    for name, (make, count) in with_state.items():
        # PyTorch allows no step behind the last of a cycle.
        rates[name] = {"steps": list(range(count)), "rates": with_scheduler(make, count)}
    assert all(np.isfinite(case["rates"]).all() for case in rates.values())
    return rates


def weights():
    """Regularizers and constraints of a weight of seven inputs and five units, one of which is zero."""
    weight = np.random.default_rng(3).normal(size=(7, 5)).astype(np.float32) * np.array([0.0, 0.1, 0.3, 1, 5], np.float32)
    of = keras.constraints
    constraints = {
        "max_norm": of.MaxNorm(0.5),
        "min_max_norm": of.MinMaxNorm(0.5, 2.0),
        "min_max_norm_rate": of.MinMaxNorm(0.5, 2.0, rate=0.25),
        "unit_norm": of.UnitNorm(),
        "non_negative": of.NonNeg(),
    }
    tensor = torch.tensor(weight.astype(np.float64), requires_grad=True)
    penalty = keras.regularizers.L1L2(l1=0.3, l2=0.7)(tensor)
    penalty.backward()
    write("weights.json", {
        "weight": weight.flatten().astype(float).tolist(),
        "penalty": penalty.item(),
        "gradient": numbers(tensor.grad),
        "constrained": {
            name: numbers(constraint(keras.ops.convert_to_tensor(weight.astype(np.float64))).detach())
            for name, constraint in constraints.items()
        },
    })


if __name__ == "__main__":
    weights()
    rules()
    schedules()
