//! `init = he_normal`, `bias_init = constant(0.1)`

use super::{Arguments, WordType};
use crate::vocabulary;

/// The option `init`, as a type of `layers::initializers`.
pub(super) fn initializer(arguments: &mut Arguments<'_>) -> Option<WordType> {
    let value = arguments.option("init")?;
    arguments.marker("initializer", value, &arguments.words.initializers, "initializers")
}

/// The option `bias_init`, as a type of `layers::initializers`.
pub(super) fn bias_initializer(arguments: &mut Arguments<'_>, has_bias: bool) -> Option<WordType> {
    let value = arguments.option("bias_init")?;
    if !has_bias {
        arguments.error(value.span(), "`bias = false` leaves no bias to start");
        return None;
    }
    let initializers = &arguments.words.initializers;
    // The others look at the shape of a weight.
    let is_of_a_bias = |word: &&vocabulary::Word| word.is("any_shape");
    if let Some((written, _)) = value.call()
        && let Some(word) = vocabulary::find(initializers, &written.to_string())
        && !is_of_a_bias(&word)
    {
        let known = vocabulary::list(initializers.iter().filter(is_of_a_bias));
        arguments
            .error(value.span(), format!("`{written}` is for a matrix; a bias starts with one of {known}"));
        return None;
    }
    arguments.marker("initializer", value, initializers, "initializers")
}
