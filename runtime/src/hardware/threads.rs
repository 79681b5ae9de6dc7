//! Sharing work between threads. No thread is woken for work too small to share.

/// Runs `work` on a worker of the thread pool, so that sharing work inside it allocates nothing.
#[cfg(feature = "std")]
pub fn enter<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    if rayon::current_thread_index().is_some() { work() } else { rayon::scope(|_| work()) }
}
