//! Kernels, training steps and inferences beside what the machine can do at most, on one thread and on all.
//!
//! `cargo bench -p typenet-benches --bench kernels`; `TYPENET_ISA=avx2` and the like choose another instruction set.

mod limits;
mod measure;

use limits::{LEVELS, bandwidth, peak};
use measure::{Threads, fastest};
use typenet::hardware::isa::{Isa, isa};
use typenet::kernels::{Function, Map, Matrix, Product, Rng, Tail};
use typenet::layers::Model;
use typenet::losses::Loss;
use typenet::model::LossesFit;
use typenet::prelude::*;
use typenet::schema::{FloatArray, Single};

model! { Mlp < Dense(784 => 512, relu), Dense(512 => 10, softmax) > }
model! { Tiny < Dense(30 => 64, relu), Dense(64 => 32, relu), Dense(32 => 1, sigmoid) > }

fn main() {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    println!("instruction set {}; fastest of many runs of each", isa());
    for count in if all > 1 { vec![1, all] } else { vec![1] } {
        let threads = Threads::new(count);
        println!("\n{count} thread{}\n", if count == 1 { "" } else { "s" });
        let peak = print_limits(&threads);
        threads.run(|| {
            products(peak);
            maps();
            updates();
            network::<Mlp, _>(
                CategoricalCrossEntropy,
                |i| (i % 10) as u8,
                peak,
                &[1, 32, 128, 512],
                &[1, 64, 1024],
            );
            network::<Tiny, _>(BinaryCrossEntropy, |i| (i % 2) as u8, peak, &[32, 256], &[1, 1024]);
        });
    }
}

/// Prints what the machine can do, and returns the multiplications and additions a second of the instruction set in use.
fn print_limits(threads: &Threads) -> f64 {
    let mut of_chosen = f64::NAN;
    for set in Isa::available() {
        let peak = peak(set, threads);
        println!("{:40} {peak:8.1} GFLOP/s", format!("multiply-adds, {set}"));
        if set == isa() {
            of_chosen = peak;
        }
    }
    for level in &LEVELS {
        let [read, written] = bandwidth(level, threads);
        let name = format!("{}, {} KiB a thread", level.name, level.bytes >> 10);
        println!("{name:40} {read:8.1} GB/s read, {written:.1} GB/s read and written");
    }
    of_chosen
}

fn values(len: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::seed(seed);
    (0..len).map(|_| (rng.uniform() - 0.5) as f32).collect()
}

/// The products of a 784 → 512 → 10 network: forward, gradient by the weight, gradient by the input.
fn products(peak: f64) {
    println!("\n{:40} {:>10} {:>14}", "product", "GFLOP/s", "of the limit");
    for (inputs, outputs) in [(784, 512), (512, 10)] {
        for batch in [1, 4, 8, 16, 32, 64, 128, 256, 512] {
            let (x, w, y) =
                (values(batch * inputs, 1), values(inputs * outputs, 2), values(batch * outputs, 3));
            let x = Matrix::new(&x, batch, inputs);
            let w = Matrix::new(&w, inputs, outputs);
            let y = Matrix::new(&y, batch, outputs);
            for (kind, a, b) in [("x·w ", x, w), ("xᵀ·y", x.transposed(), y), ("y·wᵀ", y, w.transposed())]
            {
                let mut c = vec![0.0; a.rows * b.columns];
                let seconds = fastest(|| f32::product(a, b, Tail::default(), &mut c));
                let rate = (2 * a.rows * a.columns * b.columns) as f64 / seconds / 1e9;
                let name = format!("{kind} {}×{}×{}", a.rows, a.columns, b.columns);
                println!("{name:40} {rate:10.1} {:12.0} %", 100.0 * rate / peak);
            }
        }
    }
}

/// Activations over the outputs of a layer of 512 and 128 samples.
fn maps() {
    println!("\n{:40} {:>10}", "activation, 128×512", "ns a value");
    let from = values(128 * 512, 4);
    let mut to = from.clone();
    for function in [
        Function::Relu,
        Function::Sigmoid,
        Function::Tanh,
        Function::Gelu,
        Function::Softplus,
        Function::Softmax,
    ] {
        let seconds = fastest(|| {
            to.copy_from_slice(&from);
            f32::map(function, 512, &mut to);
        });
        println!("{:40} {:10.3}", format!("{function:?} and a copy"), seconds * 1e9 / from.len() as f64);
    }
}

