"""Golden numbers from Keras, PyTorch, scikit-learn and SciPy: losses of six samples, metrics of three hundred, and accuracies
and confusion matrices of forty.

    python3 losses.py        writes losses_keras.json, metrics.json and accuracies.json beside itself

Inputs are f32 numbers; losses are computed in f64. Where Keras clips probabilities, the loss from logits is PyTorch's or
is written down in log space here, and compared with Keras where nothing is clipped. Every file names the versions that
made it.
"""

import json
import os
import pathlib
import platform

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import scipy
import sklearn
import torch
from keras import losses as K
from scipy import stats
from sklearn import metrics as S
from torch.nn import functional as F

keras.config.set_floatx("float64")
keras.config.set_dtype_policy("float64")

HERE = pathlib.Path(__file__).parent
VERSIONS = {
    "keras": keras.__version__,
    "torch": torch.__version__,
    "scikit-learn": sklearn.__version__,
    "scipy": scipy.__version__,
    "numpy": np.__version__,
    "python": platform.python_version(),
}


def f32(values):
    """f32 numbers as f64."""
    return torch.as_tensor(np.asarray(values, dtype=np.float32)).double()


def numbers(values):
    """A flat list; f32 numbers with the digits that tell them from their neighbours."""
    values = np.asarray(values)
    if values.dtype == np.float32:
        return [float(f"{x:.9g}") for x in values.flatten()]
    return values.flatten().tolist()


def write(name, content):
    text = json.dumps({"versions": VERSIONS, **content}, indent=None, separators=(",", ":"), allow_nan=False)
    (HERE / name).write_text(text.replace('],"', '],\n"').replace('},"', '},\n"') + "\n")


HEADS = {
    "linear": lambda z: z,
    "relu": F.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": lambda z: F.softplus(z, threshold=1000),
    "gelu": F.gelu,
    "softmax": lambda z: torch.softmax(z, -1),
}


def smoothed_binary(t, s):
    return t * (1 - s) + s / 2


def smoothed_categorical(t, s):
    return t * (1 - s) + s / t.shape[-1]


def binary_focal(gamma, alpha=None, smoothing=0.0):
    def loss(t, z):
        t = smoothed_binary(t, smoothing)
        u = F.binary_cross_entropy_with_logits(z, t, reduction="none")
        q = t * torch.sigmoid(-z) + (1 - t) * torch.sigmoid(z)
        weight = 1 if alpha is None else t * alpha + (1 - t) * (1 - alpha)
        return (weight * q**gamma * u).mean(-1)

    return loss


def categorical_focal(gamma, alpha, smoothing=0.0):
    def loss(t, z):
        t = smoothed_categorical(t, smoothing)
        u = -torch.log_softmax(z, -1)
        return (alpha * t * (-torch.expm1(-u)) ** gamma * u).sum(-1)

    return loss


def each_of(loss, t, y):
    """A loss of Keras, for each sample."""
    reduction, loss.reduction = loss.reduction, "none"
    values = loss(t, y)
    loss.reduction = reduction
    return values


