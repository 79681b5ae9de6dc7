//! Models wired by hand: their gradients against central differences in f64, and where their values lie.

use typenet_runtime::kernels::Rng;
use typenet_runtime::kernels::update::Gradient;
use typenet_runtime::layers::activation::{Activate, Linear, Softmax, Tanh};
use typenet_runtime::layers::check::check_gradient;
use typenet_runtime::layers::dropout::{Dropout, Fraction};
use typenet_runtime::layers::graph::{
    BackwardWalk, Computes, ForwardWalk, Graph, Inference, Layers, Node, PredictWalk, StepWalk, Walk, Wire,
};
use typenet_runtime::layers::model::{EachByItself, WithHead};
use typenet_runtime::layers::{
    Add, Backward, Branches, Cpu, Dense, Flatten, Forward, Layer, Memory, Port, Predict, Run, Step, Trained,
    input_len, output_len, parameter_count,
};
use typenet_runtime::schema::{Info, LayerInfo};
use typenet_runtime::typenum::{U2, U3, U4, U5, U6};

/// A model of layers with one result each; `name: layer [sources] how it computes`, in their order, and the values that it gives.
macro_rules! wired {
    (
        $model:ident: $input:ty => $output:ty, $inputs:literal inputs, $outputs:literal outputs, sizes $sizes:tt;
        layers { $($name:ident $index:literal: $layer:ty [$($source:literal)*; $count:literal] $wire:ident $($how:expr)?;)+ }
        gives $given:expr;
        backward { $($back:ident)+ }
    ) => {
        mod $model {
            use super::*;

            pub(super) struct Net;
            wired!(@graph $sizes, [$(Wire::$wire::<$layer>(&[$($source),*] $(, $how)?)),+], $given, $input);
            $(const $name: Node<$layer, $count, 1> = GRAPH.node($index);)+

            impl Layer for Net {
                type Input = $input;
                type Output = $output;
                type Head = Linear;
                type Body = Self;
                const INFO: Info = wired!(@info [$($layer, $index, $wire $(, $how)?;)+]);
                const MEMORY: Memory = GRAPH.memory;

                fn initialize(parameters: &mut [f32], buffers: &mut [f32], rng: Rng) {
                    $(wired!(@initialize $wire, $layer, $index, parameters, buffers, rng);)+
                }
            }

            impl Layers<Cpu<f64>> for Net {
                fn walk_forward<W: Walk<Cpu<f64>>>(walk: &mut W) {
                    $(if wired!(@trains $wire $($how)?) {
                        walk.layer(&$name);
                    })+
                }

                fn walk_backward<W: Walk<Cpu<f64>>>(walk: &mut W) {
                    $(walk.layer(&$back);)+
                }
            }

            impl Run<Cpu<f64>> for Net {
                fn predict(pass: Predict<'_, Self, Cpu<f64>>) {
                    let mut walk =
                        PredictWalk::<_, WithHead, _, _, $inputs, $outputs>::new(EachByItself, pass, INFERENCE);
                    Self::walk_forward(&mut walk);
                }

                fn forward(pass: Forward<'_, Self, Cpu<f64>>) {
                    Self::walk_forward(&mut ForwardWalk::<_, WithHead, _, $inputs, $outputs>::new(pass, GRAPH));
                }

                fn backward(pass: Backward<'_, Self, Cpu<f64>>) {
                    Self::walk_backward(&mut BackwardWalk::<_, WithHead, _, $inputs, $outputs>::new(pass, GRAPH));
                }

                fn step(pass: Step<'_, Self, Cpu<f64>>) {
                    if GRAPH.has_shared {
                        return pass.in_two_passes();
                    }
                    Self::walk_backward(&mut StepWalk::<_, WithHead, _, $inputs, $outputs>::new(pass, GRAPH));
                }
            }
        }
    };
    (@graph ($n:literal, $v:literal, $g:literal), $wires:expr, $given:expr, $input:ty) => {
        const INFERENCE: &Inference<$n, $v> = &Inference::new(<$input as Port>::PARTS, $wires, $given);
        pub(super) const GRAPH: &Graph<$n, $v, $g> = &Graph::new(INFERENCE);
    };
    (@info [$($layer:ty, $index:literal, $wire:ident $(, $how:expr)?;)+]) => {
        Info::model("Net", &[$(wired!(@row $wire, $layer, $index)),+])
    };
    (@row of, $layer:ty, $index:literal) => { LayerInfo::of::<$layer>(concat!("layer_", $index)) };
    (@row shared, $layer:ty, $index:literal) => {
        LayerInfo::of::<$layer>(concat!("layer_", $index)).sharing("layer_0")
    };
    (@initialize of, $layer:ty, $index:literal, $parameters:ident, $buffers:ident, $rng:ident) => {
        INFERENCE.initialize::<$layer>($index, $parameters, $buffers, &$rng)
    };
    (@initialize shared, $($rest:tt)*) => {};
    (@trains of $how:expr) => { $how != Computes::Never };
    (@trains shared $($how:expr)?) => { true };
}

