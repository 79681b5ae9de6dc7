//! What the parts of an expansion share.

use proc_macro2::{Ident, TokenStream};

use super::names::Names;
use crate::check::Model;
use crate::kinds::Role;

/// What the functions of this module share.
pub(super) struct Context<'a> {
    pub(super) model: &'a Model<'a>,
    pub(super) root: &'a TokenStream,
    pub(super) names: Names<'a>,
    /// The struct's name inside the inner block.
    pub(super) this: Ident,
    /// The alias of each layer's type.
    pub(super) aliases: Vec<Ident>,
    /// The layers whose values the model gives.
    pub(super) outputs: Vec<usize>,
    /// The type whose constants say what belongs to a layer.
    pub(super) wiring: Ident,
    /// The scratch of an inference of one sample.
    pub(super) scratch: Ident,
    /// The module of the joints' traits.
    pub(super) joints: Ident,
    /// The trait with what is stated of sizes and layers, and the type it is stated for.
    pub(super) stated: [Ident; 2],
    /// The type of what a mistake hides.
    pub(super) mistake: Ident,
}

impl Context<'_> {
    /// The layer that computes what the model gives, if it gives one value.
    pub(super) fn last(&self) -> usize {
        self.outputs[0]
    }

    /// The name of a constant that says whether something holds for a user's type.
    pub(super) fn fact(&self, layer: usize, what: &str) -> Ident {
        quote::format_ident!("{}_{what}", self.model.layers[layer].constant())
    }

    /// The name of what is stated of a layer's sizes.
    pub(super) fn requirement(&self, layer: usize, number: usize) -> Ident {
        quote::format_ident!("{}Requires{}", self.aliases[layer], number + 1)
    }

    /// Whether only rustc knows how many numbers the model has.
    pub(super) fn counts_numbers(&self) -> bool {
        let shapes = self.model.layers.iter().flat_map(|layer| [&layer.input, &layer.output]);
        shapes.flat_map(|shape| &shape.sizes).any(|size| size.literal().is_none())
    }

    /// The type of the last layer with an effect.
    pub(super) fn last_type(&self) -> &Ident {
        if self.model.incomplete { &self.mistake } else { &self.aliases[self.last()] }
    }

    /// The number of the model's inputs.
    pub(super) fn inputs(&self) -> usize {
        self.model.inputs.len()
    }

    /// The numbers of the values that each layer takes: first the model's inputs, then what each layer gives.
    pub(super) fn sources(&self) -> impl Iterator<Item = &[usize]> {
        self.model.layers.iter().map(|layer| layer.sources.as_slice())
    }

    /// The layers whose values the model gives.
    pub(super) fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// Whether a layer's value goes out of the model alone, so that the loss may apply its activation; another layer that reads the
    /// value reads it with the activation.
    pub(super) fn is_end(&self, layer: usize) -> bool {
        let value = self.inputs() + layer;
        self.outputs.contains(&layer) && !self.sources().any(|sources| sources.contains(&value))
            || self.model.outputs.len() == 1 && self.outputs[0] == layer
    }

    /// The layers that compute in training; in inference some of them do not.
    pub(super) fn steps(&self) -> Vec<usize> {
        let computes = |role| matches!(role, Role::Step | Role::Training);
        let layers = self.model.layers.iter().enumerate();
        layers.filter(|(i, layer)| computes(layer.role) || self.outputs.contains(i)).map(|(i, _)| i).collect()
    }
}
