//! A fork-join thread pool: one job at a time, computed by the thread that calls and by helper threads.
//!
//! A job is a few numbered pieces. The caller computes piece 0, then claims further pieces as the helpers do, until none is left, and
//! waits for the pieces that helpers have claimed. While it waits it runs no other work, so a caller never waits for anything but its own
//! job. If the team is busy with the job of another thread, the caller is told so and computes alone. If no helper can be
//! started, the caller claims all pieces.
//!
//! To wake a sleeping thread takes 5 to 50 µs, more in a virtual machine. Helpers therefore poll for the next job for a while before
//! they sleep, and longer during a computation that has announced further jobs ([`Team::attend`]).

use core::cell::Cell;
use core::time::Duration;
use std::any::Any;
use std::boxed::Box;
use std::format;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

pub(super) use sync::Wait;
use sync::{AtomicBool, AtomicPtr, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, fence};

/// How long a helper polls for work before it sleeps: as long as waking takes. Polling and waking together then never cost more than
/// twice what the better of sleeping at once and polling on would have cost.
const LINGER: Duration = Duration::from_micros(50);

/// The same during a computation announced by [`Team::attend`]; also how long a caller polls for the last pieces before it sleeps.
const PATIENCE: Duration = Duration::from_micros(500);

/// After the system has refused to start a thread, this many calls go by before the next attempt.
const AFTER_REFUSAL: usize = 10_000;

/// In [`Team::done`]: a piece panicked.
const PANICKED: usize = 1 << (usize::BITS - 1);
/// In [`Team::done`]: the caller sleeps.
const SLEEPING: usize = PANICKED >> 1;
/// In [`Team::done`]: the number of pieces.
const PIECES: usize = SLEEPING - 1;

std::thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread computes a piece of a job.
pub(super) fn is_inside() -> bool {
    INSIDE.get()
}

/// Makes this thread count as one that computes a piece, so that it shares nothing, until it is dropped.
pub(super) struct Inside(bool);

impl Inside {
    pub(super) fn enter() -> Self {
        Self(INSIDE.replace(true))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(self.0);
    }
}

/// What is to be done with each piece.
type Part<'a> = &'a (dyn Fn(usize) + Sync);

/// A value on cache lines of its own, so that threads that write different values do not contend for a line (false sharing). Two lines,
/// because processors fetch them in pairs.
#[derive(Default)]
#[repr(align(128))]
struct Apart<T>(T);

/// The present job and the helpers.
#[derive(Default)]
pub(super) struct Team {
    job: Apart<Job>,
    /// The number of pieces that helpers have finished, and the flags [`PANICKED`] and [`SLEEPING`].
    done: Apart<AtomicUsize>,
    /// Whether a job is under way.
    taken: Apart<AtomicBool>,
    /// The number of computations under way that were announced by [`Team::attend`].
    attended: AtomicUsize,
    /// Helpers that are not asleep; changes under the lock of `helpers`.
    awake: AtomicUsize,
    helpers: Mutex<Helpers>,
    /// Notified when `calls` grows.
    get_up: Condvar,
    /// Notified when a piece is finished while the caller sleeps.
    finished: Condvar,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

#[derive(Default)]
struct Job {
    /// Pieces 1 to this one are not claimed yet. To decrement it from `n` claims piece `n`.
    unclaimed: AtomicUsize,
    /// Points to the caller's stack, which holds it until all claimed pieces are finished.
    part: AtomicPtr<Part<'static>>,
}

#[derive(Default)]
struct Helpers {
    made: usize,
    asleep: usize,
    /// How many sleeping helpers have been told to wake and have not yet; `asleep` no longer counts them.
    calls: usize,
    /// How many calls go by before the next attempt to start a thread.
    refused: usize,
}

/// No panic happens under these locks, and a poisoned one would do no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Team {
    /// Runs `part(0)` to `part(pieces - 1)`, each once, `part(0)` on this thread, with up to `most` helpers. Returns `false`, having run
    /// nothing, if another thread's job is under way. A panic in a piece is resumed here once no piece runs any more.
    ///
    /// Not to be called inside a piece.
    pub(super) fn share(&'static self, pieces: usize, most: usize, part: Part<'_>) -> bool {
        if self.taken.0.load(Ordering::Relaxed) || self.taken.0.swap(true, Ordering::Acquire) {
            return false;
        }
        self.done.0.store(0, Ordering::Relaxed);
        self.job.0.part.store((&raw const part).cast_mut().cast(), Ordering::Relaxed);
        self.job.0.unclaimed.store(pieces - 1, Ordering::Release);

        let mut claimed = 0;
        let inside = Inside::enter();
        let result = catch_unwind(AssertUnwindSafe(|| {
            // With the fence in `sleep`: either this thread sees in `awake` that a helper is asleep, or that helper sees the
            // new job before it sleeps.
            fence(Ordering::SeqCst);
            self.call((pieces - 1).min(most), most);
            part(0);
            while let Some(piece) = self.claim() {
                claimed += 1;
                part(piece);
            }
        }));
        drop(inside);
        // After a panic here, pieces that are not claimed are dropped.
        let left = if result.is_err() { self.job.0.unclaimed.swap(0, Ordering::Relaxed) } else { 0 };
        let done = self.wait_for(pieces - 1 - claimed - left);
        let panic = if done & PANICKED == 0 { None } else { lock(&self.panic).take() };
        self.taken.0.store(false, Ordering::Release);

        if let Some(panic) = result.err().or(panic) {
            resume_unwind(panic);
        }
        true
    }

