//! Vectors of `f32`: one trait, one implementation for each instruction set.
//!
//! A kernel is written once, generic over [`Simd`], and handed to [`dispatch`] as a [`Kernel`]. An instruction
//! set's value, such as `Avx512`, is a proof that the processor has it: only [`dispatch`] makes one, after asking
//! [`Isa::is_available`]. That is why its methods are safe although each is one intrinsic.
//!
//! Every function between `dispatch` and the intrinsics is `#[inline(always)]`, so that all of it is compiled
//! inside one function with `#[target_feature]`. [`Simd::call`] starts such a function anew where inlining
//! should stop. Closures do not inherit this and are not used.

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod neon;
mod portable;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod x86;

use crate::hardware::isa::Isa;

/// A kernel for any instruction set.
pub(crate) trait Kernel {
    /// What it computes.
    type Output;
    /// Runs it. Implementations are `#[inline(always)]`.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Runs a kernel with the vectors of `isa`.
///
/// # Panics
/// If `isa` is not available.
#[inline]
pub(crate) fn dispatch<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
    assert!(isa.is_available(), "this processor has no {isa}");
    match isa {
        Isa::Portable => portable::Portable::new().call(kernel),
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        // SAFETY: AVX2 and FMA are available, asserted above.
        Isa::Avx2 => unsafe { x86::Avx2::new() }.call(kernel),
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        // SAFETY: AVX-512 F, BW, DQ, VL, and with them AVX2 and FMA, are available, asserted above.
        Isa::Avx512 => unsafe { x86::Avx512::new() }.call(kernel),
        #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
        Isa::Neon => neon::Neon::new().call(kernel),
        #[allow(unreachable_patterns)]
        _ => unreachable!("{isa} is available on another architecture"),
    }
}

/// The most lanes that any vector has.
pub(crate) const MAX_LANES: usize = 16;

/// Vectors of an instruction set. All operations are lane by lane and round to nearest, ties to even.
pub(crate) trait Simd: Copy + Send + Sync + 'static {
    /// Number of `f32` in a vector; divides [`MAX_LANES`].
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
        // Two factors, because 2ⁿ alone may overflow or be subnormal. The first product is exact. Adding the magic
        // number leaves a whole number in the low bits, from which the shift drops everything else.
        let magic = self.splat(ROUND);
        let rounded = self.mul_add(n, self.splat(0.5), magic);
        let half = self.sub(rounded, magic);
        let rest = self.add(self.sub(n, half), magic);
        let one = self.as_words(self.splat(1.0));
        let first = self.as_floats(self.add_bits(self.to_exponent(self.as_words(rounded)), one));
        let second = self.as_floats(self.add_bits(self.to_exponent(self.as_words(rest)), one));
        self.mul(self.mul(x, first), second)
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

    /// Transposes `LANES` rows of `LANES` numbers.
    ///
    /// # Safety
    /// `LANES` numbers are readable at `from + i · from_row` and writable at `to + i · to_row` for `i < LANES`.
    unsafe fn transpose(self, from: *const f32, from_row: usize, to: *mut f32, to_row: usize);
}

/// `x + ROUND` rounds `x` to a whole number, which then stands in the low bits, for `|x| < 2²²`.
pub(crate) const ROUND: f32 = 12_582_912.0;
