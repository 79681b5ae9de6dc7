use super::Initializer;
use crate::kernels::{Element, Rng};

/// One on the diagonal, zero elsewhere (`keras.initializers.Identity`): a layer that starts as `y = x` (Le, Jaitly, Hinton, "A
/// simple way to initialize recurrent networks of rectified linear units", arXiv 1504.00941, 2015). In a convolution the one stands
/// at the middle of the kernel, so that with `padding = same` it also starts as `y = x` (`torch.nn.init.dirac_`).
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{Identity, Initializer};
///
/// let mut weight = [7.0f32; 6];
/// Identity::fill(2, 3, &mut Rng::seed(0), &mut weight);
/// assert_eq!(weight, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
/// ```
#[derive(Debug)]
pub struct Identity;

impl Initializer for Identity {
    fn fill<T: Element>(fan_in: usize, fan_out: usize, _: &mut Rng, weight: &mut [T]) {
        weight.fill(T::ZERO);
        weight.iter_mut().step_by(fan_out + 1).take(fan_in.min(fan_out)).for_each(|x| *x = T::from_f64(1.0));
    }

    fn fill_filters<T: Element>(shape: [usize; 4], _: [usize; 2], _: &mut Rng, weight: &mut [T]) {
        let [filters, channels, height, width] = shape;
        weight.fill(T::ZERO);
        // The tap before which `same` has its padding.
        let middle = height.saturating_sub(1) / 2 * width + width.saturating_sub(1) / 2;
        for i in 0..filters.min(channels) {
            weight[(i * channels + i) * height * width + middle] = T::from_f64(1.0);
        }
    }
}
