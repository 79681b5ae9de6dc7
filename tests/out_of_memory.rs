//! Memory that is not to be had: a run, a step or an evaluation is refused with the number of bytes; for a model there is the
//! standard library's allocation error.

#![allow(unsafe_code, reason = "an allocator is unsafe to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use typenet::kernels::Rng;
use typenet::model::Error;
use typenet::prelude::*;

/// Has no memory for pieces above `LIMIT`.
struct Limited;

const LIMIT: usize = 16 << 20;
/// The limit can be lowered, to fail where a run would otherwise take little.
static LOWERED: AtomicUsize = AtomicUsize::new(LIMIT);

// SAFETY: memory is the system's, or none, which the trait allows.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > LOWERED.load(Ordering::Relaxed) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `System` by one of the other functions, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Limited = Limited;

model! { Large < Dense(4096 => 2048) > }
model! { Hidden < Dense(1 => 64, relu), Dense(64 => 1) > }
model! { Outputs < Dense(1 => 20_000) > }
model! { Few < Dense(1 => 10, softmax) > }

fn bytes(result: Result<impl Sized, Error>) -> usize {
    match result {
        Err(Error::Memory { bytes, .. }) => bytes,
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("memory was to be had"),
    }
}

#[test]
fn a_batch_too_large_for_the_memory_is_refused_before_the_first_step() {
    let (samples, labels) = (vec![[0.5]; 100_000], vec![0.5_f32; 100_000]);
    let mut trainer = Hidden::new(1).compile(Adam::default(), MeanSquaredError, ());
    let before = trainer.to_boxed();
    // 64 kept outputs for each sample, of 4 bytes.
    let least = 100_000 * 64 * 4;
    let error = trainer.fit(&samples, &labels).batch_size(100_000).progress(false).run().unwrap_err();
    assert!(error.to_string().starts_with("no memory for steps on 100000 samples: "), "{error}");
    assert!(bytes(Err::<(), _>(error)) >= least);
    assert!(bytes(trainer.train_on_batch(&samples, &labels, &Rng::seed(1))) >= least);
    let mut gradients = Hidden::zeros();
    assert!(bytes(trainer.gradients(&samples, &labels, &Rng::seed(1), &mut gradients)) >= least);
    assert!(trainer.block() == before.block() && trainer.step() == 0);
    trainer.fit(&samples, &labels).batch_size(1000).progress(false).run().expect("a batch that fits");
    assert_eq!(trainer.step(), 100);
}

#[test]
fn an_evaluation_too_large_for_the_memory_is_refused() {
    let (samples, classes) = (vec![[0.5]; 256], vec![3_u16; 256]);
    let mut trainer = Outputs::new(1).compile(Sgd::new(0.1), CategoricalCrossEntropyWithLogits, ());
    assert_eq!(bytes(trainer.evaluate(&samples, &classes)), 256 * 20_000 * 4);
    // The validation of a run, before its first step.
    let fit = trainer.fit(&samples[..2], &classes[..2]).validation(&samples, &classes).progress(false);
    assert_eq!(bytes(fit.run()), 256 * 20_000 * 4);
    assert_eq!(trainer.step(), 0);
    assert!(trainer.evaluate(&samples[..100], &classes[..100]).expect("100 fit").loss.is_finite());
}

#[test]
fn predictions_kept_for_a_checkpoint_within_an_epoch_are_refused() {
    let (samples, labels) = (vec![[0.5]; 500_000], vec![3_u8; 500_000]);
    let folder = tempfile::tempdir().expect("a folder");
    let mut trainer = Few::new(1).compile(Sgd::new(0.1), CategoricalCrossEntropy, (Accuracy::new(),));
    let mut backup = BackupAndRestore::new(folder.path().join("run.safetensors")).every_steps(1000);
    let fit = trainer.fit(&samples, &labels).callback(&mut backup).progress(false);
    assert_eq!(bytes(fit.run()), 500_000 * 10 * 4);
    assert_eq!(trainer.step(), 0);
}

/// Where an error cannot be returned, the program ends with the number of bytes: in a process of its own, since it does.
#[test]
fn a_model_without_memory_ends_the_program_with_its_size() {
    const WHAT: &str = "OUT_OF_MEMORY_TEST";
    match std::env::var(WHAT).as_deref() {
        Ok("model") => drop(Large::zeros()),
        Ok("predictions") => drop(Outputs::zeros().predict_batch(&vec![[0.5]; 300])),
        Ok("predictor") => drop(Predictor::<Hidden>::new({
            LOWERED.store(1000, Ordering::Relaxed);
            200
        })),
        _ => {
            let sizes = [
                ("model", size_of::<Large>()),
                ("predictions", 300 * 20_000 * 4),
                ("predictor", 200 * Hidden::PREDICT_SCRATCH * 4),
            ];
            for (what, bytes) in sizes {
                let this = std::env::current_exe().expect("the test's program");
                let test = "a_model_without_memory_ends_the_program_with_its_size";
                let output =
                    Command::new(this).args([test, "--exact", "--nocapture"]).env(WHAT, what).output();
                let output = output.expect("the test's program starts");
                let text = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(!output.status.success(), "{what}");
                assert!(
                    text.contains(&format!("memory allocation of {bytes} bytes failed")),
                    "{what}: {text}"
                );
            }
        }
    }
}
