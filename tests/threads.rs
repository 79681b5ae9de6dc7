//! Where work runs: what a user wrote on the thread that called, and all of it there if no other can be had.

use std::cell::{Cell, RefCell};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::Command;
use std::sync::Mutex;
use std::thread::ThreadId;

use rayon::prelude::*;
use typenet::callbacks::{Callback, Context};
use typenet::hardware::threads::threads;
use typenet::kernels::Activation;
use typenet::layers::Model;
use typenet::losses::{LabelError, Loss};
use typenet::metrics::{Metric, MetricError};
use typenet::model::{EpochRecord, Error};
use typenet::prelude::*;

model! { Net < Dense(784 => 512, relu), Dropout(0.1), Dense(512 => 10, softmax) > }
model! { Line < Dense(1 => 1) > }

/// Samples of a network large enough for threads to share each of its products.
fn digits(count: usize) -> (Vec<[f32; 784]>, Vec<u8>) {
    let pixel = |i: usize| (i * 7919 % 1009) as f32 / 1009.0;
    let images = (0..count).map(|image| std::array::from_fn(|i| pixel(784 * image + i))).collect();
    (images, (0..count).map(|i| (i % 10) as u8).collect())
}

/// The bits of a run, an evaluation and predictions of it, in one number.
fn whole_run() -> u64 {
    let (images, labels) = digits(200);
    let mut hasher = DefaultHasher::new();
    let mut hash = |values: &[f32]| values.iter().for_each(|value| value.to_bits().hash(&mut hasher));
    let mut trainer = Net::new(1).compile(Adam::default(), CategoricalCrossEntropy, (Accuracy::new(),));
    let fit = trainer.fit(&images, &labels).batch_size(64).validation(&images[..50], &labels[..50]);
    let history = fit.progress(false).run().expect("a run");
    hash(trainer.block());
    hash(trainer.predict_batch(&images).as_flattened());
    let scores = trainer.evaluate(&images, &labels).expect("an evaluation");
    hash(&[scores.loss as f32, history.get("val_loss").expect("validated")[0] as f32]);

    let mut line = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    line.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).progress(false).run().expect("a tiny run");
    hash(line.block());
    hash(line.predict_batch(&[[1.0], [2.0], [3.0]]).as_flattened());
    hasher.finish()
}

/// Starts this test again where no stack of a thread fits into memory.
#[test]
fn where_no_thread_can_be_had_the_caller_computes_the_same_bits() {
    const ALONE: &str = "TYPENET_TEST_WITHOUT_THREADS";
    if std::env::var_os(ALONE).is_some() {
        assert!(std::thread::Builder::new().spawn(|| ()).is_err(), "there is a thread");
        assert_eq!(threads(), 4, "as the environment says");
        println!("bits {}", whole_run());
        return;
    }
    let name = "where_no_thread_can_be_had_the_caller_computes_the_same_bits";
    let mut program = Command::new(std::env::current_exe().expect("this program"));
    program.args(["--exact", name, "--nocapture", "--test-threads=1"]);
    program.env(ALONE, "1").env("RUST_MIN_STACK", (1_u64 << 47).to_string()).env("RAYON_NUM_THREADS", "4");
    let output = program.output().expect("the program starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().expect("threads");
    let bits = pool.install(whole_run);
    assert!(text.contains(&format!("bits {bits}\n")), "with threads: {bits}, without: {text}");
}

/// While a part of an evaluation is waited for, nobody else's work runs on the thread that waits.
#[test]
fn a_lock_around_an_evaluation_in_a_foreign_pool_is_not_asked_for_again() {
    let (images, labels) = digits(64);
    let trainer = Mutex::new(Net::new(1).compile(Adam::default(), CategoricalCrossEntropy, ()));
    let expected = trainer.lock().expect("no panic").evaluate(&images, &labels).expect("scores");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().expect("threads");
    pool.install(|| {
        (0..64).into_par_iter().for_each(|_| {
            let mut trainer = trainer.lock().expect("no panic");
            assert_eq!(trainer.evaluate(&images, &labels).expect("scores"), expected);
        });
    });
}

#[test]
fn a_predictor_of_each_thread_of_a_foreign_pool_is_borrowed_once_at_a_time() {
    thread_local! {
        static PREDICTOR: RefCell<Predictor<Net>> = RefCell::new(Predictor::new(64));
    }
    let (images, _) = digits(64);
    let model = Net::new(1);
    let expected = model.predict_batch(&images);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().expect("threads");
    pool.install(|| {
        (0..64).into_par_iter().for_each(|_| {
            let mut predictions = vec![[0.0; 10]; images.len()];
            PREDICTOR.with_borrow_mut(|predictor| predictor.predict(&model, &images, &mut predictions));
            assert_eq!(predictions, expected);
        });
    });
}

thread_local! {
    /// Calls of a user's code on this thread; set where it may run.
    static CALLS: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Notes a call of a user's code, which must be on the thread that called `fit`.
fn called(by: &str) {
    let calls = CALLS.get().unwrap_or_else(|| panic!("{by}: on {:?}", std::thread::current()));
    CALLS.set(Some(calls + 1));
}

#[derive(Clone)]
struct Watched<T>(T);

impl Callback for Watched<ThreadId> {
    fn name(&self) -> &'static str {
        "watched"
    }
    fn on_train_begin(&mut self, _: &mut Context<'_>) -> Result<(), Error> {
        called("on_train_begin");
        Ok(())
    }
    fn on_train_end(&mut self, _: &mut Context<'_>) -> Result<(), Error> {
        called("on_train_end");
        Ok(())
    }
    fn on_epoch_begin(&mut self, _: &mut Context<'_>) -> Result<(), Error> {
        called("on_epoch_begin");
        Ok(())
    }
    fn on_epoch_end(&mut self, _: &mut Context<'_>, _: &EpochRecord) -> Result<(), Error> {
        assert_eq!(std::thread::current().id(), self.0);
        called("on_epoch_end");
        Ok(())
    }
    fn on_batch_begin(&mut self, _: &mut Context<'_>) -> Result<(), Error> {
        called("on_batch_begin");
        Ok(())
    }
    fn on_batch_end(&mut self, _: &mut Context<'_>, _: f64) -> Result<(), Error> {
        called("on_batch_end");
        Ok(())
    }
}

impl<Head: Activation, L: Loss<Head, [f32; 10], u8>> Loss<Head, [f32; 10], u8> for Watched<L> {
    fn name(&self) -> &'static str {
        "watched"
    }
    fn check_labels(&self, labels: &[u8]) -> Result<(), LabelError> {
        called("check_labels");
        self.0.check_labels(labels)
    }
    fn evaluate(
        &self,
        labels: &[u8],
        weights: Option<&[f32]>,
        logits: &mut [f32],
        gradient: Option<&mut [f32]>,
    ) -> f64 {
        called("a loss");
        self.0.evaluate(labels, weights, logits, gradient)
    }
}

