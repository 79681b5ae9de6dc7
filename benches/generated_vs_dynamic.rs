//! The generated code beside a dynamic executor with the same kernels: training step and inference of three
//! models with 1, 32 and 256 samples. And a model of small widths beside a loop over arrays.

mod dynamic;

use core::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dynamic::{Dense, Sequential, uniform};
use typenet::kernels::{Function, Rng};
use typenet::layers::Activation;
use typenet::losses::Loss;
use typenet::model::LossesFit;
use typenet::prelude::*;
use typenet::schema::{FloatArray, Single};

model! { Tiny < Dense(30 => 64, relu), Dense(64 => 32, relu), Dense(32 => 1, sigmoid) > }
model! { Small < Dense(64 => 128, relu), Dense(128 => 64, relu), Dense(64 => 10, softmax) > }
model! { Mlp < Dense(784 => 512, relu), Dense(512 => 10, softmax) > }
model! { Narrow < Dense(8 => 16, relu), Dense(16 => 16, relu), Dense(16 => 4) > }

const BATCHES: [usize; 3] = [1, 32, 256];
/// Samples in memory. Steps walk over them, as training does.
const ROWS: usize = 2048;

/// The same network, layer by layer, with the weights of `block`.
fn sequential(block: &[f32], widths: &[usize], head: Function) -> Sequential {
    let mut block = block;
    let last = widths.len() - 2;
    let layers = widths.windows(2).enumerate().map(|(i, width)| {
        let (weight, rest) = block.split_at(width[0] * width[1]);
        let (bias, rest) = rest.split_at(width[1]);
        block = rest;
        let function = if i == last { head } else { Function::Relu };
        Box::new(Dense::new(width[0], width[1], function, weight, bias)) as Box<dyn dynamic::Layer>
    });
    Sequential::new(layers.collect())
}

fn compare<M, L, Y>(criterion: &mut Criterion, widths: &[usize], loss: L, label: impl Fn(usize) -> Y)
where
    M: Model<Sample: Single, Prediction: FloatArray>,
    L: Loss<M::Head, M::Prediction, Y> + Copy,
    for<'a> M::Prediction: LossesFit<M, L, &'a [Y]>,
    Y: Sync + Send,
{
    for batch in BATCHES {
        let values = uniform(ROWS * widths[0], 1);
        let samples: &[M::Sample] = bytemuck::cast_slice(&values);
        let labels: Vec<Y> = (0..ROWS).map(&label).collect();

        let mut group = criterion.benchmark_group(format!("{}/train/{batch}", M::NAME));
        group.throughput(Throughput::Elements(batch as u64));
        let mut trainer = M::new(1).compile(Adam::default(), loss, ());
        let rng = Rng::seed(1);
        group.bench_function(BenchmarkId::from_parameter("generated"), |bencher| {
            let mut batches = samples.chunks(batch).zip(labels.chunks(batch)).cycle();
            bencher.iter(|| {
                let (samples, labels) = batches.next().expect("a cycle does not end");
                trainer.train_on_batch(Single::many(samples), labels, &rng).expect("a step")
            });
        });
        let model = M::new(1);
        // The loss works on logits, as in the generated code.
        let mut dynamic = sequential(model.block(), widths, Function::Linear);
        let mut optimizers: Vec<_> = widths
            .windows(2)
            .flat_map(|width| [width[0] * width[1], width[1]])
            .map(|len| {
                (Adam::default(), (0..2).map(|_| vec![0.0; len].into_boxed_slice()).collect::<Vec<_>>())
            })
            .collect();
        let mut step = 0;
        group.bench_function(BenchmarkId::from_parameter("dynamic"), |bencher| {
            let mut batches = values.chunks(batch * widths[0]).zip(labels.chunks(batch)).cycle();
            bencher.iter(|| {
                step += 1;
                let (values, labels) = batches.next().expect("a cycle does not end");
                let evaluate = |logits: &mut [f32], grad: &mut [f32]| {
                    black_box(loss.evaluate(labels, None, logits, Some(grad)));
                };
                dynamic.step(values, batch, evaluate, &mut optimizers, step);
            });
        });
        group.finish();

        let mut group = criterion.benchmark_group(format!("{}/predict/{batch}", M::NAME));
        group.throughput(Throughput::Elements(batch as u64));
        let mut predictor = Predictor::<M>::new(batch);
        let mut predictions: Vec<M::Prediction> = vec![bytemuck::Zeroable::zeroed(); batch];
        group.bench_function(BenchmarkId::from_parameter("generated"), |bencher| {
            bencher.iter(|| {
                predictor.predict(
                    &model,
                    Single::many(black_box(&samples[..batch])),
                    Single::many_mut(&mut predictions),
                )
            });
        });
        let mut dynamic = sequential(model.block(), widths, <M::Head as Activation>::FUNCTION);
        group.bench_function(BenchmarkId::from_parameter("dynamic"), |bencher| {
            bencher.iter(|| dynamic.forward(black_box(&values[..batch * widths[0]]), batch, false));
        });
        group.finish();
    }
}

