"""Writes events.txt: records of event files as TensorFlow's protocol buffers and record writer make them, in hex."""

import pathlib
import tempfile

import tensorflow as tf
from tensorflow.core.framework.summary_pb2 import Summary
from tensorflow.core.util.event_pb2 import Event, SessionLog


def scalars(**values):
    return Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])


events = [
    # A step of 0 is left out by proto3's writers and may be written; ours always writes it.
    (Event(wall_time=1.5, file_version="brain.Event:2"), bytes([0x10, 0])),
    (Event(wall_time=1.5, step=300, summary=scalars(epoch_loss=0.25, epoch_accuracy=-1e-3)), b""),
    (Event(wall_time=1.5, step=1 << 40, summary=scalars(**{"t" * 200: float("nan")})), b""),
    (Event(wall_time=1.5, step=7, session_log=SessionLog(status=SessionLog.START)), b""),
]

lines = [f"# TensorFlow {tf.__version__}"]
for event, step in events:
    serialized = event.SerializeToString(deterministic=True)
    wall_time = 9  # bytes: key and double
    serialized = serialized[:wall_time] + step + serialized[wall_time:]
    assert Event.FromString(serialized) == event or "nan" in str(event)
    with tempfile.NamedTemporaryFile() as file:
        with tf.io.TFRecordWriter(file.name) as writer:
            writer.write(serialized)
        lines.append(pathlib.Path(file.name).read_bytes().hex())

pathlib.Path(__file__).with_name("events.txt").write_text("\n".join(lines) + "\n")
