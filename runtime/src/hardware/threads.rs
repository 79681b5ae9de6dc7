//! Sharing of work between threads.
//!
//! Work is cut into at most one part for each thread, each large enough ([`WORTH_A_THREAD`]) to pay for handing it to another thread. The
//! number of parts depends on the number of threads, so only work whose result does not depend on where it is cut is shared this way.
//!
//! The calling thread computes parts too, and waits only for parts of its own work. The other threads belong to this library and are
//! named `typenet-1` and so on. They are started when work is shared for the first time; from then on nothing allocates. They
//! work for one caller at a time: a second thread that wants to share work meanwhile computes it alone, as does a call from inside a
//! part, and every call where the system refuses to start threads.
//!
//! [`threads`] says how many threads share work. Without `std` everything runs on the calling thread.

#[cfg(feature = "std")]
use super::team::{Inside, Team, Wait, is_inside};
#[cfg(feature = "std")]
use super::vendor::{Vendor, vendor};
use core::ops::Range;
#[cfg(feature = "std")]
use core::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
#[cfg(feature = "std")]
use core::time::Duration;
#[cfg(feature = "std")]
use std::sync::{LazyLock, Mutex, OnceLock};

#[cfg(feature = "std")]
static TEAM: LazyLock<Team> = LazyLock::new(Team::default);

/// Work that is worth waking a thread for, in [`COST`](self#cost) units.
///
/// # Cost
/// One unit is about one cycle of a core: a fused multiply-add of a whole vector, or a vector loaded and stored.
/// Measured with two threads: handing a part to a thread that is awake and learning that it is finished takes 0.6 µs, with a sleeping
/// thread 20 to 45 µs, in which the caller would have computed the part itself. This value is about 4 µs; half of it is as fast, twice
/// as much is slower.
pub const WORTH_A_THREAD: usize = 10_000;

/// How many threads share work that is started here, this one among them.
///
/// On a thread of a rayon pool, as many as the pool has: [`install`] limits whatever is called in it. Elsewhere as many as the
/// environment variable `RAYON_NUM_THREADS` says, or else [`available_parallelism`]; both are looked at once. A global pool that was
/// built with another number counts on its own threads only. Inside a part of shared work, or work that [`enter_pieces`] does not share: one.
///
/// ```
/// use typenet_runtime::hardware::threads::{share, threads};
///
/// let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build()?;
/// assert_eq!(pool.install(threads), 3);
/// pool.install(|| share(2, |_| assert_eq!(threads(), 1)));
/// # Ok::<(), rayon::ThreadPoolBuildError>(())
/// ```
///
/// [`install`]: https://docs.rs/rayon/latest/rayon/struct.ThreadPool.html#method.install
/// [`available_parallelism`]: https://doc.rust-lang.org/std/thread/fn.available_parallelism.html
pub fn threads() -> usize {
    #[cfg(feature = "std")]
    {
        static OUTSIDE: OnceLock<usize> = OnceLock::new();
        if is_inside() {
            1
        } else if rayon::current_thread_index().is_some() {
            rayon::current_num_threads()
        } else {
            // rayon would have to start its global pool to say how many threads that has.
            *OUTSIDE.get_or_init(threads_of_machine)
        }
    }
    #[cfg(not(feature = "std"))]
    1
}

/// As many threads as rayon's global pool would have.
#[cfg(feature = "std")]
fn threads_of_machine() -> usize {
    let wanted = std::env::var("RAYON_NUM_THREADS").ok().and_then(|number| number.parse().ok());
    match wanted {
        Some(number @ 1..) => number,
        _ => std::thread::available_parallelism().map_or(1, usize::from),
    }
}

/// Work from which [`enter`] wakes the other threads in advance.
#[cfg(feature = "std")]
const WORTH_ATTENDING: usize = 4 * WORTH_A_THREAD;

/// Into how many parts to cut work of `cost` units when every part can be computed alone with the same result:
/// at most one for each of the [`threads`], and none for less than [`WORTH_A_THREAD`].
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
    if worth < 2 { 1 } else { worth.min(threads()) }
}

/// Runs both, `a` on this thread, at the same time if there is a second one.
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
    if threads() > 1 {
        let (a, b) = (Once::new(a), Once::new(b));
        share(2, |part| if part == 0 { a.run() } else { b.run() });
        return (a.result(), b.result());
    }
    (a(), b())
}

