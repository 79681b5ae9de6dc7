use super::{Formula, Rows, Scale, rowwise};
use crate::kernels::softmax::{SoftmaxRows, log_softmax_gradient_with, log_softmax_rows_with};

/// `xᵢ − log Σⱼ eˣʲ` over a row: logarithms of the probabilities of classes.
///
/// ```
/// use typenet_runtime::kernels::Map;
/// use typenet_runtime::kernels::activation::{Activation, LogSoftmax};
///
/// let mut x = [-1.0, 0.5, 2.0];
/// f32::map(LogSoftmax::FUNCTION, 3, &mut x);
/// assert_eq!(format!("{x:.4?}"), "[-3.2413, -1.7413, -0.2413]");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct LogSoftmax;

impl Formula for LogSoftmax {
    const SCALE: Scale = Scale::LogProbability;
    const ROWS: Option<Rows> = Some(Rows {
        map: log_softmax_rows_with,
        map_gradient: log_softmax_gradient_with,
        definition: f64::log_softmax_rows,
        definition_gradient: f64::log_softmax_gradient,
    });
    rowwise!();
}
