//! Vectors of `f32`: one trait, one implementation for each instruction set.
//!
//! A kernel is written once, generic over [`Simd`], and handed to [`dispatch`] as a [`Kernel`]. An instruction
//! set's value, such as `Avx512`, is a proof that the processor has it: only [`dispatch`] makes one, after asking
//! [`Isa::is_available`]. That is why its methods are safe although each is one intrinsic.
//!
//! Every function between `dispatch` and the intrinsics is `#[inline(always)]`, so that all of it is compiled
//! inside one function with `#[target_feature]`. [`Simd::call`] starts such a function anew where inlining
//! should stop. Closures do not inherit this and are not used.

mod dispatch;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod neon;
mod portable;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod x86;

pub(crate) use dispatch::{dispatch, dispatch_chosen};

/// A kernel for any instruction set.
#[doc(hidden)]
pub trait Kernel {
    /// What it computes.
    type Output;
    /// Runs it. Implementations are `#[inline(always)]`.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// The most lanes that any vector has.
pub(crate) const MAX_LANES: usize = 16;

/// Vectors of an instruction set. All operations are lane by lane and round to nearest, ties to even.
#[doc(hidden)]
pub trait Simd: Copy + Send + Sync + 'static {
    /// Number of `f32` in a vector; divides `MAX_LANES`.
    const LANES: usize;
    /// Number of vector registers.
    const REGISTERS: usize;
    /// Whether part of a vector is loaded and stored by one instruction.
    const MASKED: bool;

    /// `LANES` numbers.
    type Floats: Copy;
    /// `LANES` 32-bit words.
    type Words: Copy;
    /// `LANES` truth values.
    type Mask: Copy;

    /// Runs a kernel in a function of its own, compiled for this instruction set.
    fn call<K: Kernel>(self, kernel: K) -> K::Output;
    /// As [`call`](Self::call), but the function may become part of one that is compiled for this instruction set.
    fn call_inline<K: Kernel>(self, kernel: K) -> K::Output;

    /// `x` in every lane.
    fn splat(self, x: f32) -> Self::Floats;
    /// # Safety
    /// `LANES` numbers are readable at `from`.
    unsafe fn load(self, from: *const f32) -> Self::Floats;
    /// # Safety
    /// `LANES` numbers are writable at `to`.
    unsafe fn store(self, to: *mut f32, x: Self::Floats);
    /// The first `count` lanes; the others are zero.
    ///
    /// # Safety
    /// `count` numbers are readable at `from`, and `count <= LANES`.
    unsafe fn load_part(self, from: *const f32, count: usize) -> Self::Floats;
    /// The first `count` lanes; the others are those of `rest`.
    ///
    /// # Safety
    /// `count` numbers are readable at `from`, and `count <= LANES`.
    #[inline(always)]
    unsafe fn load_part_or(self, from: *const f32, count: usize, rest: Self::Floats) -> Self::Floats {
        let mut lanes = self.to_array(rest);
        for (i, lane) in lanes.iter_mut().enumerate().take(count) {
            // SAFETY: `i < count`, and `count` numbers are readable.
            *lane = unsafe { *from.add(i) };
        }
        self.read(&lanes)
    }
    /// # Safety
    /// `count` numbers are writable at `to`, and `count <= LANES`.
    unsafe fn store_part(self, to: *mut f32, count: usize, x: Self::Floats);
    /// As [`store_part`](Self::store_part), for a `count` that the compiler knows: without a mask, so that what is stored can be
    /// loaded at once.
    ///
    /// # Safety
    /// `count` numbers are writable at `to`, and `count <= LANES`.
    #[inline(always)]
    unsafe fn store_known(self, to: *mut f32, count: usize, x: Self::Floats) {
        // SAFETY: the caller's.
        unsafe { self.store_part(to, count, x) }
    }
    /// Asks for the line at `from`, which need not be readable.
    fn prefetch(self, from: *const f32);