/// `max(x·weight + bias, floor)` as one writes it by hand; `values` is the weight, then the bias.
fn dense<const I: usize, const O: usize>(values: &[f32], x: &[f32; I], floor: f32) -> [f32; O] {
    let (weight, bias) = values.split_at(I * O);
    let weight: &[[f32; O]; I] = bytemuck::cast_slice(weight).try_into().expect("I rows");
    let mut y: [f32; O] = bias.try_into().expect("a number for each unit");
    for i in 0..I {
        for o in 0..O {
            y[o] += x[i] * weight[i][o];
        }
    }
    y.map(|y| y.max(floor))
}

/// [`Narrow`] without this library.
#[inline(never)]
fn narrow_by_hand(block: &[f32], x: &[f32; 8]) -> [f32; 4] {
    let (first, rest) = block.split_at(8 * 16 + 16);
    let (second, third) = rest.split_at(16 * 16 + 16);
    let x: [f32; 16] = dense(first, x, 0.0);
    let x: [f32; 16] = dense(second, &x, 0.0);
    dense(third, &x, f32::NEG_INFINITY)
}

/// One sample after the other; none waits for another's answer.
fn narrow(criterion: &mut Criterion) {
    let (model, values) = (Narrow::new(1), uniform(64 * 8, 1));
    let samples: &[[f32; 8]] = bytemuck::cast_slice(&values);
    for x in samples {
        for (a, b) in model.predict(x).into_iter().zip(narrow_by_hand(model.block(), x)) {
            assert!((a - b).abs() < 1e-5, "{a} and {b}");
        }
    }
    let mut group = criterion.benchmark_group("Narrow/predict/64 times 1");
    group.throughput(Throughput::Elements(64));
    group.bench_function(BenchmarkId::from_parameter("generated"), |bencher| {
        bencher.iter(|| {
            for x in samples {
                black_box(model.predict(black_box(x)));
            }
        });
    });
    group.bench_function(BenchmarkId::from_parameter("loop"), |bencher| {
        bencher.iter(|| {
            for x in samples {
                black_box(narrow_by_hand(black_box(model.block()), black_box(x)));
            }
        });
    });
    group.finish();
}

fn benches(criterion: &mut Criterion) {
    narrow(criterion);
    compare::<Tiny, _, _>(criterion, &[30, 64, 32, 1], BinaryCrossEntropy, |i| i % 3 == 0);
    compare::<Small, _, _>(criterion, &[64, 128, 64, 10], CategoricalCrossEntropy, |i| (i % 10) as u8);
    compare::<Mlp, _, _>(criterion, &[784, 512, 10], CategoricalCrossEntropy, |i| (i % 10) as u8);
}

criterion_group! {
    name = all;
    config = Criterion::default()
        .warm_up_time(core::time::Duration::from_millis(300))
        .measurement_time(core::time::Duration::from_secs(1));
    targets = benches
}
criterion_main!(all);