def losses():
    """Losses of six samples with five values each, without and with weights, and the gradients by the logits."""
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(6, 5)) * 3
    extreme = logits.copy()
    extreme[4] = [1e4, -1e4, 0, 50, -50]
    extreme[5] = [-1e4, 1e4, 0.5, 50, -50]
    weights = f32([1, 0.5, 2, 0, 3, 0.25])
    classes = np.array([0, 4, 2, 2, 0, 0])
    data = {
        "moderate": f32(logits),
        "extreme": f32(extreme),
        "one_hot": f32(np.eye(5)[classes]),
        "distributions": f32(rng.dirichlet(np.ones(5), 6)),
        "truths": f32(rng.integers(0, 2, (6, 5))),
        "numbers": f32(rng.normal(size=(6, 5)) * 2),
        "counts": f32(rng.poisson(2, (6, 5))),
    }
    data["distributions"][1] = f32([0, 0, 0.5, 0, 0.5])
    probabilities = rng.random((6, 5))
    probabilities[0] = [0, 1, 0, 1, 0.5]
    probabilities[4] = [0, 0, 1, 0, 0]
    data["probabilities"] = f32(probabilities)
    data["shares"] = f32(probabilities / probabilities.sum(1, keepdims=True))
    # Targets of zero among others, where a percentage is of 1e-7.
    data["zeros"] = torch.where(data["truths"] == 0, 0.0, data["numbers"])
    cases = {}

    def case(name, labels, head, loss, rows=("moderate", "extreme")):
        """`loss(targets, predictions)` gives a loss for each sample."""
        for kind in rows:
            for weighted in (False, True):
                z = data[kind].clone().requires_grad_()
                values = loss(data[labels], HEADS[head](z))
                value = (values * (weights if weighted else 1)).sum() / 6
                value.backward()
                cases[f"{name}/{head}/{kind}" + ("/weighted" if weighted else "")] = {
                    "loss": value.item(),
                    "gradient": numbers(z.grad),
                }

    def of_keras(loss):
        """A loss of Keras for each sample, checked against its own weighted mean, which is f32."""

        def each(t, y):
            values = each_of(loss, t, y)
            whole = loss(t, y, sample_weight=weights)
            mean = (values * weights).sum() / 6
            assert np.isclose(whole.item(), mean.item(), rtol=1e-5, atol=1e-5), (loss.name, whole, mean)
            return values

        return each

    for head in ("linear", "sigmoid", "tanh", "softmax", "gelu"):
        case("mean_squared_error", "numbers", head, of_keras(K.MeanSquaredError()))
        case("mean_absolute_error", "numbers", head, of_keras(K.MeanAbsoluteError()))
        case("mean_absolute_percentage_error", "numbers", head, of_keras(K.MeanAbsolutePercentageError()))
        case("percentage_of_zeros", "zeros", head, of_keras(K.MeanAbsolutePercentageError()))
        case("mean_squared_logarithmic_error", "counts", head, of_keras(K.MeanSquaredLogarithmicError()))
        case("huber", "numbers", head, of_keras(K.Huber()))
        case("huber_half", "numbers", head, of_keras(K.Huber(delta=0.5)))
        case("cosine_similarity", "numbers", head, of_keras(K.CosineSimilarity()))
        case("hinge", "truths", head, of_keras(K.Hinge()))
        case("squared_hinge", "truths", head, of_keras(K.SquaredHinge()))
        case("categorical_hinge", "one_hot", head, of_keras(K.CategoricalHinge()))
        # Keras's softplus(−2e) is a linear function beyond 20 in PyTorch: far out its digits are not the definition's.
        case("log_cosh", "numbers", head, of_keras(K.LogCosh()), ("moderate",))
    for head in ("softplus", "sigmoid"):
        case("poisson", "counts", head, of_keras(K.Poisson()))

    bce = lambda s: lambda t, z: F.binary_cross_entropy_with_logits(
        z, smoothed_binary(t, s), reduction="none"
    ).mean(-1)
    case("binary", "truths", "linear", bce(0.0))
    case("binary_smoothed", "truths", "linear", bce(0.2))
    cce = lambda s: lambda t, z: -(smoothed_categorical(t, s) * torch.log_softmax(z, -1)).sum(-1)
    classes_of = lambda t: t.argmax(-1)
    # Of class numbers, PyTorch smooths by itself.
    case(
        "categorical_smoothed",
        "one_hot",
        "linear",
        lambda t, z: F.cross_entropy(z, classes_of(t), label_smoothing=0.1, reduction="none"),
    )
    case("categorical_soft_smoothed", "distributions", "linear", cce(0.3))
    kl = lambda t, z: F.kl_div(torch.log_softmax(z, -1), t, reduction="none").sum(-1)
    case("kl_divergence", "distributions", "linear", kl)
    for name, gamma, alpha, smoothing in (
        ("binary_focal", 2.0, None, 0.0),
        ("binary_focal_balanced", 2.0, 0.25, 0.0),
        ("binary_focal_other", 1.5, 0.7, 0.1),
    ):
        case(name, "truths", "linear", binary_focal(gamma, alpha, smoothing))
    for name, gamma, alpha, smoothing in (
        ("categorical_focal", 2.0, 0.25, 0.0),
        ("categorical_focal_other", 1.5, 0.7, 0.1),
    ):
        case(name, "one_hot", "linear", categorical_focal(gamma, alpha, smoothing))

    # What is written down above is Keras's where Keras clips nothing.
    keras.config.set_epsilon(1e-14)
    z, truths, one_hot, soft = (data[name] for name in ("moderate", "truths", "one_hot", "distributions"))
    for ours, theirs, t in (
        (bce(0.2), K.BinaryCrossentropy(from_logits=True, label_smoothing=0.2, reduction="none"), truths),
        (cce(0.1), K.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1, reduction="none"), one_hot),
        (binary_focal(2.0), K.BinaryFocalCrossentropy(from_logits=True, reduction="none"), truths),
        (
            binary_focal(1.5, 0.7, 0.1),
            K.BinaryFocalCrossentropy(True, 0.7, 1.5, from_logits=True, label_smoothing=0.1, reduction="none"),
            truths,
        ),
        (categorical_focal(2.0, 0.25), K.CategoricalFocalCrossentropy(from_logits=True, reduction="none"), one_hot),
        (
            categorical_focal(1.5, 0.7, 0.1),
            K.CategoricalFocalCrossentropy(0.7, 1.5, from_logits=True, label_smoothing=0.1, reduction="none"),
            one_hot,
        ),
        (kl, lambda t, z: K.kl_divergence(t, torch.softmax(z, -1)), soft),
    ):
        # Keras rounds the smoothing to f32.
        assert torch.allclose(ours(t, z), theirs(t, z), rtol=2e-6, atol=2e-6), (theirs, ours(t, z) - theirs(t, z))
    keras.config.set_epsilon(1e-7)

    # From probabilities, clipped, with zeros and ones among them.
    p = data["probabilities"]
    from_probabilities = {
        "binary": each_of(K.BinaryCrossentropy(), truths, p),
        "binary_smoothed": each_of(K.BinaryCrossentropy(label_smoothing=0.2), truths, p),
        "categorical": each_of(K.CategoricalCrossentropy(), one_hot, p),
        "categorical_smoothed": each_of(K.CategoricalCrossentropy(label_smoothing=0.1), one_hot, p),
        "binary_focal": each_of(K.BinaryFocalCrossentropy(), truths, p),
        "binary_focal_balanced": each_of(K.BinaryFocalCrossentropy(apply_class_balancing=True), truths, p),
        "categorical_focal": each_of(K.CategoricalFocalCrossentropy(), one_hot, p),
        "mean_squared_error": each_of(K.MeanSquaredError(), truths, p),
        "hinge": each_of(K.Hinge(), truths, p),
        "categorical_hinge": each_of(K.CategoricalHinge(), one_hot, p),
        "cosine_similarity": each_of(K.CosineSimilarity(), truths, p),
        "poisson": each_of(K.Poisson(), data["counts"], p),
        "mean_absolute_error": each_of(K.MeanAbsoluteError(), data["numbers"], p),
        "mean_absolute_percentage_error": each_of(K.MeanAbsolutePercentageError(), data["numbers"], p),
        "percentage_of_zeros": each_of(K.MeanAbsolutePercentageError(), data["zeros"], p),
        "mean_squared_logarithmic_error": each_of(K.MeanSquaredLogarithmicError(), data["counts"], p),
        "huber": each_of(K.Huber(), data["numbers"], p),
        "huber_half": each_of(K.Huber(delta=0.5), data["numbers"], p),
        "log_cosh": each_of(K.LogCosh(), data["numbers"], p),
        "squared_hinge": each_of(K.SquaredHinge(), truths, p),
        # Keras counts a target of zero as 1e-7: without the sample that has them.
        "kl_divergence": each_of(K.KLDivergence(), soft, data["shares"])[[0, 2, 3, 4, 5]],
    }
    # Of outputs without an activation, two samples far out.
    y = data["extreme"]
    from_outputs = {
        "mean_squared_error": each_of(K.MeanSquaredError(), data["numbers"], y),
        "mean_absolute_error": each_of(K.MeanAbsoluteError(), data["numbers"], y),
        "mean_absolute_percentage_error": each_of(K.MeanAbsolutePercentageError(), data["numbers"], y),
        "percentage_of_zeros": each_of(K.MeanAbsolutePercentageError(), data["zeros"], y),
        "mean_squared_logarithmic_error": each_of(K.MeanSquaredLogarithmicError(), data["counts"], y),
        "huber": each_of(K.Huber(), data["numbers"], y),
        "huber_half": each_of(K.Huber(delta=0.5), data["numbers"], y),
        "log_cosh": each_of(K.LogCosh(), data["numbers"], y),
        "hinge": each_of(K.Hinge(), truths, y),
        "squared_hinge": each_of(K.SquaredHinge(), truths, y),
        "categorical_hinge": each_of(K.CategoricalHinge(), one_hot, y),
        "cosine_similarity": each_of(K.CosineSimilarity(), data["numbers"], y),
    }
    write("losses_keras.json", {
        "weights": numbers(weights.float()),
        "classes": classes.tolist(),
        **{name: numbers(values.float()) for name, values in data.items()},
        "cases": cases,
        "from_probabilities": {name: value.mean().item() for name, value in from_probabilities.items()},
        "from_outputs": {name: value.mean().item() for name, value in from_outputs.items()},
    })