/// A closure that one thread runs and whose result another takes.
#[cfg(feature = "std")]
struct Once<F, R>(Mutex<(Option<F>, Option<R>)>);

#[cfg(feature = "std")]
impl<F: FnOnce() -> R, R> Once<F, R> {
    fn new(work: F) -> Self {
        Self(Mutex::new((Some(work), None)))
    }

    fn run(&self) {
        let mut once = self.0.lock().expect("nobody else runs it");
        once.1 = once.0.take().map(|work| work());
    }

    fn result(self) -> R {
        self.0.into_inner().expect("a panic has been passed on").1.expect("it was run")
    }
}

/// Runs `work` of `cost` units on this thread. If it is large, the other threads are woken now, and while it runs they poll for parts up
/// to 500 µs before they sleep again, so that what `work` shares need not wait for threads to wake.
///
/// ```
/// use typenet_runtime::hardware::threads::{WORTH_A_THREAD, enter, join};
///
/// let (low, high) = enter(100 * WORTH_A_THREAD, || join(|| (0..500).sum::<u32>(), || (500..1000).sum::<u32>()));
/// assert_eq!(low + high, 499_500);
/// ```
#[cfg(feature = "std")]
pub fn enter<R>(cost: usize, work: impl FnOnce() -> R) -> R {
    let helpers = if cost < WORTH_ATTENDING { 0 } else { parts(cost) - 1 };
    let _attended = (helpers > 0).then(|| TEAM.attend(helpers, threads() - 1));
    work()
}

/// [`enter`] for work in so many `pieces`, one after the other, each of which reads what those before it have changed, as the layers of a training step do.
/// Where sharing the pieces would lose, all of it runs on this thread.
///
/// On Intel's cores a line of the cache that another core has changed takes 5 ns to read: a step of 30 → 64 → 32 → 1 on 256 samples, pieces of 22,000 units, is 1.15 to
/// 1.2 times as long on two threads as on one, and on 1,024 samples 0.9 times. On AMD's cores the first was 0.84 times as long.
///
/// ```
/// use typenet_runtime::hardware::threads::{enter_pieces, threads};
///
/// // Too little to be shared, on any machine.
/// assert_eq!(enter_pieces(100, 10, || 1 + 1), 2);
/// ```
#[cfg(feature = "std")]
pub fn enter_pieces<R>(cost: usize, pieces: usize, work: impl FnOnce() -> R) -> R {
    if cost / pieces.max(1) >= least_piece(vendor()) {
        return enter(cost, work);
    }
    let _inside = Inside::enter();
    work()
}

/// Units of the least piece that [`enter_pieces`] shares.
#[cfg(feature = "std")]
fn least_piece(vendor: Vendor) -> usize {
    if vendor == Vendor::Intel { 4 * WORTH_A_THREAD } else { 0 }
}

/// Runs `part(0)` … `part(count - 1)`, each once, in any order, `part(0)` on this thread. A panic in one of them is passed on once
/// none runs any more; parts that have not begun by then may be left out.
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
    #[cfg(feature = "std")]
    if count > 1 {
        let threads = threads();
        let pieces = count.min(threads);
        let piece = |piece: usize| (piece..count).step_by(pieces).for_each(&part);
        if pieces > 1 && TEAM.share(pieces, threads - 1, &piece) {
            return;
        }
    }
    (0..count).for_each(part);
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
    let pieces = pieces(all.length(), granule, cost);
    if pieces < 2 {
        part(0, all);
    } else {
        // Without `std` there is always one part.
        #[cfg(feature = "std")]
        share_pieces(all, pieces, granule, part);
    }
}

/// Does what [`share_slices`] does with as many elements, but one piece after the other: for work that cannot be shared, on data that other
/// work shares. The caller has the first piece in both, and of two threads the other the second. A piece that has been changed by one core
/// takes another core longer to read than to compute.
///
/// ```
/// use typenet_runtime::hardware::threads::in_turns;
///
/// let mut end = 0;
/// in_turns(100_003, 16, 1, |piece| {
///     assert_eq!(piece.start, end);
///     end = piece.end;
/// });
/// assert_eq!(end, 100_003);
/// ```
///
/// # Panics
/// If `granule` is zero.
pub fn in_turns(length: usize, granule: usize, cost: usize, mut part: impl FnMut(Range<usize>) + Send) {
    let pieces = pieces(length, granule, cost);
    if pieces < 2 {
        part(0..length);
    } else {
        // Without `std` there is always one piece.
        #[cfg(feature = "std")]
        take_turns(length, granule, pieces, part);
    }
}

