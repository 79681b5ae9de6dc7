//! AVX2 with FMA, and AVX-512.

use core::arch::x86_64::*;

use super::{Kernel, Simd};

/// AVX2 and FMA, known to be there.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

/// AVX-512 F, BW, DQ, VL, AVX2 and FMA, known to be there.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx2 {
    /// # Safety
    /// The processor and the operating system have AVX2 and FMA.
    pub(super) const unsafe fn new() -> Self {
        Self(())
    }
}

impl Avx512 {
    /// # Safety
    /// The processor and the operating system have AVX-512 F, BW, DQ, VL, AVX2 and FMA.
    pub(super) const unsafe fn new() -> Self {
        Self(())
    }
}

#[inline(never)]
#[target_feature(enable = "avx2,fma")]
fn call_avx2<K: Kernel>(simd: Avx2, kernel: K) -> K::Output {
    kernel.run(simd)
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn call_avx512<K: Kernel>(simd: Avx512, kernel: K) -> K::Output {
    kernel.run(simd)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn inline_avx2<K: Kernel>(simd: Avx2, kernel: K) -> K::Output {
    kernel.run(simd)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn inline_avx512<K: Kernel>(simd: Avx512, kernel: K) -> K::Output {
    kernel.run(simd)
}

/// Methods that are one intrinsic each.
macro_rules! intrinsics {
    ($($name:ident($($x:ident: $in:ident),+) -> $out:ident = $value:expr;)+) => {
        $(
            #[inline(always)]
            fn $name(self, $($x: Self::$in),+) -> Self::$out {
                // SAFETY: `self` exists only where the instruction set does.
                unsafe { $value }
            }
        )+
    };
}

/// `MASKS[8 - count..]` begins with `count` words of ones.
static MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

/// # Safety
/// AVX2 is there.
#[inline(always)]
unsafe fn first(count: usize) -> __m256i {
    let masks = &MASKS[8 - count..][..8];
    // SAFETY: `masks` is 8 words; AVX2 is the caller's.
    unsafe { _mm256_loadu_si256(masks.as_ptr().cast()) }
}

impl Simd for Avx2 {
    const LANES: usize = 8;
    const REGISTERS: usize = 16;
    const MASKED: bool = true;

    type Floats = __m256;
    type Words = __m256i;
    type Mask = __m256;

    #[inline(always)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` exists only where AVX2 and FMA do.
        unsafe { call_avx2(self, kernel) }
    }
    #[inline(always)]
    fn call_inline<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` exists only where the instruction set does.
        unsafe { inline_avx2(self, kernel) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m256 {
        // SAFETY: the caller's, and `self` exists only where the instruction set does.
        unsafe { _mm256_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32, x: __m256) {
        // SAFETY: the caller's, and `self` exists only where the instruction set does.
        unsafe { _mm256_storeu_ps(to, x) }
    }
    #[inline(always)]
    unsafe fn load_part(self, from: *const f32, count: usize) -> __m256 {
        // SAFETY: only the first `count` numbers are read; `self` exists only where the instruction set does.
        unsafe { _mm256_maskload_ps(from, first(count)) }
    }
    #[inline(always)]
    unsafe fn load_part_or(self, from: *const f32, count: usize, rest: __m256) -> __m256 {
        // SAFETY: only the first `count` numbers are read; `self` exists only where the instruction set does.
        unsafe {
            let mask = first(count);
            _mm256_blendv_ps(rest, _mm256_maskload_ps(from, mask), _mm256_castsi256_ps(mask))
        }
    }
    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, count: usize, x: __m256) {
        // SAFETY: only the first `count` numbers are written; `self` exists only where the instruction set does.
        unsafe { _mm256_maskstore_ps(to, first(count), x) }
    }
    #[inline(always)]
    unsafe fn store_known(self, to: *mut f32, count: usize, x: __m256) {
        // SAFETY: `count` numbers are written; `self` exists only where the instruction set does.
        unsafe {
            if count == 8 {
                return self.store(to, x);
            }
            let (mut to, mut x, upper) = (to, _mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
            if count & 4 != 0 {
                _mm_storeu_ps(to, x);
                (to, x) = (to.add(4), upper);
            }
            if count & 2 != 0 {
                _mm_storel_pd(to.cast(), _mm_castps_pd(x));
                (to, x) = (to.add(2), _mm_movehl_ps(x, x));
            }
            if count & 1 != 0 {
                _mm_store_ss(to, x);
            }
        }
    }
    #[inline(always)]
    fn prefetch(self, from: *const f32) {
        // SAFETY: a prefetch never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        // SAFETY: `self` exists only where the instruction set does.
        unsafe { _mm256_set1_ps(x) }
    }
    #[inline(always)]
    fn splat_bits(self, bits: u32) -> __m256i {
        // SAFETY: `self` exists only where the instruction set does.
        unsafe { _mm256_set1_epi32(bits as i32) }
    }

    intrinsics! {
        add(a: Floats, b: Floats) -> Floats = _mm256_add_ps(a, b);
        sub(a: Floats, b: Floats) -> Floats = _mm256_sub_ps(a, b);
        mul(a: Floats, b: Floats) -> Floats = _mm256_mul_ps(a, b);
        div(a: Floats, b: Floats) -> Floats = _mm256_div_ps(a, b);
        mul_add(a: Floats, b: Floats, c: Floats) -> Floats = _mm256_fmadd_ps(a, b, c);
        neg_mul_add(a: Floats, b: Floats, c: Floats) -> Floats = _mm256_fnmadd_ps(a, b, c);
        sqrt(x: Floats) -> Floats = _mm256_sqrt_ps(x);
        max(a: Floats, b: Floats) -> Floats = _mm256_max_ps(a, b);
        min(a: Floats, b: Floats) -> Floats = _mm256_min_ps(a, b);
        greater(a: Floats, b: Floats) -> Mask = _mm256_cmp_ps::<_CMP_GT_OQ>(a, b);
        select(mask: Mask, yes: Floats, no: Floats) -> Floats = _mm256_blendv_ps(no, yes, mask);
        as_words(x: Floats) -> Words = _mm256_castps_si256(x);
        as_floats(x: Words) -> Floats = _mm256_castsi256_ps(x);
        add_bits(a: Words, b: Words) -> Words = _mm256_add_epi32(a, b);
        sub_bits(a: Words, b: Words) -> Words = _mm256_sub_epi32(a, b);
        and_bits(a: Words, b: Words) -> Words = _mm256_and_si256(a, b);
        or_bits(a: Words, b: Words) -> Words = _mm256_or_si256(a, b);
        to_exponent(x: Words) -> Words = _mm256_slli_epi32::<23>(x);
        exponent_to_whole(x: Words) -> Words = _mm256_srai_epi32::<23>(x);
    }

    #[inline(always)]
    unsafe fn load_columns(self, from: *const f32, row: usize, rows: usize) -> [__m256; 4] {
        // SAFETY: the loads are the caller's; `self` exists only where the instruction set does.
        unsafe {
            // Rows i and i + 4 share a register, so that halves need no exchange.
            let mut y = [_mm256_setzero_ps(); 4];
            for (i, y) in y.iter_mut().enumerate() {
                let low = _mm_loadu_ps(from.add(i.min(rows - 1) * row));
                let high = _mm_loadu_ps(from.add((i + 4).min(rows - 1) * row));
                *y = _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(low), high);
            }
            let (t0, t1) = (_mm256_unpacklo_ps(y[0], y[1]), _mm256_unpackhi_ps(y[0], y[1]));
            let (t2, t3) = (_mm256_unpacklo_ps(y[2], y[3]), _mm256_unpackhi_ps(y[2], y[3]));
            [
                _mm256_shuffle_ps::<0b01_00_01_00>(t0, t2),
                _mm256_shuffle_ps::<0b11_10_11_10>(t0, t2),
                _mm256_shuffle_ps::<0b01_00_01_00>(t1, t3),
                _mm256_shuffle_ps::<0b11_10_11_10>(t1, t3),
            ]
        }
    }
}

/// The lowest `count` of 16 bits.
#[inline(always)]
fn lowest(count: usize) -> __mmask16 {
    ((1u32 << count) - 1) as __mmask16
}

impl Simd for Avx512 {
    const LANES: usize = 16;
    const REGISTERS: usize = 32;
    const MASKED: bool = true;

    type Floats = __m512;
    type Words = __m512i;
    type Mask = __mmask16;

    #[inline(always)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` exists only where the instruction set does.
        unsafe { call_avx512(self, kernel) }
    }
    #[inline(always)]
    fn call_inline<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` exists only where the instruction set does.
        unsafe { inline_avx512(self, kernel) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m512 {
        // SAFETY: the caller's, and `self` exists only where the instruction set does.
        unsafe { _mm512_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32, x: __m512) {
        // SAFETY: the caller's, and `self` exists only where the instruction set does.
        unsafe { _mm512_storeu_ps(to, x) }
    }
    #[inline(always)]
    unsafe fn load_part(self, from: *const f32, count: usize) -> __m512 {
        // SAFETY: only the first `count` numbers are read; `self` exists only where the instruction set does.
        unsafe { _mm512_maskz_loadu_ps(lowest(count), from) }
    }
    #[inline(always)]
    unsafe fn load_part_or(self, from: *const f32, count: usize, rest: __m512) -> __m512 {
        // SAFETY: only the first `count` numbers are read; `self` exists only where the instruction set does.
        unsafe { _mm512_mask_loadu_ps(rest, lowest(count), from) }
    }
    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, count: usize, x: __m512) {
        // SAFETY: only the first `count` numbers are written; `self` exists only where the instruction set does.
        unsafe { _mm512_mask_storeu_ps(to, lowest(count), x) }
    }
    #[inline(always)]
    unsafe fn store_known(self, to: *mut f32, count: usize, x: __m512) {
        // SAFETY: `count` numbers are written; AVX-512 DQ has AVX2 beside it.
        unsafe {
            if count == 16 {
                return self.store(to, x);
            }
            let (mut to, mut x, upper) = (to, _mm512_castps512_ps256(x), _mm512_extractf32x8_ps::<1>(x));
            if count & 8 != 0 {
                _mm256_storeu_ps(to, x);
                (to, x) = (to.add(8), upper);
            }
            Avx2::new().store_known(to, count & 7, x);
        }
    }
    #[inline(always)]
    fn prefetch(self, from: *const f32) {
        // SAFETY: a prefetch never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        // SAFETY: `self` exists only where the instruction set does.
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    fn splat_bits(self, bits: u32) -> __m512i {
        // SAFETY: `self` exists only where the instruction set does.
        unsafe { _mm512_set1_epi32(bits as i32) }
    }

    intrinsics! {
        add(a: Floats, b: Floats) -> Floats = _mm512_add_ps(a, b);
        sub(a: Floats, b: Floats) -> Floats = _mm512_sub_ps(a, b);
        mul(a: Floats, b: Floats) -> Floats = _mm512_mul_ps(a, b);
        div(a: Floats, b: Floats) -> Floats = _mm512_div_ps(a, b);
        mul_add(a: Floats, b: Floats, c: Floats) -> Floats = _mm512_fmadd_ps(a, b, c);
        neg_mul_add(a: Floats, b: Floats, c: Floats) -> Floats = _mm512_fnmadd_ps(a, b, c);
        sqrt(x: Floats) -> Floats = _mm512_sqrt_ps(x);
        max(a: Floats, b: Floats) -> Floats = _mm512_max_ps(a, b);
        min(a: Floats, b: Floats) -> Floats = _mm512_min_ps(a, b);
        greater(a: Floats, b: Floats) -> Mask = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b);
        select(mask: Mask, yes: Floats, no: Floats) -> Floats = _mm512_mask_blend_ps(mask, no, yes);
        scale(x: Floats, n: Floats) -> Floats = _mm512_scalef_ps(x, n);
        as_words(x: Floats) -> Words = _mm512_castps_si512(x);
        as_floats(x: Words) -> Floats = _mm512_castsi512_ps(x);
        add_bits(a: Words, b: Words) -> Words = _mm512_add_epi32(a, b);
        sub_bits(a: Words, b: Words) -> Words = _mm512_sub_epi32(a, b);
        and_bits(a: Words, b: Words) -> Words = _mm512_and_si512(a, b);
        or_bits(a: Words, b: Words) -> Words = _mm512_or_si512(a, b);
        to_exponent(x: Words) -> Words = _mm512_slli_epi32::<23>(x);
        exponent_to_whole(x: Words) -> Words = _mm512_srai_epi32::<23>(x);
    }

    #[inline(always)]
    unsafe fn load_columns(self, from: *const f32, row: usize, rows: usize) -> [__m512; 4] {
        // SAFETY: the loads are the caller's; `self` exists only where the instruction set does.
        unsafe {
            // Quarter q of register i is row 4q + i: the exchange of quarters is done by the loads.
            let mut y = [_mm512_setzero_ps(); 4];
            for (i, y) in y.iter_mut().enumerate() {
                let x = _mm512_castps128_ps512(_mm_loadu_ps(from.add(i.min(rows - 1) * row)));
                let x = _mm512_insertf32x4::<1>(x, _mm_loadu_ps(from.add((i + 4).min(rows - 1) * row)));
                let x = _mm512_insertf32x4::<2>(x, _mm_loadu_ps(from.add((i + 8).min(rows - 1) * row)));
                *y = _mm512_insertf32x4::<3>(x, _mm_loadu_ps(from.add((i + 12).min(rows - 1) * row)));
            }
            let (t0, t1) = (_mm512_unpacklo_ps(y[0], y[1]), _mm512_unpackhi_ps(y[0], y[1]));
            let (t2, t3) = (_mm512_unpacklo_ps(y[2], y[3]), _mm512_unpackhi_ps(y[2], y[3]));
            [
                _mm512_shuffle_ps::<0b01_00_01_00>(t0, t2),
                _mm512_shuffle_ps::<0b11_10_11_10>(t0, t2),
                _mm512_shuffle_ps::<0b01_00_01_00>(t1, t3),
                _mm512_shuffle_ps::<0b11_10_11_10>(t1, t3),
            ]
        }
    }
}
