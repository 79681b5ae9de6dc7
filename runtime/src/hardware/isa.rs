//! Instruction sets with a kernel of their own, detected once at run time.
//!
//! With `std`, the environment variable `TYPENET_ISA` (`portable`, `avx2`, `avx512`, `neon`) chooses another one
//! than the best; a value that is unknown or that the processor lacks is ignored.

use core::fmt;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// An instruction set that the kernels are written for.
///
/// All but `Portable` compute with fused multiply-adds and give the same bits as each other.
///
/// ```
/// use typenet_runtime::hardware::isa::Isa;
///
/// assert!(Isa::Portable.is_available());
/// assert_eq!(Isa::available().next(), Some(Isa::Portable));
/// assert_eq!(Isa::ALL.map(Isa::name), ["portable", "neon", "avx2", "avx512"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Isa {
    /// Plain Rust; every target. Multiplies, rounds, then adds.
    Portable = 1,
    /// AVX2 and FMA: 256 bits.
    Avx2 = 2,
    /// AVX-512 F, BW, DQ and VL: 512 bits.
    Avx512 = 4,
    /// Advanced SIMD of AArch64: 128 bits.
    Neon = 8,
}

impl Isa {
    /// Every instruction set, the best last.
    pub const ALL: [Self; 4] = [Self::Portable, Self::Neon, Self::Avx2, Self::Avx512];

    /// Whether this processor, this operating system and this build can run it.
    pub fn is_available(self) -> bool {
        available_bits() & self as u8 != 0
    }

    /// The instruction sets that can run here, the best last.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|isa| isa.is_available())
    }

    /// The name that `TYPENET_ISA` knows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The chosen `Isa`; `0`: not chosen yet.
static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// The instruction set in use; it is available.
///
/// ```
/// use typenet_runtime::hardware::isa::{Isa, isa};
///
/// assert!(Isa::available().any(|available| available == isa()));
/// println!("the kernels use {}", isa());
/// ```
#[inline]
pub fn isa() -> Isa {
    const PORTABLE: u8 = Isa::Portable as u8;
    const AVX2: u8 = Isa::Avx2 as u8;
    const AVX512: u8 = Isa::Avx512 as u8;
    match CHOSEN.load(Relaxed) {
        0 => choose(),
        PORTABLE => Isa::Portable,
        AVX2 => Isa::Avx2,
        AVX512 => Isa::Avx512,
        _ => Isa::Neon,
    }
}

#[cold]
fn choose() -> Isa {
    let isa = wanted().or_else(|| Isa::available().last()).unwrap_or(Isa::Portable);
    CHOSEN.store(isa as u8, Relaxed);
    isa
}

/// What the environment asks for, if it can be had.
fn wanted() -> Option<Isa> {
    #[cfg(feature = "std")]
    if let Ok(name) = std::env::var("TYPENET_ISA") {
        return Isa::available().find(|isa| isa.name() == name);
    }
    None
}

fn available_bits() -> u8 {
    /// Set of `Isa`; `0`: not detected yet (`Portable` is always in it).
    static AVAILABLE: AtomicU8 = AtomicU8::new(0);
    let mut bits = AVAILABLE.load(Relaxed);
    if bits == 0 {
        bits = detect();
        AVAILABLE.store(bits, Relaxed);
    }
    bits
}

// A target without SSE2 computes floats in software and cannot pass vectors.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
fn detect() -> u8 {
    let (avx2, avx512) = x86::features();
    Isa::Portable as u8
        | if avx2 { Isa::Avx2 as u8 } else { 0 }
        | if avx2 && avx512 { Isa::Avx512 as u8 } else { 0 }
}

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
fn detect() -> u8 {
    Isa::Portable as u8 | Isa::Neon as u8
}

#[cfg(not(any(
    all(target_arch = "x86_64", target_feature = "sse2"),
    all(target_arch = "aarch64", target_feature = "neon")
)))]
fn detect() -> u8 {
    Isa::Portable as u8
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod x86 {
    /// Whether AVX2 with FMA, and AVX-512 F, BW, DQ and VL, can be used.
    #[cfg(feature = "std")]
    pub(super) fn features() -> (bool, bool) {
        (
            is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl"),
        )
    }

    /// As with `std`, from the processor itself (Intel SDM volume 1, sections 14.3 and 15.2).
    #[cfg(any(not(feature = "std"), test))]
    pub(super) fn features_from_cpuid() -> (bool, bool) {
        use core::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};

        #[target_feature(enable = "xsave")]
        fn enabled_state() -> u64 {
            // SAFETY: reads register 0, which exists wherever XGETBV does.
            unsafe { _xgetbv(0) }
        }

        const FMA_OSXSAVE_AVX: u32 = 1 << 12 | 1 << 27 | 1 << 28;
        const AVX2: u32 = 1 << 5;
        const AVX512_F_DQ_BW_VL: u32 = 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31;
        const XMM_YMM: u64 = 0b110;
        const XMM_YMM_OPMASK_ZMM: u64 = 0b1110_0110;

        if __cpuid(0).eax < 7 {
            return (false, false);
        }
        let (basic, extended) = (__cpuid(1).ecx, __cpuid_count(7, 0).ebx);
        if basic & FMA_OSXSAVE_AVX != FMA_OSXSAVE_AVX {
            return (false, false);
        }
        // SAFETY: OSXSAVE, tested above, says that XGETBV exists and the system has enabled it.
        let state = unsafe { enabled_state() };
        (
            extended & AVX2 != 0 && state & XMM_YMM == XMM_YMM,
            extended & AVX512_F_DQ_BW_VL == AVX512_F_DQ_BW_VL
                && state & XMM_YMM_OPMASK_ZMM == XMM_YMM_OPMASK_ZMM,
        )
    }

    #[cfg(not(feature = "std"))]
    pub(super) use features_from_cpuid as features;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn portable_is_always_available() {
        assert_eq!(Isa::available().next(), Some(Isa::Portable));
    }

    #[test]
    fn chosen_instruction_set_is_available() {
        assert!(isa().is_available());
        assert_eq!(isa(), isa());
    }

    /// Says in the test's output which instruction sets the other tests can run here, and fails where one is
    /// missing that the architecture promises.
    #[test]
    fn lane_names_what_it_runs() {
        let names: Vec<_> = Isa::available().map(Isa::name).collect();
        std::println!("instruction sets tested here: {}", names.join(", "));
        if let Ok(required) = std::env::var("TYPENET_REQUIRED_ISA") {
            for name in required.split(',') {
                assert!(names.contains(&name), "this lane must run `{name}`, but has only {names:?}");
            }
        }
        assert_eq!(Isa::Neon.is_available(), cfg!(all(target_arch = "aarch64", target_feature = "neon")));
    }

    #[test]
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2", feature = "std"))]
    fn detection_without_std_agrees_with_std() {
        assert_eq!(x86::features_from_cpuid(), x86::features());
    }

    #[test]
    fn names_are_padded_by_display() {
        assert_eq!(std::format!("{:>9}", Isa::Avx2), "     avx2");
    }
}