type Tanh4 = Dense<U4, U4, Tanh>;
type First = Dense<U3, U4, Tanh>;
type Last = Dense<U4, U2, Tanh>;
type Add2 = Add<(U4,), 2>;
type Act4 = Activate<(U4,), Tanh>;

wired! {
    residual: (U3,) => (U2,), 1 inputs, 1 outputs, sizes (4, 5, 10);
    layers {
    A 0: First [0; 1] of Computes::Always;
    B 1: Tanh4 [1; 1] of Computes::Always;
    C 2: Add2 [1 2; 2] of Computes::Always;
    D 3: Last [3; 1] of Computes::Always;
    }
    gives &[4];
    backward { D C B A }
}

wired! {
    three_readers: (U3,) => (U2,), 1 inputs, 1 outputs, sizes (6, 7, 15);
    layers {
    A 0: First [0; 1] of Computes::Always;
    B 1: Tanh4 [1; 1] of Computes::Always;
    C 2: Act4 [1; 1] of Computes::Always;
    D 3: Add2 [2 3; 2] of Computes::Always;
    E 4: Add2 [1 4; 2] of Computes::Always;
    F 5: Last [5; 1] of Computes::Always;
    }
    gives &[6];
    backward { F E D C B A }
}

wired! {
    twice_by_one: (U3,) => (U4,), 1 inputs, 1 outputs, sizes (3, 4, 8);
    layers {
    A 0: First [0; 1] of Computes::Always;
    B 1: Add2 [1 1; 2] of Computes::Always;
    C 2: Act4 [2; 1] of Computes::Always;
    }
    gives &[3];
    backward { C B A }
}

wired! {
    shared: (U4,) => (U2,), 1 inputs, 1 outputs, sizes (4, 5, 9);
    layers {
    A 0: Tanh4 [0; 1] of Computes::Always;
    B 1: Tanh4 [1; 1] shared 0;
    C 2: Tanh4 [2; 1] shared 0;
    D 3: Last [3; 1] of Computes::Always;
    }
    gives &[4];
    backward { D C B A }
}

wired! {
    output_read_too: (U3,) => Branches<((U4,), (U2,))>, 1 inputs, 2 outputs, sizes (2, 3, 5);
    layers {
    A 0: First [0; 1] of Computes::Always;
    B 1: Last [1; 1] of Computes::Always;
    }
    gives &[1, 2];
    backward { B A }
}

wired! {
    input_read_twice: (U4,) => (U4,), 1 inputs, 1 outputs, sizes (3, 4, 8);
    layers {
    A 0: Tanh4 [0; 1] of Computes::Always;
    B 1: Act4 [0; 1] of Computes::Always;
    C 2: Add2 [1 2; 2] of Computes::Always;
    }
    gives &[3];
    backward { C B A }
}

type Drop = Dropout<(U2, U3), Fraction<1, 2>>;
type Flat = Flatten<(U2, U3), U6>;
type Act23 = Activate<(U2, U3), Tanh>;

wired! {
    in_the_middle: (U2, U3) => (U5,), 1 inputs, 1 outputs, sizes (4, 5, 9);
    layers {
    A 0: Act23 [0; 1] of Computes::Always;
    B 1: Drop [1; 1] of Computes::InTraining;
    C 2: Flat [2; 1] of Computes::Never;
    D 3: Dense<U6, U5, Tanh> [3; 1] of Computes::Always;
    }
    gives &[4];
    backward { D B A }
}

type Wide = Dense<U4, U6, Tanh>;
type Narrow = Dense<U6, U2, Softmax>;

wired! {
    chain: (U3,) => (U2,), 1 inputs, 1 outputs, sizes (4, 5, 9);
    layers {
    A 0: First [0; 1] of Computes::Always;
    B 1: Tanh4 [1; 1] of Computes::Always;
    C 2: Wide [2; 1] of Computes::Always;
    D 3: Narrow [3; 1] of Computes::Always;
    }
    gives &[4];
    backward { D C B A }
}

