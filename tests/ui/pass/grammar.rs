#![forbid(unsafe_code)]
#![deny(missing_docs, warnings)]
//! Every form of the language.

/// A size.
pub type Hidden = typenet::typenum::U16;
/// A size whose name could be a constant's.
pub type H = typenet::typenum::U16;
/// A size as a constant.
pub const HIDDEN: usize = 16;

/// Sizes as constants of a type.
pub struct Config<const WIDTH: usize>;

impl<const WIDTH: usize> Config<WIDTH> {
    /// Of two layers.
    pub const TWICE: usize = 2 * WIDTH;
}

typenet::model! {
    /// Docs.
    #[derive(Clone)]
    pub(crate) Everything <
        Input(4, (5)),
        Flatten,
        hidden: Dense(20 => Hidden, relu),
        Dropout(0.1),
        Dropout(rate = 2.5e-1),
        /// Docs of a layer.
        Dense(Hidden => typenet::typenum::U16, activation = swish, bias = true),
        Dense(_ => 16, init = constant(-0.5), l1 = 1e-5, l2 = 1e-4, constraint = min_max_norm(0, 2.5, 0.5)),
        Dense(_ => 16, init = variance_scaling(2.0, fan_avg, uniform), constraint = non_negative),
        Dense(_ => 3, bias = false, init = glorot_uniform, constraint = max_norm(2)),
        Activation(softmax),
        Inner(3 => 2),
        crate::nested::Inner(2 => 2),
        self::nested::Inner(_ => 2),
        logits: Dense(2 => 1),
    >
}

typenet::model! {
    /// Sizes that are constants.
    pub(crate) Constants <
        Input({ HIDDEN / 4 }, 4),
        Flatten,
        Dense(16 => HIDDEN, relu),
        Dense(H => Config::<800>::TWICE),
        Dense(1600 => { 2 * crate::HIDDEN }),
        Dense(_ => self::nested::WIDTH),
        Dense({ nested::WIDTH } => 2000),
        Dense(2000 => 3),
        Inner(_ => 2),
    >
}

typenet::model!(Inner<Dense(3=>2)>);

mod nested {
    pub const WIDTH: usize = 7;
    typenet::model![pub(super) Inner < Dense(2 => 2), Flatten >];
}

fn main() {
    let model = Everything::from_block([0.0; Everything::BLOCK_LEN]);
    assert_eq!(model.clone().predict(&[[1.0; 5]; 4]), [0.0]);
    let constants = Constants::from_block([0.0; Constants::BLOCK_LEN]);
    assert_eq!(constants.predict(&[[1.0; 4]; 4]), [0.0; 2]);
    assert_eq!(constants.dense_2().weight()[0].len(), 1600);
    assert_eq!(model.hidden().weight().len(), 20);
}
