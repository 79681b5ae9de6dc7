//! The names of options, and what other frameworks call them.

/// An option's name.
#[derive(Clone, Copy)]
pub(crate) struct OptionName {
    pub(crate) name: &'static str,
    /// Not accepted, but understood in an error.
    pub(crate) elsewhere: &'static [&'static str],
}

const fn option(name: &'static str, elsewhere: &'static [&'static str]) -> OptionName {
    OptionName { name, elsewhere }
}

pub(crate) const ACTIVATION: OptionName = option("activation", &["act", "nonlinearity"]);
pub(super) const BIAS: OptionName = option("bias", &["use_bias"]);
pub(super) const INIT: OptionName =
    option("init", &["kernel_initializer", "initializer", "weight_init", "embeddings_initializer"]);
pub(super) const BIAS_INIT: OptionName = option("bias_init", &["bias_initializer"]);
pub(super) const L1: OptionName = option("l1", &[]);
pub(super) const L2: OptionName = option("l2", &["weight_decay", "kernel_regularizer", "regularizer"]);
pub(super) const CONSTRAINT: OptionName = option("constraint", &["kernel_constraint"]);
pub(super) const RATE: OptionName = option("rate", &["p", "probability"]);
pub(super) const KERNEL: OptionName = option("kernel", &["kernel_size", "pool_size", "window"]);
pub(super) const STRIDE: OptionName = option("stride", &["strides"]);
pub(super) const PADDING: OptionName = option("padding", &["pad", "pads"]);
pub(super) const DILATION: OptionName = option("dilation", &["dilation_rate", "dilations"]);
pub(super) const GROUPS: OptionName = option("groups", &["group"]);
pub(super) const MOMENTUM: OptionName = option("momentum", &[]);
pub(super) const EPSILON: OptionName = option("epsilon", &["eps"]);