impl<Head> Metric<Head, [f32; 10], u8> for Watched<Accuracy>
where
    Accuracy: Metric<Head, [f32; 10], u8>,
{
    fn name(&self) -> &'static str {
        "watched"
    }
    fn check(&self) -> Result<(), MetricError> {
        called("a metric's check");
        Ok(())
    }
    fn update(&mut self, predictions: &[[f32; 10]], labels: &[u8]) {
        called("a metric");
        self.0.update(predictions, labels);
    }
    fn compute(&self) -> f64 {
        called("a metric's value");
        self.0.compute()
    }
    fn reset(&mut self) {
        called("a metric's reset");
        self.0.reset();
    }
}

#[test]
fn callbacks_losses_metrics_and_schedules_run_on_the_thread_that_called() {
    let (images, labels) = digits(200);
    let run = || {
        CALLS.set(Some(0));
        let schedule = |step: u64| {
            called("a schedule");
            0.001 / (step + 1) as f64
        };
        let loss = Watched(CategoricalCrossEntropy);
        let metrics = (Watched(Accuracy::new()),);
        let mut trainer = Net::new(1).compile(Adam::default().schedule(schedule), loss, metrics);
        let mut callback = Watched(std::thread::current().id());
        let mut lambda = LambdaCallback::new().on_batch_end(|_, _| called("a closure"));
        let fit = trainer.fit(&images, &labels).epochs(2).batch_size(50).validation(&images, &labels);
        let fit = fit.callback(&mut callback).callback(&mut lambda);
        fit.progress(false).run().expect("a run");
        trainer.evaluate(&images, &labels).expect("scores");
        // A batch's begin and end, a loss, a metric, a schedule and a closure in each of eight steps, and more around them.
        assert!(CALLS.get().is_some_and(|calls| calls > 8 * 6), "all were called");

        let mut scheduler = LearningRateScheduler::new(|_, rate| {
            called("a learning rate");
            rate
        });
        let mut trainer = Net::new(1).compile(Adam::default(), CategoricalCrossEntropy, ());
        let fit = trainer.fit(&images, &labels).callback(&mut scheduler);
        fit.progress(false).run().expect("a run");
        CALLS.set(None);
    };
    run();
    rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads").install(run);
}

/// A callback that no other thread may have.
#[test]
fn what_cannot_leave_its_thread_can_be_called_back() {
    let losses = std::rc::Rc::new(RefCell::new(Vec::new()));
    let kept = losses.clone();
    let mut keep = LambdaCallback::new().on_epoch_end(move |_, record| {
        kept.borrow_mut().push(record.training.loss);
    });
    let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(2).callback(&mut keep);
    fit.progress(false).run().expect("a run");
    assert_eq!(*losses.borrow(), [10.0, 0.28125]);
}
