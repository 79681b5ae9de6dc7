//! Finding NaN and infinities.

/// Index of the first value that is NaN or an infinity.
pub fn first_non_finite(values: &[f32]) -> Option<usize> {
    const BLOCK: usize = 4096;
    for (block, chunk) in values.chunks(BLOCK).enumerate() {
        // Zero times a finite number is zero, times anything else NaN; sums of whole blocks run at memory speed.
        let mut sums = [0.0f32; 16];
        let (lanes, rest) = chunk.as_chunks::<16>();
        for lane in lanes {
            for (sum, value) in sums.iter_mut().zip(lane) {
                *sum += value * 0.0;
            }
        }
        let sum = sums.iter().sum::<f32>() + rest.iter().map(|value| value * 0.0).sum::<f32>();
        if sum.is_nan() {
            return chunk.iter().position(|value| !value.is_finite()).map(|i| block * BLOCK + i);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_of_the_values_that_are_not_finite_is_found_at_every_place() {
        for len in [0, 1, 15, 16, 17, 4095, 4096, 4097, 9000] {
            let mut values = vec![f32::MAX; len];
            assert_eq!(first_non_finite(&values), None, "{len} finite values");
            for place in [0, 1, 16, 4095, 4096, 8999] {
                if place < len {
                    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                        values[place] = value;
                        values[len - 1] = f32::NAN;
                        assert_eq!(first_non_finite(&values), Some(place), "{value} at {place} of {len}");
                    }
                    values[place] = 0.0;
                    values[len - 1] = -0.0;
                }
            }
        }
    }
}
