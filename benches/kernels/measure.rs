//! Time: the fastest of many runs, because everything else that a machine does only adds to it.

use std::time::{Duration, Instant};

/// How long each measurement goes on.
const LONG: Duration = Duration::from_millis(200);

/// Seconds of the fastest run of `work`.
pub(crate) fn fastest(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut best = Duration::MAX;
    // Runs of less than a microsecond are timed together.
    let mut together = 1;
    loop {
        let run = Instant::now();
        for _ in 0..together {
            work();
        }
        let took = run.elapsed();
        if took < Duration::from_micros(20) {
            together *= 2;
            continue;
        }
        best = best.min(took / together);
        if start.elapsed() >= LONG {
            return best.as_secs_f64();
        }
    }
}

/// A pool of threads.
pub(crate) struct Threads(rayon::ThreadPool);

impl Threads {
    pub(crate) fn new(count: usize) -> Self {
        Self(rayon::ThreadPoolBuilder::new().num_threads(count).build().expect("threads"))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.current_num_threads()
    }

    /// Runs `work` with this pool as the current one.
    pub(crate) fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.0.install(work)
    }

    /// Runs `work` on every thread at the same time.
    pub(crate) fn each(&self, work: fn()) {
        self.0.broadcast(|_| work());
    }

    /// Runs `work` on every thread at the same time, each with its own item.
    pub(crate) fn each_with<T: Send>(&self, items: &mut [T], work: impl Fn(&mut T) + Sync) {
        let items: Vec<_> = items.iter_mut().map(std::sync::Mutex::new).collect();
        self.0.broadcast(|context| work(&mut items[context.index()].lock().expect("each has its own")));
    }
}
