//! Checkpoints: a run's whole state after any step in one safetensors file.
//!
//! The file holds the model's tensors under their own names, each of the optimizer's slots as
//! `optimizer.<slot>.<tensor>`, weights that callbacks keep as `callback.<name>.<number>.<tensor>` and averaged ones as
//! `callback_average.<name>.<number>.<tensor>`, and in the middle of an epoch its predictions so far as `epoch.predictions`,
//! from which metrics go on: batch by batch, and of each batch output by output. Metadata say what a run must agree with
//! to go on, where it stands, and what the callbacks remember. It loads as weights too.

use core::fmt::Display;
use core::str::FromStr;
use std::path::Path;

use super::state::{Ending, LossSum, Position};
use crate::hardware::Buffer;
use crate::io::safetensors::{File, Metadata, Tensor, block_tensors, read, write};
use crate::model::callbacks::{Callback, Context, State};
use crate::model::training::updates::Updates;
use crate::model::{Error, History};
use crate::optimizers::Optimizer;
use crate::schema::{LayerInfo, Tensors};

/// The metadata that only a checkpoint has: the version of the layout above.
const FORMAT: &str = "typenet checkpoint";
const VERSION: u32 = 4;
/// Says neither updates nor accumulated samples: an update was made after every so many steps.
const VERSION_WITHOUT_UPDATES: u32 = 3;
const STEP: &str = "step";
const UPDATES: &str = "updates";
const ACCUMULATED_STEPS: &str = "accumulated.steps";
const ACCUMULATED_FIRST: &str = "accumulated.first";
const ACCUMULATED_SAMPLES: &str = "accumulated.samples";
const RATE: &str = "learning_rate";
const FIRST_RATE: &str = "optimizer.learning_rate";
const HISTORY: &str = "history";
const BEFORE: &str = "epochs.before";
const PREDICTIONS: &str = "epoch.predictions";
const BATCHES: &str = "epoch.batches";
const SAMPLES: &str = "epoch.samples";
const LOSS: &str = "epoch.loss";
const SECONDS: &str = "epoch.seconds";

/// What the metadata of the layers and of the optimizer's settings begin with: a checkpoint has no others than its run.
const OF_LAYERS: &str = "layer.";
const OF_OPTIMIZER: &str = "optimizer.";

/// What a run must agree with, in the order in which differences are reported.
fn identity(context: &Context<'_>, callbacks: &[&mut dyn Callback]) -> Vec<(String, String)> {
    let pair = |name: &str, value: &dyn Display| (name.to_string(), value.to_string());
    let optimizer = context.optimizer();
    let mut identity = vec![pair("model", &context.model)];
    describe(context.layers, OF_LAYERS, &mut identity);
    identity.push(pair("optimizer", &optimizer.name()));
    identity.extend(optimizer.settings().iter().map(|(name, value)| {
        // Callbacks may have changed it since.
        let value = context.run.first_rate.filter(|_| *name == RATE).unwrap_or(*value);
        pair(&format!("{OF_OPTIMIZER}{name}"), &value)
    }));
    let schedule = optimizer.learning_rate_schedule();
    identity.extend(schedule.map(|schedule| pair("optimizer.schedule", &schedule.describe())));
    identity.push(pair("frozen", &context.trainable.frozen()));
    let names: Vec<String> = with_state(callbacks).map(|(_, prefix, _)| prefix).collect();
    identity.push(pair("callbacks", &names.join(", ")));
    if let Some(plan) = &context.run.plan {
        identity.extend([
            pair("loss", &plan.loss),
            pair("metrics", &plan.metrics),
            pair("sample_weights", &plan.sample_weights),
            pair("class_weights", &plan.class_weights),
            pair("seed", &plan.seed),
            pair("shuffle", &plan.shuffle),
            pair("batch_size", &plan.batch_size),
            pair("samples", &plan.samples),
        ]);
        let steps = plan.steps_per_epoch.map_or_else(|| "all".to_string(), |steps| steps.to_string());
        identity.push(pair("steps_per_epoch", &steps));
    }
    identity
}

