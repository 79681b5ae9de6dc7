//! Models that another crate uses, under the strictest lints, with `typenet` under another name.

#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs, warnings, clippy::pedantic)]

use ::network::typenum::U4;

/// A size of this crate.
pub type Hidden = U4;

::network::model! {
    /// Three numbers to four.
    pub Encoder < Dense(3 => Hidden, tanh) >
}

::network::model! {
    pub Image <
        Input(2, 3),
        Flatten,
        /// The first layer.
        first: Dense(6 => 3, relu),
        Dropout(0.25),
        Encoder(3 => 4),
        Dense(_ => 2, softmax),
    >
}

::network::model! {
    Private < Dense(3 => 1) >
}

/// The size of a model that nobody outside sees.
pub const PRIVATE: usize = Private::PARAMETER_COUNT;
