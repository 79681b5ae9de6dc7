//! The digit, recognised by a residual network: with the feature `graph`, as convolutions are far larger than all else here.

use typenet::kernels::reduce::argmax;
use typenet::prelude::*;

model! {
    Unit(c, stride = 1) < Conv2d(_ => c, kernel = 3, stride = stride, padding = 1, bias = false), BatchNorm >
    Plain(c) < Add[ _ | Unit(c), Activation(relu), Unit(c) ], Activation(relu) >
    Down(c) < Add[ Conv2d(_ => c, kernel = 1, stride = 2, bias = false), BatchNorm
                 | Unit(c, stride = 2), Activation(relu), Unit(c) ], Activation(relu) >
    /// The same by a network that is no chain.
    pub Residual <
        Input(1, 8, 8),
        Unit(4), Activation(relu), 2 * Plain(4), Down(8),
        GlobalAvgPool, Dense(_ => 10, softmax),
    >
}

static RESIDUAL: &Residual = embed!(Residual, "../../residual.safetensors");

/// The class of an image.
pub(crate) fn class(image: &[f32; 64]) -> usize {
    let rows = core::array::from_fn(|y| core::array::from_fn(|x| image[8 * y + x]));
    argmax(&RESIDUAL.predict(&[rows]))
}
