"""LiteRT (TensorFlow Lite) with XNNPACK, inference."""

import os

import cases

options = cases.options()
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tensorflow as tf  # noqa: E402
from ai_edge_litert.interpreter import Interpreter  # noqa: E402

for workload, batch in cases.wanted(options, dense=True)[1]:
    x, _, layers = cases.load_dense(options.data, workload)
    head = "sigmoid" if cases.WORKLOADS[workload]["loss"] == "binary" else "softmax"
    model = tf.keras.Sequential([tf.keras.Input(batch_shape=(batch, x.shape[1]))])
    for i, (weight, _) in enumerate(layers):
        activation = head if i + 1 == len(layers) else "relu"
        model.add(tf.keras.layers.Dense(weight.shape[1], activation=activation))
    model.set_weights([v for pair in layers for v in pair])
    flat = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    interpreter = Interpreter(model_content=flat, num_threads=options.threads)
    interpreter.allocate_tensors()
    place = interpreter.get_input_details()[0]["index"]
    interpreter.set_tensor(place, x[:batch])

    def run(calls):
        for _ in range(calls):
            interpreter.invoke()

    cases.report("LiteRT", "predict", workload, None, batch, cases.rate(run, batch, options.seconds))
