//! Activations as types: what a layer, a loss or a metric says about a model's last step.

use super::Function;

/// An activation as a type.
#[diagnostic::on_unimplemented(message = "`{Self}` is not an activation")]
pub trait Activation: 'static {
    /// The function.
    const FUNCTION: Function;
    /// Its name in `model!`.
    const NAME: &'static str;
}

macro_rules! activations {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;
            impl Activation for $name {
                const FUNCTION: Function = Function::$name;
                const NAME: &'static str = $text;
            }
        )+
    };
}

activations! {
    /// `x`
    Linear = "linear";
    /// `max(x, 0)`
    Relu = "relu";
    /// [`Function::LeakyRelu`]
    LeakyRelu = "leaky_relu";
    /// [`Function::Elu`]
    Elu = "elu";
    /// [`Function::Selu`]
    Selu = "selu";
    /// [`Function::Gelu`]
    Gelu = "gelu";
    /// [`Function::GeluTanh`]
    GeluTanh = "gelu_tanh";
    /// [`Function::Silu`]
    Silu = "silu";
    /// [`Function::Sigmoid`]
    Sigmoid = "sigmoid";
    /// [`Function::HardSigmoid`]
    HardSigmoid = "hard_sigmoid";
    /// [`Function::Tanh`]
    Tanh = "tanh";
    /// [`Function::Softplus`]
    Softplus = "softplus";
    /// [`Function::Softsign`]
    Softsign = "softsign";
    /// [`Function::Softmax`]
    Softmax = "softmax";
    /// [`Function::LogSoftmax`]
    LogSoftmax = "log_softmax";
}
