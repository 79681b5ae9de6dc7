//! How a validation split divides samples.

/// How many of the samples a validation split leaves for training: the first `⌊samples·(1 − split)⌋`, as in Keras. `None` if the
/// split is no share.
pub(super) fn split_at(samples: usize, split: f64) -> Option<usize> {
    (split > 0.0 && split < 1.0).then_some((samples as f64 * (1.0 - split)) as usize)
}

/// The smallest and the largest validation split that leave samples on both sides, if there are any.
pub(in crate::model) fn splits(samples: usize) -> Option<(f64, f64)> {
    if samples < 2 {
        return None;
    }
    // Positive floats are in the order of their bits, and a larger split never leaves more samples for training.
    let first = |holds: &dyn Fn(usize) -> bool| {
        let (mut below, mut from) = (0.0_f64.to_bits(), 1.0_f64.to_bits());
        while from - below > 1 {
            let middle = below.midpoint(from);
            let holds = split_at(samples, f64::from_bits(middle)).is_some_and(holds);
            (below, from) = if holds { (below, middle) } else { (middle, from) };
        }
        f64::from_bits(from)
    };
    Some((first(&|training| training < samples), first(&|training| training == 0).next_down()))
}
