"""ONNX Runtime, inference."""

import onnxruntime as ort

import cases
import export

options = cases.options()
settings = ort.SessionOptions()
settings.intra_op_num_threads = options.threads
settings.inter_op_num_threads = 1
for workload, batch in cases.wanted(options, dense=True)[1]:
    model = export.onnx_model(options.data, workload, batch)
    session = ort.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
    feed = {"x": export.inputs(options.data, workload, batch)}

    def run(calls):
        for _ in range(calls):
            session.run(None, feed)

    cases.report("ONNX Runtime", "predict", workload, None, batch, cases.rate(run, batch, options.seconds))
