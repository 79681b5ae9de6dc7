//! Activations as types: what a layer, a loss or a metric says about a model's last step. [`Function`] states their formulas and errors.

use super::Function;

/// An activation as a type.
///
/// ```
/// use typenet_runtime::kernels::activation::{Activation, Gelu};
/// use typenet_runtime::kernels::{Function, Map};
///
/// fn apply<A: Activation>(x: &mut [f32]) {
///     f32::map(A::FUNCTION, x.len(), x);
/// }
///
/// assert_eq!((Gelu::FUNCTION, Gelu::NAME), (Function::Gelu, "gelu"));
/// let mut x = [0.0, 1.0];
/// apply::<Gelu>(&mut x);
/// assert_eq!(format!("{x:.4?}"), "[0.0000, 0.8413]");
/// ```
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
    /// `x`: [`Function::Linear`].
    ///
    /// ```
    /// use typenet_runtime::kernels::Map;
    /// use typenet_runtime::kernels::activation::{Activation, Linear};
    ///
    /// let mut x = [-1.0, 0.5, 2.0];
    /// f32::map(Linear::FUNCTION, 3, &mut x);
    /// assert_eq!(format!("{x:.4?}"), "[-1.0000, 0.5000, 2.0000]");
    /// ```
    Linear = "linear";
    /// `max(x, 0)`: [`Function::Relu`].
    ///
    /// ```
    /// use typenet_runtime::kernels::Map;
    /// use typenet_runtime::kernels::activation::{Activation, Relu};
    ///
    /// let mut x = [-1.0, 0.5, 2.0];
    /// f32::map(Relu::FUNCTION, 3, &mut x);
    /// assert_eq!(format!("{x:.4?}"), "[0.0000, 0.5000, 2.0000]");
    /// ```
    Relu = "relu";
    /// [`Function::LeakyRelu`]
    ///
    /// ```
    /// use typenet_runtime::kernels::Map;
    /// use typenet_runtime::kernels::activation::{Activation, LeakyRelu};
    ///
    /// let mut x = [-1.0, 0.5, 2.0];
    /// f32::map(LeakyRelu::FUNCTION, 3, &mut x);
    /// assert_eq!(format!("{x:.4?}"), "[-0.2000, 0.5000, 2.0000]");
    /// ```
    LeakyRelu = "leaky_relu";
    /// [`Function::Elu`]
    ///
    /// ```
    /// use typenet_runtime::kernels::Map;
    /// use typenet_runtime::kernels::activation::{Activation, Elu};
    ///
    /// let mut x = [-1.0, 0.5, 2.0];
    /// f32::map(Elu::FUNCTION, 3, &mut x);
    /// assert_eq!(format!("{x:.4?}"), "[-0.6321, 0.5000, 2.0000]");
    /// ```
    Elu = "elu";
    /// [`Function::Selu`]
    ///
    /// ```
    /// use typenet_runtime::kernels::Map;
    /// use typenet_runtime::kernels::activation::{Activation, Selu};
    ///
    /// let mut x = [-1.0, 0.5, 2.0];
    /// f32::map(Selu::FUNCTION, 3, &mut x);
    /// assert_eq!(format!("{x:.4?}"), "[-1.1113, 0.5254, 2.1014]");
    /// ```
    Selu = "selu";
    /// [`Function::Gelu`]
    ///
    /// ```
    /// use typenet_runtime::kernels::Map;
    /// use typenet_runtime::kernels::activation::{Activation, Gelu};
    ///
    /// let mut x = [-1.0, 0.5, 2.0];
    /// f32::map(Gelu::FUNCTION, 3, &mut x);
    /// assert_eq!(format!("{x:.4?}"), "[-0.1587, 0.3457, 1.9545]");
    /// ```
    Gelu = "gelu";
    /// [`Function::GeluTanh`]
    ///
    /// ```
    /// use typenet_runtime::kernels::Map;
    /// use typenet_runtime::kernels::activation::{Activation, GeluTanh};
    ///
    /// let mut x = [-1.0, 0.5, 2.0];
    /// f32::map(GeluTanh::FUNCTION, 3, &mut x);
    /// assert_eq!(format!("{x:.4?}"), "[-0.1588, 0.3457, 1.9546]");
    /// ```
    GeluTanh = "gelu_tanh";
    /// [`Function::Silu`]
    ///
    /// ```
    /// use typenet_runtime::kernels::Map;
    /// use typenet_runtime::kernels::activation::{Activation, Silu};
    ///
    /// let mut x = [-1.0, 0.5, 2.0];
    /// f32::map(Silu::FUNCTION, 3, &mut x);
    /// assert_eq!(format!("{x:.4?}"), "[-0.2689, 0.3112, 1.7616]");
    /// ```
    Silu = "silu";
    /// [`Function::Sigmoid`]
    ///
    /// ```
    /// use typenet_runtime::kernels::Map;
    /// use typenet_runtime::kernels::activation::{Activation, Sigmoid};
    ///
    /// let mut x = [-1.0, 0.5, 2.0];
    /// f32::map(Sigmoid::FUNCTION, 3, &mut x);
    /// assert_eq!(format!("{x:.4?}"), "[0.2689, 0.6225, 0.8808]");
    /// ```
    Sigmoid = "sigmoid";
    /// [`Function::HardSigmoid`]
    ///
    /// ```
    /// use typenet_runtime::kernels::Map;
    /// use typenet_runtime::kernels::activation::{Activation, HardSigmoid};
    ///
    /// let mut x = [-1.0, 0.5, 2.0];
    /// f32::map(HardSigmoid::FUNCTION, 3, &mut x);
    /// assert_eq!(format!("{x:.4?}"), "[0.3333, 0.5833, 0.8333]");
    /// ```
    HardSigmoid = "hard_sigmoid";
    /// [`Function::Tanh`]
    ///
    /// ```
    /// use typenet_runtime::kernels::Map;
    /// use typenet_runtime::kernels::activation::{Activation, Tanh};
    ///
    /// let mut x = [-1.0, 0.5, 2.0];
    /// f32::map(Tanh::FUNCTION, 3, &mut x);
    /// assert_eq!(format!("{x:.4?}"), "[-0.7616, 0.4621, 0.9640]");
    /// ```
    Tanh = "tanh";
    /// [`Function::Softplus`]
    ///
    /// ```
    /// use typenet_runtime::kernels::Map;
    /// use typenet_runtime::kernels::activation::{Activation, Softplus};
    ///
    /// let mut x = [-1.0, 0.5, 2.0];
    /// f32::map(Softplus::FUNCTION, 3, &mut x);
    /// assert_eq!(format!("{x:.4?}"), "[0.3133, 0.9741, 2.1269]");
    /// ```
    Softplus = "softplus";
    /// [`Function::Softsign`]
    ///
    /// ```
    /// use typenet_runtime::kernels::Map;
    /// use typenet_runtime::kernels::activation::{Activation, Softsign};
    ///
    /// let mut x = [-1.0, 0.5, 2.0];
    /// f32::map(Softsign::FUNCTION, 3, &mut x);
    /// assert_eq!(format!("{x:.4?}"), "[-0.5000, 0.3333, 0.6667]");
    /// ```
    Softsign = "softsign";
    /// [`Function::Softmax`]
    ///
    /// ```
    /// use typenet_runtime::kernels::Map;
    /// use typenet_runtime::kernels::activation::{Activation, Softmax};
    ///
    /// let mut x = [-1.0, 0.5, 2.0];
    /// f32::map(Softmax::FUNCTION, 3, &mut x);
    /// assert_eq!(format!("{x:.4?}"), "[0.0391, 0.1753, 0.7856]");
    /// ```
    Softmax = "softmax";
    /// [`Function::LogSoftmax`]
    ///
    /// ```
    /// use typenet_runtime::kernels::Map;
    /// use typenet_runtime::kernels::activation::{Activation, LogSoftmax};
    ///
    /// let mut x = [-1.0, 0.5, 2.0];
    /// f32::map(LogSoftmax::FUNCTION, 3, &mut x);
    /// assert_eq!(format!("{x:.4?}"), "[-3.2413, -1.7413, -0.2413]");
    /// ```
    LogSoftmax = "log_softmax";
}
