//! What the tests of several kernels share.

use std::vec::Vec;

use super::flush::SMALLEST;

/// Unit in the last place of an `f32` near `x`; the least subnormal number near zero; NaN of NaN.
pub(crate) fn ulp(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let exponent = libm::ilogb(x.abs().clamp(f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX)));
    libm::ldexp(1.0, exponent - 23)
}

/// Whether `got` is within `ulps` units of `want`, or the same infinity, or NaN like it, or zero where `want` is closer to zero than
/// [`SMALLEST`].
pub(crate) fn within(got: f32, want: f64, ulps: f64) -> bool {
    let rounded = want as f32;
    if got.is_nan() || want.is_nan() || rounded.is_infinite() || got.is_infinite() {
        // A result half a unit below the largest number may round either way.
        return got.is_nan() && want.is_nan()
            || got == rounded
            || (want.abs() - f64::from(f32::MAX)).abs() <= ulps * ulp(want);
    }
    (f64::from(got) - want).abs() <= ulps * ulp(want)
        || got == 0.0 && want.abs() < f64::from(SMALLEST) * (1.0 + ulps * f64::from(f32::EPSILON))
}

/// Every `stride`-th `f32` of all bit patterns, and those at which formulas change.
pub(crate) fn sweep(stride: usize) -> Vec<f32> {
    let special = [
        0.0,
        1e-45,
        1e-40,
        f32::MIN_POSITIVE,
        1e-7,
        0.5,
        1.0,
        3.0,
        10.0,
        14.2,
        15.0,
        20.0,
        87.3,
        88.72,
        89.0,
        90.0,
        103.0,
        104.0,
        150.0,
        200.0,
        1e4,
        1e15,
        1e30,
        f32::MAX,
        f32::INFINITY,
    ];
    let bits = (0..=u32::MAX).step_by(stride).map(f32::from_bits);
    special.into_iter().flat_map(|x| [x, -x]).chain([f32::NAN]).chain(bits).collect()
}

/// A pool of so many threads.
#[cfg(feature = "std")]
pub(crate) fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
}

/// Bits of numbers, so that equality is of every bit.
pub(crate) fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|x| x.to_bits()).collect()
}
