//! Every workload on one thread, on two, and on four, which are more than many machines have cores: sharing must never lose.
//!
//! `cargo bench -p typenet-benches --bench threads`; a word behind `--` chooses lines that contain it. Each line is one training or prediction in samples a second, the median of
//! several turns of each number of threads, one after the other, so that a noisy moment meets them all.

use core::hint::black_box;
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuilder};
use typenet::kernels::Rng;
use typenet::losses::Loss;
use typenet::model::LossesFit;
use typenet::prelude::*;
use typenet::schema::{FloatArray, Single};

model! { Mlp < Dense(784 => 512, relu), Dense(512 => 10, softmax) > }
model! { Tiny < Dense(30 => 64, relu), Dense(64 => 32, relu), Dense(32 => 1, sigmoid) > }

const COUNTS: [usize; 3] = [1, 2, 4];
const TURNS: usize = 9;
/// How long a turn goes on at least.
const TURN: Duration = Duration::from_millis(40);
/// Samples in memory. Steps walk over them, as training does.
const ROWS: usize = 2048;

fn main() {
    let pools = COUNTS.map(|count| ThreadPoolBuilder::new().num_threads(count).build().expect("threads"));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    print!("{:<32}", format!("samples a second, {cores} cores"));
    COUNTS
        .iter()
        .for_each(|count| print!("{:>14}", format!("{count} thread{}", if *count == 1 { "" } else { "s" })));
    COUNTS[1..].iter().for_each(|count| print!("{:>8}", format!("{count} ÷ 1")));
    println!();
    let class = |i: usize| (i % 10) as u8;
    for batch in [1, 4, 16, 32, 64, 128, 512] {
        train::<Mlp, _, _, _>(
            &pools,
            "W1 momentum",
            batch,
            Sgd::new(0.01).momentum(0.9),
            CategoricalCrossEntropy,
            class,
        );
        train::<Mlp, _, _, _>(&pools, "W1 Adam", batch, Adam::default(), CategoricalCrossEntropy, class);
    }
    for batch in [1, 16, 64, 256, 1024] {
        predict::<Mlp>(&pools, "W1 predict", batch);
    }
    for batch in [1, 32, 128, 256, 512, 1024] {
        train::<Tiny, _, _, _>(&pools, "W2 Adam", batch, Adam::default(), BinaryCrossEntropy, |i| i % 3 == 0);
    }
    for batch in [1, 32, 256, 1024] {
        predict::<Tiny>(&pools, "W2 predict", batch);
    }
}

/// Numbers in −½..½ for [`ROWS`] samples.
fn samples<T: bytemuck::Pod>() -> Vec<T> {
    let mut rng = Rng::seed(1);
    let floats = ROWS * size_of::<T>() / size_of::<f32>();
    let values: Vec<f32> = (0..floats).map(|_| (rng.uniform() - 0.5) as f32).collect();
    bytemuck::cast_slice(&values).to_vec()
}

fn train<M, O, L, Y>(
    pools: &[ThreadPool; COUNTS.len()],
    name: &str,
    batch: usize,
    optimizer: O,
    loss: L,
    label: impl Fn(usize) -> Y,
) where
    M: Model<Sample: Single, Prediction: FloatArray>,
    O: Optimizer + Clone,
    L: Loss<M::Head, M::Prediction, Y> + Copy,
    for<'a> M::Prediction: LossesFit<M, L, &'a [Y]>,
    Y: Sync + Send,
{
    let samples: Vec<M::Sample> = samples();
    let labels: Vec<Y> = (0..ROWS).map(label).collect();
    let rng = Rng::seed(1);
    let steps = COUNTS.map(|_| {
        let mut trainer = M::new(1).compile(optimizer.clone(), loss, ());
        let mut batches = samples.chunks(batch).zip(labels.chunks(batch)).cycle();
        let rng = &rng;
        move || {
            let (samples, labels) = batches.next().expect("a cycle does not end");
            trainer.train_on_batch(Single::many(samples), labels, rng).expect("a step");
        }
    });
    compare(pools, name, batch, steps);
}

fn predict<M: Model<Sample: Single, Prediction: Single>>(
    pools: &[ThreadPool; COUNTS.len()],
    name: &str,
    batch: usize,
) {
    let (samples, model): (Vec<M::Sample>, _) = (samples(), M::new(1));
    let steps = COUNTS.map(|_| {
        let mut predictor = Predictor::<M>::new(batch);
        let mut predictions: Vec<M::Prediction> = vec![bytemuck::Zeroable::zeroed(); batch];
        let (samples, model) = (&samples, &model);
        move || {
            let samples = Single::many(black_box(&samples[..batch]));
            predictor.predict(model, samples, Single::many_mut(&mut predictions));
        }
    });
    compare(pools, name, batch, steps);
}

/// Runs each step in its own pool, in turns, and prints their rates.
fn compare<F: FnMut() + Send>(
    pools: &[ThreadPool; COUNTS.len()],
    name: &str,
    batch: usize,
    mut steps: [F; COUNTS.len()],
) {
    let name = format!("{name} batch {batch}");
    if std::env::args().skip(1).any(|word| !word.starts_with("--") && !name.contains(&word)) {
        return;
    }
    let mut rates = COUNTS.map(|_| Vec::new());
    for _ in 0..TURNS {
        for ((pool, step), rates) in pools.iter().zip(&mut steps).zip(&mut rates) {
            rates.push(pool.install(|| batch as f64 * rate(step)));
        }
    }
    let rates = rates.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates[TURNS / 2]
    });
    print!("{name:<32}");
    rates.iter().for_each(|rate| print!("{rate:>14.0}"));
    rates[1..].iter().for_each(|rate| print!("{:>8.2}", rate / rates[0]));
    println!();
}

/// Calls a second, after some that do not count.
fn rate(step: &mut impl FnMut()) -> f64 {
    let mut calls = 1;
    loop {
        let start = Instant::now();
        for _ in 0..calls {
            step();
        }
        let took = start.elapsed();
        if took >= TURN {
            return calls as f64 / took.as_secs_f64();
        }
        calls = if took < TURN / 16 { calls * 8 } else { calls * 2 };
    }
}
