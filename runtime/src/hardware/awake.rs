//! Threads that stay awake between the pieces of one computation.
//!
//! A rayon worker that finds nothing to do for some 15 µs goes to sleep, and waking it takes 5 to 50 µs, more in a virtual
//! machine. A training step has several pieces to share with gaps of that size between them, so that its second thread
//! would be asleep whenever there is something to do for it. Both sides of that are mended here, with rayon's own
//! means: who waits for a piece stays awake ([`join`]), and so do threads that wait for the next piece ([`attended`]). All of it
//! ends after [`PATIENCE`] without work, so that no processor is kept busy for nothing.

use core::cell::Cell;
use core::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rayon::Yield;

/// How long a thread stays awake without having anything to do.
const PATIENCE: Duration = Duration::from_micros(500);

std::thread_local! {
    /// Whether this thread waits for pieces, computes one, or shares work out. Then it does not wait for another's pieces, for
    /// somebody waits for it.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// Makes this thread busy for as long as it lives.
struct Busy {
    before: bool,
}

impl Busy {
    fn new() -> Self {
        Self { before: BUSY.replace(true) }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        BUSY.set(self.before);
    }
}

/// Gives the processor to others until `done`, or until patience ends.
fn wait(done: &AtomicBool) {
    let start = Instant::now();
    while !done.load(Ordering::Acquire) && start.elapsed() < PATIENCE {
        std::thread::yield_now();
    }
}

/// [`rayon::join`], but if another thread has `b`, this one stays awake until that is done.
pub(super) fn join<A: Send, B: Send>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    let (begun, done) = (AtomicBool::new(false), AtomicBool::new(false));
    rayon::join(
        || {
            let a = a();
            if begun.load(Ordering::Relaxed) {
                wait(&done);
            }
            a
        },
        || {
            begun.store(true, Ordering::Relaxed);
            let _busy = Busy::new();
            let b = b();
            done.store(true, Ordering::Release);
            b
        },
    )
}

/// Runs `work`, for which `helpers` other threads stay awake, as far as they have nothing else to do. On a worker of the pool.
pub(super) fn attended<R: Send>(helpers: usize, work: impl FnOnce() -> R + Send) -> R {
    if helpers == 0 || BUSY.get() {
        return work();
    }
    let done = AtomicBool::new(false);
    let work = || {
        let _busy = Busy::new();
        let result = work();
        done.store(true, Ordering::Release);
        result
    };
    rayon::join(work, || attend(&done, helpers - 1)).0
}

/// Takes pieces of work until `done`, and calls `others` more threads to do the same.
fn attend(done: &AtomicBool, others: usize) {
    if BUSY.get() {
        return;
    }
    let called = AtomicBool::new(others == 0);
    let help = || {
        let _busy = Busy::new();
        // Who looks for work before the call is answered finds the call.
        wait(&called);
        let mut worked = Instant::now();
        while !done.load(Ordering::Acquire) && worked.elapsed() < PATIENCE {
            match rayon::yield_now() {
                Some(Yield::Executed) => worked = Instant::now(),
                _ => std::thread::yield_now(),
            }
        }
    };
    let call = || {
        called.store(true, Ordering::Release);
        attend(done, others.saturating_sub(1));
    };
    if others == 0 {
        help();
    } else {
        rayon::join(help, call);
    }
}

#[cfg(test)]
mod tests {
    use super::super::threads::share;
    use super::*;
    use core::sync::atomic::AtomicUsize;

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
    }

    /// Many small pieces with gaps between them; returns how many there were.
    fn work(helpers: usize) -> usize {
        let pieces = AtomicUsize::new(0);
        attended(helpers, || {
            for gap in 0..200 {
                share(helpers + 1, |_| {
                    share(2, |_| {
                        pieces.fetch_add(1, Ordering::Relaxed);
                    });
                });
                core::hint::black_box((0..100 * gap).sum::<usize>());
            }
        });
        pieces.into_inner()
    }

    #[test]
    fn every_piece_is_done_whoever_helps() {
        for threads in [1, 2, 3, 8] {
            for helpers in 0..threads {
                assert_eq!(
                    pool(threads).install(|| work(helpers)),
                    200 * 2 * (helpers + 1),
                    "{helpers} of {threads}"
                );
            }
        }
    }

    #[test]
    fn works_beside_each_other_wait_for_nothing_but_their_own_pieces() {
        for threads in [1, 2, 4] {
            let all = || {
                rayon::join(|| rayon::join(|| work(1), || work(2)), || rayon::join(|| work(3), || work(1)))
            };
            assert_eq!(pool(threads).install(all), ((800, 1200), (1600, 800)));
        }
    }

    #[test]
    fn work_inside_work_calls_nobody_again() {
        pool(2).install(|| {
            attended(1, || assert_eq!(work(1), 800));
            assert!(!BUSY.get());
        });
    }

    #[test]
    fn a_panic_leaves_the_threads_as_they_were() {
        let pool = pool(2);
        let panicking = || pool.install(|| attended(1, || share(2, |part| assert_eq!(part, 0, "the panic"))));
        assert!(std::panic::catch_unwind(core::panic::AssertUnwindSafe(panicking)).is_err());
        assert!(pool.broadcast(|_| !BUSY.get()).into_iter().all(|idle| idle));
        assert_eq!(pool.install(|| work(1)), 800);
    }
}
