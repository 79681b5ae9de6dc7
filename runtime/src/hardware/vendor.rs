//! Who made the core: found once, for rules that hold for one kind alone.

use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// The maker of a core.
///
/// ```
/// use typenet_runtime::hardware::vendor::{Vendor, vendor};
///
/// assert!(matches!(vendor(), Vendor::Intel | Vendor::Amd | Vendor::Other));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// "GenuineIntel".
    Intel = 1,
    /// "AuthenticAMD" and "HygonGenuine", whose cores are AMD's.
    Amd,
    /// Others, and all that are not x86.
    Other,
}

/// The maker of this machine's cores.
///
/// ```
/// use typenet_runtime::hardware::vendor::vendor;
///
/// println!("{:?}", vendor());
/// assert_eq!(vendor(), vendor());
/// ```
#[inline]
pub fn vendor() -> Vendor {
    /// `0`: not found yet. In a virtual machine the processor's own answer takes microseconds.
    static FOUND: AtomicU8 = AtomicU8::new(0);
    match FOUND.load(Relaxed) {
        0 => {
            let vendor = find();
            FOUND.store(vendor as u8, Relaxed);
            vendor
        }
        1 => Vendor::Intel,
        2 => Vendor::Amd,
        _ => Vendor::Other,
    }
}

#[cold]
fn find() -> Vendor {
    #[cfg(target_arch = "x86_64")]
    {
        let found = core::arch::x86_64::__cpuid(0);
        let mut name = [0; 12];
        for (part, word) in name.chunks_exact_mut(4).zip([found.ebx, found.edx, found.ecx]) {
            part.copy_from_slice(&word.to_le_bytes());
        }
        of(&name)
    }
    #[cfg(not(target_arch = "x86_64"))]
    Vendor::Other
}

/// By the twelve letters of CPUID's leaf 0.
#[cfg(any(target_arch = "x86_64", test))]
fn of(name: &[u8; 12]) -> Vendor {
    match name {
        b"GenuineIntel" => Vendor::Intel,
        b"AuthenticAMD" | b"HygonGenuine" => Vendor::Amd,
        _ => Vendor::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makers_are_known_by_their_names() {
        let found = [b"GenuineIntel", b"AuthenticAMD", b"HygonGenuine", b"CentaurHauls"].map(of);
        assert_eq!(found, [Vendor::Intel, Vendor::Amd, Vendor::Amd, Vendor::Other]);
    }

    #[test]
    fn it_is_found_once() {
        assert_eq!(vendor(), find());
        assert_eq!(vendor(), find());
    }
}
