use super::{Formula, Rows, Scale, rowwise};
use crate::kernels::softmax::{SoftmaxRows, softmax_gradient_with, softmax_rows_with};

/// `eˣⁱ / Σⱼ eˣʲ` over a row: probabilities of classes.
///
/// ```
/// use typenet_runtime::kernels::Map;
/// use typenet_runtime::kernels::activation::{Activation, Softmax};
///
/// let mut x = [-1.0, 0.5, 2.0];
/// f32::map(Softmax::FUNCTION, 3, &mut x);
/// assert_eq!(format!("{x:.4?}"), "[0.0391, 0.1753, 0.7856]");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Softmax;

impl Formula for Softmax {
    const SCALE: Scale = Scale::Probability;
    const ROWS: Option<Rows> = Some(Rows {
        map: softmax_rows_with,
        map_gradient: softmax_gradient_with,
        definition: f64::softmax_rows,
        definition_gradient: f64::softmax_gradient,
    });
    rowwise!();
}
