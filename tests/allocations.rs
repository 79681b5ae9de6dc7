//! No allocation in a training step after the first, and none in an inference.
//!
//! This file holds one test, because the counting allocator sees every thread of the process.

use core::ops::Range;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use typenet::callbacks::TerminateOnNan;
use typenet::kernels::{Activation, Rng};
use typenet::layers::Model;
use typenet::losses::{LabelError, Loss, through_head};
use typenet::optimizers::{Elementwise, SettingError, Turn};
use typenet::prelude::*;
use typenet::schema::label::check_finite;

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

model! { Pair < Dense(30 => 16, tanh), Dense(16 => 2) > }

model! {
    Unit(c, stride = 1) < Conv2d(_ => c, kernel = 3, stride = stride, padding = 1, bias = false), BatchNorm >
    Plain(c) < Add[ _ | Unit(c), Activation(relu), Unit(c) ], Activation(relu) >
    Down(c) < Add[ Conv2d(_ => c, kernel = 1, stride = 2, bias = false), BatchNorm
                 | Unit(c, stride = 2), Activation(relu), Unit(c) ], Activation(relu) >
    Residual < Input(1, 8, 8), Unit(4), 2 * Plain(4), Down(8), GlobalAvgPool, Dense(_ => 10, softmax) >
}

/// The Euclidean distance between a sample's predictions and its targets: a loss of one's own.
#[derive(Clone, Copy)]
struct Distance;

fn distance(y: &[f32], t: &[f32]) -> f64 {
    y.iter().zip(t).map(|(y, t)| f64::from(y - t).powi(2)).sum::<f64>().sqrt()
}

impl<Head: Activation, const N: usize> Loss<Head, [f32; N], [f32; N]> for Distance {
    fn name(&self) -> &'static str {
        "distance"
    }

    fn check_labels(&self, labels: &[[f32; N]]) -> Result<(), LabelError> {
        check_finite(N, labels.as_flattened())
    }

    fn evaluate(
        &self,
        labels: &[[f32; N]],
        weights: Option<&[f32]>,
        logits: &mut [f32],
        gradient: Option<&mut [f32]>,
    ) -> f64 {
        let value = |sample: usize, y: &[f32]| distance(y, &labels[sample]);
        let slopes = |sample: usize, scale: f64, y: &mut [f32]| {
            let scale = scale / distance(y, &labels[sample]).max(f64::MIN_POSITIVE);
            y.iter_mut().zip(&labels[sample]).for_each(|(y, t)| *y = (f64::from(*y - t) * scale) as f32);
        };
        through_head::<Head, [f32; N]>(labels.len(), weights, logits, gradient, value, slopes)
    }
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

    let weights: Vec<f32> = (0..64).map(|i| i as f32 / 64.0).collect();
    let mut tiny = Tiny::new(1).compile(Adam::default(), BinaryCrossEntropy, (Accuracy::new(),));
    let mut running = tiny.running_scores().expect("metrics that can be");
    tiny.train_on_batch(&rows, &classes, &rng).expect("the first step");
    let step = || {
        let loss = tiny.train_on_batch(&rows, (&classes, &weights), &rng).expect("a step");
        running.add(loss, tiny.step_predictions(), &classes).expect("as many labels");
    };
    assert_eq!(allocations(step), 0, "a step with weights and metrics");

    let focal = BinaryFocalCrossEntropy.label_smoothing(0.1);
    let mut tiny = Tiny::new(1).compile(Adam::default(), focal, ());
    tiny.train_on_batch(&rows, &classes, &rng).expect("the first step");
    let step = || tiny.train_on_batch(&rows, &classes, &rng).map(|_| ()).expect("a step");
    assert_eq!(allocations(step), 0, "a step of a focal loss");

    // A loss of one's own trains as the others do.
    let points: Vec<[f32; 2]> = rows.iter().map(|row| [row[0] - row[1], 0.5 * row[2]]).collect();
    let mut pair = Pair::new(1).compile(Adam::new(0.01), Distance, ());
    let mut losses = vec![pair.train_on_batch(&rows, &points, &rng).expect("the first step"); 300];
    let steps = || {
        losses.fill_with(|| pair.train_on_batch(&rows, &points, &rng).expect("a step"));
    };
    assert_eq!(allocations(steps), 0, "steps of a loss of one's own");
    assert!(losses[299] < 0.2 * losses[0], "{} {}", losses[0], losses[299]);

    // What a run does once for each epoch is the same for long and short ones; a step of a second epoch, with weights
    // and metrics that remember the whole epoch, takes nothing.
    let metrics = || (Auc::new(), Precision::new(), RootMeanSquaredError::new());
    let epochs = |batch: usize, epochs: usize| {
        let mut tiny = Tiny::new(1).compile(Adam::default(), Hinge, metrics());
        let labels: Vec<f32> = classes.iter().map(|&class| f32::from(class)).collect();
        let fit = tiny.fit(&rows, &labels).sample_weights(&weights);
        allocations(|| fit.batch_size(batch).epochs(epochs).progress(false).run().map(|_| ()).expect("a run"))
    };
    let later = |batch: usize| epochs(batch, 6) - epochs(batch, 3);
    assert_eq!(later(64), later(2), "32 steps for each epoch allocate no more than one");

    assert_eq!(allocations(|| assert!(large.predict(&images[0])[0].is_finite())), 0, "one prediction");
    let mut predictions = vec![<Large as Model>::Prediction::default(); 96];
    let mut predictor = Predictor::<Large>::new(96);
    let many = || predictor.predict(&large, &images, &mut predictions);
    assert_eq!(allocations(many), 0, "many predictions");
    let mut rows = vec![[0.5; 30]; 2000];
    rows.iter_mut().for_each(|row| uniform(&mut rng, row));
    let mut predictions = vec![[0.0]; 2000];
    let mut predictor = Predictor::<Tiny>::new(2000);
    let shared = || predictor.predict(&tiny, &rows, &mut predictions);
    assert_eq!(allocations(shared), 0, "predictions of which threads share the samples");
    a_residual_network_allocates_nothing();
    callbacks_allocate_nothing_between_epochs();
    assert!(ALLOCATIONS.load(Ordering::Relaxed) > 0, "the counting allocator counts");
}