def keras_metric(metric, truth, prediction):
    metric.update_state(truth, prediction)
    return float(metric.result())


def metrics():
    """Metrics of three hundred samples: yes or no with many ties, four classes, three labels, two numbers."""
    rng = np.random.default_rng(2)
    n = 300

    truth = rng.integers(0, 2, n)
    score = np.clip(0.3 * truth + rng.random(n) * 0.9 - 0.1, 0, 1).round(2).astype(np.float32)
    logit = (rng.normal(size=n) * 3 + truth).round(1).astype(np.float32)
    logit[:4] = [1e4, -1e4, 0, 0]
    says = score > 0.5
    M = keras.metrics
    auc = lambda *of, **options: keras_metric(M.AUC(*of, dtype="float32", **options), truth, score)
    binary = {
        "precision": S.precision_score(truth, says),
        "recall": S.recall_score(truth, says),
        "specificity": S.recall_score(truth, says, pos_label=0),
        "f1": S.f1_score(truth, says),
        "fbeta_2": S.fbeta_score(truth, says, beta=2),
        "precision_at_0.305": keras_metric(M.Precision(thresholds=0.305), truth, score),
        "recall_at_0.305": keras_metric(M.Recall(thresholds=0.305), truth, score),
        "auc": S.roc_auc_score(truth, score),
        "average_precision": S.average_precision_score(truth, score),
        "auc_200": auc(),
        "auc_7": auc(7),
        "auc_pr_200": auc(curve="PR"),
        "auc_pr_7": auc(7, curve="PR"),
        "auc_of_logits": S.roc_auc_score(truth, logit),
        "auc_200_of_logits": keras_metric(M.AUC(from_logits=True, dtype="float32"), truth, logit),
    }
    assert np.isclose(binary["precision"], keras_metric(M.Precision(), truth, score))
    assert np.isclose(binary["recall"], keras_metric(M.Recall(), truth, score))

    # Class 3 is never true, class 2 is never predicted.
    classes = rng.integers(0, 3, n)
    outputs = rng.dirichlet([1, 1, 1, 1], n) + 0.3 * np.eye(4)[classes]
    outputs[:, 2] *= 0.1
    outputs = (outputs / outputs.sum(1, keepdims=True)).astype(np.float32)
    largest = outputs.argmax(1)
    assert set(largest) == {0, 1, 3}
    one_hot = np.eye(4)[classes]
    several = {}
    for average in ("micro", "macro", "weighted"):
        options = {"labels": range(4), "average": average, "zero_division": 0}
        several[f"precision_{average}"] = S.precision_score(classes, largest, **options)
        several[f"recall_{average}"] = S.recall_score(classes, largest, **options)
        several[f"f1_{average}"] = S.f1_score(classes, largest, **options)
        keras_f1 = keras_metric(M.F1Score(average=average), one_hot, outputs)
        assert np.isclose(several[f"f1_{average}"], keras_f1, atol=1e-6)
    for c in range(4):
        several[f"precision_{c}"] = S.precision_score(classes == c, largest == c, zero_division=0)
        several[f"recall_{c}"] = S.recall_score(classes == c, largest == c, zero_division=0)
        several[f"specificity_{c}"] = S.recall_score(classes == c, largest == c, pos_label=False)
        several[f"keras_precision_{c}"] = keras_metric(M.Precision(thresholds=0.5, class_id=c), one_hot, outputs)
        several[f"keras_recall_{c}"] = keras_metric(M.Recall(thresholds=0.5, class_id=c), one_hot, outputs)
    several["keras_precision"] = keras_metric(M.Precision(thresholds=0.5), one_hot, outputs)
    several["keras_recall"] = keras_metric(M.Recall(thresholds=0.5), one_hot, outputs)
    several["auc_micro"] = S.roc_auc_score(one_hot.flatten(), outputs.flatten())
    several["auc_1"] = S.roc_auc_score(classes == 1, outputs[:, 1])
    several["auc_200"] = keras_metric(M.AUC(dtype="float32"), one_hot, outputs)
    three = outputs[:, :3].astype(np.float64)
    three /= three.sum(1, keepdims=True)
    three = three.astype(np.float32)
    # roc_auc_score wants rows that sum to one in f64; dividing again changes f32 ranks nowhere, as is asserted.
    wide = three.astype(np.float64)
    wide /= wide.sum(1, keepdims=True)
    for average in ("macro", "weighted"):
        each = [S.roc_auc_score(classes == c, three[:, c]) for c in range(3)]
        share = np.bincount(classes) / n if average == "weighted" else None
        several[f"auc_three_{average}"] = np.average(each, weights=share)
        whole = S.roc_auc_score(classes, wide, multi_class="ovr", average=average)
        assert np.isclose(several[f"auc_three_{average}"], whole, atol=1e-4)

    labels = (rng.random((n, 3)) < [0.2, 0.5, 0.8]).astype(int)
    scores = np.clip(0.4 * labels + rng.random((n, 3)) * 0.7, 0, 1).round(2).astype(np.float32)
    multi = {}
    for average in ("micro", "macro", "weighted"):
        options = {"average": average, "zero_division": 0}
        multi[f"precision_{average}"] = S.precision_score(labels, scores > 0.5, **options)
        multi[f"recall_{average}"] = S.recall_score(labels, scores > 0.5, **options)
        multi[f"f1_{average}"] = S.f1_score(labels, scores > 0.5, **options)
        multi[f"auc_{average}"] = S.roc_auc_score(labels, scores, average=average)
        multi[f"average_precision_{average}"] = S.average_precision_score(labels, scores, average=average)
    assert np.isclose(multi["precision_micro"], keras_metric(M.Precision(), labels, scores))
    multi["auc_200"] = keras_metric(M.AUC(dtype="float32"), labels, scores)
    multi["auc_pr_200"] = keras_metric(M.AUC(curve="PR", dtype="float32"), labels, scores)

    # The second number is large and varies little.
    targets = (rng.normal(size=(n, 2)) * [2, 1] + [0, 4096]).astype(np.float32)
    predictions = (0.8 * (targets - [0, 4096]) + rng.normal(size=(n, 2)) * 0.5 + [0, 4096]).astype(np.float32)
    t, y = targets.astype(np.float64), predictions.astype(np.float64)
    regression = {
        "mean_absolute_error": S.mean_absolute_error(t, y),
        "mean_squared_error": S.mean_squared_error(t, y),
        "root_mean_squared_error": keras_metric(M.RootMeanSquaredError(), t, y),
        "mean_absolute_percentage_error": keras_metric(M.MeanAbsolutePercentageError(), t, y),
        "r2": S.r2_score(t, y),
        "pearson": np.mean([stats.pearsonr(t[:, i], y[:, i]).statistic for i in range(2)]),
    }
    assert np.isclose(regression["r2"], keras_metric(M.R2Score(), t, y), atol=1e-6)

    write("metrics.json", {
        "binary": {"truth": truth.tolist(), "score": numbers(score), "logit": numbers(logit), "values": binary},
        "classes": {
            "classes": classes.tolist(), "outputs": numbers(outputs), "three": numbers(three), "values": several,
        },
        "labels": {"labels": labels.flatten().tolist(), "scores": numbers(scores), "values": multi},
        "numbers": {"targets": numbers(targets), "predictions": numbers(predictions), "values": regression},
    })


