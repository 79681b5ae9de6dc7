//! What a layer is given to run over a batch.

use core::fmt;

use super::{Backend, Cpu, Layer, Port};
use crate::kernels::Rng;

type Values<'a, P, B> = <P as Port>::Values<'a, B>;
type Mut<'a, P, B> = <P as Port>::Mut<'a, B>;

/// An inference over a batch. Each slice has exactly the length that the layer's constants give it.
///
/// ```
/// use typenet_runtime::layers::{Dense, Predict, Run};
/// use typenet_runtime::typenum::{U1, U2};
///
/// let mut output = [0.0f32; 2];
/// <Dense<U2, U1> as Run>::predict(Predict {
///     batch: 2,
///     parameters: &[3.0, 4.0, 0.5],
///     buffers: &[],
///     input: &[1.0, -1.0, 2.0, 0.0],
///     output: &mut output,
///     scratch: &mut [],
/// });
/// assert_eq!(output, [-0.5, 6.5]);
/// ```
pub struct Predict<'a, L: Layer + ?Sized, B: Backend = Cpu> {
    /// Number of samples.
    pub batch: usize,
    /// The layer's trainable values.
    pub parameters: &'a B::Numbers,
    /// The layer's values that move without a gradient, such as running means.
    pub buffers: &'a B::Numbers,
    /// `[batch, Input]`
    pub input: Values<'a, L::Input, B>,
    /// `[batch, Output]`; every value is written, none is read.
    pub output: Mut<'a, L::Output, B>,
    /// As [`Memory::predict`](super::Memory::predict) says, or more for threads; of any content.
    pub scratch: &'a mut B::Numbers,
}

/// A forward pass in training, over a batch.
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::activation::Gelu;
/// use typenet_runtime::layers::{Dense, Forward, Run};
/// use typenet_runtime::typenum::{U1, U2};
///
/// let (mut output, mut kept) = ([0.0f32], [0.0]);
/// <Dense<U2, U1, Gelu> as Run>::forward(Forward {
///     batch: 1,
///     parameters: &[3.0, 4.0, 0.5],
///     buffers: &mut [],
///     input: &[1.0, -1.0],
///     output: &mut output,
///     kept: &mut kept,
///     scratch: &mut [],
///     rng: Rng::seed(7),
/// });
/// // Gelu's derivative cannot be had from its value, so the layer keeps its argument.
/// assert_eq!(kept, [-0.5]);
/// assert_eq!(format!("{output:.4?}"), "[-0.1543]");
/// ```
pub struct Forward<'a, L: Layer + ?Sized, B: Backend = Cpu> {
    /// Number of samples.
    pub batch: usize,
    /// The layer's trainable values.
    pub parameters: &'a B::Numbers,
    /// The layer's values that move without a gradient, such as running means.
    pub buffers: &'a mut B::Numbers,
    /// `[batch, Input]`
    pub input: Values<'a, L::Input, B>,
    /// `[batch, Output]`; every value is written, none is read.
    pub output: Mut<'a, L::Output, B>,
    /// As [`Memory::kept`](super::Memory::kept) says: what the layer keeps for its backward pass.
    pub kept: &'a mut B::Numbers,
    /// As [`Memory::forward`](super::Memory::forward) says, or more for threads; of any content.
    pub scratch: &'a mut B::Numbers,
    /// The random numbers of this layer in this step.
    pub rng: Rng,
}

/// A backward pass over the batch of the last forward pass. What it reads is what that wrote.
///
/// ```
/// use typenet_runtime::layers::{Backward, Dense, Run};
/// use typenet_runtime::typenum::{U1, U2};
///
/// let (mut grad_input, mut grad_parameters) = ([0.0f32; 2], [0.0; 3]);
/// <Dense<U2, U1> as Run>::backward(Backward {
///     batch: 1,
///     parameters: &[3.0, 4.0, 0.5],
///     input: &[1.0, -1.0],
///     output: &[-0.5],
///     kept: &[],
///     grad_output: &mut [2.0],
///     grad_input: Some(&mut grad_input),
///     grad_parameters: &mut grad_parameters,
///     scratch: &mut [],
/// });
/// assert_eq!(grad_input, [6.0, 8.0]);
/// assert_eq!(grad_parameters, [2.0, -2.0, 2.0]);
/// ```
pub struct Backward<'a, L: Layer + ?Sized, B: Backend = Cpu> {
    /// Number of samples.
    pub batch: usize,
    /// The layer's trainable values, as in the forward pass.
    pub parameters: &'a B::Numbers,
    /// `[batch, Input]`, as in the forward pass; empty if nobody [reads](super::Memory::reads_input) it.
    pub input: Values<'a, L::Input, B>,
    /// `[batch, Output]`, as the forward pass wrote it; empty if nobody [reads](super::Memory::reads_output) it.
    pub output: Values<'a, L::Output, B>,
    /// As the forward pass wrote it.
    pub kept: &'a B::Numbers,
    /// `[batch, Output]`: gradient of the loss by the output; may be overwritten.
    pub grad_output: Mut<'a, L::Output, B>,
    /// `[batch, Input]`: receives the gradient by the input, every value of it; `None` where nobody needs it.
    pub grad_input: <L::Input as Port>::Gradient<'a, B>,
    /// Receives the gradient by the parameters, summed over the batch; every value is written, none is read.
    pub grad_parameters: &'a mut B::Numbers,
    /// As [`Memory::backward`](super::Memory::backward) says, or more for threads; of any content.
    pub scratch: &'a mut B::Numbers,
}

impl<'a, L: Layer + ?Sized, B: Backend> Predict<'a, L, B> {
    /// The same pass for another layer with the same ports.
    pub(crate) fn of<M>(self) -> Predict<'a, M, B>
    where
        M: Layer<Input = L::Input, Output = L::Output> + ?Sized,
    {
        let Self { batch, parameters, buffers, input, output, scratch } = self;
        Predict { batch, parameters, buffers, input, output, scratch }
    }
}

impl<'a, L: Layer + ?Sized, B: Backend> Forward<'a, L, B> {
    /// The same pass for another layer with the same ports.
    pub(crate) fn of<M>(self) -> Forward<'a, M, B>
    where
        M: Layer<Input = L::Input, Output = L::Output> + ?Sized,
    {
        let Self { batch, parameters, buffers, input, output, kept, scratch, rng } = self;
        Forward { batch, parameters, buffers, input, output, kept, scratch, rng }
    }
}

impl<'a, L: Layer + ?Sized, B: Backend> Backward<'a, L, B> {
    /// The same pass for another layer with the same ports.
    pub(crate) fn of<M>(self) -> Backward<'a, M, B>
    where
        M: Layer<Input = L::Input, Output = L::Output> + ?Sized,
    {
        let Self {
            batch,
            parameters,
            input,
            output,
            kept,
            grad_output,
            grad_input,
            grad_parameters,
            scratch,
        } = self;
        Backward { batch, parameters, input, output, kept, grad_output, grad_input, grad_parameters, scratch }
    }
}

/// The layer's kind and the number of samples: slices are long.
macro_rules! short_debug {
    ($($pass:ident)+) => {
        $(impl<L: Layer + ?Sized, B: Backend> fmt::Debug for $pass<'_, L, B> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($pass))
                    .field("layer", &L::INFO.kind)
                    .field("batch", &self.batch)
                    .finish_non_exhaustive()
            }
        })+
    };
}
pub(super) use short_debug;
short_debug!(Predict Forward Backward);
