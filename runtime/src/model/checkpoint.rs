//! Checkpoints: a run's whole state between two epochs in one safetensors file.
//!
//! The file holds the model's tensors under their own names, each of the optimizer's slots as
//! `optimizer.<slot>.<tensor>`, and, as metadata, what a run must agree with to go on, the step and the history. It loads
//! as weights too.

use core::fmt::Display;
use std::path::Path;

use super::fit::Plan;
use super::{Error, History, Trainer};
use crate::io::safetensors::{File, Metadata, block_tensors, read, write};
use crate::layers::{Model, parameter_count};
use crate::optimizers::Optimizer;
use crate::tensor::Buffer;

/// The metadata that only a checkpoint has: the version of the layout above.
const FORMAT: &str = "typenet checkpoint";
const VERSION: u32 = 1;
const STEP: &str = "step";
const HISTORY: &str = "history";

/// What a run must agree with, in the order in which differences are reported.
fn identity<M: Model>(optimizer: &impl Optimizer, frozen: &str, plan: &Plan) -> Vec<(String, String)> {
    let pair = |name: &str, value: &dyn Display| (name.to_string(), value.to_string());
    let mut identity =
        vec![pair(FORMAT, &VERSION), pair("model", &M::NAME), pair("optimizer", &optimizer.name())];
    let settings = optimizer.settings();
    identity.extend(settings.iter().map(|(name, value)| pair(&format!("optimizer.{name}"), value)));
    identity.extend(
        optimizer.learning_rate_schedule().map(|schedule| pair("optimizer.schedule", &schedule.describe())),
    );
    identity.extend([
        pair("frozen", &frozen),
        pair("seed", &plan.seed),
        pair("shuffle", &plan.shuffle),
        pair("batch_size", &plan.batch_size),
        pair("samples", &plan.samples),
    ]);
    identity
}

fn prefix(slot: &str) -> String {
    format!("optimizer.{slot}.")
}

/// Whether the file is a checkpoint rather than weights alone.
pub(super) fn is_checkpoint(file: &File) -> bool {
    file.metadata().contains_key(FORMAT)
}

/// Writes the state of a run between two epochs.
pub(super) fn save<M: Model, O: Optimizer, L, K>(
    path: &Path,
    trainer: &Trainer<M, O, L, K>,
    plan: &Plan,
    history: &History,
) -> Result<(), Error> {
    let mut tensors = block_tensors("", M::LAYERS, trainer.model.block());
    for (slot, values) in trainer.optimizer.slots().iter().zip(&trainer.slots) {
        tensors.extend(block_tensors(&prefix(slot), M::LAYERS, values));
    }
    let mut metadata: Metadata =
        identity::<M>(&trainer.optimizer, &trainer.trainable.frozen(), plan).into_iter().collect();
    metadata.insert(STEP.into(), trainer.step.to_string());
    metadata.insert(HISTORY.into(), history.to_json());
    Ok(write(path, &tensors, &metadata)?)
}

/// Puts a trainer into the state that `save` wrote, and returns the history up to there. On an error the trainer is as
/// before.
pub(super) fn load<M: Model, O: Optimizer, L, K>(
    path: &Path,
    trainer: &mut Trainer<M, O, L, K>,
    plan: &Plan,
) -> Result<History, Error> {
    let file = read(path)?;
    let metadata = file.metadata();
    let differs = |what: &str, found: Option<&String>, expected: &str| Error::Checkpoint {
        path: path.display().to_string(),
        what: what.to_string(),
        found: found.map_or_else(|| "missing".to_string(), |found| format!("`{found}`")),
        expected: expected.to_string(),
    };
    for (name, expected) in identity::<M>(&trainer.optimizer, &trainer.trainable.frozen(), plan) {
        let found = metadata.get(&name);
        if found != Some(&expected) {
            return Err(differs(&name, found, &format!("`{expected}`")));
        }
    }
    let step = metadata.get(STEP);
    let step = step.and_then(|text| text.parse().ok()).ok_or_else(|| differs(STEP, step, "a number"))?;
    let history = metadata.get(HISTORY);
    let history = history
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| differs(HISTORY, history, "a history as JSON"))?;

    let mut model = super::ModelExt::to_boxed(&*trainer.model);
    file.copy_block("", M::NAME, M::LAYERS, model.block_mut())?;
    let mut slots = Vec::new();
    for slot in trainer.optimizer.slots() {
        let mut values = Buffer::zeroed(parameter_count::<f32, M>());
        file.copy_block(&prefix(slot), M::NAME, M::LAYERS, &mut values)?;
        slots.push(values);
    }
    trainer.model = model;
    trainer.slots = slots;
    trainer.step = step;
    Ok(history)
}
