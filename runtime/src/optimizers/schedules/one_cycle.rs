//! The one-cycle policy.

use core::f64::consts::PI;

use super::{Schedule, setters, settings};
use crate::kernels::lerp::lerp;
use crate::schema::setting::{Condition, NOT_NEGATIVE, POSITIVE, SHARE};

/// Up to a large rate and down to a tiny one, PyTorch's `OneCycleLR`; step `total_steps − 1` is the last, and its rate stays.
///
/// ```text
/// initial = maximum / div_factor,   minimum = initial / final_div_factor
/// step 0 … pct_start·total_steps − 1:     from initial to maximum
///        … total_steps − 1:               from maximum to minimum
/// three_phase: as many steps down to initial as up, and then to minimum
/// ```
///
/// Between two rates it goes like half a cosine; with `linear`, on a straight line.
///
/// ```
/// use typenet_runtime::optimizers::schedules::{OneCycle, Schedule};
/// let schedule = OneCycle::new(1.0, 11).pct_start(5.0 / 11.0).div_factor(4.0).final_div_factor(2.0);
/// assert_eq!([0, 4, 10, 99].map(|step| schedule.rate(step)), [0.25, 1.0, 0.125, 0.125]);
///
/// let straight = OneCycle::new(1.0, 21).pct_start(3.0 / 21.0).div_factor(2.0).final_div_factor(2.0).linear(true);
/// assert_eq!([0, 1, 2, 20].map(|step| straight.rate(step)), [0.5, 0.75, 1.0, 0.25]);
/// let three = straight.three_phase(true);
/// assert_eq!([0, 1, 2, 3, 4, 20].map(|step| three.rate(step)), [0.5, 0.75, 1.0, 0.75, 0.5, 0.25]);
/// ```
///
/// # References
/// Smith & Topin, "Super-convergence: very fast training of neural networks using large learning rates", arXiv:1708.07120, 2017.
#[doc(alias = "OneCycleLR")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneCycle {
    /// The largest rate, at least 0.
    pub maximum: f64,
    /// Steps of the whole course, at least 2.
    pub total_steps: u64,
    /// Share of the steps in which the rate rises, from 0 to 1; 0.3 by default, as in PyTorch.
    pub pct_start: f64,
    /// How many times the first rate is in the largest, above 0; 25 by default.
    pub div_factor: f64,
    /// How many times the last rate is in the first, above 0; 10,000 by default.
    pub final_div_factor: f64,
    /// Whether the way is straight rather than half a cosine; not by default.
    pub linear: bool,
    /// Whether the rate first falls to where it began; not by default.
    pub three_phase: bool,
}

impl OneCycle {
    /// With PyTorch's defaults.
    pub fn new(maximum: f64, total_steps: u64) -> Self {
        Self {
            maximum,
            total_steps,
            pct_start: 0.3,
            div_factor: 25.0,
            final_div_factor: 1e4,
            linear: false,
            three_phase: false,
        }
    }
}

setters!(OneCycle:
    /// With another share of steps in which the rate rises.
    pct_start: f64,
    /// With another first rate.
    div_factor: f64,
    /// With another last rate.
    final_div_factor: f64,
    /// Whether the way is straight.
    linear: bool,
    /// Whether the rate first falls to where it began.
    three_phase: bool
);

const AT_LEAST_TWO: Condition = (|x| x >= 2.0, "at least 2");

impl Schedule for OneCycle {
    settings!(
        "OneCycle", self:
        maximum: self.maximum => NOT_NEGATIVE;
        total_steps: self.total_steps as f64 => AT_LEAST_TWO;
        pct_start: self.pct_start => SHARE;
        div_factor: self.div_factor => POSITIVE;
        final_div_factor: self.final_div_factor => POSITIVE;
    );

    fn rate(&self, step: u64) -> f64 {
        let initial = self.maximum / self.div_factor;
        let minimum = initial / self.final_div_factor;
        let (total, rising) = (self.total_steps as f64, self.pct_start * self.total_steps as f64);
        let phases = if self.three_phase {
            [
                (rising - 1.0, initial, self.maximum),
                (2.0 * rising - 2.0, self.maximum, initial),
                (total - 1.0, initial, minimum),
            ]
        } else {
            let last = (total - 1.0, self.maximum, minimum);
            [(rising - 1.0, initial, self.maximum), last, last]
        };
        let (step, mut start) = (step as f64, 0.0);
        for (end, from, to) in phases {
            if step <= end {
                let fraction = if end > start { (step - start) / (end - start) } else { 1.0 };
                let way = if self.linear { fraction } else { 0.5 * (1.0 - libm::cos(PI * fraction)) };
                return lerp(from, to, way);
            }
            start = end;
        }
        minimum
    }
}
