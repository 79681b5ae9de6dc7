//! What an axis shows: a range, and round numbers in it (P. Heckbert, "Nice Numbers for Graph Labels", Graphics Gems, 1990).

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// A range with round numbers in it: a coordinate of plotters, whose own choice of ticks is not made for tiny and huge ranges.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    /// From `low` to `high`, at least two unless the range was made for one number.
    ticks: Vec<f64>,
    /// The power of ten in the distance between ticks.
    exponent: i32,
}

/// Beyond this, differences may overflow; below its reciprocal, powers of ten are no longer exact.
const LARGEST: f64 = 1e300;

/// Whether an axis can show `value`.
pub(super) fn is_drawable(value: f64) -> bool {
    value.abs() <= LARGEST
}

impl Axis {
    /// Over whole numbers from `first` to `last`, with at most about eight ticks, all whole.
    pub(super) fn of_epochs(first: usize, last: usize) -> Self {
        let (first, last) = (first as f64, last as f64);
        let (step, exponent) = round_above(((last - first) / 8.0).max(1.0));
        let margin = if first == last { 1.0 } else { 0.02 * (last - first) };
        Self { low: first - margin, high: last + margin, ticks: multiples(step, first, last), exponent }
    }

    /// Over all drawable ones of `values`; from 0 to 1 if there are none.
    ///
    /// A range is not smaller than a thousandth of its numbers, so that labels stay short; a single number stands in the
    /// middle.
    pub(super) fn of_values(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values
            .filter(|&value| is_drawable(value))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let magnitude = low.abs().max(high.abs());
        let (low, high) = if low > high {
            (0.0, 1.0)
        } else if magnitude < LARGEST.recip() {
            (-1.0, 1.0)
        } else {
            let smallest = if low == high { 0.1 * magnitude } else { 0.5e-3 * magnitude };
            let half = (0.54 * (high - low)).max(smallest);
            let middle = 0.5 * low + 0.5 * high;
            (middle - half, middle + half)
        };
        let (step, exponent) = round_above((high - low) / 6.0);
        Self { low, high, ticks: multiples(step, low, high), exponent }
    }

    /// A tick as text, with as many digits as tell it from the next one.
    fn label(&self, tick: f64) -> String {
        let largest = self.ticks.iter().fold(0.0, |largest: f64, tick| largest.max(tick.abs()));
        if tick == 0.0 {
            "0".to_owned()
        } else if (1e-3..1e6).contains(&largest) {
            format!("{tick:.*}", (-self.exponent).max(0) as usize)
        } else {
            let digits = largest.log10().floor() as i32 - self.exponent;
            format!("{tick:.*e}", digits.max(0) as usize)
        }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.low) / (self.high - self.low);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Lines between ticks are asked for too; there are none.
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        self.label(*value)
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `distance`, and that power.
fn round_above(distance: f64) -> (f64, i32) {
    let exponent = distance.log10().floor() as i32;
    let power = 10f64.powi(exponent);
    match [1.0, 2.0, 5.0].map(|factor| factor * power).into_iter().find(|&step| step >= distance) {
        Some(step) => (step, exponent),
        None => (10f64.powi(exponent + 1), exponent + 1),
    }
}

/// The multiples of `step` from `low` to `high`.
fn multiples(step: f64, low: f64, high: f64) -> Vec<f64> {
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    // A product may be rounded to just outside.
    (first..=last).map(|i| (i as f64 * step).clamp(low, high)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks.iter().map(|&tick| axis.label(tick)).collect()
    }

    #[test]
    fn epochs_are_whole_numbers() {
        assert_eq!(labels(&Axis::of_epochs(1, 5)), ["1", "2", "3", "4", "5"]);
        assert_eq!(labels(&Axis::of_epochs(1, 20)), ["5", "10", "15", "20"]);
        assert_eq!(labels(&Axis::of_epochs(3, 3)), ["3"]);
        assert_eq!(labels(&Axis::of_epochs(0, 1)), ["0", "1"]);
        for last in 2..3000 {
            let axis = Axis::of_epochs(1, last);
            assert!((2..=9).contains(&axis.ticks.len()), "{last}: {:?}", axis.ticks);
            assert!(axis.ticks.iter().all(|tick| tick.fract() == 0.0));
        }
    }

    #[test]
    fn labels_have_the_digits_that_tell_them_apart() {
        let of = |values: &[f64]| labels(&Axis::of_values(values.iter().copied()));
        assert_eq!(of(&[0.1, 0.6]), ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6"]);
        assert_eq!(of(&[2e7, 4e7]), ["2.0e7", "2.5e7", "3.0e7", "3.5e7", "4.0e7"]);
        assert_eq!(of(&[-1e-5, 1e-5]), ["-1.0e-5", "-5.0e-6", "0", "5.0e-6", "1.0e-5"]);
        assert_eq!(of(&[0.0, 250.0]), ["0", "50", "100", "150", "200", "250"]);
    }

    #[test]
    fn every_range_holds_its_numbers_and_a_few_distinct_labels() {
        let magnitudes =
            [0.0, 1e-320, 1e-310, 3e-300, 1e-38, 0.1, 0.25, 1.0, 7.3, 1e6, 3.4e38, 1e300, f64::MAX];
        for low in magnitudes.iter().flat_map(|&x| [-x, x]) {
            for high in magnitudes {
                let values = [low, high, low * (1.0 + 1e-9), f64::NAN, f64::INFINITY];
                let axis = Axis::of_values(values.into_iter());
                let drawable = values.iter().filter(|&&value| is_drawable(value));
                assert!(drawable.clone().all(|&value| axis.low < value && value < axis.high), "{axis:?}");
                assert!((2..=8).contains(&axis.ticks.len()), "{low} {high}: {axis:?}");
                assert!(axis.ticks.iter().all(|&tick| axis.low <= tick && tick <= axis.high), "{axis:?}");
                let mut labels = labels(&axis);
                assert!(labels.iter().all(|label| label.len() <= 11), "{labels:?}");
                labels.dedup();
                assert_eq!(labels.len(), axis.ticks.len(), "{labels:?}");
            }
        }
        let none = Axis::of_values([f64::NAN].into_iter());
        assert_eq!((none.low, none.high), (0.0, 1.0));
    }
}
