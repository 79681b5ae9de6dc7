//! Random numbers: Philox4x32-10, a counter-based generator.
//!
//! Block `i` of a stream is a keyed permutation of the counter `i`, so any part of a stream can be computed by
//! itself: by another thread, or after a resumed run, with the same bits. The stream of a seed is part of this
//! crate's promise and does not change between versions.
//!
//! Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

const MULTIPLIER: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// One block of four words: the permutation of `counter` under `key`.
const fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    let mut round = 0;
    while round < ROUNDS {
        let product_0 = MULTIPLIER[0] as u64 * counter[0] as u64;
        let product_1 = MULTIPLIER[1] as u64 * counter[2] as u64;
        counter = [
            (product_1 >> 32) as u32 ^ counter[1] ^ key[0],
            product_1 as u32,
            (product_0 >> 32) as u32 ^ counter[3] ^ key[1],
            product_0 as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        round += 1;
    }
    counter
}

/// A seeded stream of random numbers with children of its own.
///
/// `Rng::seed(s)` is Philox4x32-10 with `s` as its key; word `i` of the stream is word `i mod 4` of block
/// `i div 4`. [`fork`](Self::fork) gives an independent stream whose key is a block of a counter that the parent
/// never reaches.
///
/// ```
/// use typenet_runtime::kernels::Rng;
///
/// let mut rng = Rng::seed(7);
/// let words = [rng.next_u32(), rng.next_u32(), rng.next_u32(), rng.next_u32()];
/// assert_eq!(words, Rng::seed(7).block(0));
/// assert_eq!(rng.next_u64(), Rng::seed(7).at(4).next_u64());
/// assert_eq!(rng.fork(3), Rng::seed(7).fork(3));
///
/// assert!((0.0..1.0).contains(&rng.uniform()));
/// assert!(rng.below(6) < 6);
/// assert!(rng.truncated_normal().abs() <= 2.0);
/// let mean = (0..10_000).map(|_| rng.normal()).sum::<f64>() / 10_000.0;
/// assert!(mean.abs() < 0.05);
///
/// let mut order = [0, 1, 2, 3];
/// rng.shuffle(&mut order);
/// order.sort_unstable();
/// assert_eq!(order, [0, 1, 2, 3]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rng {
    key: u64,
    /// Words drawn so far.
    position: u64,
}

impl Rng {
    /// The stream of a seed, at its start.
    pub const fn seed(seed: u64) -> Self {
        Self { key: seed, position: 0 }
    }

    /// The stream `id` below this one. It does not depend on how many numbers were drawn.
    #[must_use]
    pub const fn fork(&self, id: u64) -> Self {
        let block = philox([id as u32, (id >> 32) as u32, 0, 1], self.split_key());
        Self { key: block[0] as u64 | (block[1] as u64) << 32, position: 0 }
    }

    /// The same stream with `words` numbers drawn.
    #[must_use]
    pub const fn at(&self, words: u64) -> Self {
        Self { key: self.key, position: words }
    }

    const fn split_key(&self) -> [u32; 2] {
        [self.key as u32, (self.key >> 32) as u32]
    }

    /// Four words at once: block `index` of the stream, wherever the position is.
    pub const fn block(&self, index: u64) -> [u32; 4] {
        philox([index as u32, (index >> 32) as u32, 0, 0], self.split_key())
    }

    /// The next 32 random bits.
    pub const fn next_u32(&mut self) -> u32 {
        let word = self.block(self.position / 4)[(self.position % 4) as usize];
        self.position += 1;
        word
    }

    /// The next 64 random bits: two words, the low one first.
    pub const fn next_u64(&mut self) -> u64 {
        let low = self.next_u32() as u64;
        low | (self.next_u32() as u64) << 32
    }

    /// Uniform in `[0, 1)`: the upper 53 bits of 64.
    pub const fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform below `bound`, without bias (Lemire, "Fast random integer generation in an interval", 2019).
    ///
    /// # Panics
    /// If `bound` is zero.
    #[track_caller]
    pub const fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "Rng::below: the bound must be positive");
        loop {
            let product = self.next_u64() as u128 * bound as u128;
            if product as u64 >= bound.wrapping_neg() % bound {
                return (product >> 64) as u64;
            }
        }
    }

    /// Standard normal, by the polar method (Marsaglia & Bray 1964); the second value of each pair is dropped.
    pub fn normal(&mut self) -> f64 {
        loop {
            let (u, v) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                // libm, not the platform's logarithm: the stream is the same everywhere.
                return u * libm::sqrt(-2.0 * libm::log(s) / s);
            }
        }
    }

    /// Standard normal, redrawn until it is within two standard deviations (Keras `TruncatedNormal`).
    pub fn truncated_normal(&mut self) -> f64 {
        loop {
            let value = self.normal();
            if (-2.0..=2.0).contains(&value) {
                return value;
            }
        }
    }

    /// Puts `items` in random order (Fisher & Yates, as Durstenfeld 1964).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_agrees_with_the_authors_known_answers() {
        // Random123, `kat_vectors`, philox4x32 10 rounds.
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([!0; 4], [!0; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn stream_of_a_seed_is_promised() {
        let mut rng = Rng::seed(42);
        let first: [u32; 4] = core::array::from_fn(|_| rng.next_u32());
        assert_eq!(first, Rng::seed(42).block(0));
        assert_eq!(first, philox([0; 4], [42, 0]));
        assert_eq!(rng.next_u32(), Rng::seed(42).at(4).next_u32());
        assert_eq!(Rng::seed(42).fork(3), rng.fork(3));
        assert_ne!(rng.fork(3), rng.fork(4));
    }

    #[test]
    fn below_is_even_over_its_range() {
        let mut rng = Rng::seed(7);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[rng.below(7) as usize] += 1;
        }
        // Chi-square with 6 degrees of freedom; 22.46 is its 99.9 % quantile.
        let chi: f64 = counts.iter().map(|&n| (f64::from(n) - 10_000.0).powi(2) / 10_000.0).sum();
        assert!(chi < 22.46, "{counts:?}");
    }

    #[test]
    fn normal_has_unit_variance() {
        let mut rng = Rng::seed(1);
        let n = 100_000;
        let draws: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(n);
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n);
        // Four standard errors: sqrt(1/n) of the mean, sqrt(2/n) of the variance.
        assert!(mean.abs() < 4.0 * (1.0 / f64::from(n)).sqrt(), "{mean}");
        assert!((variance - 1.0).abs() < 4.0 * (2.0 / f64::from(n)).sqrt(), "{variance}");
    }

    #[test]
    fn shuffle_is_a_permutation() {
        let mut items: Vec<usize> = (0..100).collect();
        Rng::seed(3).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
        Rng::seed(3).shuffle(&mut [0u8; 0]);
    }
}