/// Every derivative by inputs and parameters, and that a step and a pass without gradient by the input have the same bits.
#[track_caller]
fn check<L>()
where
    L: Run<Cpu<f64>>,
    L::Input: for<'a> Port<Values<'a, Cpu<f64>> = &'a [f64], Gradient<'a, Cpu<f64>> = Option<&'a mut [f64]>>,
    L::Output: for<'a> Port<Values<'a, Cpu<f64>> = &'a [f64], Mut<'a, Cpu<f64>> = &'a mut [f64]>,
{
    for seed in 0..3 {
        let report = check_gradient::<L>(3, seed);
        let places = 3 * input_len::<L>() + parameter_count::<L>();
        assert_eq!((report.checked, report.kinks), (places, 0), "seed {seed}");
    }
    let mut rng = Rng::seed(8);
    let batch = 3;
    let mut draw = |len: usize| (0..len).map(|_| rng.normal()).collect::<Vec<f64>>();
    let (parameters, input) = (draw(parameter_count::<L>()), draw(batch * input_len::<L>()));
    let weights = draw(batch * output_len::<L>());
    let nan = |len: usize| vec![f64::NAN; len];
    let (mut output, mut kept) = (nan(weights.len()), nan(L::MEMORY.kept.of(batch, 0)));
    L::forward(Forward {
        batch,
        parameters: &parameters,
        buffers: &mut [],
        input: &input,
        output: &mut output,
        kept: &mut kept,
        scratch: &mut nan(L::MEMORY.forward.of(batch, 1)),
        rng: Rng::seed(3),
    });
    let run = |wants_input: bool| {
        let (mut grad_input, mut grad_parameters) = (nan(input.len()), nan(parameters.len()));
        L::backward(Backward {
            batch,
            parameters: &parameters,
            input: &input,
            output: &output,
            kept: &kept,
            grad_output: &mut weights.clone(),
            grad_input: wants_input.then_some(&mut grad_input[..]),
            grad_parameters: &mut grad_parameters,
            scratch: &mut nan(L::MEMORY.backward.of(batch, 1)),
        });
        grad_parameters
    };
    let gradients = run(true);
    assert!(gradients.iter().all(|g| g.is_finite()), "{gradients:?}");
    assert_eq!(gradients, run(false), "without the gradient by the input");
    let update = |w: &mut [f64], gradient: Gradient<'_, [f64]>, _: &mut [&mut [f64]]| {
        let Gradient::Values(values) = gradient else { panic!("no outer product of three samples") };
        w.iter_mut().zip(values).for_each(|(w, g)| *w -= g);
    };
    let (mut stepped, mut free) = (parameters.clone(), nan(parameters.len()));
    L::step(Step {
        batch,
        trained: Trained::<Cpu<f64>>::new(&mut stepped, &mut free, [], &update),
        input: &input,
        output: &output,
        kept: &kept,
        grad_output: &mut weights.clone(),
        grad_input: None,
        scratch: &mut nan(L::MEMORY.backward.of(batch, 1)),
    });
    let expected: Vec<f64> = parameters.iter().zip(&gradients).map(|(w, g)| w - g).collect();
    assert_eq!(stepped, expected, "a step");
}

#[test]
fn a_value_read_twice() {
    check::<residual::Net>();
}

#[test]
fn a_value_read_three_times() {
    check::<three_readers::Net>();
}

#[test]
fn a_value_taken_twice_by_one_layer() {
    check::<twice_by_one::Net>();
}

#[test]
fn a_layer_used_three_times_with_the_same_parameters() {
    assert_eq!(parameter_count::<shared::Net>(), 4 * 4 + 4 + 4 * 2 + 2);
    check::<shared::Net>();
}

#[test]
fn an_output_that_another_layer_reads_too() {
    for seed in 0..3 {
        let report = check_gradient::<output_read_too::Net>(3, seed);
        assert_eq!((report.checked, report.kinks), (3 * 3 + 16 + 10, 0));
    }
}

#[test]
fn an_input_read_by_two_layers() {
    check::<input_read_twice::Net>();
}

#[test]
fn dropout_and_flatten_in_the_middle() {
    check::<in_the_middle::Net>();
    // In inference neither computes: one value, the activation's, is in memory.
    assert_eq!(in_the_middle::GRAPH.memory.predict.per_sample, 6);
}

#[test]
fn a_chain_takes_the_largest_sum_of_two_neighbours() {
    check::<chain::Net>();
    assert_eq!(chain::GRAPH.memory.predict.per_sample, 4 + 6);
    assert_eq!(chain::GRAPH.memory.backward.per_sample, 4 + 6);
}
