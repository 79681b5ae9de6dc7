//! What this machine can do at most, measured: fused multiply-adds a second, and bytes a second from each level of memory.
//!
//! Only `Avx512` and `Avx2` have code of their own; other instruction sets are measured with what the compiler makes of
//! plain Rust, which is no limit of the machine and says so.

use core::hint::black_box;

use typenet::hardware::isa::Isa;

use crate::measure::{Threads, fastest};

/// Chains of multiply-adds side by side: enough for two a cycle with four cycles each, few enough for the registers.
const CHAINS: usize = 12;
/// How often a limit is measured: what disturbs it would flatter everything beside it.
const ROUNDS: usize = 5;
/// Steps of each chain in one measurement: milliseconds, beside which waking threads does not count.
const STEPS: usize = 1_000_000;

/// Multiplications and additions a second, in billions, on all threads together.
pub(crate) fn peak(isa: Isa, threads: &Threads) -> f64 {
    let (lanes, run): (usize, fn()) = match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => (16, || {
            // SAFETY: called for an instruction set that is available.
            black_box(unsafe { x86::chains_512() });
        }),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => (8, || {
            // SAFETY: as above.
            black_box(unsafe { x86::chains_256() });
        }),
        _ => (4, || {
            black_box(chains());
        }),
    };
    let seconds = (0..ROUNDS).map(|_| fastest(|| threads.each(run))).fold(f64::INFINITY, f64::min);
    (2 * lanes * CHAINS * STEPS * threads.count()) as f64 / seconds / 1e9
}

/// Chains of products, rounded, and sums, in vectors of four numbers.
fn chains() -> f32 {
    let (a, b) = (black_box(0.999_f32), black_box(1e-3_f32));
    let mut sums = [[1.0_f32; 4]; CHAINS];
    for _ in 0..STEPS {
        for sum in sums.as_flattened_mut() {
            *sum = *sum * a + b;
        }
    }
    sums.as_flattened().iter().sum()
}

/// A level of memory.
pub(crate) struct Level {
    pub(crate) name: &'static str,
    /// Bytes that are read again and again, on each thread.
    pub(crate) bytes: usize,
}

/// Levels of a present processor: half of a small first and second cache, a share of the third, and more than any has.
pub(crate) const LEVELS: [Level; 4] = [
    Level { name: "first cache", bytes: 16 << 10 },
    Level { name: "second cache", bytes: 256 << 10 },
    Level { name: "third cache", bytes: 4 << 20 },
    Level { name: "memory", bytes: 128 << 20 },
];

/// Bytes a second, in billions: read by all threads together, and read and written back.
pub(crate) fn bandwidth(level: &Level, threads: &Threads) -> [f64; 2] {
    let mut areas: Vec<Vec<f32>> =
        (0..threads.count()).map(|_| vec![1.0; level.bytes / size_of::<f32>()]).collect();
    // Small areas are passed over many times, so that waking threads does not count.
    let passes = ((256 << 20) / level.bytes).max(1);
    let bytes = (level.bytes * passes * threads.count()) as f64 / 1e9;
    let read = fastest(|| {
        threads.each_with(&mut areas, |area| {
            for _ in 0..passes {
                black_box(sum(black_box(area)));
            }
        });
    });
    let written = fastest(|| {
        threads.each_with(&mut areas, |area| {
            for _ in 0..passes {
                negate(black_box(area));
            }
        });
    });
    [bytes / read, 2.0 * bytes / written]
}

fn sum(area: &[f32]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if Isa::Avx512.is_available() {
        // SAFETY: asked above.
        return unsafe { x86::sum_512(area) };
    } else if Isa::Avx2.is_available() {
        // SAFETY: asked above.
        return unsafe { x86::sum_256(area) };
    }
    let mut sums = [0.0; 32];
    for chunk in area.chunks_exact(32) {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += x;
        }
    }
    sums.iter().sum()
}

fn negate(area: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if Isa::Avx512.is_available() {
        // SAFETY: asked above.
        return unsafe { x86::negate_512(area) };
    } else if Isa::Avx2.is_available() {
        // SAFETY: asked above.
        return unsafe { x86::negate_256(area) };
    }
    for x in area {
        *x = -*x;
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::x86_64::*;
    use core::hint::black_box;

    use super::{CHAINS, STEPS};

    macro_rules! measured {
        ($feature:literal, $chains:ident, $sum:ident, $negate:ident, $vector:ty,
         $splat:ident, $mul_add:ident, $add:ident) => {
            #[target_feature(enable = $feature)]
            pub(super) fn $chains() -> f32 {
                let (a, b) = ($splat(black_box(0.999)), $splat(black_box(1e-3)));
                let mut sums = [$splat(1.0); CHAINS];
                for _ in 0..STEPS {
                    for sum in &mut sums {
                        *sum = $mul_add(*sum, a, b);
                    }
                }
                // One vector, because an array that is looked at where it is would lie in memory all the time.
                let total = sums.into_iter().fold($splat(0.0), |a, b| $add(a, b));
                bytemuck::cast_slice::<$vector, f32>(&[total]).iter().sum()
            }

            #[target_feature(enable = $feature)]
            pub(super) fn $sum(area: &[f32]) -> f32 {
                let (_, vectors, _) = bytemuck::pod_align_to::<f32, $vector>(area);
                let mut sums = [$splat(0.0); 8];
                for chunk in vectors.chunks_exact(8) {
                    for (sum, vector) in sums.iter_mut().zip(chunk) {
                        *sum = $add(*sum, *vector);
                    }
                }
                // One vector, because an array that is looked at where it is would lie in memory all the time.
                let total = sums.into_iter().fold($splat(0.0), |a, b| $add(a, b));
                bytemuck::cast_slice::<$vector, f32>(&[total]).iter().sum()
            }

            #[target_feature(enable = $feature)]
            pub(super) fn $negate(area: &mut [f32]) {
                let (_, vectors, _) = bytemuck::pod_align_to_mut::<f32, $vector>(area);
                for vector in vectors {
                    *vector = $mul_add(*vector, $splat(-1.0), $splat(0.0));
                }
            }
        };
    }
    measured!(
        "avx512f",
        chains_512,
        sum_512,
        negate_512,
        __m512,
        _mm512_set1_ps,
        _mm512_fmadd_ps,
        _mm512_add_ps
    );
    measured!(
        "avx2,fma",
        chains_256,
        sum_256,
        negate_256,
        __m256,
        _mm256_set1_ps,
        _mm256_fmadd_ps,
        _mm256_add_ps
    );
}
