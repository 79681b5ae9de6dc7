//! What a run of `fit` does beside its steps.

use typenet::model::Error;
use typenet::prelude::*;

model! { Line < Dense(1 => 1) > }

#[test]
fn a_split_that_leaves_nothing_is_refused_with_the_splits_that_can_be() {
    let mut trainer = Line::zeros().compile(Sgd::new(0.0), MeanSquaredError, ());
    let labels = [0.0_f32; 10];
    // 10·(1 − 0.9) is less than 1 in floating point.
    let error = trainer.fit(&[[0.0]; 10], &labels).validation_split(0.9).run().expect_err("no samples");
    let text = error.to_string();
    assert!(matches!(error, Error::ValidationSplit { .. }));
    let (_, bounds) = text.split_once("expected a share from ").expect("bounds");
    let (least, bounds) = bounds.split_once(" to ").expect("bounds");
    let (most, _) = bounds.split_once(',').expect("bounds");
    let [least, most]: [f64; 2] = [least, most].map(|bound| bound.parse().expect("a number"));
    assert!(least < 1e-15 && most > 0.8999);
    let mut split =
        |share| trainer.fit(&[[0.0]; 10], &labels).validation_split(share).progress(false).run().is_ok();
    assert!(split(least) && split(most) && !split(least.next_down()) && !split(most.next_up()));
}
