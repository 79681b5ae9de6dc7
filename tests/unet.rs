//! The plan of a network whose values live long: a U-Net needs little more memory than a person would plan for it.

use core::marker::PhantomData;

use typenet::kernels::Element;
use typenet::layers::activation::Linear;
use typenet::layers::check::check_gradient;
use typenet::layers::{Backward, Cpu, Memory, Predict, Run};
use typenet::prelude::*;
use typenet::schema::{Info, Size};
use typenet::typenum::{U2, U3, U4, U16, U32, U64};

/// Each pixel four times: from `(C, S, S)` to `(C, T, T)` with twice the height and width.
pub struct Upsample<C, S, T>(PhantomData<(C, S, T)>);

impl<C: Size, S: Size, T: Size> Layer for Upsample<C, S, T> {
    type Input = (C, S, S);
    type Output = (C, T, T);
    type Head = Linear;
    type Body = Self;
    const INFO: Info = {
        assert!(T::VALUE == 2 * S::VALUE, "Upsample: height and width double");
        Info::new("Upsample")
    };
    const MEMORY: Memory = Memory { reads_input: false, reads_output: false, ..Memory::NONE };
}

impl<E: Element, C: Size, S: Size, T: Size> Run<Cpu<E>> for Upsample<C, S, T> {
    fn predict(pass: Predict<'_, Self, Cpu<E>>) {
        let (small, large) = (S::VALUE, T::VALUE);
        for (i, to) in pass.output.iter_mut().enumerate() {
            let (row, column) = (i / large, i % large);
            *to = pass.input[row / large * small * small + row % large / 2 * small + column / 2];
        }
    }

    fn backward(pass: Backward<'_, Self, Cpu<E>>) {
        let Some(grad_input) = pass.grad_input else { return };
        let (small, large) = (S::VALUE, T::VALUE);
        for (i, to) in grad_input.iter_mut().enumerate() {
            let (row, column) = (i / small, i % small);
            let at = row / small * large * large + 2 * (row % small) * large + 2 * column;
            let four = [at, at + 1, at + large, at + large + 1].map(|at| pass.grad_output[at].to_f64());
            *to = E::from_f64(four.iter().sum());
        }
    }
}

model! {
    Two(c) < Conv2d(_ => c, kernel = 3, padding = same, relu), Conv2d(_ => c, kernel = 3, padding = same, relu) >
    /// Two levels, as in "U-Net" (Ronneberger et al., MICCAI 2015), with the size of the image kept.
    pub UNet <
        Input(1, 64, 64),
        wide: Two(16), MaxPool2d(2),
        middle: Two(32), MaxPool2d(2),
        Two(64),
        up_1: Upsample<U64, U16, U32>((64, 16, 16) => (64, 32, 32)),
        (up_1, middle) -> Concat, Two(32),
        up_2: Upsample<U32, U32, U64>((32, 32, 32) => (32, 64, 64)),
        (up_2, wide) -> Concat, Two(16),
        Conv2d(_ => 1, kernel = 1, sigmoid),
    >
}

model! {
    Two(c) < Conv2d(_ => c, kernel = 3, padding = same, tanh), Conv2d(_ => c, kernel = 3, padding = same, tanh) >
    /// The same form, small enough for differences.
    pub Small <
        Input(1, 4, 4),
        wide: Two(2), AvgPool2d(2), Two(3),
        up: Upsample<U3, U2, U4>((3, 2, 2) => (3, 4, 4)),
        (up, wide) -> Concat, Two(2), Conv2d(_ => 1, kernel = 1),
    >
}

/// Values of an image of `channels` whose height and width are those of the input, halved `level` times.
const fn image(channels: usize, level: usize) -> usize {
    channels * (64 >> level) * (64 >> level)
}

/// The columns of a 3×3 convolution: each pixel's neighbourhood.
const fn columns(channels: usize, level: usize) -> usize {
    9 * image(channels, level)
}

/// What is there while each layer computes: what it reads, what it writes, and the results that wait for a later layer; and the
/// scratch of its own.
const BY_HAND: [(usize, usize); 17] = {
    let (wide, middle) = (image(16, 0), image(32, 1));
    [
        (wide, columns(1, 0)),
        (image(16, 0) + wide, columns(16, 0)),
        (image(16, 1) + wide, 0),
        (image(16, 1) + image(32, 1) + wide, columns(16, 1)),
        (image(32, 1) + middle + wide, columns(32, 1)),
        (middle + image(32, 2) + wide, 0),
        (image(32, 2) + image(64, 2) + middle + wide, columns(32, 2)),
        (image(64, 2) + image(64, 2) + middle + wide, columns(64, 2)),
        (image(64, 2) + image(64, 1) + middle + wide, 0),
        (image(64, 1) + middle + image(96, 1) + wide, 0),
        (image(96, 1) + image(32, 1) + wide, columns(96, 1)),
        (image(32, 1) + image(32, 1) + wide, columns(32, 1)),
        (image(32, 1) + image(32, 0) + wide, 0),
        (image(32, 0) + wide + image(48, 0), 0),
        (image(48, 0) + image(16, 0), columns(48, 0)),
        (image(16, 0) + image(16, 0), columns(16, 0)),
        // The mask itself lies with the caller, and a 1×1 convolution reads the image as it is.
        (image(16, 0), 0),
    ]
};

#[test]
fn an_inference_needs_at_most_a_tenth_more_memory_than_a_plan_by_hand() {
    let most = |of: fn(&(usize, usize)) -> usize| BY_HAND.iter().map(of).max().expect("layers");
    let (values, all) = (most(|(values, _)| *values), most(|(values, scratch)| values + scratch));
    let (planned, unshared) = (UNet::MEMORY.predict.per_sample, UNet::UNSHARED_BYTES / 4);
    let kib = |values: usize| values * 4 / 1024;
    println!(
        "U-Net, values: {} KiB, by hand {}, without sharing {}",
        kib(planned),
        kib(values),
        kib(unshared)
    );
    println!("U-Net, values and scratch: {} KiB, by hand {}", kib(UNet::PREDICT_SCRATCH), kib(all));
    assert!(planned >= values, "{planned} values are fewer than are there at once, {values}");
    assert!(planned * 10 <= values * 11, "{planned} values, by hand {values}");
    assert!(UNet::PREDICT_SCRATCH * 10 <= all * 11, "{} values, by hand {all}", UNet::PREDICT_SCRATCH);
}

#[test]
fn its_gradients_are_those_of_central_differences() {
    check_gradient::<Upsample<U3, U2, U4>>(2, 1);
    check_gradient::<Small>(2, 2);
}

/// A plan that laid two values over each other would show here.
#[test]
fn a_prediction_does_not_depend_on_what_lies_in_the_scratch() {
    let model = UNet::new(1);
    let image = [core::array::from_fn(|y| core::array::from_fn(|x| ((3 * x + y * y) % 7) as f32 / 7.0))];
    let (mut first, mut second) = ([[[0.0f32; 64]; 64]; 1], [[[0.0f32; 64]; 64]; 1]);
    let mut scratch = vec![f32::NAN; UNet::PREDICT_SCRATCH];
    model.predict_with_scratch(&image, &mut first, &mut scratch);
    scratch.fill(1e30);
    model.predict_with_scratch(&image, &mut second, &mut scratch);
    assert_eq!(first, second);
    assert!(first[0].iter().flatten().all(|mask| mask.is_finite()));
}
