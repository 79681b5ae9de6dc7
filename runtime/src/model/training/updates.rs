//! How many updates a trainer has made, and which gradients wait for the next.

use crate::optimizers::{Accumulation, Optimizer, Turn};

/// Updates so far, and the steps since the last that only kept their gradients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::model) struct Updates {
    /// Updates made.
    pub(in crate::model) made: u64,
    /// Steps since the last update.
    pub(in crate::model) steps: u32,
    /// Samples of the first of them.
    pub(in crate::model) first: u64,
    /// Samples of all of them.
    pub(in crate::model) samples: u64,
}

impl Updates {
    /// The number of the update that the last step belongs to, made or under way; 1 before the first step.
    pub(in crate::model) fn present(&self) -> u64 {
        (self.made + u64::from(self.steps > 0)).max(1)
    }

    /// Takes a step by the mean gradient of so many samples.
    pub(in crate::model) fn step(&mut self, optimizer: &impl Optimizer, samples: usize) -> Turn {
        let steps = optimizer.steps_per_update();
        if steps <= 1 {
            self.made += 1;
            return Turn::new(self.made);
        }
        if self.steps == 0 {
            self.first = samples as u64;
        }
        self.steps += 1;
        self.samples += samples as u64;
        self.turn(samples as u64, self.steps >= steps)
    }

    /// Ends the steps that only kept their gradients with an update that adds none; `None` if there are no such steps.
    pub(in crate::model) fn finish(&mut self) -> Option<Turn> {
        (self.steps > 0).then(|| self.turn(0, true))
    }

    fn turn(&mut self, samples: u64, updates: bool) -> Turn {
        let accumulation = Accumulation { samples, first: self.first, total: self.samples, updates };
        let turn = Turn { accumulation: Some(accumulation), ..Turn::new(self.made + 1) };
        if updates {
            *self = Self { made: self.made + 1, ..Self::default() };
        }
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizers::{OptimizerExt, Sgd};

    #[test]
    fn updates_are_counted_and_what_is_left_is_one_of_them() {
        let optimizer = Sgd::new(0.1).accumulate(3);
        let mut updates = Updates::default();
        let mut turn = |samples| {
            let turn = updates.step(&optimizer, samples);
            let accumulation = turn.accumulation.expect("an optimizer that accumulates");
            (turn.step, accumulation.samples, accumulation.first, accumulation.total, accumulation.updates)
        };
        assert_eq!(turn(4), (1, 4, 4, 4, false));
        assert_eq!(turn(4), (1, 4, 4, 8, false));
        assert_eq!(turn(2), (1, 2, 4, 10, true));
        assert_eq!(turn(3), (2, 3, 3, 3, false));
        assert_eq!(updates.present(), 2);
        let rest = updates.finish().and_then(|turn| turn.accumulation).expect("a step is left");
        assert_eq!(rest, Accumulation { samples: 0, first: 3, total: 3, updates: true });
        assert_eq!((updates.finish(), updates), (None, Updates { made: 2, ..Updates::default() }));
        assert_eq!(updates.step(&Sgd::new(0.1), 5), Turn::new(3));
    }
}
