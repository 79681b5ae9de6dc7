//! How many samples a batch needs in training.

use crate::model::Error;
use crate::schema::LayerInfo;

/// That no batch of a run or of a step is smaller than a layer can train on: `samples` in batches of `batch_size`, of which a run may take
/// no more than `most` in an epoch.
pub(in crate::model) fn check_batch_sizes(
    layers: &[LayerInfo],
    samples: usize,
    batch_size: usize,
    most: Option<usize>,
) -> Result<(), Error> {
    let taken = most.map_or(samples, |most| samples.min(most.saturating_mul(batch_size)));
    let found = match taken % batch_size {
        0 => taken.min(batch_size),
        last => last,
    };
    match layer_above(layers, found) {
        None => Ok(()),
        Some((layer, expected)) => Err(Error::SmallBatch { layer, expected, found, samples, batch_size }),
    }
}

/// The first layer that needs more samples than these, by its full name, and how many it needs.
fn layer_above(layers: &[LayerInfo], samples: usize) -> Option<(String, usize)> {
    let layer = layers.iter().find(|layer| layer.info.min_batch > samples)?;
    match layer_above(layer.info.layers, samples) {
        None => Some((layer.name.to_owned(), layer.info.min_batch)),
        Some((inner, expected)) => Some((format!("{}.{inner}", layer.name), expected)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{BatchNorm, Flatten};
    use crate::schema::Info;
    use typenum::{U1, U3, U4};

    const NORM: LayerInfo = LayerInfo::of::<BatchNorm<(U3,)>>("norm");
    const INNER: LayerInfo = LayerInfo {
        name: "inner",
        info: Info::model("Inner", &[NORM]),
        ..LayerInfo::of::<Flatten<(U3,), U3>>("")
    };
    const LAYERS: &[LayerInfo] = &[LayerInfo::of::<BatchNorm<(U3, U4, U1)>>("images"), INNER];

    #[test]
    fn the_smallest_batch_of_an_epoch_counts() {
        let check = |samples, batch_size, most| check_batch_sizes(LAYERS, samples, batch_size, most);
        for (samples, batch_size, most) in [(2, 32, None), (64, 32, None), (34, 32, None), (33, 32, Some(1))]
        {
            assert!(check(samples, batch_size, most).is_ok(), "{samples} in batches of {batch_size}");
        }
        let text = |samples, batch_size, most| check(samples, batch_size, most).unwrap_err().to_string();
        let needs = "training samples: `inner.norm` needs 2 samples or more in each batch, ";
        assert_eq!(text(1, 32, None), needs.to_owned() + "found 1");
        assert_eq!(text(7, 1, Some(2)), needs.to_owned() + "found batch_size 1");
        let leave = "but 33 samples in batches of 32 leave 1 for the last; another batch_size helps";
        assert_eq!(text(33, 32, None), needs.to_owned() + leave);
        assert_eq!(text(33, 32, Some(2)), needs.to_owned() + leave);
    }

    #[test]
    fn layers_that_take_any_batch_need_no_more_than_one_sample() {
        assert!(check_batch_sizes(&LAYERS[..1], 1, 1, None).is_ok());
        assert_eq!(INNER.info.min_batch, 2);
    }
}