/// One pass of an optimizer over the parameters of the 784 → 512 → 10 network.
fn updates() {
    println!("\n{:40} {:>10} {:>14}", "optimizer, 407,050 parameters", "µs a pass", "GB/s");
    let gradients = values(Mlp::PARAMETER_COUNT, 5);
    let optimizers: [(&str, &dyn Optimizer); 3] = [
        ("Sgd", &Sgd::new(1e-6)),
        ("Sgd with momentum", &Sgd::new(1e-6).momentum(0.9)),
        ("Adam", &Adam::new(1e-6)),
    ];
    for (name, optimizer) in optimizers {
        let mut parameters = values(Mlp::PARAMETER_COUNT, 6);
        let mut slots: Vec<Vec<f32>> =
            optimizer.slots().iter().map(|_| vec![1e-3; Mlp::PARAMETER_COUNT]).collect();
        let mut slots: Vec<&mut [f32]> = slots.iter_mut().map(Vec::as_mut_slice).collect();
        let seconds = fastest(|| optimizer.update(1, &mut parameters, &gradients, &mut slots));
        // Parameters and slots are read and written, gradients read.
        let bytes = 4 * Mlp::PARAMETER_COUNT * (3 + 2 * slots.len());
        println!("{name:40} {:10.1} {:14.1}", seconds * 1e6, bytes as f64 / seconds / 1e9);
    }
}

/// Training steps and inferences of a network, beside the time that its multiplications and additions take at least.
fn network<M, L>(loss: L, label: impl Fn(usize) -> u8, peak: f64, training: &[usize], inference: &[usize])
where
    M: Model<Sample: Single, Prediction: FloatArray>,
    L: Loss<M::Head, M::Prediction, u8> + Copy,
    for<'a> M::Prediction: LossesFit<M, L, &'a [u8]>,
{
    const ROWS: usize = 2048;
    println!("\n{:40} {:>10} {:>14}", M::NAME, "samples/s", "of the limit");
    let inputs = size_of::<M::Sample>() / size_of::<f32>();
    let values = values(ROWS * inputs, 7);
    let samples: &[M::Sample] = bytemuck::cast_slice(&values);
    let labels: Vec<u8> = (0..ROWS).map(label).collect();
    // Products of a step: forward and by the weight in every layer, by the input in all but the first.
    let first = M::LAYERS[0].info.flops;
    let print = |name: String, batch: usize, seconds: f64, flops: u64| {
        let rate = batch as f64 / seconds;
        let share = 100.0 * rate * flops as f64 / (peak * 1e9);
        println!("{name:40} {rate:10.0} {share:12.0} %");
    };
    let sgd = |batch| step::<M, _, _>(Sgd::new(0.01).momentum(0.9), loss, samples, &labels, batch);
    let adam = |batch| step::<M, _, _>(Adam::new(0.001), loss, samples, &labels, batch);
    for &batch in training {
        print(format!("step, momentum, batch {batch}"), batch, sgd(batch), 3 * M::FLOPS - first);
        print(format!("step, Adam, batch {batch}"), batch, adam(batch), 3 * M::FLOPS - first);
    }
    let model = M::new(1);
    for &batch in inference {
        let mut predictor = Predictor::<M>::new(batch);
        let mut predictions: Vec<M::Prediction> = vec![bytemuck::Zeroable::zeroed(); batch];
        let seconds = fastest(|| {
            predictor.predict(&model, Single::many(&samples[..batch]), Single::many_mut(&mut predictions))
        });
        print(format!("inference, batch {batch}"), batch, seconds, M::FLOPS);
    }
}

/// Seconds of the fastest training step.
fn step<M, O, L>(optimizer: O, loss: L, samples: &[M::Sample], labels: &[u8], batch: usize) -> f64
where
    M: Model<Sample: Single, Prediction: FloatArray>,
    O: Optimizer,
    L: Loss<M::Head, M::Prediction, u8>,
    for<'a> M::Prediction: LossesFit<M, L, &'a [u8]>,
{
    let mut trainer = M::new(1).compile(optimizer, loss, ());
    let rng = Rng::seed(1);
    let mut batches = samples.chunks(batch).zip(labels.chunks(batch)).cycle();
    fastest(|| {
        let (samples, labels) = batches.next().expect("a cycle does not end");
        trainer.train_on_batch(Single::many(samples), labels, &rng).expect("a step");
    })
}
