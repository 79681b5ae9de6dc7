//! Names of values: what they may be, and which are free.

use std::collections::HashSet;

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::ext::IdentExt;

use crate::report::Report;
use crate::suggest::snake_case;

/// Keywords of Rust that [`syn`] takes for names: `gen` is one since the edition of 2024.
const KEYWORDS: &[&str] = &["gen"];

/// Methods that every model has: no layer takes their names.
pub(crate) const METHODS: &[&str] = &[
    "block",
    "block_mut",
    "compile",
    "copy_layer_from",
    "from_block",
    "initialize",
    "load",
    "load_with",
    "new",
    "predict",
    "predict_batch",
    "predict_one",
    "predict_with_scratch",
    "save",
    "set_tensor",
    "summary",
    "tensor",
    "to_boxed",
    "zeros",
];

/// Methods of the traits of `core` and others that a model, or the box or the trainer around it, has or may have.
pub(crate) const METHODS_OF_TRAITS: &[&str] = &[
    "as_mut",
    "as_ref",
    "borrow",
    "borrow_mut",
    "clone",
    "clone_from",
    "clone_into",
    "clone_to_uninit",
    "cmp",
    "default",
    "deref",
    "deref_mut",
    "deserialize",
    "drop",
    "eq",
    "fmt",
    "from",
    "hash",
    "into",
    "ne",
    "partial_cmp",
    "serialize",
    "to_owned",
    "to_string",
    "try_from",
    "try_into",
    "type_id",
    "zeroed",
];

/// Methods of a trainer, through which a model's own are called: a layer under one of these names would be out of reach.
pub(crate) const TRAINER_METHODS: &[&str] = &[
    "apply_accumulated",
    "apply_gradients",
    "apply_gradients_of",
    "averaged",
    "epochs",
    "evaluate",
    "find_non_finite",
    "fit",
    "freeze",
    "gradients",
    "into_model",
    "learning_rate",
    "loss_weights",
    "model",
    "optimizer",
    "running_scores",
    "set_learning_rate",
    "step",
    "step_predictions",
    "train_on_batch",
    "unfreeze",
    "updates",
    "use_averaged",
    "with_averaged",
];

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A field of the model's inputs.
    Input,
    /// A parameter of a block.
    Parameter,
    /// A method of the model.
    Layer,
    /// A layer in a block, or a block in it.
    Inner,
}

/// Whether a written name can be used; if not, that is reported.
pub(crate) fn is_right(name: &Ident, holder: Holder, report: &mut Report) -> bool {
    let text = name.to_string();
    let what = match holder {
        Holder::Input => "an input's name becomes a field",
        Holder::Parameter => "a parameter's name is a name of Rust",
        Holder::Layer | Holder::Inner => "a layer's name becomes a method",
    };
    let is_keyword = text.starts_with("r#")
        || syn::parse_str::<Ident>(&text).is_err()
        || KEYWORDS.contains(&text.as_str());
    let message = if is_keyword {
        format!("`{}` is a keyword of Rust: {what}", name.unraw())
    } else if holder == Holder::Layer
        && (METHODS.contains(&text.as_str())
            || METHODS_OF_TRAITS.contains(&text.as_str())
            || text.starts_with("__"))
    {
        format!("every model has a method `{text}`: name the layer otherwise")
    } else if holder == Holder::Layer && TRAINER_METHODS.contains(&text.as_str()) {
        format!("every trainer has a method `{text}`: name the layer otherwise")
    } else if holder != Holder::Parameter && text.contains(char::is_uppercase) {
        format!("{what}: write `{}`", snake_case(&text))
    } else {
        return true;
    };
    report.error(name.span(), message);
    false
}

/// The names that are taken where a declaration or a block is read: those of layers, with the methods that change them.
#[derive(Default)]
pub(crate) struct Taken(HashSet<String>);

impl Taken {
    /// The name, or the first that is free if another layer has it, which is reported at `span`.
    pub(crate) fn take(&mut self, name: Ident, is_written: bool, span: Span, report: &mut Report) -> Ident {
        let name = match self.clash(&name, is_written) {
            Some(message) => {
                report.error(span, message);
                self.free(&name)
            }
            None => name,
        };
        self.0.extend([format!("{name}_mut"), name.to_string()]);
        name
    }

    /// Why a layer cannot have this name, besides those that come before it.
    fn clash(&self, name: &Ident, is_written: bool) -> Option<String> {
        let (name, changed) = (name.to_string(), format!("{name}_mut"));
        if self.0.contains(&name) && self.0.contains(&changed) {
            return Some(if is_written {
                format!("another layer has the name `{name}`")
            } else {
                format!("this layer is called `{name}`, as another layer is: name one of them otherwise")
            });
        }
        let of_change = [&name, &changed].into_iter().find(|method| self.0.contains(*method))?;
        let base = of_change.strip_suffix("_mut").unwrap_or(of_change);
        Some(format!("layer `{base}` is changed through `{of_change}`: name this layer otherwise"))
    }

    /// The name with the first number behind it that makes it free.
    fn free(&self, name: &Ident) -> Ident {
        let numbered = (1..).map(|number| format_ident!("{name}_{number}"));
        let mut free = numbered
            .skip_while(|name| self.0.contains(&name.to_string()) || self.0.contains(&format!("{name}_mut")));
        free.next().expect("numbers do not end")
    }
}
