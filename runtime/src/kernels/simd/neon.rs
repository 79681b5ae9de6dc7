//! Advanced SIMD of AArch64, which every processor of the targets compiled with `neon` has.

use core::arch::aarch64::*;

use super::{Kernel, Simd};

/// NEON.
#[derive(Clone, Copy)]
pub(crate) struct Neon(());

impl Neon {
    /// Compiled only for targets that have it.
    pub(super) const fn new() -> Self {
        Self(())
    }
}

/// Methods that are one intrinsic each.
macro_rules! intrinsics {
    ($($name:ident($($x:ident: $in:ident),+) -> $out:ident = $value:expr;)+) => {
        $(
            #[inline(always)]
            fn $name(self, $($x: Self::$in),+) -> Self::$out {
                // SAFETY: this module is compiled only for targets with NEON.
                unsafe { $value }
            }
        )+
    };
}

impl Simd for Neon {
    const LANES: usize = 4;
    const REGISTERS: usize = 32;
    const MASKED: bool = false;

    type Floats = float32x4_t;
    type Words = uint32x4_t;
    type Mask = uint32x4_t;

    #[inline(never)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }
    #[inline]
    fn call_inline<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> float32x4_t {
        // SAFETY: the caller's.
        unsafe { vld1q_f32(from) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32, x: float32x4_t) {
        // SAFETY: the caller's.
        unsafe { vst1q_f32(to, x) }
    }
    #[inline(always)]
    unsafe fn load_part(self, from: *const f32, count: usize) -> float32x4_t {
        let mut x = [0.0; 4];
        for (i, x) in x.iter_mut().enumerate().take(count) {
            // SAFETY: `i < count`, and `count` numbers are readable.
            *x = unsafe { *from.add(i) };
        }
        // SAFETY: `x` is 4 numbers.
        unsafe { vld1q_f32(x.as_ptr()) }
    }
    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, count: usize, x: float32x4_t) {
        let mut lanes = [0.0; 4];
        // SAFETY: `lanes` is 4 numbers.
        unsafe { vst1q_f32(lanes.as_mut_ptr(), x) };
        for (i, x) in lanes.into_iter().enumerate().take(count) {
            // SAFETY: `i < count`, and `count` numbers are writable.
            unsafe { *to.add(i) = x };
        }
    }
    #[inline(always)]
    fn prefetch(self, from: *const f32) {
        // SAFETY: a prefetch never faults and changes no register or memory.
        unsafe {
            core::arch::asm!("prfm pldl1keep, [{}]", in(reg) from, options(nostack, readonly, preserves_flags));
        }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> float32x4_t {
        // SAFETY: this module is compiled only for targets with NEON.
        unsafe { vdupq_n_f32(x) }
    }
    #[inline(always)]
    fn splat_bits(self, bits: u32) -> uint32x4_t {
        // SAFETY: this module is compiled only for targets with NEON.
        unsafe { vdupq_n_u32(bits) }
    }

    intrinsics! {
        add(a: Floats, b: Floats) -> Floats = vaddq_f32(a, b);
        sub(a: Floats, b: Floats) -> Floats = vsubq_f32(a, b);
        mul(a: Floats, b: Floats) -> Floats = vmulq_f32(a, b);
        div(a: Floats, b: Floats) -> Floats = vdivq_f32(a, b);
        mul_add(a: Floats, b: Floats, c: Floats) -> Floats = vfmaq_f32(c, a, b);
        neg_mul_add(a: Floats, b: Floats, c: Floats) -> Floats = vfmsq_f32(c, a, b);
        sqrt(x: Floats) -> Floats = vsqrtq_f32(x);
        max(a: Floats, b: Floats) -> Floats = vbslq_f32(vcgtq_f32(a, b), a, b);
        min(a: Floats, b: Floats) -> Floats = vbslq_f32(vcltq_f32(a, b), a, b);
        greater(a: Floats, b: Floats) -> Mask = vcgtq_f32(a, b);
        select(mask: Mask, yes: Floats, no: Floats) -> Floats = vbslq_f32(mask, yes, no);
        as_words(x: Floats) -> Words = vreinterpretq_u32_f32(x);
        as_floats(x: Words) -> Floats = vreinterpretq_f32_u32(x);
        add_bits(a: Words, b: Words) -> Words = vaddq_u32(a, b);
        sub_bits(a: Words, b: Words) -> Words = vsubq_u32(a, b);
        and_bits(a: Words, b: Words) -> Words = vandq_u32(a, b);
        or_bits(a: Words, b: Words) -> Words = vorrq_u32(a, b);
        to_exponent(x: Words) -> Words = vshlq_n_u32::<23>(x);
        exponent_to_whole(x: Words) -> Words =
            vreinterpretq_u32_s32(vshrq_n_s32::<23>(vreinterpretq_s32_u32(x)));
    }

    #[inline(always)]
    unsafe fn load_columns(self, from: *const f32, row: usize, rows: usize) -> [float32x4_t; 4] {
        // SAFETY: the loads are the caller's; this module is compiled only for targets with NEON.
        unsafe {
            let x0 = vld1q_f32(from);
            let x1 = vld1q_f32(from.add(1usize.min(rows - 1) * row));
            let x2 = vld1q_f32(from.add(2usize.min(rows - 1) * row));
            let x3 = vld1q_f32(from.add(3usize.min(rows - 1) * row));
            let (low, high) = (vtrnq_f32(x0, x1), vtrnq_f32(x2, x3));
            [
                vcombine_f32(vget_low_f32(low.0), vget_low_f32(high.0)),
                vcombine_f32(vget_low_f32(low.1), vget_low_f32(high.1)),
                vcombine_f32(vget_high_f32(low.0), vget_high_f32(high.0)),
                vcombine_f32(vget_high_f32(low.1), vget_high_f32(high.1)),
            ]
        }
    }
}