def accuracies():
    """Accuracies, percentages and confusion matrices of forty samples, with many ties, soft labels and outputs far out."""
    rng = np.random.default_rng(3)
    n, width = 40, 5
    M = keras.metrics

    # Class 3 is never true, class 4 never predicted; of equal outputs the first counts.
    classes = rng.integers(0, 4, n)
    classes[classes == 3] = 4
    outputs = (rng.normal(size=(n, width)) * 2).round()
    outputs[:, 4] = outputs.min(1) - 1
    outputs[0] = 0.0
    outputs[1] = [1e4, -1e4, 1e4, 0, -1e4]
    outputs[2] = [-1e4, -1e4, -1e4, 1e4, -1e4]
    outputs[3] = [-1e4, 1e4, 1e4, 1e4, -1e4]
    outputs = outputs.astype(np.float32)
    largest = outputs.argmax(1)
    assert set(largest) == {0, 1, 2, 3} and set(classes) == {0, 1, 2, 4}
    tied = (outputs == outputs.max(1, keepdims=True)).sum(1) > 1
    assert 10 <= tied.sum() <= 30
    one_hot = np.eye(width)[classes]
    soft = (0.1 + 0.5 * one_hot).astype(np.float32)
    # Labels that are equally sure of two classes: the first counts.
    soft[::4] = np.float32([0.1, 0.35, 0.35, 0.1, 0.1])
    smooth = rng.normal(size=(n, width)).astype(np.float32)
    values = {
        "sparse": keras_metric(M.SparseCategoricalAccuracy(), classes, outputs),
        "categorical": keras_metric(M.CategoricalAccuracy(), one_hot, outputs),
        "categorical_soft": keras_metric(M.CategoricalAccuracy(), soft, outputs),
    }
    assert np.isclose(values["sparse"], S.accuracy_score(classes, largest))
    assert np.isclose(values["categorical_soft"], S.accuracy_score(soft.argmax(1), largest))
    for k in range(1, width + 1):
        values[f"top_{k}"] = keras_metric(M.SparseTopKCategoricalAccuracy(k), classes, outputs)
        assert values[f"top_{k}"] == keras_metric(M.TopKCategoricalAccuracy(k), one_hot, outputs)
        values[f"top_{k}_soft"] = keras_metric(M.TopKCategoricalAccuracy(k), soft, outputs)
        # scikit-learn breaks ties by place, so it has a word where there are none.
        values[f"top_{k}_without_ties"] = S.top_k_accuracy_score(classes, smooth, k=k, labels=range(width))
        assert np.isclose(
            values[f"top_{k}_without_ties"], keras_metric(M.SparseTopKCategoricalAccuracy(k), classes, smooth)
        )

    # Half of the scores lie on the threshold. A soft truth is never what a score says.
    truth = rng.integers(0, 2, n)
    score = np.where(rng.random(n) < 0.5, 0.5, rng.random(n).round(1)).astype(np.float32)
    logit = (rng.normal(size=n) * 2).round().astype(np.float32)
    logit[:4] = [1e4, -1e4, 1e4, -1e4]
    soft_truth = np.where(rng.random(n) < 0.3, 0.25, truth).astype(np.float32)
    labels = rng.integers(0, 2, (n, 3)).astype(np.float32)
    labels[::5] = [0.5, 1, 0]
    scores = rng.random((n, 3)).round(1).astype(np.float32)
    sigmoid = lambda z: 1 / (1 + np.exp(-z.astype(np.float64)))
    with np.errstate(over="ignore"):
        of_logits = keras_metric(M.BinaryAccuracy(), truth, sigmoid(logit))
    binary = {
        "plain": keras_metric(M.BinaryAccuracy(), truth, score),
        "of_logits": of_logits,
        "soft": keras_metric(M.BinaryAccuracy(), soft_truth, score),
        "of_several": keras_metric(M.BinaryAccuracy(), labels, scores),
    }
    assert np.isclose(binary["plain"], S.accuracy_score(truth, score > 0.5))
    assert np.isclose(binary["of_logits"], S.accuracy_score(truth, logit > 0))

    counts = S.confusion_matrix(classes, largest, labels=range(width))
    shares = {"labels": range(width), "average": None, "zero_division": np.nan}
    none = lambda values: [None if np.isnan(value) else value for value in values]
    confusion = {
        "counts": counts.flatten().tolist(),
        "accuracy": S.accuracy_score(classes, largest),
        "recall": none(S.recall_score(classes, largest, **shares)),
        "precision": none(S.precision_score(classes, largest, **shares)),
    }
    assert None in confusion["recall"] and None in confusion["precision"]

    targets = rng.normal(size=n).round().astype(np.float32)
    predictions = (targets + rng.normal(size=n)).astype(np.float32)
    targets[:2], predictions[:2] = [1e4, -1e4], [-1e4, 1e4]
    # Some zeros are predicted exactly.
    predictions[np.flatnonzero(targets == 0)[::2]] = 0.0
    assert (targets == 0).sum() > 10
    percentage = {
        # In f64, as Keras's metric is a mean in f32.
        "value": each_of(K.MeanAbsolutePercentageError(), f32(targets)[:, None], f32(predictions)[:, None]).mean().item(),
    }
    metric = keras_metric(M.MeanAbsolutePercentageError(), targets, predictions)
    assert np.isclose(percentage["value"], metric, rtol=1e-5)

    write("accuracies.json", {
        "classes": {
            "classes": classes.tolist(), "outputs": numbers(outputs), "soft": numbers(soft), "smooth": numbers(smooth),
            "values": values,
        },
        "binary": {
            "truth": truth.tolist(), "score": numbers(score), "logit": numbers(logit),
            "soft_truth": numbers(soft_truth), "labels": numbers(labels), "scores": numbers(scores), "values": binary,
        },
        "confusion": confusion,
        "percentage": {"targets": numbers(targets), "predictions": numbers(predictions), "values": percentage},
    })


if __name__ == "__main__":
    losses()
    metrics()
    accuracies()
