//! The generated code beside a dynamic executor with the same kernels: training step and inference of three
//! models with 1, 32 and 256 samples.

mod dynamic;

use core::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dynamic::{Dense, Sequential, uniform};
use typenet::kernels::{Function, Rng};
use typenet::layers::Activation;
use typenet::losses::Loss;
use typenet::prelude::*;

model! { Tiny < Dense(30 => 64, relu), Dense(64 => 32, relu), Dense(32 => 1, sigmoid) > }
model! { Small < Dense(64 => 128, relu), Dense(128 => 64, relu), Dense(64 => 10, softmax) > }
model! { Mlp < Dense(784 => 512, relu), Dense(512 => 10, softmax) > }

const BATCHES: [usize; 3] = [1, 32, 256];
/// Samples in memory. Steps walk over them: on one batch alone, losses and moments would sink into subnormal numbers.
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
    M: Model,
    L: Loss<M::Head, M::Prediction, Y> + Copy,
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
                trainer.train_on_batch(samples, labels, &rng).expect("a step")
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
            bencher.iter(|| predictor.predict(&model, black_box(&samples[..batch]), &mut predictions));
        });
        let mut dynamic = sequential(model.block(), widths, <M::Head as Activation>::FUNCTION);
        group.bench_function(BenchmarkId::from_parameter("dynamic"), |bencher| {
            bencher.iter(|| dynamic.forward(black_box(&values[..batch * widths[0]]), batch, false));
        });
        group.finish();
    }
}

fn benches(criterion: &mut Criterion) {
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
