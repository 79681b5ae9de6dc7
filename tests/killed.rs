//! 200 runs killed with SIGKILL at random moments while checkpoints are written: each leaves a checkpoint that loads, and
//! goes on to the bits of a run that was not killed.
//!
//! The program starts itself as the run that is to be killed, so it has a `main` of its own.

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use typenet::kernels::Rng;
use typenet::layers::Model;
use typenet::prelude::*;

model! { Net < Dense(5 => 8, tanh), Dropout(0.2), Dense(8 => 3, softmax) > }

const RUNS: u64 = 200;
const CHECKPOINT: &str = "run.safetensors";
const RESULT: &str = "result.safetensors";

/// A run that writes a checkpoint after every second step, and goes on from one; then its weights.
fn run(folder: &Path) -> Result<Box<Net>, Box<dyn std::error::Error>> {
    let mut rng = Rng::seed(9);
    let samples: Vec<[f32; 5]> = (0..40).map(|_| core::array::from_fn(|_| rng.normal() as f32)).collect();
    let labels: Vec<u8> = samples.iter().map(|x| if x[0] > 0.5 { 2 } else { u8::from(x[1] > 0.0) }).collect();
    let mut trainer = Net::new(1).compile(Adam::new(0.01), CategoricalCrossEntropy, (Accuracy::new(),));
    let mut plateau = ReduceLrOnPlateau::new("accuracy").patience(1).factor(0.9);
    let mut early = EarlyStopping::new("loss").patience(30).restore_best_weights(true);
    let mut backup = BackupAndRestore::new(folder.join(CHECKPOINT)).every_steps(2).delete_checkpoint(false);
    let fit = trainer.fit(&samples, &labels).epochs(12).batch_size(8).progress(false);
    fit.callback(&mut plateau).callback(&mut early).callback(&mut backup).run()?;
    Ok(trainer.into_model())
}

fn start(folder: &Path) -> Child {
    let program = std::env::current_exe().expect("this program");
    Command::new(program).env("TYPENET_KILLED", folder).spawn().expect("this program starts")
}

fn main() {
    if let Some(folder) = std::env::var_os("TYPENET_KILLED") {
        let model = run(Path::new(&folder)).expect("a run");
        model.save(Path::new(&folder).join(RESULT)).expect("a save");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("whole");
    std::fs::create_dir(&whole).expect("a folder");
    let begin = Instant::now();
    assert!(start(&whole).wait().expect("a run").success());
    let duration = begin.elapsed();
    let expected = Net::load(whole.join(RESULT)).expect("the result of the whole run");

    // Moments from the first checkpoint to a little after the end.
    let mut rng = Rng::seed(1);
    let mut killed_within = 0;
    for number in 0..RUNS {
        let folder = folder.path().join(number.to_string());
        std::fs::create_dir(&folder).expect("a folder");
        let mut child = start(&folder);
        let deadline = Instant::now() + Duration::from_secs(30);
        while !folder.join(CHECKPOINT).exists() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_micros(100));
        }
        std::thread::sleep(duration.mul_f64(rng.uniform()));
        child.kill().expect("the run can be killed");
        child.wait().expect("it has ended");
        killed_within += u64::from(!folder.join(RESULT).exists());
        Net::load(folder.join(CHECKPOINT)).unwrap_or_else(|error| panic!("run {number}: {error}"));
        let resumed = run(&folder).unwrap_or_else(|error| panic!("run {number}: {error}"));
        let same = resumed.block().iter().zip(expected.block()).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same, "run {number} ended with other bits");
    }
    assert!(killed_within >= RUNS / 4, "only {killed_within} of {RUNS} runs were killed before their end");
    println!("{RUNS} runs killed, {killed_within} of them before their end ({duration:.0?}): ok");
}
