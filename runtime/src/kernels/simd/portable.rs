//! Vectors as arrays, for every target: the compiler finds what instructions there are.

use super::{Kernel, Simd};

const LANES: usize = 4;

/// Arrays.
#[derive(Clone, Copy)]
pub(crate) struct Portable(());

impl Portable {
    /// Always there.
    pub(super) const fn new() -> Self {
        Self(())
    }
}

macro_rules! lanewise {
    ($($name:ident($($x:ident: $in:ident),+) -> $out:ident = $value:expr;)+) => {
        $(
            #[inline(always)]
            fn $name(self, $($x: Self::$in),+) -> Self::$out {
                core::array::from_fn(|i| {
                    $(let $x = $x[i];)+
                    $value
                })
            }
        )+
    };
}

impl Simd for Portable {
    const LANES: usize = LANES;
    // As x86-64 has without AVX.
    const REGISTERS: usize = 16;
    const MASKED: bool = false;

    type Floats = [f32; LANES];
    type Words = [u32; LANES];
    type Mask = [bool; LANES];

    #[inline(never)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }
    #[inline]
    fn call_inline<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Self::Floats {
        [x; LANES]
    }
    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> Self::Floats {
        // SAFETY: the caller's; the read needs no alignment.
        unsafe { from.cast::<Self::Floats>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32, x: Self::Floats) {
        // SAFETY: the caller's; the write needs no alignment.
        unsafe { to.cast::<Self::Floats>().write_unaligned(x) }
    }
    #[inline(always)]
    unsafe fn load_part(self, from: *const f32, count: usize) -> Self::Floats {
        let mut x = [0.0; LANES];
        for (i, x) in x.iter_mut().enumerate().take(count) {
            // SAFETY: `i < count`, and `count` numbers are readable.
            *x = unsafe { *from.add(i) };
        }
        x
    }
    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, count: usize, x: Self::Floats) {
        for (i, x) in x.into_iter().enumerate().take(count) {
            // SAFETY: `i < count`, and `count` numbers are writable.
            unsafe { *to.add(i) = x };
        }
    }
    #[inline(always)]
    fn prefetch(self, _: *const f32) {}

    lanewise! {
        add(a: Floats, b: Floats) -> Floats = a + b;
        sub(a: Floats, b: Floats) -> Floats = a - b;
        mul(a: Floats, b: Floats) -> Floats = a * b;
        div(a: Floats, b: Floats) -> Floats = a / b;
        mul_add(a: Floats, b: Floats, c: Floats) -> Floats = a * b + c;
        neg_mul_add(a: Floats, b: Floats, c: Floats) -> Floats = c - a * b;
        sqrt(x: Floats) -> Floats = libm::sqrtf(x);
        max(a: Floats, b: Floats) -> Floats = if a > b { a } else { b };
        min(a: Floats, b: Floats) -> Floats = if a < b { a } else { b };
        greater(a: Floats, b: Floats) -> Mask = a > b;
        select(mask: Mask, yes: Floats, no: Floats) -> Floats = if mask { yes } else { no };
        as_words(x: Floats) -> Words = x.to_bits();
        as_floats(x: Words) -> Floats = f32::from_bits(x);
        add_bits(a: Words, b: Words) -> Words = a.wrapping_add(b);
        sub_bits(a: Words, b: Words) -> Words = a.wrapping_sub(b);
        and_bits(a: Words, b: Words) -> Words = a & b;
        or_bits(a: Words, b: Words) -> Words = a | b;
        to_exponent(x: Words) -> Words = x << 23;
        exponent_to_whole(x: Words) -> Words = (x as i32 >> 23) as u32;
    }

    #[inline(always)]
    fn splat_bits(self, bits: u32) -> Self::Words {
        [bits; LANES]
    }

    #[inline(always)]
    unsafe fn load_columns(self, from: *const f32, row: usize, rows: usize) -> [Self::Floats; 4] {
        let quads: [[f32; 4]; LANES] = core::array::from_fn(|i| {
            // SAFETY: the caller's; the read needs no alignment.
            unsafe { from.add(i.min(rows - 1) * row).cast::<[f32; 4]>().read_unaligned() }
        });
        core::array::from_fn(|t| core::array::from_fn(|i| quads[i][t]))
    }
}
