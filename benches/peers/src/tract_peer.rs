//! tract: inference of ONNX files.

use tract_onnx::prelude::*;

use crate::cases::{Data, Options, W1, W2, rate, report};

pub fn run(options: &Options) {
    for (name, widths) in [("w1", W1), ("w2", W2)] {
        let data = Data::load(options, name);
        for batch in options.predict(name) {
            let path = options.data.join(format!("{name}_{batch}.onnx"));
            if !path.exists() {
                eprintln!("skipped: tract on {name} with {batch} samples ({} is not there)", path.display());
                continue;
            }
            let model = tract_onnx::onnx().model_for_path(&path).expect("an ONNX file");
            let model = model.into_optimized().and_then(|model| model.into_runnable()).expect("a plan");
            let inputs = data.inputs[..batch * widths[0]].to_vec();
            let input = tract_ndarray::Array2::from_shape_vec((batch, widths[0]), inputs).expect("a batch");
            let input: Tensor = input.into();
            let input: TValue = input.into();
            let rate = rate(batch, options.seconds, || {
                std::hint::black_box(model.run(tvec!(input.clone())).expect("a prediction"));
            });
            report("tract", "predict", name, None, batch, rate, None);
        }
    }
}
