"""OpenVINO, inference in f32."""

import io

import openvino as ov

import cases
import export

options = cases.options()
core = ov.Core()
for workload, batch in cases.wanted(options, dense=True)[1]:
    model = core.read_model(io.BytesIO(export.onnx_model(options.data, workload, batch)))
    settings = {"INFERENCE_NUM_THREADS": options.threads, "INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1}
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    feed = [ov.Tensor(export.inputs(options.data, workload, batch))]

    def run(calls):
        for _ in range(calls):
            request.infer(feed)

    cases.report("OpenVINO f32", "predict", workload, None, batch, cases.rate(run, batch, options.seconds))
