"""The inference networks as ONNX files, for the peers that read them."""

import numpy as np

import cases


def onnx_model(folder, workload, batch):
    """The network with its head for a fixed batch, as serialised ONNX (opset 17)."""
    from onnx import TensorProto, helper, numpy_helper

    _, _, layers = cases.load_dense(folder, workload)
    widths = cases.WORKLOADS[workload]["widths"]
    nodes, weights, name = [], [], "x"
    for i, (weight, bias) in enumerate(layers):
        weights += [numpy_helper.from_array(weight, f"w{i}"), numpy_helper.from_array(bias, f"b{i}")]
        nodes.append(helper.make_node("Gemm", [name, f"w{i}", f"b{i}"], [f"z{i}"]))
        last = i + 1 == len(layers)
        kind = "Relu" if not last else "Sigmoid" if cases.WORKLOADS[workload]["loss"] == "binary" else "Softmax"
        name = "y" if last else f"a{i}"
        nodes.append(helper.make_node(kind, [f"z{i}"], [name]))
    graph = helper.make_graph(
        nodes,
        workload,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, widths[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, widths[-1]])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model.SerializeToString()


def inputs(folder, workload, batch):
    x, _, _ = cases.load_dense(folder, workload)
    return np.ascontiguousarray(x[:batch])
