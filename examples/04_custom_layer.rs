//! A layer of one's own, used inside `model!` like a built-in one.
//!
//! `Fourier` turns each coordinate into its sine and cosine at several frequencies, which lets a small network learn
//! a function that wiggles (Tancik et al., "Fourier features let networks learn high frequency functions in low
//! dimensional domains", NeurIPS 2020). It has no parameters, only a gradient.

#[macro_use]
mod output;

use core::marker::PhantomData;
use std::error::Error;
use std::process::ExitCode;

use typenet::kernels::{Element, Rng};
use typenet::layers::activation::Linear;
use typenet::layers::check::check_gradient;
use typenet::layers::{Backward, Cpu, Memory, Predict, Run};
use typenet::prelude::*;
use typenet::schema::{Info, Size};
use typenet::typenum::{U1, U8};

/// From one value `x` to `sin(kx)` and `cos(kx)` for `k` in 1 ..= `N / 2`.
pub struct Fourier<N>(PhantomData<N>);

/// What it is.
impl<N: Size> Layer for Fourier<N> {
    type Input = (U1,);
    type Output = (N,);
    type Head = Linear;
    type Body = Self;
    const INFO: Info = Info::new("Fourier");
    /// The backward pass reads sines and cosines, not what they are of.
    const MEMORY: Memory = Memory { reads_input: false, ..Memory::NONE };
}

/// How it runs; for every `Element`, so that its gradient can be checked in `f64`.
impl<T: Element, N: Size> Run<Cpu<T>> for Fourier<N> {
    fn predict(pass: Predict<'_, Self, Cpu<T>>) {
        for (x, waves) in pass.input.iter().zip(pass.output.chunks_exact_mut(N::VALUE)) {
            for (i, wave) in waves.iter_mut().enumerate() {
                let angle = (i / 2 + 1) as f64 * x.to_f64();
                *wave = T::from_f64(if i % 2 == 0 { angle.sin() } else { angle.cos() });
            }
        }
    }

    fn backward(pass: Backward<'_, Self, Cpu<T>>) {
        let Some(grad_input) = pass.grad_input else { return };
        let waves = pass.output.chunks_exact(N::VALUE).zip(pass.grad_output.chunks_exact(N::VALUE));
        for (to, (waves, grads)) in grad_input.iter_mut().zip(waves) {
            let mut sum = 0.0;
            for k in 0..N::VALUE / 2 {
                let (sin, cos) = (waves[2 * k].to_f64(), waves[2 * k + 1].to_f64());
                sum += (k + 1) as f64 * (grads[2 * k].to_f64() * cos - grads[2 * k + 1].to_f64() * sin);
            }
            *to = T::from_f64(sum);
        }
    }
}

model! {
    /// Learns a periodic function of one variable.
    pub Wave < Fourier<U8>(1 => 8), Dense(8 => 16, tanh), Dense(16 => 1) >
}

fn run() -> Result<(), Box<dyn Error>> {
    check_gradient::<Fourier<U8>>(5, 1);
    show!("{}", Wave::summary());

    let mut rng = Rng::seed(1);
    let inputs: Vec<[f32; 1]> = (0..2_000).map(|_| [(rng.uniform() * 6.0 - 3.0) as f32]).collect();
    let targets: Vec<f32> = inputs.iter().map(|&[x]| (3.0 * x).sin() * x.cos()).collect();
    let mut trainer = Wave::new(1).compile(Adam::new(0.01), MeanSquaredError, ());
    let history = trainer.fit(&inputs, &targets).epochs(10).validation_split(0.2).run()?;
    show!("validation loss by epoch: {:.5?}", history.get("val_loss").expect("there is a validation split"));
    show!("f(1) = {:.3}, learned {:.3}", 3f32.sin() * 1f32.cos(), trainer.predict(&[1.0])[0]);
    Ok(())
}

pub(crate) fn main() -> ExitCode {
    output::exit_code(run())
}