    /// `a + b`
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a - b`
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a * b`
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a / b`
    fn div(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a * b + c`, rounded once; twice on `Portable`.
    fn mul_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// `c - a * b`, rounded once; twice on `Portable`.
    fn neg_mul_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// `√x`
    #[allow(dead_code, reason = "for the optimizers")]
    fn sqrt(self, x: Self::Floats) -> Self::Floats;
    /// `a > b ? a : b`, hence `b` if either is NaN.
    fn max(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a < b ? a : b`, hence `b` if either is NaN.
    fn min(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;

    /// `a > b`; false if either is NaN.
    fn greater(self, a: Self::Floats, b: Self::Floats) -> Self::Mask;
    /// `yes` where `mask`, else `no`.
    fn select(self, mask: Self::Mask, yes: Self::Floats, no: Self::Floats) -> Self::Floats;

    /// `bits` in every lane.
    fn splat_bits(self, bits: u32) -> Self::Words;
    /// The bits of numbers.
    fn as_words(self, x: Self::Floats) -> Self::Words;
    /// The numbers with these bits.
    fn as_floats(self, x: Self::Words) -> Self::Floats;
    /// `a + b`, wrapping.
    fn add_bits(self, a: Self::Words, b: Self::Words) -> Self::Words;
    /// `a - b`, wrapping.
    fn sub_bits(self, a: Self::Words, b: Self::Words) -> Self::Words;
    /// `a & b`
    fn and_bits(self, a: Self::Words, b: Self::Words) -> Self::Words;
    /// `a | b`
    fn or_bits(self, a: Self::Words, b: Self::Words) -> Self::Words;
    /// `x << 23`: an integer to the place of the exponent.
    fn to_exponent(self, x: Self::Words) -> Self::Words;
    /// `x >> 23` with the sign kept: the exponent to an integer.
    fn exponent_to_whole(self, x: Self::Words) -> Self::Words;

    /// `|x|`
    #[inline(always)]
    fn abs(self, x: Self::Floats) -> Self::Floats {
        self.as_floats(self.and_bits(self.as_words(x), self.splat_bits(0x7FFF_FFFF)))
    }

    /// `|magnitude|` with the sign of `sign`; `magnitude` must not be negative.
    #[inline(always)]
    fn with_sign(self, magnitude: Self::Floats, sign: Self::Floats) -> Self::Floats {
        let sign = self.and_bits(self.as_words(sign), self.splat_bits(0x8000_0000));
        self.as_floats(self.or_bits(self.as_words(magnitude), sign))
    }

    /// `x · 2ⁿ`, rounded once, for whole `n` in −252..=254 and `|x|` in [½, 2].
    #[inline(always)]
    fn scale(self, x: Self::Floats, n: Self::Floats) -> Self::Floats {
        let (number, power) = self.scale_in_parts(x, n);
        self.mul(number, power)
    }

    /// Two factors of `x · 2ⁿ`, for `n` and `x` as of [`scale`](Self::scale): a normal number, exact, and a power of two. A factor
    /// that makes a subnormal product larger comes between them, so that nothing is rounded to a subnormal number before the end.
    #[inline(always)]
    fn scale_in_parts(self, x: Self::Floats, n: Self::Floats) -> (Self::Floats, Self::Floats) {
        // 2ⁿ alone may overflow or be subnormal. Adding the magic number leaves a whole number in the low bits, from which
        // the shift drops everything else.
        let magic = self.splat(ROUND);
        let rounded = self.mul_add(n, self.splat(0.5), magic);
        let half = self.sub(rounded, magic);
        let rest = self.add(self.sub(n, half), magic);
        let one = self.as_words(self.splat(1.0));
        let first = self.as_floats(self.add_bits(self.to_exponent(self.as_words(rounded)), one));
        let second = self.as_floats(self.add_bits(self.to_exponent(self.as_words(rest)), one));
        (self.mul(x, first), second)
    }

    /// The first `LANES` numbers of `from`.
    #[inline(always)]
    fn read(self, from: &[f32]) -> Self::Floats {
        assert!(from.len() >= Self::LANES);
        // SAFETY: `from` holds `LANES` numbers, asserted above.
        unsafe { self.load(from.as_ptr()) }
    }

    /// Sets the first `LANES` numbers of `to`.
    #[inline(always)]
    fn write(self, to: &mut [f32], x: Self::Floats) {
        assert!(to.len() >= Self::LANES);
        // SAFETY: `to` holds `LANES` numbers, asserted above.
        unsafe { self.store(to.as_mut_ptr(), x) }
    }

    /// All of `from`, which is at most `LANES` long; the other lanes are zero.
    #[inline(always)]
    fn read_part(self, from: &[f32]) -> Self::Floats {
        assert!(from.len() <= Self::LANES);
        // SAFETY: the count is the slice's length, at most `LANES` as asserted above.
        unsafe { self.load_part(from.as_ptr(), from.len()) }
    }

    /// All of `from`, which is at most `LANES` long; the other lanes are those of `rest`.
    #[inline(always)]
    fn read_part_or(self, from: &[f32], rest: Self::Floats) -> Self::Floats {
        assert!(from.len() <= Self::LANES);
        // SAFETY: the count is the slice's length, at most `LANES` as asserted above.
        unsafe { self.load_part_or(from.as_ptr(), from.len(), rest) }
    }

    /// Sets all of `to`, which is at most `LANES` long.
    #[inline(always)]
    fn write_part(self, to: &mut [f32], x: Self::Floats) {
        assert!(to.len() <= Self::LANES);
        // SAFETY: the count is the slice's length, at most `LANES` as asserted above.
        unsafe { self.store_part(to.as_mut_ptr(), to.len(), x) }
    }

    /// All lanes; those beyond `LANES` are zero.
    #[inline(always)]
    fn to_array(self, x: Self::Floats) -> [f32; MAX_LANES] {
        let mut lanes = [0.0; MAX_LANES];
        self.write(&mut lanes, x);
        lanes
    }

    /// Four columns of a matrix that lies row by row: lane `i` of vector `t` is `from[i · row + t]` for `i < rows`; other
    /// lanes are those of the last row.
    ///
    /// # Safety
    /// Four numbers are readable at `from + i · row` for `i < rows`, and `0 < rows <= LANES`.
    unsafe fn load_columns(self, from: *const f32, row: usize, rows: usize) -> [Self::Floats; 4];
}

/// `x + ROUND` rounds `x` to a whole number, which then stands in the low bits, for `|x| < 2²²`.
pub(crate) const ROUND: f32 = 12_582_912.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::isa::Isa;
    use std::vec::Vec;

    /// Calls a generic function on every instruction set that is available.
    macro_rules! on_every_isa {
        ($check:ident) => {
            struct Check;
            impl Kernel for Check {
                type Output = ();
                #[inline(always)]
                fn run<S: Simd>(self, simd: S) {
                    $check(simd);
                }
            }
            for isa in Isa::available() {
                dispatch(isa, Check);
            }
        };
    }

    /// Values at which operations differ: signs of zero, infinities, NaN, subnormal numbers.
    const VALUES: [f32; 12] =
        [0.0, -0.0, 1.0, -1.5, 3e38, -3e38, 1e-40, -1e-40, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.1];

    fn same(a: f32, b: f32) -> bool {
        a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
    }

    #[test]
    fn lanes_divide_the_most_lanes() {
        fn check<S: Simd>(_: S) {
            assert!(MAX_LANES.is_multiple_of(S::LANES));
        }
        on_every_isa!(check);
    }

    #[test]
    fn operations_agree_with_scalars_in_every_lane() {
        fn check<S: Simd>(simd: S) {
            for a in VALUES {
                for b in VALUES {
                    let (x, y) = (simd.splat(a), simd.splat(b));
                    let cases = [
                        ("add", simd.add(x, y), a + b),
                        ("sub", simd.sub(x, y), a - b),
                        ("mul", simd.mul(x, y), a * b),
                        ("div", simd.div(x, y), a / b),
                        ("max", simd.max(x, y), if a > b { a } else { b }),
                        ("min", simd.min(x, y), if a < b { a } else { b }),
                        ("sqrt", simd.sqrt(x), libm::sqrtf(a)),
                        ("abs", simd.abs(x), a.abs()),
                        ("with_sign", simd.with_sign(simd.abs(x), y), a.abs().copysign(b)),
                        (
                            "select",
                            simd.select(simd.greater(x, y), x, simd.splat(7.0)),
                            if a > b { a } else { 7.0 },
                        ),
                    ];
                    for (name, got, want) in cases {
                        for &got in &simd.to_array(got)[..S::LANES] {
                            assert!(same(got, want), "{name}({a}, {b}) = {got}, not {want}");
                        }
                    }
                }
            }
        }
        on_every_isa!(check);
    }

    #[test]
    fn multiplication_and_addition_round_once_where_fused() {
        // (1 + ε)·(1 − ε) − 1 = −ε², which two roundings lose.
        fn check<S: Simd>(simd: S) -> f32 {
            let e = f32::EPSILON;
            let (a, b) = (simd.splat(1.0 + e), simd.splat(1.0 - e));
            let sum = simd.to_array(simd.mul_add(a, b, simd.splat(-1.0)))[0];
            let difference = simd.to_array(simd.neg_mul_add(a, b, simd.splat(1.0)))[0];
            assert_eq!(sum, -difference);
            sum
        }
        struct Check;
        impl Kernel for Check {
            type Output = f32;
            #[inline(always)]
            fn run<S: Simd>(self, simd: S) -> f32 {
                check(simd)
            }
        }
        for isa in Isa::available() {
            let want = if isa == Isa::Portable { 0.0 } else { -f32::EPSILON * f32::EPSILON };
            assert_eq!(dispatch(isa, Check), want, "{isa}");
        }
    }

    #[test]
    fn parts_of_vectors_touch_no_other_number() {
        fn check<S: Simd>(simd: S) {
            let from: Vec<f32> = (1..=S::LANES).map(|i| i as f32).collect();
            for count in 0..=S::LANES {
                let loaded = simd.to_array(simd.read_part(&from[..count]));
                let filled = simd.to_array(simd.read_part_or(&from[..count], simd.splat(-1.0)));
                let (mut stored, mut known) = ([0.5; MAX_LANES], [0.5; MAX_LANES]);
                simd.write_part(&mut stored[..count], simd.read(&from));
                // SAFETY: `known` is as long as the longest vector.
                unsafe { simd.store_known(known.as_mut_ptr(), count, simd.read(&from)) };
                assert_eq!(known, stored);
                for i in 0..S::LANES {
                    let inside = i < count;
                    assert_eq!(loaded[i], if inside { from[i] } else { 0.0 });
                    assert_eq!(filled[i], if inside { from[i] } else { -1.0 });
                    assert_eq!(stored[i], if inside { from[i] } else { 0.5 });
                }
            }
        }
        on_every_isa!(check);
    }

    #[test]
    fn scale_rounds_once_down_to_subnormal_numbers() {
        fn check<S: Simd>(simd: S) {
            for x in [0.5f32, 0.7, 1.0, 1.3, 1.999, -1.1] {
                for n in -252..=254 {
                    let got = simd.to_array(simd.scale(simd.splat(x), simd.splat(n as f32)))[0];
                    let want = libm::ldexp(f64::from(x), n) as f32;
                    assert!(same(got, want), "{x}·2^{n} = {got}, not {want}");
                }
            }
        }
        on_every_isa!(check);
    }

    #[test]
    fn exponents_are_shifted_with_their_sign() {
        fn check<S: Simd>(simd: S) {
            for (bits, want) in [(0x3F80_0000u32, 127u32), (0xFF80_0000, u32::MAX), (0, 0)] {
                let shifted = simd.exponent_to_whole(simd.splat_bits(bits));
                assert_eq!(simd.to_array(simd.as_floats(shifted))[0].to_bits(), want);
            }
        }
        on_every_isa!(check);
    }

    #[test]
    fn columns_are_loaded_from_rows() {
        fn check<S: Simd>(simd: S) {
            for row in [4, 7, 64] {
                for rows in 1..=S::LANES {
                    let from: Vec<f32> = (0..(rows - 1) * row + 4).map(|i| i as f32).collect();
                    // SAFETY: four numbers of each row are in `from`.
                    let columns = unsafe { simd.load_columns(from.as_ptr(), row, rows) };
                    for (t, column) in columns.into_iter().enumerate() {
                        for (i, &x) in simd.to_array(column)[..S::LANES].iter().enumerate() {
                            assert_eq!(x, from[i.min(rows - 1) * row + t], "{rows} rows, ({i}, {t})");
                        }
                    }
                }
            }
        }
        on_every_isa!(check);
    }

    #[test]
    #[should_panic(expected = "this processor has no")]
    fn an_instruction_set_that_is_not_there_is_refused() {
        struct Nothing;
        impl Kernel for Nothing {
            type Output = ();
            fn run<S: Simd>(self, _: S) {}
        }
        // No processor has both.
        dispatch(Isa::Neon, Nothing);
        dispatch(Isa::Avx512, Nothing);
    }
}