/// Each layer under its number, an inner one under those of both: `layer.1`, `layer.1.2`.
fn describe(layers: &[LayerInfo], prefix: &str, identity: &mut Vec<(String, String)>) {
    for (i, layer) in layers.iter().enumerate() {
        let key = format!("{prefix}{}", i + 1);
        identity.push((key.clone(), layer.to_string()));
        describe(layer.info.layers, &format!("{key}."), identity);
    }
}

/// The callbacks that remember something: index, `EarlyStopping.1`, and what.
fn with_state<'a>(
    callbacks: &'a [&mut dyn Callback],
) -> impl Iterator<Item = (usize, String, State<'a>)> + 'a {
    callbacks.iter().enumerate().filter_map(|(index, callback)| {
        let state = callback.state()?;
        let number = callbacks[..=index].iter().filter(|other| other.name() == callback.name()).count();
        Some((index, format!("{}.{number}", callback.name()), state))
    })
}

/// The learning rate, if it is a plain setting.
pub(in crate::model) fn rate_setting(optimizer: &dyn Optimizer) -> Option<f64> {
    optimizer.settings().iter().find(|(name, _)| *name == RATE).map(|&(_, value)| value)
}

fn slot_prefix(slot: &str) -> String {
    format!("{OF_OPTIMIZER}{slot}.")
}

fn callback_prefix(name: &str) -> String {
    format!("callback.{name}.")
}

fn callback_average_prefix(name: &str) -> String {
    format!("callback_average.{name}.")
}

/// Whether the file is a checkpoint rather than weights alone.
pub(in crate::model) fn is_checkpoint(file: &File) -> bool {
    file.metadata().contains_key(FORMAT)
}

/// Writes the state of a run. An earlier file stays whole if a number is not finite or the new one cannot be written.
pub(in crate::model) fn save(
    path: &Path,
    context: &Context<'_>,
    callbacks: &[&mut dyn Callback],
) -> Result<(), Error> {
    let run = &*context.run;
    if let Some(found) = context.find_non_finite() {
        let step = context.step();
        return Err(Error::NonFiniteWeights { epoch: run.epoch, since: run.first_step(step), step, found });
    }
    let mut tensors = block_tensors("", context.layers, context.block);
    for (slot, values) in context.optimizer().slots().iter().zip(&*context.slots) {
        tensors.extend(block_tensors(&slot_prefix(slot), context.layers, values));
    }
    let mut metadata: Metadata = identity(context, callbacks).into_iter().collect();
    let states: Vec<_> = with_state(callbacks).collect();
    for (_, name, state) in &states {
        let prefix = callback_prefix(name);
        metadata
            .extend(state.numbers.iter().map(|(key, value)| (format!("{prefix}{key}"), value.to_string())));
        if let Some(weights) = &state.weights {
            tensors.extend(block_tensors(&prefix, context.layers, weights));
        }
        if let Some(average) = &state.average {
            tensors.extend(block_tensors(&callback_average_prefix(name), context.layers, average));
        }
    }
    let mut history = run.history.clone();
    if let Some(Ending::Stopped(reason)) = &run.ending {
        history.stopped = Some(reason.clone());
    }
    metadata.insert(FORMAT.into(), VERSION.to_string());
    metadata.insert(STEP.into(), context.step().to_string());
    let Updates { made, steps, first, samples } = *context.updates;
    metadata.insert(UPDATES.into(), made.to_string());
    if steps > 0 {
        metadata.insert(ACCUMULATED_STEPS.into(), steps.to_string());
        metadata.insert(ACCUMULATED_FIRST.into(), first.to_string());
        metadata.insert(ACCUMULATED_SAMPLES.into(), samples.to_string());
    }
    metadata.insert(BEFORE.into(), run.before.to_string());
    metadata.extend(rate_setting(context.optimizer()).map(|rate| (RATE.into(), rate.to_string())));
    metadata.insert(HISTORY.into(), history.to_json());
    let Position { batches, samples, loss, seconds } = run.position;
    let shape = [samples, run.predictions.len() / samples.max(1)];
    if batches > 0 {
        metadata.insert(BATCHES.into(), batches.to_string());
        metadata.insert(SAMPLES.into(), samples.to_string());
        metadata.insert(LOSS.into(), loss.total.to_string());
        for (name, loss) in run.output_names.iter().zip(loss.outputs) {
            metadata.insert(format!("{LOSS}.{name}"), loss.to_string());
        }
        metadata.insert(SECONDS.into(), seconds.to_string());
        if run.has_metrics {
            if !run.keeps_predictions {
                return Err(Error::CheckpointWithinEpoch { path: path.to_owned() });
            }
            tensors.push(Tensor { name: PREDICTIONS.into(), shape: &shape, values: &run.predictions });
        }
    }
    Ok(write(path, &tensors, &metadata)?)
}

/// Puts model, optimizer and run into the state that `save` wrote, and returns what each callback remembered, by its
/// index. On an error everything is as before.
pub(in crate::model) fn load(
    path: &Path,
    context: &mut Context<'_>,
    callbacks: &[&mut dyn Callback],
) -> Result<Vec<(usize, State<'static>)>, Error> {
    let file = read(path)?;
    let facts = Facts { path, metadata: file.metadata() };
    let version = facts.version()?;
    facts.check_identity(&identity(context, callbacks))?;
    let step: u64 = facts.number(STEP)?;
    let (updates, before) = if version == VERSION_WITHOUT_UPDATES {
        (facts.updates_of_steps(step, context.optimizer())?, 0)
    } else {
        (facts.updates(step, context.optimizer())?, facts.number(BEFORE)?)
    };
    let is_plain = context.run.first_rate.is_some();
    let rates =
        is_plain.then(|| Ok::<_, Error>((facts.number(FIRST_RATE)?, facts.number(RATE)?))).transpose()?;
    let history = facts.metadata.get(HISTORY);
    let mut history: History = history
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| facts.differs(HISTORY, "a history as JSON"))?;
    if history.epochs.first().is_some_and(|first| first.epoch.checked_sub(1) != Some(before)) {
        return Err(facts.differs(BEFORE, "the number before the first epoch of the history"));
    }
    let mut position = Position::default();
    let mut predictions = Vec::new();
    if facts.metadata.contains_key(BATCHES) {
        position = Position {
            batches: facts.number(BATCHES)?,
            samples: facts.number(SAMPLES)?,
            loss: LossSum { total: facts.number(LOSS)?, ..LossSum::default() },
            seconds: facts.number(SECONDS)?,
        };
        for (name, loss) in context.run.output_names.iter().zip(&mut position.loss.outputs) {
            *loss = facts.number(&format!("{LOSS}.{name}"))?;
        }
        if let Some(plan) = &context.run.plan {
            let expected = plan.samples_after(position.batches);
            if expected.is_none() {
                return Err(facts.differs(BATCHES, "no more batches than an epoch has"));
            }
            if expected != Some(position.samples) {
                return Err(facts.differs(SAMPLES, "the samples of its batches"));
            }
        }
        if context.run.has_metrics {
            predictions = file.values(PREDICTIONS)?;
            if predictions.len() != position.samples * context.run.outputs {
                return Err(facts.differs(PREDICTIONS, "a prediction for each of its samples"));
            }
        }
    }

    let copy = |prefix: &str, len: usize| {
        let mut values = Buffer::zeroed(len);
        file.copy_block(prefix, context.model, context.layers, &mut values).map(|()| values)
    };
    let block = copy("", context.block.len())?;
    let names = context.optimizer().slots();
    let slots =
        names.iter().zip(&*context.slots).map(|(slot, values)| copy(&slot_prefix(slot), values.len()));
    let slots = slots.collect::<Result<Vec<_>, _>>()?;
    let first = Tensors::of(context.layers).next().map(|place| place.path.to_string()).unwrap_or_default();
    let mut states = Vec::new();
    for (index, name, state) in with_state(callbacks) {
        let prefix = callback_prefix(&name);
        let number = |key| facts.number(&format!("{prefix}{key}")).map(|value| (key, value));
        let numbers = state.numbers.iter().map(|&(key, _)| number(key));
        let kept = |prefix: &str, len| {
            let is_there = file.get(&format!("{prefix}{first}")).is_some();
            is_there.then(|| copy(prefix, len).map(|values| values.to_vec().into())).transpose()
        };
        let weights = kept(&prefix, block.len())?;
        let average = match context.slots.first() {
            Some(slot) => kept(&callback_average_prefix(&name), slot.len())?,
            None => None,
        };
        states.push((index, State { numbers: numbers.collect::<Result<_, _>>()?, weights, average }));
    }

    if let Some((first, rate)) = rates {
        if rate_setting(context.optimizer()) != Some(rate) {
            context.set_learning_rate(rate)?;
        }
        context.run.first_rate = Some(first);
    }
    context.block.copy_from_slice(&block);
    for (to, from) in context.slots.iter_mut().zip(slots) {
        *to = from;
    }
    (*context.step, *context.updates) = (step, updates);
    let run = &mut *context.run;
    run.before = before;
    run.ending = history.stopped.take().map(Ending::Stopped);
    (run.history, run.position, run.predictions) = (history, position, predictions);
    Ok(states)
}

