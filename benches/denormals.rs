//! Whether training slows down where numbers decay towards zero: subnormal numbers cost many processors a hundred times as
//! much, and steps should meet none.
//!
//! `cargo bench -p typenet-benches --bench denormals`. Every optimizer over a million weights: its first steps beside steps 1,500 after the last
//! gradient. Then three trainings: a classifier whose logits are far apart beside one whose logits are near, and the last epochs
//! of two runs on bundled data beside their first. Each time is the fastest of several; each ratio should be at most 1.1.

use std::time::Duration;

use criterion::measurement::{Measurement, WallTime};
use typenet::data::{Standardizer, breast_cancer, digits};
use typenet::kernels::Rng;
use typenet::losses::Loss;
use typenet::model::LossesFit;
use typenet::optimizers::Options;
use typenet::prelude::*;
use typenet::schema::{FloatArray, Record};

model! { Mlp < Dense(784 => 512, relu), Dense(512 => 10, softmax) > }
model! { Digits < Dense(64 => 512, relu), Dense(512 => 10, softmax) > }
model! { Cancer < Dense(30 => 64, relu), Dense(64 => 32, relu), Dense(32 => 1, sigmoid) > }

const WEIGHTS: usize = 1 << 20;
/// Steps without a gradient.
const DECAY: usize = 1500;

fn main() {
    println!("{:<40}{:>12}{:>12}{:>8}", "", "first, µs", "later, µs", "ratio");
    for (name, optimizer) in optimizers() {
        decay(name, &*optimizer);
    }
    for gap in [75, 85, 95, 100] {
        far_logits(gap);
    }
    let digits = digits::load().train;
    let trainer = Digits::new(1).compile(Adam::new(0.001), CategoricalCrossEntropy, ());
    epochs("digits, epochs 1 to 10 and 51 to 60", trainer, &digits.inputs, &digits.labels, 60);
    let mut cases = breast_cancer::load().join();
    let standardizer = Standardizer::fit(&cases.inputs);
    standardizer.apply(&mut cases.inputs);
    let trainer = Cancer::new(1).compile(Adam::new(0.003), BinaryCrossEntropy, ());
    epochs("cancer, epochs 1 to 10 and 391 to 400", trainer, &cases.inputs, &cases.labels, 400);
}

fn optimizers() -> Vec<(&'static str, Box<dyn Optimizer>)> {
    let decayed: Options<Sgd> = Sgd::new(0.5).weight_decay(0.2).average(0.9);
    vec![
        ("sgd", Box::new(Sgd::default())),
        ("sgd momentum", Box::new(Sgd::default().momentum(0.9))),
        ("sgd nesterov", Box::new(Sgd::default().momentum(0.9).nesterov())),
        ("adam", Box::new(Adam::default())),
        ("adam amsgrad", Box::new(Adam::default().amsgrad())),
        ("adam, both betas 0.9", Box::new(Adam::default().beta_2(0.9))),
        ("adamw", Box::new(AdamW::default())),
        ("nadam", Box::new(Nadam::default())),
        ("rmsprop", Box::new(RmsProp::default())),
        ("rmsprop centered momentum", Box::new(RmsProp::default().centered().momentum(0.9))),
        ("adagrad", Box::new(Adagrad::default())),
        ("adadelta", Box::new(Adadelta::default())),
        ("adamax", Box::new(Adamax::default())),
        ("ftrl", Box::new(Ftrl::default())),
        ("lion", Box::new(Lion::default())),
        ("lamb", Box::new(Lamb::default())),
        ("sgd, decay and average", Box::new(decayed)),
        ("sgd momentum, accumulate 2", Box::new(Sgd::default().momentum(0.9).accumulate(2))),
    ]
}

fn print(name: &str, first: Duration, later: Duration) {
    let [first, later] = [first, later].map(|time| time.as_secs_f64() * 1e6);
    println!("{name:<40}{first:>12.1}{later:>12.1}{:>8.2}", later / first);
}

/// The fastest of several runs of `work`, because everything else that a machine does only adds to it.
fn fastest(runs: usize, mut work: impl FnMut()) -> Duration {
    let time = || {
        let start = WallTime.start();
        work();
        WallTime.end(start)
    };
    core::iter::repeat_with(time).take(runs).min().expect("at least one run")
}

fn decay(name: &str, optimizer: &dyn Optimizer) {
    let gradients: Vec<f32> = (0..WEIGHTS).map(|i| ((i * 7919) % 1009) as f32 / 1009.0 - 0.5).collect();
    let none = vec![0.0; WEIGHTS];
    let mut weights = vec![0.5; WEIGHTS];
    let mut slots = vec![vec![0.0; WEIGHTS]; optimizer.slots().len()];
    let mut slots: Vec<&mut [f32]> = slots.iter_mut().map(AsMut::as_mut).collect();
    let mut step = 0;
    let mut update = |gradients: &[f32]| {
        step += 1;
        optimizer.update(step, &mut weights, gradients, &mut slots);
    };
    // Two steps are one run, for what happens in every second.
    let first = fastest(20, || (0..2).for_each(|_| update(&gradients)));
    (0..DECAY).for_each(|_| update(&none));
    let later = fastest(20, || (0..2).for_each(|_| update(&none)));
    print(name, first / 2, later / 2);
}

fn far_logits(gap: u8) {
    const BATCH: usize = 32;
    let mut rng = Rng::seed(1);
    let samples: Vec<[f32; 784]> =
        (0..BATCH).map(|_| core::array::from_fn(|_| rng.uniform() as f32)).collect();
    let step = |gap: f32| {
        let mut model = Mlp::new(1);
        model.dense_2_mut().bias().expect("a bias")[1..].fill(-gap);
        let mut trainer = model.compile(Sgd::new(1e-6).momentum(0.9), CategoricalCrossEntropy, ());
        fastest(50, || {
            trainer.train_on_batch(&samples, &[0_u8; BATCH], &Rng::seed(1)).expect("a step");
        })
    };
    print(&format!("softmax, logits {gap} apart"), step(0.0), step(gap.into()));
}

fn epochs<M, S, L, Y: Copy + Send + Sync>(
    name: &str,
    mut trainer: Trainer<M, Adam, L, ()>,
    samples: &[S],
    labels: &[Y],
    epochs: usize,
) where
    M: for<'a> Model<Sample: Record<Many<'a> = &'a [S]>, Prediction: FloatArray>,
    L: Loss<M::Head, M::Prediction, Y>,
    for<'a> M::Prediction: LossesFit<M, L, &'a [Y]>,
{
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..epochs {
        let start = WallTime.start();
        for (samples, labels) in samples.chunks(32).zip(labels.chunks(32)) {
            trainer.train_on_batch(samples, labels, &Rng::seed(1)).expect("a step");
        }
        times.push(WallTime.end(start));
    }
    let fastest = |times: &[Duration]| *times.iter().min().expect("epochs");
    print(name, fastest(&times[..10]), fastest(&times[epochs - 10..]));
}
