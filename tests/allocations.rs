//! No allocation in a training step after the first, and none in an inference.
//!
//! This file holds one test, because the counting allocator sees every thread of the process.

use core::ops::Range;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use typenet::kernels::Rng;
use typenet::layers::Model;
use typenet::optimizers::{Elementwise, SettingError, Turn};
use typenet::prelude::*;

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator as it came; counting changes nothing of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`, which is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `realloc`, which is the same.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    work();
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

model! { Large < Dense(784 => 512, relu), Dropout(0.5), Dense(512 => 10, softmax) > }
model! {
    Tiny <
        Dense(30 => 64, gelu, l1 = 1e-5, l2 = 1e-4),
        Dense(64 => 32, tanh, constraint = max_norm(1.0)),
        Dense(32 => 1, sigmoid),
    >
}

/// Any optimizer.
struct Any(Box<dyn Optimizer>);

impl Optimizer for Any {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn slots(&self) -> Vec<&'static str> {
        self.0.slots()
    }
    fn settings(&self) -> Vec<(&'static str, f64)> {
        self.0.settings()
    }
    fn validate(&self) -> Result<(), SettingError> {
        self.0.validate()
    }
    fn learning_rate(&self) -> f64 {
        self.0.learning_rate()
    }
    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.0.set_learning_rate(learning_rate);
    }
    fn update_tensors(
        &self,
        turn: &Turn,
        tensors: &[Range<usize>],
        parameters: &mut [f32],
        gradients: &[f32],
        slots: &mut [&mut [f32]],
    ) {
        self.0.update_tensors(turn, tensors, parameters, gradients, slots);
    }
    fn elementwise(&self) -> Option<&dyn Elementwise> {
        self.0.elementwise()
    }
}

fn optimizers() -> Vec<Any> {
    let cosine = schedules::CosineDecay::new(0.1, 10);
    let all: Vec<Box<dyn Optimizer>> = vec![
        Box::new(Sgd::default().momentum(0.9)),
        Box::new(Adam::default()),
        Box::new(AdamW::default().amsgrad()),
        Box::new(Nadam::default()),
        Box::new(RmsProp::default().centered().momentum(0.9)),
        Box::new(Adagrad::default()),
        Box::new(Adadelta::default()),
        Box::new(Adamax::default()),
        Box::new(Ftrl::default()),
        Box::new(Lion::default()),
        Box::new(Lamb::default().average(0.9)),
        Box::new(Adam::default().schedule(cosine).clip_norm(0.1).accumulate(2).average(0.9)),
        Box::new(Adam::default().weight_decay(0.1).clip_global_norm(0.1)),
        Box::new(
            Adam::default().clip_value(0.1).schedule(schedules::PiecewiseConstant::new([1], [0.1, 0.2])),
        ),
    ];
    all.into_iter().map(Any).collect()
}

fn uniform(rng: &mut Rng, values: &mut [f32]) {
    values.fill_with(|| rng.uniform() as f32);
}

#[test]
fn steps_and_predictions_allocate_nothing() {
    // Inside the pool, where `fit` works: entering it from outside is one message to another thread.
    rayon::scope(|_| {
        let mut rng = Rng::seed(1);
        let mut images = vec![[0.0; 784]; 96];
        images.iter_mut().for_each(|image| uniform(&mut rng, image));
        let digits: Vec<u8> = (0..96).map(|i| i % 10).collect();
        let mut large =
            Large::new(1).compile(Sgd::new(0.01).momentum(0.9), CategoricalCrossEntropy, (Accuracy::new(),));
        large.train_on_batch(&images, &digits, &rng).expect("the first step");
        for batch in [96, 1, 33] {
            let mut step = || large.train_on_batch(&images[..batch], &digits[..batch], &rng).map(|_| ());
            assert_eq!(allocations(|| step().expect("a step")), 0, "a step of {batch} samples");
        }

        let mut rows = vec![[0.0; 30]; 64];
        rows.iter_mut().for_each(|row| uniform(&mut rng, row));
        let classes: Vec<bool> = (0..64).map(|i| i % 3 == 0).collect();
        for optimizer in optimizers() {
            let name = format!("{} {:?}", optimizer.0.name(), optimizer.0.settings());
            let mut tiny = Tiny::new(1).compile(optimizer, BinaryCrossEntropy, ());
            tiny.freeze("dense_2.bias").expect("a tensor");
            tiny.train_on_batch(&rows, &classes, &rng).expect("the first step");
            for _ in 0..3 {
                let step = || tiny.train_on_batch(&rows, &classes, &rng).map(|_| ()).expect("a step");
                assert_eq!(allocations(step), 0, "a step of {name}");
            }
        }

        assert_eq!(allocations(|| assert!(large.predict(&images[0])[0].is_finite())), 0, "one prediction");
        let mut predictions = vec![<Large as Model>::Prediction::default(); 96];
        let mut predictor = Predictor::<Large>::new(96);
        let many = || predictor.predict(&large, &images, &mut predictions);
        assert_eq!(allocations(many), 0, "many predictions");
    });
    assert!(ALLOCATIONS.load(Ordering::Relaxed) > 0, "the counting allocator counts");
}