/// What the metadata of a file say.
struct Facts<'a> {
    path: &'a Path,
    metadata: Metadata,
}

impl Facts<'_> {
    /// The file's version, if it is one that can be read.
    fn version(&self) -> Result<u32, Error> {
        let path = || self.path.to_owned();
        let found = self.metadata.get(FORMAT).ok_or_else(|| Error::NotACheckpoint { path: path() })?;
        let known = [VERSION, VERSION_WITHOUT_UPDATES].into_iter().find(|known| *found == known.to_string());
        known.ok_or_else(|| Error::CheckpointVersion {
            path: path(),
            found: found.clone(),
            expected: VERSION,
        })
    }

    /// Whether the file says all that the run does, and no more.
    fn check_identity(&self, identity: &[(String, String)]) -> Result<(), Error> {
        for (name, expected) in identity {
            // The optimizer may be as the run left it, in the same process.
            let as_it_was_left = name == FIRST_RATE && self.metadata.get(RATE) == Some(expected);
            if self.metadata.get(name) != Some(expected) && !as_it_was_left {
                return Err(self.differs(name, &format!("`{expected}`")));
            }
        }
        let names = self.metadata.keys();
        let further = names.filter(|name| name.starts_with(OF_LAYERS) || name.starts_with(OF_OPTIMIZER));
        let further = further.filter(|name| !identity.iter().any(|(known, _)| known == *name));
        // `layer.2` comes before `layer.10`.
        let first = further.min_by_key(|name| (name.len(), *name));
        first.map_or(Ok(()), |name| Err(self.differs(name, "none")))
    }

    /// The updates that were made, and the gradients that wait for the next.
    fn updates(&self, step: u64, optimizer: &dyn Optimizer) -> Result<Updates, Error> {
        let made = self.number(UPDATES)?;
        if made > step {
            return Err(self.differs(UPDATES, "no more updates than steps"));
        }
        if !self.metadata.contains_key(ACCUMULATED_STEPS) {
            return Ok(Updates { made, ..Updates::default() });
        }
        let (steps, first) = (self.number(ACCUMULATED_STEPS)?, self.number(ACCUMULATED_FIRST)?);
        let samples = self.number(ACCUMULATED_SAMPLES)?;
        if steps == 0 || steps >= optimizer.steps_per_update() {
            return Err(self.differs(ACCUMULATED_STEPS, "fewer steps than an update has"));
        }
        if first == 0 || samples < first {
            return Err(self.differs(ACCUMULATED_SAMPLES, "the samples of these steps"));
        }
        Ok(Updates { made, steps, first, samples })
    }

    /// As `updates`, where one was made after every so many steps.
    fn updates_of_steps(&self, step: u64, optimizer: &dyn Optimizer) -> Result<Updates, Error> {
        let steps = u64::from(optimizer.steps_per_update());
        if step.is_multiple_of(steps) {
            return Ok(Updates { made: step / steps, ..Updates::default() });
        }
        let expected =
            "how many samples the accumulated gradients are of, which earlier versions did not save";
        Err(self.differs(ACCUMULATED_SAMPLES, expected))
    }

    fn number<T: FromStr>(&self, name: &str) -> Result<T, Error> {
        let number = self.metadata.get(name).and_then(|text| text.parse().ok());
        number.ok_or_else(|| self.differs(name, "a number"))
    }

    fn differs(&self, what: &str, expected: &str) -> Error {
        Error::Checkpoint {
            path: self.path.display().to_string(),
            what: what.to_string(),
            found: self.metadata.get(what).map_or_else(|| "missing".into(), |found| format!("`{found}`")),
            expected: expected.to_string(),
        }
    }
}
