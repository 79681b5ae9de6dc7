//! Sharing of work between threads.
//!
//! Work is cut in halves down to as many parts as there are threads, and no part for less than a thread is worth.
//! So only work whose result does not depend on where it is cut is shared this way. Called from a rayon worker, sharing allocates nothing. From outside, rayon starts its global
//! pool once and now and then allocates a block of its queue, so loops that must not allocate run inside
//! [`rayon::ThreadPool::install`]. Without `std` everything runs on the calling thread.

/// Work that is worth waking a thread for, in [`COST`](self#cost) units.
///
/// # Cost
/// One unit is about one cycle of a core: a fused multiply-add of a whole vector, or a vector loaded and stored.
/// Measured with two threads: handing a part to one that is awake and waiting for it takes 0.6 µs, to one that sleeps 25 µs, in
/// which the part has come back. This is 4 µs; half of it is as fast, twice as much slower.
pub const WORTH_A_THREAD: usize = 10_000;

/// Number of threads that share work started here.
///
/// ```
/// use typenet_runtime::hardware::threads::threads;
///
/// let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build()?;
/// assert_eq!(pool.install(threads), 3);
/// # Ok::<(), rayon::ThreadPoolBuildError>(())
/// ```
pub fn threads() -> usize {
    #[cfg(feature = "std")]
    return rayon::current_num_threads();
    #[cfg(not(feature = "std"))]
    1
}

/// How many times [`WORTH_A_THREAD`] a part must be to start it from outside the pool: waking a worker and waiting for it takes
/// some 20 µs, and the thread that waits does nothing.
const WORTH_ENTERING: usize = 16;

/// Work that is worth calling other threads for before there is something to do for them.
#[cfg(feature = "std")]
const WORTH_ATTENDING: usize = 4 * WORTH_A_THREAD;

/// Into how many parts to cut work of `cost` units when every part can be computed alone with the same result:
/// at most one for each thread, and none for less than [`WORTH_A_THREAD`]. From outside the pool, where the first costs
/// more, only larger work is cut.
///
/// ```
/// use typenet_runtime::hardware::threads::{WORTH_A_THREAD, parts};
///
/// let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build()?;
/// assert_eq!(pool.install(|| parts(WORTH_A_THREAD)), 1);
/// assert_eq!(pool.install(|| parts(3 * WORTH_A_THREAD)), 3);
/// assert_eq!(pool.install(|| parts(100 * WORTH_A_THREAD)), 4);
/// # Ok::<(), rayon::ThreadPoolBuildError>(())
/// ```
pub fn parts(cost: usize) -> usize {
    let worth = cost / WORTH_A_THREAD;
    if worth < 2 || worth < 2 * WORTH_ENTERING && !is_worker() { 1 } else { worth.min(threads()) }
}

/// Whether this is a thread of the pool.
fn is_worker() -> bool {
    #[cfg(feature = "std")]
    return rayon::current_thread_index().is_some();
    #[cfg(not(feature = "std"))]
    true
}

/// Runs both, at the same time if there is a second thread.
///
/// ```
/// use typenet_runtime::hardware::threads::join;
///
/// let numbers = [3, 1, 2];
/// let (least, most) = join(|| numbers.iter().min(), || numbers.iter().max());
/// assert_eq!((least, most), (Some(&1), Some(&3)));
/// ```
pub fn join<A: Send, B: Send>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    #[cfg(feature = "std")]
    return super::awake::join(a, b);
    #[cfg(not(feature = "std"))]
    (a(), b())
}

/// Runs `work` of `cost` units where sharing parts of it costs least and allocates nothing: on a worker of the
/// thread pool, or right here if it is too small to share. For the length of larger work the pool's other threads stay awake, if they
/// find parts to compute now and then.
///
/// ```
/// use typenet_runtime::hardware::threads::{WORTH_A_THREAD, enter, join};
///
/// let (low, high) = enter(100 * WORTH_A_THREAD, || join(|| (0..500).sum::<u32>(), || (500..1000).sum::<u32>()));
/// assert_eq!(low + high, 499_500);
/// ```
#[cfg(feature = "std")]
pub fn enter<R: Send>(cost: usize, work: impl FnOnce() -> R + Send) -> R {
    let parts = parts(cost);
    let work = || if cost < WORTH_ATTENDING { work() } else { super::awake::attended(parts - 1, work) };
    if is_worker() || parts == 1 { work() } else { rayon::scope(|_| work()) }
}

/// Runs `work` on a worker of the thread pool.
#[cfg(feature = "std")]
pub(crate) fn inside<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    if is_worker() { work() } else { rayon::scope(|_| work()) }
}

/// Runs `part(0)` … `part(count - 1)`, each once, in any order.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// use typenet_runtime::hardware::threads::share;
///
/// let done = AtomicU32::new(0);
/// share(10, |part| {
///     done.fetch_add(1 << part, Relaxed);
/// });
/// assert_eq!(done.into_inner(), 0b11_1111_1111);
/// ```
pub fn share(count: usize, part: impl Fn(usize) + Sync) {
    fn halve(from: usize, to: usize, part: &(impl Fn(usize) + Sync)) {
        match to - from {
            0 => {}
            1 => part(from),
            n => {
                join(|| halve(from, from + n / 2, part), || halve(from + n / 2, to, part));
            }
        }
    }
    halve(0, count, &part);
}

