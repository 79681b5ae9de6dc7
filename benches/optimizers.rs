//! The pass of each optimizer over a block of parameters, beside a plain pass that reads and writes as many bytes: weights
//! and slots are read and written, gradients are read.
//!
//! A block of 2¹⁶ parameters is what one thread updates alone, from the second cache; one of 2²² lies in memory.

use core::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use typenet::optimizers::Options;
use typenet::prelude::*;

const BLOCKS: [usize; 2] = [1 << 16, 1 << 22];

/// Reads `gradients`, and reads and writes everything else, once.
fn plain<const SLOTS: usize>(weights: &mut [f32], gradients: &[f32], mut slots: [&mut [f32]; SLOTS]) {
    let len = weights.len();
    let gradients = &gradients[..len];
    slots.iter_mut().for_each(|slot| assert_eq!(slot.len(), len));
    for i in 0..len {
        weights[i] += gradients[i];
        for slot in &mut slots {
            slot[i] += gradients[i];
        }
    }
}

fn plain_of(slots: usize, weights: &mut [f32], gradients: &[f32], all: &mut [Vec<f32>]) {
    fn first<const SLOTS: usize>(all: &mut [Vec<f32>]) -> [&mut [f32]; SLOTS] {
        let slots: &mut [Vec<f32>; SLOTS] = (&mut all[..SLOTS]).try_into().expect("as many slots");
        slots.each_mut().map(|slot| &mut **slot)
    }
    match slots {
        0 => plain(weights, gradients, first::<0>(all)),
        1 => plain(weights, gradients, first::<1>(all)),
        2 => plain(weights, gradients, first::<2>(all)),
        3 => plain(weights, gradients, first::<3>(all)),
        _ => unreachable!("no optimizer here has more slots"),
    }
}

fn optimizers() -> Vec<(&'static str, Box<dyn Optimizer>)> {
    let options: Options<Adam> = Adam::default().weight_decay(0.01).clip_value(1.0).average(0.99);
    vec![
        ("sgd", Box::new(Sgd::default())),
        ("sgd_momentum", Box::new(Sgd::default().momentum(0.9))),
        ("adam", Box::new(Adam::default())),
        ("adam_amsgrad", Box::new(Adam::default().amsgrad())),
        ("adamw", Box::new(AdamW::default())),
        ("nadam", Box::new(Nadam::default())),
        ("rmsprop", Box::new(RmsProp::default())),
        ("rmsprop_centered_momentum", Box::new(RmsProp::default().centered().momentum(0.9))),
        ("adagrad", Box::new(Adagrad::default())),
        ("adadelta", Box::new(Adadelta::default())),
        ("adamax", Box::new(Adamax::default())),
        ("ftrl", Box::new(Ftrl::default())),
        ("lion", Box::new(Lion::default())),
        ("lamb", Box::new(Lamb::default())),
        ("adam_decay_clip_average", Box::new(options)),
        ("adam_clip_global_norm", Box::new(Adam::default().clip_global_norm(1.0))),
    ]
}

fn passes(criterion: &mut Criterion) {
    for len in BLOCKS {
        // Around zero, and different from each other: no branch is foreseen, and no number is subnormal.
        let gradients: Vec<f32> = (0..len).map(|i| ((i * 7919) % 1009) as f32 / 1009.0 - 0.5).collect();
        let mut group = criterion.benchmark_group(format!("optimizers/{len}"));
        for slots in 0..=3 {
            let (mut weights, mut all) = (vec![0.5; len], vec![vec![0.5; len]; slots]);
            group.throughput(Throughput::Bytes((4 * len * (3 + 2 * slots)) as u64));
            group.bench_function(BenchmarkId::new("plain", slots), |bencher| {
                bencher.iter(|| plain_of(slots, black_box(&mut weights), black_box(&gradients), &mut all));
            });
        }
        for (name, optimizer) in optimizers() {
            let slots = optimizer.slots().len();
            let (mut weights, mut all) = (vec![0.5; len], vec![vec![0.0; len]; slots]);
            let mut lent: Vec<&mut [f32]> = all.iter_mut().map(AsMut::as_mut).collect();
            group.throughput(Throughput::Bytes((4 * len * (3 + 2 * slots)) as u64));
            let mut step = 0;
            group.bench_function(BenchmarkId::new(name, slots), |bencher| {
                bencher.iter(|| {
                    step += 1;
                    optimizer.update(step, black_box(&mut weights), black_box(&gradients), &mut lent);
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, passes);
criterion_main!(benches);
