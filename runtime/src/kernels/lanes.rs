//! Reductions by sixteen lanes on every instruction set, so that the order of additions is the same on all:
//! element `i` goes to lane `i mod 16`, and then the halves of the lanes are added until one is left.

use super::simd::{MAX_LANES, Simd};

/// Sixteen lanes: the first `VECTORS` vectors.
#[derive(Clone, Copy)]
pub(super) struct Lanes<S: Simd>(pub(super) [S::Floats; 4]);

impl<S: Simd> Lanes<S> {
    /// Number of vectors in use.
    pub(super) const VECTORS: usize = MAX_LANES / S::LANES;

    #[inline(always)]
    pub(super) fn splat(simd: S, x: f32) -> Self {
        Self([simd.splat(x); 4])
    }

    /// Vector `i` of a piece of at most sixteen numbers; lanes beyond its end are those of `rest`.
    #[inline(always)]
    pub(super) fn read(simd: S, x: &[f32], i: usize, rest: S::Floats) -> S::Floats {
        let from = (i * S::LANES).min(x.len());
        let x = &x[from..];
        if x.len() >= S::LANES { simd.read(x) } else { simd.read_part_or(x, rest) }
    }

    /// Sets vector `i` of a piece of at most sixteen numbers, as far as the piece goes.
    #[inline(always)]
    pub(super) fn write(simd: S, x: &mut [f32], i: usize, value: S::Floats) {
        let from = (i * S::LANES).min(x.len());
        let x = &mut x[from..];
        if x.len() >= S::LANES { simd.write(x, value) } else { simd.write_part(x, value) }
    }

    #[inline(always)]
    fn to_array(self, simd: S) -> [f32; MAX_LANES] {
        let mut lanes = [0.0; MAX_LANES];
        for (i, lanes) in lanes.chunks_exact_mut(S::LANES).enumerate() {
            simd.write(lanes, self.0[i]);
        }
        lanes
    }
}

/// As many of the first numbers of `x` as a vector holds; lanes beyond its end are zero.
#[inline(always)]
pub(super) fn read_up_to<S: Simd>(simd: S, x: &[f32]) -> S::Floats {
    if x.len() >= S::LANES { simd.read(x) } else { simd.read_part(x) }
}

/// Sets as many of the first numbers of `x` as a vector holds.
#[inline(always)]
pub(super) fn write_up_to<S: Simd>(simd: S, x: &mut [f32], value: S::Floats) {
    if x.len() >= S::LANES { simd.write(x, value) } else { simd.write_part(x, value) }
}

/// The sum of all lanes.
#[inline(always)]
pub(super) fn horizontal_sum<S: Simd>(simd: S, lanes: Lanes<S>) -> f32 {
    let x = lanes.to_array(simd);
    let x: [f32; 8] = core::array::from_fn(|i| x[i] + x[i + 8]);
    let x: [f32; 4] = core::array::from_fn(|i| x[i] + x[i + 4]);
    (x[0] + x[2]) + (x[1] + x[3])
}

/// The largest of all lanes, none of which is NaN.
#[inline(always)]
pub(super) fn horizontal_max<S: Simd>(simd: S, lanes: Lanes<S>) -> f32 {
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    let x = lanes.to_array(simd);
    let x: [f32; 8] = core::array::from_fn(|i| larger(x[i], x[i + 8]));
    let x: [f32; 4] = core::array::from_fn(|i| larger(x[i], x[i + 4]));
    larger(larger(x[0], x[2]), larger(x[1], x[3]))
}
