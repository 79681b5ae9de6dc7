"""Writes callbacks.json: what Keras's callbacks do with scores that are given, epoch by epoch."""

import json
import pathlib
import random

import keras


class Optimizer:
    learning_rate = 0.5


class Model:
    """As much of a model as the callbacks ask for."""

    def __init__(self):
        self.optimizer = Optimizer()
        self.stop_training = False
        self.weights = None

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


def series(rng):
    """Scores that get better, worse, and repeat; exact in binary, so that comparisons do not depend on roundings."""
    value, values = 64.0, []
    for _ in range(24):
        value += rng.choice([-8.0, -1.0, -0.25, 0.0, 0.0, 0.25, 1.0, 4.0])
        values.append(value)
    return values


def stopping(rng):
    settings = {
        "monitor": "loss",
        "min_delta": rng.choice([0.0, 0.25, 1.0]),
        "patience": rng.choice([0, 1, 2, 3, 5]),
        "mode": rng.choice(["auto", "min", "max"]),
        "baseline": rng.choice([None, None, 60.0, 66.0]),
        "restore_best_weights": rng.choice([False, True]),
        "start_from_epoch": rng.choice([0, 0, 3]),
    }
    values, model = series(rng), Model()
    callback = keras.callbacks.EarlyStopping(**settings)
    callback.set_model(model)
    callback.on_train_begin()
    epochs = 0
    for epoch, value in enumerate(values):
        model.weights = epoch + 1
        callback.on_epoch_end(epoch, {settings["monitor"]: value})
        epochs = epoch + 1
        if model.stop_training:
            break
    callback.on_train_end()
    return {**settings, "values": values, "epochs": epochs, "stopped": model.stop_training, "weights": model.weights}


def plateau(rng):
    settings = {
        "monitor": "loss",
        "factor": rng.choice([0.5, 0.25]),
        "patience": rng.choice([0, 1, 2, 3]),
        "mode": rng.choice(["auto", "min", "max"]),
        "min_delta": rng.choice([0.0, 0.25, 1.0]),
        "cooldown": rng.choice([0, 0, 1, 3]),
        "min_lr": rng.choice([0.0, 0.0625]),
    }
    values, model, rates = series(rng), Model(), []
    callback = keras.callbacks.ReduceLROnPlateau(**settings)
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {settings["monitor"]: value})
        rates.append(float(model.optimizer.learning_rate))
    return {**settings, "values": values, "rates": rates}


rng = random.Random(1)
golden = {
    "versions": {"keras": keras.__version__},
    "early_stopping": [stopping(rng) for _ in range(60)],
    "reduce_lr_on_plateau": [plateau(rng) for _ in range(60)],
}
text = json.dumps(golden).replace('}, {', '},\n{').replace('": [{', '": [\n{')
pathlib.Path(__file__).with_name("callbacks.json").write_text(text + "\n")
