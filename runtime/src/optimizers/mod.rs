//! Optimizers: from gradients to the next parameters.
//!
//! An optimizer sees one block of parameters and holds no numbers but its settings; what it remembers between steps
//! lies in slots of the caller. Names, formulas and defaults are Keras's. Optimizers know no layers or losses.

mod adam;
mod sgd;

use core::fmt;

pub use adam::{Adam, AdamW};
pub use sgd::Sgd;

/// A setting that cannot be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{optimizer}: `{setting}` is {found}, expected {expected}")]
pub struct SettingError {
    /// The optimizer's type: `Adam`.
    pub optimizer: &'static str,
    /// The setting's field.
    pub setting: &'static str,
    /// What it must be.
    pub expected: &'static str,
    /// What it is.
    pub found: f64,
}

/// From gradients to the next parameters.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an optimizer",
    note = "such as `Sgd`, `Adam`, `AdamW`"
)]
pub trait Optimizer: Send {
    /// Its type: `Adam`.
    fn name(&self) -> &'static str;
    /// Names of the slots, each as long as the parameters and zero before the first step.
    fn slots(&self) -> &'static [&'static str];
    /// Settings by name, for checkpoints and messages.
    fn settings(&self) -> Vec<(&'static str, f64)>;
    /// Whether every setting can be.
    ///
    /// # Errors
    /// [`SettingError`] names the first that cannot.
    fn validate(&self) -> Result<(), SettingError>;
    /// The step size.
    fn learning_rate(&self) -> f64;
    /// Changes the step size from the next step on.
    fn set_learning_rate(&mut self, learning_rate: f64);
    /// Step number `step`, from 1, over a whole block. Allocates nothing.
    ///
    /// # Panics
    /// If there are not as many slots as [`slots`](Self::slots) names, or the lengths differ.
    fn update(&self, step: u64, parameters: &mut [f32], gradients: &[f32], slots: &mut [Box<[f32]>]);
}

/// A condition on a setting, and how it reads.
type Condition = (fn(f64) -> bool, &'static str);

const NOT_NEGATIVE: Condition = (|x| x >= 0.0 && x.is_finite(), "a finite number not below 0");
const POSITIVE: Condition = (|x| x as f32 > 0.0 && x.is_finite(), "a finite number above 0 in f32");
const BELOW_ONE: Condition = (|x| (0.0..1.0).contains(&x), "a number from 0 to below 1");

/// The first of `settings` whose condition does not hold, as an error.
fn check(optimizer: &'static str, settings: &[(&'static str, f64, Condition)]) -> Result<(), SettingError> {
    match settings.iter().find(|(_, value, (holds, _))| !holds(*value)) {
        None => Ok(()),
        Some(&(setting, found, (_, expected))) => Err(SettingError { optimizer, setting, expected, found }),
    }
}

/// `Adam(learning_rate = 0.001, beta_1 = 0.9, …)`
fn display(optimizer: &impl Optimizer, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}(", optimizer.name())?;
    for (i, (name, value)) in optimizer.settings().into_iter().enumerate() {
        write!(f, "{}{name} = {value}", if i == 0 { "" } else { ", " })?;
    }
    write!(f, ")")
}

/// The slots as an array of slices.
#[track_caller]
fn slices<'a, const SLOTS: usize>(optimizer: &str, slots: &'a mut [Box<[f32]>]) -> [&'a mut [f32]; SLOTS] {
    let found = slots.len();
    let Ok(slots) = <&mut [Box<[f32]>; SLOTS]>::try_from(slots) else {
        panic!("{optimizer}: {found} slots, expected {SLOTS}");
    };
    slots.each_mut().map(|slot| &mut **slot)
}
