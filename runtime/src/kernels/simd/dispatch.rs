//! From an instruction set to its vectors.

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
use super::neon;
use super::portable;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
use super::x86;
use super::{Kernel, Simd};
use crate::hardware::isa::{Isa, isa};

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

/// Runs a kernel with the vectors of the instruction set in use: for kernels that are done in the time of a few calls.
/// Compiled into its caller where that is compiled for the same instruction set.
#[inline]
pub(crate) fn dispatch_chosen<K: Kernel>(kernel: K) -> K::Output {
    match isa() {
        Isa::Portable => portable::Portable::new().call(kernel),
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        // SAFETY: AVX2 and FMA are available, since `isa` gives nothing else.
        Isa::Avx2 => unsafe { x86::Avx2::new() }.call_inline(kernel),
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        // SAFETY: AVX-512 F, BW, DQ, VL, and with them AVX2 and FMA, are available, since `isa` gives nothing else.
        Isa::Avx512 => unsafe { x86::Avx512::new() }.call_inline(kernel),
        #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
        Isa::Neon => neon::Neon::new().call_inline(kernel),
        #[allow(unreachable_patterns)]
        _ => unreachable!("an instruction set of another architecture"),
    }
}
