//! Dropout.

use core::marker::PhantomData;

use super::activation::Linear;
use super::{Backward, Forward, Layer, Predict};
use crate::kernels::Element;
use crate::schema::Shape;

/// A share of `NUMERATOR / DENOMINATOR`, as a type.
///
/// ```
/// use typenet_runtime::layers::dropout::{Fraction, Rate};
///
/// assert_eq!(Fraction::<1, 5>::RATE, 0.2);
/// ```
#[derive(Debug)]
pub struct Fraction<const NUMERATOR: u64, const DENOMINATOR: u64>;

/// A share in `[0, 1)`, as a type.
///
/// ```
/// use typenet_runtime::layers::dropout::Rate;
///
/// /// One in three.
/// struct Third;
///
/// impl Rate for Third {
///     const RATE: f64 = 1.0 / 3.0;
/// }
///
/// /// The factor of what stays.
/// fn factor<R: Rate>() -> f64 {
///     1.0 / (1.0 - R::RATE)
/// }
///
/// assert!((factor::<Third>() - 1.5).abs() < 1e-15);
/// ```
pub trait Rate: 'static {
    /// The share.
    const RATE: f64;
}

impl<const NUMERATOR: u64, const DENOMINATOR: u64> Rate for Fraction<NUMERATOR, DENOMINATOR> {
    const RATE: f64 = {
        assert!(NUMERATOR < DENOMINATOR, "a rate is at least 0 and less than 1");
        NUMERATOR as f64 / DENOMINATOR as f64
    };
}

/// In training, sets each value to zero with probability `R` and divides the others by `1 − R`; in inference,
/// changes nothing.
///
/// Which values are dropped is a function of the run's seed, the step, the layer and the value's place in the
/// batch, so it does not depend on threads and survives a resumed run.
///
/// # References
/// Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 2014.
///
/// # Example
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::dropout::{Dropout, Fraction};
/// use typenet_runtime::layers::{Forward, Layer};
/// use typenet_runtime::typenum::U1000;
///
/// let (mut output, mut cache) = ([0.0f32; 1000], [0.0; 1000]);
/// <Dropout<(U1000,), Fraction<1, 5>> as Layer>::forward(Forward {
///     batch: 1,
///     parameters: &[],
///     buffers: &mut [],
///     input: &[1.0; 1000],
///     output: &mut output,
///     cache: &mut cache,
///     rng: Rng::seed(7),
/// });
/// assert!(output.iter().all(|&y| y == 0.0 || y == 1.25));
/// let dropped = output.iter().filter(|&&y| y == 0.0).count();
/// assert!((150..250).contains(&dropped));
/// ```
#[derive(Debug)]
pub struct Dropout<S, R>(PhantomData<(S, R)>);

/// `x·factor`; zero where the factor is, also if `x` is not finite.
fn scaled<T: Element>(x: T, factor: T) -> T {
    if factor == T::ZERO { T::ZERO } else { x * factor }
}

impl<T: Element, S: Shape, R: Rate> Layer<T> for Dropout<S, R> {
    type Input = S;
    type Output = S;
    type Head = Linear;
    type Body = Self;
    const KIND: &'static str = "Dropout";
    /// The factor of each value: zero or `1 / (1 − R)`.
    const CACHE: usize = S::LEN;
    const SETTINGS: &'static [(&'static str, f64)] = &[("rate", R::RATE)];

    fn predict(pass: Predict<'_, T>) {
        pass.output.copy_from_slice(pass.input);
    }

    fn forward(pass: Forward<'_, T>) {
        // A word below the threshold drops its value; 2³² words in all.
        let threshold = (R::RATE * 4_294_967_296.0) as u32;
        let keep = T::from_f64(1.0 / (1.0 - R::RATE));
        for (index, factors) in pass.cache.chunks_mut(4).enumerate() {
            let words = pass.rng.block(index as u64);
            for (factor, word) in factors.iter_mut().zip(words) {
                *factor = if word < threshold { T::ZERO } else { keep };
            }
        }
        for ((y, x), factor) in pass.output.iter_mut().zip(pass.input).zip(pass.cache.iter()) {
            *y = scaled(*x, *factor);
        }
    }

    fn backward(pass: Backward<'_, T>) {
        if let Some(grad_input) = pass.grad_input {
            for ((to, grad), factor) in grad_input.iter_mut().zip(pass.grad_output.iter()).zip(pass.cache) {
                *to = scaled(*grad, *factor);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Rng;
    use typenum::U64;

    #[test]
    fn what_is_dropped_is_zero_also_if_it_is_infinite() {
        fn check<T: Element + core::fmt::Debug>(infinity: T, values: [T; 64]) {
            type Half = Dropout<(U64,), Fraction<1, 2>>;
            let (mut output, mut cache) = (values, values);
            <Half as Layer<T>>::forward(Forward {
                batch: 1,
                parameters: &[],
                buffers: &mut [],
                input: &values,
                output: &mut output,
                cache: &mut cache,
                rng: Rng::seed(5),
            });
            let kept = output.iter().filter(|&&y| y == infinity).count();
            assert!(
                (16..48).contains(&kept) && output.iter().all(|&y| y == infinity || y == T::ZERO),
                "{output:?}"
            );
        }
        check(f32::INFINITY, [f32::INFINITY; 64]);
        check(f64::INFINITY, [f64::INFINITY; 64]);
    }
}
