//! Checkpoints: a run's whole state in one safetensors file.
//!
//! The file holds the model's tensors under their own names, so it loads as weights too; each of the optimizer's
//! state blocks as `optimizer.<slot>`; and, as metadata, what the run must agree with, the step and the history.

use core::fmt::Display;
use std::collections::BTreeMap;
use std::path::Path;

use super::fit::Plan;
use super::{Error, History, Trainer};
use crate::io::safetensors::{Tensor, read, write};
use crate::io::{SaveError, load_block};
use crate::layers::{Model, parameter_count};
use crate::optimizers::Optimizer;
use crate::tensor::table::tensors;

/// Version of the layout above.
const VERSION: u32 = 1;

/// What a run must agree with, in the order in which differences are reported.
fn identity<M: Model, O: Optimizer>(optimizer: &O, plan: &Plan) -> Vec<(String, String)> {
    let mut identity = vec![
        ("typenet checkpoint".to_string(), VERSION.to_string()),
        ("model".to_string(), M::NAME.to_string()),
        ("optimizer".to_string(), optimizer.name().to_string()),
    ];
    for (name, value) in optimizer.settings() {
        identity.push((format!("optimizer {name}"), value.to_string()));
    }
    let mut push = |name: &str, value: &dyn Display| identity.push((name.to_string(), value.to_string()));
    push("seed", &plan.seed);
    push("shuffle", &plan.shuffle);
    push("batch_size", &plan.batch_size);
    push("number of samples", &plan.samples);
    identity
}

/// Writes the state of a run between two epochs.
pub(super) fn save<M: Model, O: Optimizer, L, K>(
    path: &Path,
    trainer: &Trainer<M, O, L, K>,
    plan: &Plan,
    history: &History,
) -> Result<(), SaveError> {
    todo!()
}
