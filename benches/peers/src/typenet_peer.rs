//! typenet itself.

use typenet::kernels::Rng;
use typenet::layers::Model;
use typenet::losses::Loss;
use typenet::model::LossesFit;
use typenet::prelude::*;
use typenet::schema::{FloatArray, Single};

use crate::cases::{ADAM_RATE, CHECK_STEPS, Data, MOMENTUM_RATE, Options, rate, report, report_absence};

model! { W1Mlp < Dense(784 => 512, relu), Dense(512 => 10, softmax) > }
model! { W2Tiny < Dense(30 => 64, relu), Dense(64 => 32, relu), Dense(32 => 1, sigmoid) > }

const NAME: &str = "typenet";

pub fn run(options: &Options) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build().expect("threads");
    pool.install(|| {
        workload::<W1Mlp, _>(options, "w1", CategoricalCrossEntropy);
        workload::<W2Tiny, _>(options, "w2", BinaryCrossEntropy);
    });
    // A model joins W1 and W2 above as soon as its layers exist; `cases.py` says what it is and how its weights lie.
    for (name, layers) in ABSENT {
        if !options.train(name).is_empty() || !options.predict(name).is_empty() {
            eprintln!("skipped: typenet on {name} (no such layer yet: {layers})");
            report_absence(options, NAME, name, "no such layer yet");
        }
    }
}

/// Workloads whose layers are still to come.
const ABSENT: [(&str, &str); 4] = [
    ("w3", "Conv2d, MaxPool2d"),
    ("w4", "Conv2d, BatchNorm2d, MaxPool2d"),
    ("w5", "LSTM"),
    ("w6", "MultiHeadAttention, LayerNorm"),
];

fn workload<M, L>(options: &Options, name: &str, loss: L)
where
    M: Model<Sample: Single, Prediction: FloatArray>,
    L: Loss<M::Head, M::Prediction, u8> + Copy,
    for<'a> M::Prediction: LossesFit<M, L, &'a [u8]>,
{
    let data = Data::load(options, name);
    let samples: &[M::Sample] = bytemuck::cast_slice(&data.inputs);
    let mut model = M::zeros();
    model.block_mut().copy_from_slice(&data.weights);
    for (optimizer, batch) in options.train(name) {
        let (loss, rate) = match optimizer {
            "momentum" => {
                train(options, &*model, Sgd::new(MOMENTUM_RATE).momentum(0.9), loss, samples, &data, batch)
            }
            _ => train(options, &*model, Adam::new(ADAM_RATE), loss, samples, &data, batch),
        };
        report(NAME, "train", name, Some(optimizer), batch, rate, Some(loss));
    }
    for batch in options.predict(name) {
        let mut predictions: Vec<M::Prediction> = vec![bytemuck::Zeroable::zeroed(); batch];
        let mut predictor = Predictor::<M>::new(batch);
        let rate =
            rate(batch, options.seconds, || predictor.predict(&model, Single::many(&samples[..batch]), Single::many_mut(&mut predictions)));
        report(NAME, "predict", name, None, batch, rate, None);
    }
}

fn train<M, O, L>(
    options: &Options,
    model: &M,
    optimizer: O,
    loss: L,
    samples: &[M::Sample],
    data: &Data,
    batch: usize,
) -> (f64, f64)
where
    M: Model<Sample: Single, Prediction: FloatArray>,
    O: Optimizer,
    L: Loss<M::Head, M::Prediction, u8>,
    for<'a> M::Prediction: LossesFit<M, L, &'a [u8]>,
{
    let mut trainer = model.to_boxed().compile(optimizer, loss, ());
    let batches = samples.len() / batch;
    let mut at = 0;
    let mut step = || {
        let first = at % batches * batch;
        at += 1;
        let labels = &data.labels[first..first + batch];
        trainer.train_on_batch(Single::many(&samples[first..first + batch]), labels, &Rng::seed(0)).expect("a step")
    };
    let losses: Vec<f64> = (0..CHECK_STEPS).map(|_| step()).collect();
    let rate = rate(batch, options.seconds, || {
        step();
    });
    (losses[CHECK_STEPS - 1], rate)
}