/// What can be cut in two: slices, and tuples of them that are cut at the same place.
///
/// ```
/// use typenet_runtime::hardware::threads::Divide;
///
/// let (x, mut y) = ([1, 2, 3], [4, 5, 6]);
/// let both = (x.as_slice(), y.as_mut_slice());
/// assert_eq!(both.length(), 3);
/// let ((first, _), (others, to)) = both.divide(1);
/// to.copy_from_slice(others);
/// assert_eq!((first, y), ([1].as_slice(), [4, 2, 3]));
/// ```
pub trait Divide: Send + Sized {
    /// Number of elements.
    fn length(&self) -> usize;
    /// The first `at` elements, and the others.
    fn divide(self, at: usize) -> (Self, Self);
}

impl<T: Sync> Divide for &[T] {
    fn length(&self) -> usize {
        self.len()
    }
    fn divide(self, at: usize) -> (Self, Self) {
        self.split_at(at)
    }
}

impl<T: Send> Divide for &mut [T] {
    fn length(&self) -> usize {
        self.len()
    }
    fn divide(self, at: usize) -> (Self, Self) {
        self.split_at_mut(at)
    }
}

macro_rules! divide_tuple {
    ($($part:ident)+) => {
        #[allow(non_snake_case)]
        impl<$($part: Divide),+> Divide for ($($part,)+) {
            fn length(&self) -> usize {
                let ($($part,)+) = self;
                let lengths = [$($part.length()),+];
                assert!(lengths.iter().all(|&length| length == lengths[0]), "unequal lengths: {lengths:?}");
                lengths[0]
            }
            fn divide(self, at: usize) -> (Self, Self) {
                let ($($part,)+) = self;
                $(let $part = $part.divide(at);)+
                (($($part.0,)+), ($($part.1,)+))
            }
        }
    };
}
divide_tuple!(A B);
divide_tuple!(A B C);
divide_tuple!(A B C D);

/// Runs `part(from, piece)` on pieces of `all`, each starting at an element `from` that is a multiple of `granule`,
/// at `cost` units for each element. For kernels whose result for an element does not depend on where a piece
/// starts, because the number of pieces depends on the number of threads.
///
/// ```
/// use typenet_runtime::hardware::threads::share_slices;
///
/// let (x, mut squares) = ([1.0, 2.0, 3.0], [0.0; 3]);
/// share_slices((x.as_slice(), squares.as_mut_slice()), 1, 1, |_, (x, squares)| {
///     for (x, square) in x.iter().zip(squares) {
///         *square = x * x;
///     }
/// });
/// assert_eq!(squares, [1.0, 4.0, 9.0]);
/// ```
///
/// # Panics
/// If the members of a tuple differ in length, or `granule` is zero.
pub fn share_slices<S: Divide>(all: S, granule: usize, cost: usize, part: impl Fn(usize, S) + Sync) {
    fn halve<S: Divide>(
        from: usize,
        all: S,
        granule: usize,
        pieces: usize,
        part: &(impl Fn(usize, S) + Sync),
    ) {
        let granules = all.length().div_ceil(granule);
        if pieces < 2 || granules < 2 {
            return part(from, all);
        }
        let left = pieces / 2;
        let at = (granules * left / pieces).max(1) * granule;
        let (a, b) = all.divide(at);
        join(|| halve(from, a, granule, left, part), || halve(from + at, b, granule, pieces - left, part));
    }
    let pieces = parts(all.length().saturating_mul(cost));
    halve(0, all, granule, pieces, &part);
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::vec;

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
    }

    #[test]
    fn every_part_runs_once() {
        for count in [0, 1, 2, 3, 7, 64] {
            let runs: vec::Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
            pool(3).install(|| {
                share(count, |part| {
                    runs[part].fetch_add(1, Relaxed);
                });
            });
            assert!(runs.iter().all(|runs| runs.load(Relaxed) == 1), "count = {count}");
        }
    }

    #[test]
    fn every_element_is_visited_once_and_pieces_start_at_granules() {
        for length in [0, 1, 5, 16, 17, 1000, 1003] {
            let from: vec::Vec<usize> = (0..length).collect();
            let mut to = vec![0; length];
            pool(8).install(|| {
                share_slices(
                    (from.as_slice(), to.as_mut_slice()),
                    16,
                    WORTH_A_THREAD,
                    |start, (from, to)| {
                        assert!(start % 16 == 0 && from.first().is_none_or(|&first| first == start));
                        for (to, from) in to.iter_mut().zip(from) {
                            *to += from + 1;
                        }
                    },
                );
            });
            assert!(to.iter().enumerate().all(|(i, &to)| to == i + 1), "length = {length}");
        }
    }

    #[test]
    fn small_work_is_not_cut() {
        assert_eq!(parts(WORTH_A_THREAD), 1);
        pool(4).install(|| assert_eq!(parts(100 * WORTH_A_THREAD), 4));
        pool(1).install(|| assert_eq!(parts(100 * WORTH_A_THREAD), 1));
        // From outside, the first part costs more.
        assert_eq!(parts((2 * WORTH_ENTERING - 1) * WORTH_A_THREAD), 1);
        pool(4).install(|| assert_eq!(parts((2 * WORTH_ENTERING - 1) * WORTH_A_THREAD), 4));
    }

    #[test]
    #[should_panic(expected = "unequal lengths: [3, 2]")]
    fn unequal_slices_are_refused() {
        share_slices(([0; 3].as_slice(), [0; 2].as_slice()), 1, 1, |_, _| {});
    }
}
