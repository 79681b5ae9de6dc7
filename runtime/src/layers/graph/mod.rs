//! A model's layers and the values between them: which part of each slice is whose, for generated code.
//!
//! A model lists its layers in the order in which they compute, each with the values that it takes ([`Wire`]). Values are
//! numbered: first the model's inputs, then what each layer gives. From the numbers of values and the layers' constants
//! follows what lives when, and where it lies:
//!
//! - in inference ([`Inference`]) every value has an area of one scratch, shared with values that are not needed at the
//!   same time;
//! - a forward pass in training ([`Graph`]) keeps what the backward pass reads, one behind the other, and plans the rest
//!   likewise;
//! - gradients are planned over the backward pass. Layers go backward from the last to the first. The last reader of a value
//!   writes its gradient; each reader before it writes one of its own, which is added. So the order of additions is that of
//!   the layers, from the last to the first, and of a layer's own inputs from the first to the last.
//!
//! A [`Walk`] along the layers hands each its pass.
//!
//! All of this are constants. rustc computes those of an inference when it checks a model, whose `predict` has an array
//! of that length, and those of training when it compiles code that trains.

mod inference;
mod lend;
mod place;
mod training;
mod walk;
mod wire;

pub use inference::Inference;
pub use training::{Graph, Node};
pub use walk::{BackwardWalk, ForwardWalk, Layers, PredictWalk, StepWalk, Walk};
pub use wire::{Computes, Facts, Tie, Wire};