/// Polls for a turn, some 30 µs, before the thread yields.
#[cfg(feature = "std")]
const TURN_POLLS: usize = 2000;

#[cfg(feature = "std")]
fn take_turns(length: usize, granule: usize, pieces: usize, mut part: impl FnMut(Range<usize>) + Send) {
    let (turn, part) = (AtomicUsize::new(0), Mutex::new(&mut part));
    // The caller has the first turn. A thread that has the next has begun, so whoever waits for it waits for a thread that runs.
    let next = AtomicUsize::new(1);
    share(pieces, |i| {
        let i = if i == 0 { 0 } else { next.fetch_add(1, Relaxed) };
        // A turn takes as long as a few calls of the system, so the processor is only offered to others after that.
        let (mut polls, mut wait) = (0, Wait::default());
        while turn.load(Acquire) < i {
            polls += 1;
            if polls < TURN_POLLS {
                core::hint::spin_loop();
            } else {
                wait.rest(Duration::MAX);
            }
        }
        // Also where the part panics, so that nobody waits for ever.
        let _ends = Ends(&turn, i + 1);
        // A poisoned lock means that a part before this panicked, and the panic will reach the caller.
        let Ok(mut part) = part.lock() else { return };
        part(cut(length, granule, pieces, i)..cut(length, granule, pieces, i + 1));
    });
}

/// Sets the turn when it is dropped.
#[cfg(feature = "std")]
struct Ends<'a>(&'a AtomicUsize, usize);

#[cfg(feature = "std")]
impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(self.1, Release);
    }
}

/// In how many pieces elements are shared.
fn pieces(length: usize, granule: usize, cost: usize) -> usize {
    parts(length.saturating_mul(cost)).min(length.div_ceil(granule))
}

/// Where piece `i` begins, a multiple of `granule`; `i == pieces` is the end.
#[cfg(feature = "std")]
fn cut(length: usize, granule: usize, pieces: usize, i: usize) -> usize {
    let granules = length.div_ceil(granule);
    (granules * i / pieces * granule).min(length)
}

