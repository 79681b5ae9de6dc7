//! How products are cut into blocks: rules from the machine's caches, and from who made it where caches do not explain what was measured.

use super::tile::PANEL_VECTORS;
use crate::hardware::caches::{Caches, caches};
use crate::hardware::vendor::{Vendor, vendor};
use crate::kernels::simd::MAX_LANES;

/// Steps of a chain at most before its partial sum goes to `c`. That a panel of so many takes more than the first cache does not count: blocks of 256 and 128
/// were 3 to 8 % slower on AMD's cores, and as fast on Intel's.
pub(super) const STEPS: usize = 512;
/// Numbers of a packed panel at most, 64 KiB.
pub(super) const PANEL: usize = STEPS * PANEL_VECTORS * MAX_LANES;
/// Numbers of `a` that are copied at a time at most, 99 KiB.
pub(super) const COPIED: usize = 48 * (STEPS + MAX_LANES);

/// Sizes of blocks. They decide only when a step of a chain is computed, never a bit of its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Blocking {
    /// Rows that use a packed panel before the next is packed: their block of `a` takes three eighths of the second cache. Where packing
    /// transposes `b`, which takes longer, twice as many.
    pub(super) rows: usize,
    /// Whether rows of an `a` that lies by columns are copied, as the batch does in a weight's gradient. Tiles then read them in order, and not a
    /// line of the cache, often on another page, for each step. Intel's cores gain 15 to 24 % from 128 steps on (784 rows and 512 columns); AMD's do
    /// without, and nothing is known of others.
    pub(super) copies: bool,
    /// A `b` of up to so many numbers is not packed: it takes two thirds of the first cache.
    pub(super) small: usize,
}

impl Blocking {
    /// For the machine that this runs on.
    pub(super) fn here() -> Self {
        Self::of(vendor(), caches())
    }

    fn of(vendor: Vendor, Caches { l1, l2 }: Caches) -> Self {
        const FLOAT: usize = size_of::<f32>();
        Self {
            rows: (l2 * 3 / 8 / (STEPS * FLOAT)).max(96),
            copies: vendor == Vendor::Intel,
            small: (l1 * 2 / 3 / FLOAT).min(PANEL),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_fit_the_caches_they_are_for() {
        for vendor in [Vendor::Intel, Vendor::Amd, Vendor::Other] {
            for (l1, l2) in
                [(16 << 10, 128 << 10), (32 << 10, 512 << 10), (48 << 10, 2 << 20), (192 << 10, 16 << 20)]
            {
                let Blocking { rows, small, .. } = Blocking::of(vendor, Caches { l1, l2 });
                assert!(rows == 96 || 4 * rows * STEPS <= l2 / 2, "{rows} rows");
                assert!(small <= PANEL && 4 * small < l1, "{small}");
            }
        }
    }

    #[test]
    fn what_was_measured_is_what_is_used() {
        let zen_5 = Blocking { rows: 192, copies: false, small: 8192 };
        assert_eq!(Blocking::of(Vendor::Amd, Caches { l1: 48 << 10, l2: 1 << 20 }), zen_5);
        let xeon = Blocking { rows: 384, copies: true, ..zen_5 };
        assert_eq!(Blocking::of(Vendor::Intel, Caches { l1: 48 << 10, l2: 2 << 20 }), xeon);
    }
}
