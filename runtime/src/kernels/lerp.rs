//! Steps from one number towards another, exact at both ends.
//!
//! `a + rate·(b − a)` stays at `a` for a rate of 0, and where `a` and `b` are equal. But at a rate of 1 it gives `b` only if the
//! difference is exact: with 1e8 and 1.1 in `f32` it gives 0. So the step is taken from the nearer end.

/// From `a` towards `b` by a share from 0 to 1.
pub(crate) fn lerp(a: f64, b: f64, rate: f64) -> f64 {
    if rate > 0.5 { b + (1.0 - rate) * (a - b) } else { a + rate * (b - a) }
}

/// [`lerp`] by one share for many numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lerp {
    /// Whether the step is taken from the end.
    from_end: bool,
    /// Of the difference `start − end`.
    factor: f32,
}

impl Lerp {
    /// By the share `rate`, from 0 to 1.
    pub(crate) fn new(rate: f64) -> Self {
        let from_end = rate > 0.5;
        Self { from_end, factor: (if from_end { 1.0 - rate } else { -rate }) as f32 }
    }

    #[inline(always)]
    pub(crate) fn between(self, start: f32, end: f32) -> f32 {
        let nearer = if self.from_end { end } else { start };
        nearer + self.factor * (start - end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ends_are_exact_and_the_rest_is_right_to_three_roundings(
            a in -1e30f32..1e30, b in -1e3f32..1e3, rate in 0.0f64..=1.0,
        ) {
            for (a, b) in [(a, b), (b, a)] {
                prop_assert_eq!((Lerp::new(0.0).between(a, b), Lerp::new(1.0).between(a, b)), (a, b));
                let (x, y) = (f64::from(a), f64::from(b));
                prop_assert_eq!((lerp(x, y, 0.0), lerp(x, y, 1.0)), (x, y));
                let exact = (1.0 - rate) * x + rate * y;
                // The factor, the difference, their product and the sum are rounded; the last twice as far as the result is
                // from its nearer end.
                let size = x.abs().min(y.abs()) + 2.0 * rate.min(1.0 - rate) * (x - y).abs() + exact.abs();
                let error = (f64::from(Lerp::new(rate).between(a, b)) - exact).abs();
                prop_assert!(error <= 2.0 * f64::from(f32::EPSILON) * size, "{error}");
                prop_assert!((lerp(x, y, rate) - exact).abs() <= 4.0 * f64::EPSILON * size);
            }
        }
    }

    #[test]
    fn equal_numbers_stay() {
        for rate in [0.0, 1e-3, 0.1, 0.5, 0.7, 1.0] {
            assert_eq!(Lerp::new(rate).between(0.1, 0.1), 0.1);
            assert_eq!(lerp(0.1, 0.1, rate), 0.1);
        }
    }
}
