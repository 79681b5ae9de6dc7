//! The real TensorBoard reads what `TensorBoard` writes. Needs Python with the package `tensorboard`, found as `python3` or
//! as `TYPENET_PYTHON`; without it a line says so, past what the test harness captures. The bytes are checked without it in `io/events.rs`.

use std::io::Write;
use std::process::Command;

use typenet::data::digits;
use typenet::prelude::*;

model! { Net < Dense(64 => 16, relu), Dense(16 => 10, softmax) > }

const READER: &str = r#"
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

found = {}
for run in sys.argv[2:]:
    events = EventAccumulator(f"{sys.argv[1]}/{run}")
    events.Reload()
    tags = events.Tags()
    scalars = {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in tags["scalars"]}
    tensors = {
        tag: [(e.step, float(tensor_util.make_ndarray(e.tensor_proto))) for e in events.Tensors(tag)]
        for tag in tags["tensors"]
    }
    found[run] = scalars | tensors
print(json.dumps(found))
"#;

#[test]
fn tensorboard_reads_every_scalar_of_a_resumed_run_once() {
    let python = std::env::var("TYPENET_PYTHON").unwrap_or_else(|_| "python3".into());
    let has_package = Command::new(&python).args(["-c", "import tensorboard"]).output();
    if !has_package.is_ok_and(|output| output.status.success()) {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: tests/tensor_board.rs: {python} has no package `tensorboard`; TYPENET_PYTHON names another"
        );
        return;
    }
    let digits = digits::load();
    let (inputs, labels) = (&digits.train.inputs[..300], &digits.train.labels[..300]);
    let folder = tempfile::tempdir().expect("a folder");
    let [logs, file] = ["logs", "run.safetensors"].map(|name| folder.path().join(name));
    let run = |interrupt: Option<u64>| {
        let mut trainer = Net::new(1).compile(Adam::default(), CategoricalCrossEntropy, (Accuracy::new(),));
        let mut board = TensorBoard::new(&logs).every_steps(2);
        let mut saved = ModelCheckpoint::new(&file).every_epochs(2);
        let mut lambda = LambdaCallback::new().on_batch_end(|context, _| {
            if Some(context.step()) == interrupt {
                context.stop("a crash");
            }
        });
        let mut fit =
            trainer.fit(inputs, labels).epochs(5).batch_size(100).validation_split(0.1).progress(false);
        if interrupt.is_none() {
            fit = fit.resume(&file);
        }
        fit.callback(&mut board).callback(&mut saved).callback(&mut lambda).run().expect("a run")
    };
    // Three steps in each epoch: the crash comes in epoch 4, the last checkpoint was after epoch 2.
    run(Some(11));
    let history = run(None);
    let output =
        Command::new(&python).args(["-c", READER]).arg(&logs).args(["train", "validation", "batch"]).output();
    let output = output.expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let series = |run: &str, tag: &str| -> Vec<(u64, f32)> {
        let points = found[run][tag].as_array().unwrap_or_else(|| panic!("no {run}/{tag} in {found}")).iter();
        points.map(|p| (p[0].as_u64().expect("a step"), p[1].as_f64().expect("a number") as f32)).collect()
    };
    let expected = |name: &str| -> Vec<(u64, f32)> {
        (1..).zip(history.get(name).expect("a score").into_iter().map(|value| value as f32)).collect()
    };
    assert_eq!(series("train", "epoch_loss"), expected("loss"));
    assert_eq!(series("train", "epoch_accuracy"), expected("accuracy"));
    assert_eq!(series("validation", "epoch_loss"), expected("val_loss"));
    assert_eq!(series("validation", "epoch_accuracy"), expected("val_accuracy"));
    assert_eq!(
        series("train", "epoch_learning_rate"),
        (1..=5).map(|epoch| (epoch, 1e-3)).collect::<Vec<_>>()
    );
    let steps: Vec<u64> = series("batch", "batch_loss").iter().map(|&(step, _)| step).collect();
    assert_eq!(steps, [2, 4, 6, 8, 10, 12, 14]);
}
