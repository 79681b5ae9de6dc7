//! Ends a run from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Callback, Context};
use crate::model::{EpochRecord, Error};

/// Ends the run after the present step, or the present epoch, when a [`StopHandle`] says so: from a signal handler, a
/// user interface, another thread.
///
/// The run is [interrupted](Context::interrupt): [`Fit::checkpoint`](crate::model::Fit::checkpoint),
/// [`ModelCheckpoint`](super::ModelCheckpoint) and [`BackupAndRestore`](super::BackupAndRestore) save its state, and
/// from that it goes on to the same bits.
///
/// # Example
/// ```
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let mut stop = Stop::new();
/// let handle = stop.handle();
/// // In a program: ctrlc::set_handler(move || handle.stop())?;
/// handle.stop();
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(100).callback(&mut stop);
/// let history = fit.progress(false).run()?;
/// assert_eq!(history.stopped.as_deref(), Some("interrupted in epoch 1 after step 1"));
/// # Ok::<(), typenet::model::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Stop {
    flag: Arc<AtomicBool>,
    after_epoch: bool,
}

/// Says that the run of a [`Stop`] is to end. Cheap to clone and to call.
///
/// ```
/// use typenet::prelude::*;
///
/// let stop = Stop::new();
/// let handle = stop.handle();
/// let in_thread = handle.clone();
/// std::thread::spawn(move || in_thread.stop()).join().expect("no panic");
/// assert!(handle.is_stopping());
/// ```
#[derive(Debug, Clone)]
pub struct StopHandle {
    flag: Arc<AtomicBool>,
}

impl StopHandle {
    /// The run is to end.
    pub fn stop(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// Whether the run is to end.
    pub fn is_stopping(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }
}

impl Stop {
    /// Ends the run after the present step.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the run after the present epoch instead.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut stop = Stop::new().after_epoch();
    /// stop.handle().stop();
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).batch_size(1).epochs(100);
    /// let history = fit.callback(&mut stop).progress(false).run()?;
    /// assert_eq!(history.stopped.as_deref(), Some("interrupted in epoch 1 after step 2"));
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn after_epoch(mut self) -> Self {
        self.after_epoch = true;
        self
    }

    /// What says so.
    pub fn handle(&self) -> StopHandle {
        StopHandle { flag: Arc::clone(&self.flag) }
    }

    fn look(&self, context: &mut Context<'_>) {
        if self.flag.load(Ordering::Relaxed) {
            let (epoch, step) = (context.epoch(), context.step());
            context.interrupt(format!("interrupted in epoch {epoch} after step {step}"));
        }
    }
}

impl Callback for Stop {
    fn name(&self) -> &'static str {
        "Stop"
    }

    fn on_epoch_end(&mut self, context: &mut Context<'_>, _: &EpochRecord) -> Result<(), Error> {
        self.look(context);
        Ok(())
    }

    fn on_batch_end(&mut self, context: &mut Context<'_>, _: f64) -> Result<(), Error> {
        if !self.after_epoch {
            self.look(context);
        }
        Ok(())
    }

    fn acts_within_epochs(&self) -> bool {
        !self.after_epoch
    }
}
