"""TensorFlow: a training step as a graph, with and without XLA."""

import os

import cases

options = cases.options()
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.sched_setaffinity(0, set(list(os.sched_getaffinity(0))[: options.threads]))

import tensorflow as tf  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(options.threads)
tf.config.threading.set_inter_op_parallelism_threads(1)
XLA = "--xla" in os.environ.get("PEER_FLAGS", "")
NAME = "TensorFlow XLA" if XLA else "TensorFlow graph"


def logits_of(params, x):
    for weight, bias in params[:-1]:
        x = tf.nn.relu(tf.matmul(x, weight) + bias)
    weight, bias = params[-1]
    return tf.matmul(x, weight) + bias


def trainer(workload, optimizer, batch):
    x, y, layers = cases.load_dense(options.data, workload)
    binary = cases.WORKLOADS[workload]["loss"] == "binary"
    params = [(tf.Variable(w), tf.Variable(b)) for w, b in layers]
    flat = [v for pair in params for v in pair]
    rate = cases.LEARNING_RATE[optimizer]
    if optimizer == "momentum":
        update = tf.keras.optimizers.SGD(rate, momentum=cases.MOMENTUM)
    else:
        update = tf.keras.optimizers.Adam(rate, epsilon=cases.EPSILON)
    update.build(flat)

    @tf.function(jit_compile=XLA)
    def step(x, y):
        with tf.GradientTape() as tape:
            logits = logits_of(params, x)
            if binary:
                loss = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(y, tf.float32)[:, None], logits)
            else:
                loss = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(y, tf.int32), logits)
            loss = tf.reduce_mean(loss)
        update.apply_gradients(zip(tape.gradient(loss, flat), flat))
        return loss

    chunks = [(tf.constant(x[i : i + batch]), tf.constant(y[i : i + batch])) for i in range(0, len(x), batch)]
    at = 0

    def run(calls):
        nonlocal at
        for _ in range(calls):
            loss = step(*chunks[at % len(chunks)])
            at += 1
        return loss.numpy()

    return run


if options.kinds == "steps":
    cases.steps(trainer("w1", "momentum", 128))
train, predict = cases.wanted(options, dense=True)
for workload, optimizer, batch in train:
    run = trainer(workload, optimizer, batch)
    loss = run(cases.CHECK_STEPS)
    cases.report(NAME, "train", workload, optimizer, batch, cases.rate(run, batch, options.seconds), loss)
for workload, batch in predict:
    x, _, layers = cases.load_dense(options.data, workload)
    params = [(tf.constant(w), tf.constant(b)) for w, b in layers]
    head = tf.nn.sigmoid if cases.WORKLOADS[workload]["loss"] == "binary" else tf.nn.softmax
    infer = tf.function(lambda x, params=params, head=head: head(logits_of(params, x)), jit_compile=XLA)
    inputs = tf.constant(x[:batch])

    def predict_calls(calls):
        for _ in range(calls):
            out = infer(inputs)
        out.numpy()

    cases.report(NAME, "predict", workload, None, batch, cases.rate(predict_calls, batch, options.seconds))
