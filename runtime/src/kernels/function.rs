//! Activation functions, element by element, and their derivatives.

/// An activation function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// `x`
    Linear,
    /// `max(x, 0)`
    Relu,
    /// `x` if `x > 0`, else `0.2·x` (the slope of `keras.activations.leaky_relu`)
    LeakyRelu,
    /// `x` if `x > 0`, else `eˣ − 1`
    Elu,
    /// `scale·(x if x > 0 else alpha·(eˣ − 1))`, scale 1.0507…, alpha 1.6732… (Klambauer et al. 2017)
    Selu,
    /// `x·Φ(x)` with the normal distribution function `Φ` (Hendrycks & Gimpel 2016)
    Gelu,
    /// `½x·(1 + tanh(√(2/π)·(x + 0.044715x³)))`
    GeluTanh,
    /// `x·sigmoid(x)`, also called swish
    Silu,
    /// `1 / (1 + e⁻ˣ)`
    Sigmoid,
    /// `min(max(x/6 + ½, 0), 1)` (Keras 3 and PyTorch)
    HardSigmoid,
    /// hyperbolic tangent
    Tanh,
    /// `log(1 + eˣ)`
    Softplus,
    /// `x / (1 + |x|)`
    Softsign,
    /// `eˣⁱ / Σⱼ eˣʲ` over a row
    Softmax,
    /// `xᵢ − log Σⱼ eˣʲ` over a row
    LogSoftmax,
}

/// What the derivative of a function is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The function's value, which the next layer keeps anyway.
    Output,
    /// The function's argument, which must be kept beside its value.
    Preactivation,
}

impl Function {
    /// What [`Map::map_gradient`] wants to see of the forward pass.
    pub const fn kept(self) -> Kept {
        match self {
            Self::Gelu | Self::GeluTanh | Self::Silu => Kept::Preactivation,
            _ => Kept::Output,
        }
    }

    /// Whether a value depends on its whole row.
    pub const fn is_rowwise(self) -> bool {
        matches!(self, Self::Softmax | Self::LogSoftmax)
    }
}

/// Functions applied to rows of `width` values, in place.
pub trait Map: Sized {
    /// `x ← f(x)`, row by row of `width` values.
    fn map(function: Function, width: usize, x: &mut [Self]);

    /// `grad ← grad · f′`: from the gradient by the function's value to the gradient by its argument, with
    /// `kept` the values or the arguments of the forward pass, as [`Function::kept`] says.
    fn map_gradient(function: Function, width: usize, kept: &[Self], grad: &mut [Self]);
}