    /// Wakes helpers until `helpers` are awake, and lets all poll longer before they sleep, until the guard is dropped.
    pub(super) fn attend(&'static self, helpers: usize, most: usize) -> Attended {
        self.attended.fetch_add(1, Ordering::Relaxed);
        self.call(helpers, most);
        Attended(self)
    }

    /// Claims a piece of the present job, which then does not end before the piece is finished. `None` if all are claimed.
    fn claim(&self) -> Option<usize> {
        let unclaimed = &self.job.0.unclaimed;
        // A thread that has seen the counter of an earlier job still claims from the present one, as the decrement is atomic. Acquire
        // makes `part`, which the caller stored before the counter, visible here.
        unclaimed.fetch_update(Ordering::Acquire, Ordering::Relaxed, |pieces| pieces.checked_sub(1)).ok()
    }

    /// Waits until helpers have finished `pieces` pieces: polls, then sleeps. Returns `done`.
    fn wait_for(&self, pieces: usize) -> usize {
        let mut wait = Wait::default();
        loop {
            let done = self.done.0.load(Ordering::Acquire);
            if done & PIECES == pieces {
                return done;
            }
            if !wait.rest(PATIENCE) {
                break;
            }
        }
        let mut helpers = lock(&self.helpers);
        loop {
            let done = self.done.0.fetch_or(SLEEPING, Ordering::Acquire);
            if done & PIECES == pieces {
                return done;
            }
            helpers = self.finished.wait(helpers).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }

    /// Computes a piece of the present job. Returns whether there was one.
    fn help(&self) -> bool {
        let Some(piece) = self.claim() else { return false };
        // SAFETY: `claim` has read `unclaimed` with Acquire, and the caller stored the pointer before it, with Release. The target is
        // alive: the caller stays in `share` until `done` counts this piece, which happens below, after the last use.
        let part = unsafe { *self.job.0.part.load(Ordering::Relaxed) };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| part(piece))) {
            let mut first = lock(&self.panic);
            if first.is_none() {
                *first = Some(panic);
            } else {
                // Dropping the payload of a user's panic may panic again.
                core::mem::forget(panic);
            }
            self.done.0.fetch_or(PANICKED, Ordering::Relaxed);
        }
        if self.done.0.fetch_add(1, Ordering::Release) & SLEEPING != 0 {
            // The caller sets `SLEEPING` under this lock and holds it until it waits: after the lock was free, it waits and receives the
            // notification, or has seen the count.
            drop(lock(&self.helpers));
            self.finished.notify_one();
        }
        true
    }

    /// Wakes sleeping helpers until `helpers` are awake; first starts threads until there are `most`, as far as the system allows.
    fn call(&'static self, helpers: usize, most: usize) {
        if self.awake.load(Ordering::Relaxed) < helpers {
            self.call_sleepers(helpers, most);
        }
    }

    #[cold]
    fn call_sleepers(&'static self, wanted: usize, most: usize) {
        let mut helpers = lock(&self.helpers);
        helpers.refused = helpers.refused.saturating_sub(1);
        while helpers.made < most && helpers.refused == 0 {
            // All at the first job, so that later ones start no threads and allocate nothing.
            if self.start(helpers.made + 1) {
                helpers.made += 1;
            } else {
                helpers.refused = AFTER_REFUSAL;
            }
        }
        let awake = helpers.made - helpers.asleep;
        let called = wanted.saturating_sub(awake).min(helpers.asleep);
        helpers.asleep -= called;
        helpers.calls += called;
        self.awake.store(awake + called, Ordering::Relaxed);
        drop(helpers);
        for _ in 0..called {
            self.get_up.notify_one();
        }
    }

    /// Sleeps until [`call`](Self::call) wakes this helper; returns at once if a job has unclaimed pieces.
    fn sleep(&self) {
        let mut helpers = lock(&self.helpers);
        helpers.asleep += 1;
        self.awake.store(helpers.made - helpers.asleep, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if self.job.0.unclaimed.load(Ordering::Relaxed) != 0 {
            helpers.asleep -= 1;
            self.awake.store(helpers.made - helpers.asleep, Ordering::Relaxed);
            return;
        }
        while helpers.calls == 0 {
            helpers = self.get_up.wait(helpers).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        helpers.calls -= 1;
    }

    /// Starts a helper thread; returns whether the system allowed it.
    fn start(&'static self, number: usize) -> bool {
        let name = format!("typenet-{number}");
        std::thread::Builder::new().name(name).spawn(|| self.stand_by()).is_ok()
    }

    /// A helper's loop: compute pieces, poll for more, sleep.
    fn stand_by(&self) {
        INSIDE.set(true);
        let mut wait = Wait::default();
        loop {
            let limit = if self.attended.load(Ordering::Relaxed) == 0 { LINGER } else { PATIENCE };
            if self.help() {
                wait = Wait::default();
            } else if !wait.rest(limit) {
                self.sleep();
                wait = Wait::default();
            }
        }
    }
}

/// A computation during which helpers poll longer; ends when dropped.
pub(super) struct Attended(&'static Team);

impl Drop for Attended {
    fn drop(&mut self) {
        self.0.attended.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(not(all(test, loom)))]
mod sync {
    pub(super) use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence};
    pub(super) use std::sync::{Condvar, Mutex, MutexGuard};
    use std::time::{Duration, Instant};

    /// Polls between two calls of `yield_now`.
    const LOOKS: u32 = 32;

    /// A wait for another thread.
    #[derive(Default)]
    pub(in crate::hardware) struct Wait {
        looks: u32,
        since: Option<Instant>,
    }

    impl Wait {
        /// Pauses between two polls: a spin hint, every [`LOOKS`] polls `yield_now`. Returns whether less than `limit` has passed.
        pub(in crate::hardware) fn rest(&mut self, limit: Duration) -> bool {
            self.looks += 1;
            if !self.looks.is_multiple_of(LOOKS) {
                core::hint::spin_loop();
                return true;
            }
            std::thread::yield_now();
            self.since.get_or_insert_with(Instant::now).elapsed() < limit
        }
    }
}

/// The same from a model checker, which tries every order in which threads can act.
#[cfg(all(test, loom))]
mod sync {
    pub(super) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence};
    pub(super) use loom::sync::{Condvar, Mutex, MutexGuard};
    use std::time::Duration;

    #[derive(Default)]
    pub(in crate::hardware) struct Wait;

    impl Wait {
        /// One look more, then sleep.
        pub(in crate::hardware) fn rest(&mut self, _: Duration) -> bool {
            loom::thread::yield_now();
            false
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::thread::{current, scope};
    use std::vec::Vec;

    fn team() -> &'static Team {
        Box::leak(Box::default())
    }

    /// Shares `rounds` jobs of two to five pieces; returns how many pieces were done, and how many jobs were shared.
    fn work(team: &'static Team, rounds: usize) -> (usize, usize) {
        let (done, mut shared) = (AtomicUsize::new(0), 0);
        for round in 0..rounds {
            let pieces = 2 + round % 4;
            let here = current().id();
            let runs: [AtomicUsize; 5] = Default::default();
            let part = |piece: usize| {
                assert!(is_inside() && (piece != 0 || current().id() == here));
                runs[piece].fetch_add(1, Ordering::Relaxed);
                core::hint::black_box((0..10 * round % 1000).sum::<usize>());
            };
            if team.share(pieces, 3, &part) {
                assert!(!is_inside());
                shared += 1;
                assert!(runs[..pieces].iter().all(|runs| runs.load(Ordering::Relaxed) == 1), "{runs:?}");
                done.fetch_add(pieces, Ordering::Relaxed);
            }
        }
        (done.into_inner(), shared)
    }

    #[test]
    fn every_piece_is_done_once_with_any_number_of_helpers() {
        for most in [1, 2, 7] {
            let team = team();
            for pieces in 2..20 {
                let sum = AtomicUsize::new(0);
                let add = |piece: usize| {
                    sum.fetch_add(1 << piece, Ordering::Relaxed);
                };
                assert!(team.share(pieces, most, &add));
                assert_eq!(sum.into_inner(), (1 << pieces) - 1);
            }
            assert_eq!(lock(&team.helpers).made, most);
        }
    }

    #[test]
    fn callers_on_many_threads_get_their_own_pieces_and_no_others() {
        let team = team();
        let all: Vec<_> = scope(|scope| {
            let callers: Vec<_> = (0..6).map(|_| scope.spawn(|| work(team, 3000))).collect();
            callers.into_iter().map(|caller| caller.join().expect("no panic")).collect()
        });
        assert!(all.iter().map(|(_, shared)| shared).sum::<usize>() > 0);
        assert_eq!(work(team, 400), (1400, 400), "the team is free again");
    }

    #[test]
    fn who_calls_while_the_team_is_taken_is_told_so() {
        let team = team();
        let shared = team.share(2, 1, &|_| assert!(!team.share(2, 1, &|_| ())));
        assert!(shared);
    }

    #[test]
    fn a_panic_in_any_piece_arrives_after_the_others_and_leaves_the_team_as_it_was() {
        let team = team();
        for round in 0..2000 {
            let (culprit, running) = (round % 4, AtomicUsize::new(0));
            let job = || {
                team.share(4, 3, &|piece| {
                    running.fetch_add(1, Ordering::Relaxed);
                    let result = catch_unwind(|| {
                        if piece == culprit {
                            // Not by the hook, which would print it.
                            resume_unwind(Box::new(culprit));
                        }
                        core::hint::black_box((0..1000).sum::<usize>());
                    });
                    running.fetch_sub(1, Ordering::Relaxed);
                    result.unwrap_or_else(|panic| resume_unwind(panic));
                });
            };
            let panic = catch_unwind(AssertUnwindSafe(job)).expect_err("a piece panics");
            assert_eq!(panic.downcast_ref(), Some(&culprit));
            assert_eq!(running.load(Ordering::Relaxed), 0);
            assert!(!is_inside());
        }
        assert_eq!(work(team, 400), (1400, 400));
    }

    #[test]
    fn helpers_and_callers_that_have_fallen_asleep_are_woken() {
        let team = team();
        for _ in 0..5 {
            let by_helper = AtomicBool::new(false);
            let caller = current().id();
            let part = |piece: usize| {
                if current().id() != caller {
                    // Meanwhile the caller loses its patience.
                    std::thread::sleep(4 * PATIENCE);
                    by_helper.store(true, Ordering::Relaxed);
                } else if piece == 0 {
                    // Until the helper has come, however long that takes.
                    while team.job.0.unclaimed.load(Ordering::Relaxed) != 0 {
                        std::thread::yield_now();
                    }
                }
            };
            assert!(team.share(2, 1, &part));
            assert!(by_helper.into_inner());
            while lock(&team.helpers).asleep == 0 {
                std::thread::sleep(LINGER);
            }
        }
    }

    #[test]
    fn after_a_refusal_threads_are_asked_for_again_but_not_at_once() {
        let team = team();
        lock(&team.helpers).refused = AFTER_REFUSAL;
        for _ in 1..AFTER_REFUSAL {
            assert!(team.share(2, 1, &|_| ()));
        }
        assert_eq!(lock(&team.helpers).made, 0);
        assert!(team.share(2, 1, &|_| ()));
        assert_eq!(lock(&team.helpers).made, 1);
    }

    #[test]
    fn helpers_have_names() {
        let team = team();
        team.attend(2, 2);
        let names = Mutex::new(Vec::new());
        let part = |piece: usize| {
            if piece == 0 {
                while team.job.0.unclaimed.load(Ordering::Relaxed) != 0 {
                    std::thread::yield_now();
                }
            } else {
                lock(&names).push(current().name().map(std::string::String::from));
                while team.job.0.unclaimed.load(Ordering::Relaxed) != 0 {
                    std::thread::yield_now();
                }
            }
        };
        assert!(team.share(3, 2, &part));
        let mut names = names.into_inner().expect("no panic");
        names.sort();
        assert_eq!(names, [Some("typenet-1".into()), Some("typenet-2".into())]);
    }
}

/// Every order of events of small teams: `RUSTFLAGS="--cfg loom" cargo test -p typenet-runtime --lib model_checked`.
#[cfg(all(test, loom))]
mod model_checked {
    use super::*;
    use loom::thread;

    /// A team for helpers that the test makes; it makes none itself.
    fn team(helpers: usize) -> &'static Team {
        let team: &'static Team = Box::leak(Box::default());
        lock(&team.helpers).made = helpers;
        team.awake.store(helpers, Ordering::Relaxed);
        team
    }

    /// Shares a job of two pieces or three, if the team is free. Values pass from the caller to the pieces and back without an
    /// order of their own: the model may show older ones wherever the team does not order what threads do.
    fn job(team: &'static Team, pieces: usize, helpers: usize) -> bool {
        let input = AtomicUsize::new(0);
        let output: [AtomicUsize; 3] = Default::default();
        input.store(7, Ordering::Relaxed);
        let part = |piece: usize| {
            assert_eq!(output[piece].load(Ordering::Relaxed), 0, "a piece is done twice");
            output[piece].store(input.load(Ordering::Relaxed) + piece, Ordering::Relaxed);
        };
        let shared = team.share(pieces, helpers, &part);
        for (piece, output) in output[..pieces].iter().enumerate() {
            assert_eq!(output.load(Ordering::Relaxed), if shared { 7 + piece } else { 0 });
        }
        shared
    }

    fn check(model: impl Fn() + Sync + Send + 'static) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(model);
    }

    #[test]
    fn one_job_after_the_other() {
        check(|| {
            let team = team(1);
            let helper = thread::spawn(move || {
                team.help();
                team.help();
            });
            assert!(job(team, 2, 1) && job(team, 3, 1));
            helper.join().expect("no panic");
        });
    }

    #[test]
    fn two_helpers() {
        check(|| {
            let team = team(2);
            let helpers = [(); 2].map(|()| thread::spawn(move || team.help()));
            assert!(job(team, 3, 2));
            for helper in helpers {
                helper.join().expect("no panic");
            }
        });
    }

    #[test]
    fn two_callers() {
        check(|| {
            let team = team(1);
            let helper = thread::spawn(move || team.help());
            let other = thread::spawn(move || job(team, 2, 1));
            let shared = job(team, 2, 1);
            assert!(other.join().expect("no panic") || shared);
            helper.join().expect("no panic");
        });
    }

    #[test]
    fn a_helper_who_falls_asleep_is_called_or_sees_the_job() {
        check(|| {
            let team = team(1);
            let helper = thread::spawn(move || {
                team.sleep();
                team.help();
            });
            let alone = AtomicBool::new(true);
            // The caller would wait for ever if the helper did not come.
            let here = thread::current().id();
            team.share(2, 1, &|piece| {
                while piece == 0 && team.job.0.unclaimed.load(Ordering::Relaxed) != 0 {
                    thread::yield_now();
                }
                assert_eq!(thread::current().id() == here, piece == 0);
                alone.fetch_and(piece == 0, Ordering::Relaxed);
            });
            assert!(!alone.load(Ordering::Relaxed));
            helper.join().expect("no panic");
        });
    }

    #[test]
    fn a_panic_of_a_helper_arrives_at_the_caller() {
        check(|| {
            let team = team(1);
            let helper = thread::spawn(move || team.help());
            let job = || {
                team.share(2, 1, &|piece| {
                    if piece == 1 {
                        resume_unwind(Box::new(piece))
                    }
                })
            };
            let panic = catch_unwind(AssertUnwindSafe(job)).expect_err("piece 1 panics");
            assert_eq!(panic.downcast_ref(), Some(&1_usize));
            helper.join().expect("no panic");
            assert!(self::job(team, 2, 1));
        });
    }
}
