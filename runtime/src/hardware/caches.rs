//! The caches of a core: found once, for the kernels to choose their blocks by.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[cfg(target_arch = "x86_64")]
use super::vendor::{Vendor, vendor};

/// How much the caches that a core has for itself hold, in bytes.
///
/// ```
/// use typenet_runtime::hardware::caches::{Caches, caches};
///
/// let Caches { l1, l2 } = caches();
/// assert!(l1 >= 16 << 10 && l2 >= 128 << 10);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caches {
    /// Level 1, for data.
    pub l1: usize,
    /// Level 2.
    pub l2: usize,
}

impl Caches {
    /// Where the machine does not say: no core with vectors has less.
    const LEAST: Self = Self { l1: 32 << 10, l2: 256 << 10 };

    /// What a virtual machine says may be no cache that there is; then [`LEAST`](Self::LEAST).
    fn plausible(l1: usize, l2: usize) -> Self {
        let Self { l1: least_l1, l2: least_l2 } = Self::LEAST;
        Self {
            l1: if (16 << 10..=1 << 20).contains(&l1) { l1 } else { least_l1 },
            l2: if (128 << 10..=64 << 20).contains(&l2) && l2 > l1 { l2 } else { least_l2 },
        }
    }
}

/// The caches of the core that asks first; on a machine with cores of several kinds, those of that core.
///
/// ```
/// use typenet_runtime::hardware::caches::caches;
///
/// println!("blocks for {:?}", caches());
/// assert_eq!(caches(), caches());
/// ```
#[inline]
pub fn caches() -> Caches {
    /// `0`: not found yet.
    static L1: AtomicUsize = AtomicUsize::new(0);
    static L2: AtomicUsize = AtomicUsize::new(0);
    let (l1, l2) = (L1.load(Relaxed), L2.load(Relaxed));
    if l1 != 0 && l2 != 0 {
        return Caches { l1, l2 };
    }
    let found = find();
    L1.store(found.l1, Relaxed);
    L2.store(found.l2, Relaxed);
    found
}

#[cold]
fn find() -> Caches {
    #[cfg(target_arch = "x86_64")]
    if let Some((l1, l2)) = from_cpuid() {
        return Caches::plausible(l1, l2);
    }
    #[cfg(all(feature = "std", target_os = "linux"))]
    if let Some((l1, l2)) = from_system() {
        return Caches::plausible(l1, l2);
    }
    Caches::LEAST
}

/// Levels 1 and 2 as the processor states them: leaf 4 of Intel (SDM volume 2, CPUID), 8000001D of AMD (APM volume 3, E.4.15),
/// which have the same format.
#[cfg(target_arch = "x86_64")]
fn from_cpuid() -> Option<(usize, usize)> {
    use core::arch::x86_64::{__cpuid, __cpuid_count};

    const INSTRUCTIONS: u32 = 2;

    // Leaves are numbered from the first of their range, which says the last.
    let (first, leaf) = if vendor() == Vendor::Amd { (0x8000_0000, 0x8000_001D) } else { (0, 4) };
    if __cpuid(first).eax < leaf {
        return None;
    }
    let mut sizes = [0; 2];
    for index in 0..16 {
        let cache = __cpuid_count(leaf, index);
        let (kind, level) = (cache.eax & 0x1f, (cache.eax >> 5 & 7) as usize);
        if kind == 0 {
            break;
        }
        if kind != INSTRUCTIONS && (1..=2).contains(&level) {
            let field = |shift: u32, bits: u32| (cache.ebx >> shift & ((1 << bits) - 1)) as usize + 1;
            sizes[level - 1] = field(22, 10) * field(12, 10) * field(0, 12) * (cache.ecx as usize + 1);
        }
    }
    (sizes[0] > 0 && sizes[1] > 0).then_some((sizes[0], sizes[1]))
}

/// Levels 1 and 2 as Linux states them.
#[cfg(all(feature = "std", target_os = "linux"))]
#[cfg_attr(
    target_arch = "x86_64",
    allow(dead_code, reason = "the processor itself says it; tests compare the two")
)]
fn from_system() -> Option<(usize, usize)> {
    let mut sizes = [0; 2];
    for index in 0..16 {
        let read = |name: &str| {
            std::fs::read_to_string(std::format!("/sys/devices/system/cpu/cpu0/cache/index{index}/{name}"))
        };
        let Ok(size) = read("size") else { break };
        let (Ok(kind), Ok(level)) = (read("type"), read("level")) else { break };
        if let (Ok(level @ 1..=2), false) = (level.trim().parse::<usize>(), kind.trim() == "Instruction") {
            let kibibytes: usize = size.trim().strip_suffix('K')?.parse().ok()?;
            sizes[level - 1] = kibibytes << 10;
        }
    }
    (sizes[0] > 0 && sizes[1] > 0).then_some((sizes[0], sizes[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_core_has_is_not_believed() {
        let least = Caches::LEAST;
        assert_eq!(Caches::plausible(48 << 10, 2 << 20), Caches { l1: 48 << 10, l2: 2 << 20 });
        assert_eq!(Caches::plausible(0, 0), least);
        assert_eq!(Caches::plausible(1 << 10, 8 << 30), least);
        // Nothing behind the first level.
        assert_eq!(Caches::plausible(512 << 10, 256 << 10), Caches { l1: 512 << 10, l2: least.l2 });
    }

    #[test]
    fn they_are_found_once() {
        assert_eq!(caches(), caches());
        assert_eq!(caches(), find());
    }

    #[test]
    #[cfg(all(feature = "std", target_os = "linux", target_arch = "x86_64"))]
    fn processor_and_system_agree() {
        // A virtual machine may hide either.
        if let (Some(processor), Some(system)) = (from_cpuid(), from_system()) {
            assert_eq!(processor, system);
        }
    }
}