fn a_residual_network_allocates_nothing() {
    let mut rng = Rng::seed(1);
    let mut images = vec![[[[0.0; 8]; 8]; 1]; 32];
    images.iter_mut().for_each(|image| uniform(&mut rng, image.as_flattened_mut().as_flattened_mut()));
    let digits: Vec<u8> = (0..32).map(|i| i % 10).collect();
    let mut residual = Residual::new(1).compile(Adam::default(), CategoricalCrossEntropy, (Accuracy::new(),));
    residual.train_on_batch(&images, &digits, &rng).expect("the first step");
    for batch in [32, 1, 11] {
        let mut step = || residual.train_on_batch(&images[..batch], &digits[..batch], &rng).map(|_| ());
        assert_eq!(
            allocations(|| step().expect("a step")),
            0,
            "a step of a residual network, {batch} samples"
        );
    }
    assert_eq!(allocations(|| assert!(residual.predict(&images[0])[0].is_finite())), 0, "one prediction");
    let mut predictions = vec![[0.0; 10]; 32];
    let mut predictor = Predictor::<Residual>::new(32);
    let many = || predictor.predict(&residual, &images, &mut predictions);
    assert_eq!(allocations(many), 0, "many predictions");
}

/// From the end of the first step of an epoch to the end of its last.
fn callbacks_allocate_nothing_between_epochs() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut rng = Rng::seed(1);
    let mut rows = vec![[0.0; 30]; 200];
    rows.iter_mut().for_each(|row| uniform(&mut rng, row));
    let classes: Vec<bool> = (0..200).map(|i| i % 3 == 0).collect();
    let mut early = EarlyStopping::new("loss").patience(3).restore_best_weights(true);
    let mut plateau = ReduceLrOnPlateau::new("accuracy").patience(1);
    let mut scheduler = LearningRateScheduler::new(|_, rate| 0.9 * rate);
    let mut log = CsvLogger::new(folder.path().join("log.csv"));
    let mut board = TensorBoard::new(folder.path().join("logs")).every_steps(3);
    let mut backup = BackupAndRestore::new(folder.path().join("run"));
    let (mut stop, mut terminate) = (Stop::new(), TerminateOnNan::new());
    let mut between = Vec::with_capacity(64);
    let mut count = 0;
    let mut watch = LambdaCallback::new().on_batch_end(|context, _| {
        let now = ALLOCATIONS.load(Ordering::Relaxed);
        if context.batch() > 1 {
            between.push(now - count);
        }
        count = now;
    });
    let mut tiny = Tiny::new(1).compile(Adam::default(), BinaryCrossEntropy, (Accuracy::new(),));
    let fit = tiny.fit(&rows, &classes).epochs(4).batch_size(30).progress(false);
    let fit = fit.callback(&mut early).callback(&mut plateau).callback(&mut scheduler).callback(&mut log);
    let fit = fit.callback(&mut board).callback(&mut backup).callback(&mut stop).callback(&mut terminate);
    fit.callback(&mut watch).run().expect("a run");
    drop(watch);
    assert_eq!(between, vec![0; 4 * 6]);
}