/// The caller has the first piece each time, so that it stays in the cache of its core, and of two threads the other the second.
#[cfg(feature = "std")]
fn share_pieces<S: Divide>(all: S, pieces: usize, granule: usize, part: impl Fn(usize, S) + Sync) {
    let length = all.length();
    let (first, all) = all.divide(cut(length, granule, pieces, 1));
    let (first, rest) = (Mutex::new(Some(first)), Mutex::new((1, Some(all))));
    let take = |i: usize| {
        // A poisoned lock means that another part panicked, and the panic will reach the caller: nothing is left to do here.
        if i == 0 {
            return Some((0, first.lock().ok()?.take()?));
        }
        let mut rest = rest.lock().ok()?;
        let (next, all) = (rest.0, rest.1.take()?);
        let [from, to] = [next, next + 1].map(|i| cut(length, granule, pieces, i));
        let (piece, others) = all.divide(to - from);
        *rest = (next + 1, (next + 1 < pieces).then_some(others));
        Some((from, piece))
    };
    share(pieces, |i| {
        if let Some((from, piece)) = take(i) {
            part(from, piece);
        }
    });
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
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
    fn turns_follow_one_another_and_are_the_pieces_of_shared_slices() {
        for length in [0, 1, 99_999, 1_000_003] {
            for threads in [1, 2, 3, 8] {
                let (mut turns, shared) = (vec![], Mutex::new(vec![]));
                pool(threads).install(|| {
                    in_turns(length, 7, 1, |piece| turns.push(piece));
                    share_slices(vec![0u8; length].as_mut_slice(), 7, 1, |from, piece: &mut [u8]| {
                        shared.lock().expect("no part panics").push(from..from + piece.len());
                    });
                });
                let mut shared = shared.into_inner().expect("no part panics");
                shared.sort_by_key(|piece| piece.start);
                assert_eq!(turns, shared, "{length} elements, {threads} threads");
                assert_eq!((turns[0].start, turns[turns.len() - 1].end), (0, length));
            }
        }
    }

    #[test]
    fn a_panic_in_any_turn_of_any_number_leaves_nobody_waiting() {
        for (round, threads) in (0..600).zip([2, 3, 5, 8].into_iter().cycle()) {
            let (mut turns, culprit) = (0, round % threads);
            let run = || {
                in_turns(1_000_000, 1, 1, |_| {
                    turns += 1;
                    if turns == culprit + 1 {
                        // Not by the hook, which would print it.
                        std::panic::resume_unwind(std::boxed::Box::new(()));
                    }
                });
            };
            let all = std::panic::AssertUnwindSafe(|| pool(threads).install(run));
            assert!(std::panic::catch_unwind(all).is_err(), "{threads} threads, turn {culprit}");
            assert_eq!(turns, culprit + 1);
        }
    }

    #[test]
    #[should_panic(expected = "the second turn")]
    fn a_panic_in_a_turn_is_passed_on_and_nobody_waits() {
        let mut turns = 0;
        pool(3).install(|| {
            in_turns(1_000_000, 1, 1, |_| {
                turns += 1;
                assert!(turns < 2, "the second turn");
            });
        });
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
    fn no_more_threads_help_than_are_allowed() {
        // Seven helpers are there, and awake.
        pool(8).install(|| share(8, |_| ()));
        for allowed in [1, 2, 3] {
            let threads = Mutex::new(vec![]);
            pool(allowed).install(|| {
                enter(1000 * WORTH_A_THREAD, || {
                    share(500, |_| {
                        let mut threads = threads.lock().expect("no panic");
                        let here = std::thread::current().id();
                        if !threads.contains(&here) {
                            threads.push(here);
                        }
                    });
                });
            });
            assert!((1..=allowed).contains(&threads.into_inner().expect("no panic").len()));
        }
    }

    #[test]
    fn work_inside_a_part_is_done_there() {
        pool(4).install(|| {
            share(4, |_| {
                let here = std::thread::current().id();
                let inner = AtomicUsize::new(0);
                enter(1000 * WORTH_A_THREAD, || {
                    share(10, |part| {
                        assert_eq!(std::thread::current().id(), here);
                        assert_eq!(inner.fetch_add(1, Relaxed), part, "in order");
                    });
                });
                assert_eq!(inner.into_inner(), 10);
            });
        });
    }

    #[test]
    fn both_sides_of_a_join_have_results() {
        for threads in [1, 2] {
            let joined = pool(threads).install(|| join(|| 1, || join(|| "two", || 3.0)));
            assert_eq!(joined, (1, ("two", 3.0)));
        }
    }

    /// Cannot be cut a second time.
    struct Brittle(usize);

    impl Divide for Brittle {
        fn length(&self) -> usize {
            self.0
        }
        fn divide(self, at: usize) -> (Self, Self) {
            if self.0 < 100 {
                // Not by the hook, which would print it.
                std::panic::resume_unwind(std::boxed::Box::new("brittle"));
            }
            (Self(at), Self(self.0 - at))
        }
    }

    #[test]
    fn a_panic_while_dividing_arrives() {
        let share = || pool(4).install(|| share_slices(Brittle(100), 1, WORTH_A_THREAD, |_, _| ()));
        let panic = std::panic::catch_unwind(share).expect_err("it cannot be divided");
        assert_eq!(panic.downcast_ref(), Some(&"brittle"));
    }

    #[test]
    fn small_work_is_not_cut() {
        assert_eq!(parts(WORTH_A_THREAD), 1);
        pool(4).install(|| assert_eq!(parts(100 * WORTH_A_THREAD), 4));
        pool(1).install(|| assert_eq!(parts(100 * WORTH_A_THREAD), 1));
    }

    #[test]
    fn steps_of_small_pieces_stay_on_one_thread_where_sharing_loses() {
        assert!(least_piece(Vendor::Intel) > WORTH_A_THREAD);
        assert_eq!([Vendor::Amd, Vendor::Other].map(least_piece), [0, 0]);
        pool(4).install(|| {
            let least = least_piece(vendor());
            let small = if least > 0 { 1 } else { 4 };
            assert_eq!(enter_pieces(10 * least, 10, threads), 4);
            assert_eq!(enter_pieces((10 * least).saturating_sub(1), 10, threads), small);
            let panic = std::panic::catch_unwind(|| enter_pieces(0, 10, || panic!("of the work")));
            assert!(panic.is_err());
            assert_eq!(threads(), 4);
        });
    }

    #[test]
    #[should_panic(expected = "unequal lengths: [3, 2]")]
    fn unequal_slices_are_refused() {
        share_slices(([0; 3].as_slice(), [0; 2].as_slice()), 1, 1, |_, _| {});
    }
}
