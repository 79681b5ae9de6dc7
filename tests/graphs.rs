//! Networks that are no chain: declared, run on both backends, differentiated, trained.

use typenet::kernels::Rng;
use typenet::layers::check::check_gradient;
use typenet::prelude::*;

model! {
    Plain(n) < Add[ _ | Dense(n => n, tanh), LayerNorm, Dense(n => n) ], Activation(tanh) >
    /// A value that two layers read, in a block that is used twice.
    pub Residual < Dense(5 => 6, tanh), 2 * Plain(6), Dense(6 => 3, softmax) >
}

model! {
    /// A value that three layers read, and one that is read twice by one layer.
    pub Wide <
        a: Dense(4 => 3, tanh),
        b: Dense(3 => 3, silu),
        (a, b, a) -> Add,
        c: Dense(3 => 2),
        (a, c) -> Concat,
        Dense(5 => 2),
    >
}

model! {
    /// Two towers with the same numbers.
    pub Siamese <
        Dense(4 => 6, tanh),
        both: Activation(tanh),
        tower: Dense(6 => 6, gelu),
        both -> Activation(sigmoid),
        again: Shared(tower),
        third: Shared(tower),
        (tower, again, third) -> Add,
        Dense(6 => 2),
    >
}

model! {
    Unit(c, stride = 1) < Conv2d(_ => c, kernel = 3, stride = stride, padding = 1, bias = false), BatchNorm >
    Plain(c) < Add[ _ | Unit(c), Activation(tanh), Unit(c) ], Activation(tanh) >
    Down(c) < Add[ Conv2d(_ => c, kernel = 1, stride = 2, bias = false), BatchNorm
                 | Unit(c, stride = 2), Activation(tanh), Unit(c) ], Activation(tanh) >
    /// A residual network on small images.
    pub Small <
        Input(2, 9, 7),
        Conv2d(2 => 3, kernel = 3, padding = same, silu),
        AvgPool2d(2), Plain(3), Down(4), GlobalAvgPool, Dense(_ => 3, softmax),
    >
}

model! {
    /// What goes down, and comes back beside what was there.
    pub Skips <
        Input(2, 6, 6),
        a: Conv2d(_ => 3, kernel = 3, padding = same, tanh),
        b: Conv2d(_ => 4, kernel = 3, padding = same, silu),
        c: Conv2d(_ => 3, kernel = 3, padding = same, groups = 1, tanh),
        (c, b) -> Concat, Conv2d(_ => 3, kernel = 3, padding = same, tanh),
        last: Activation(tanh),
        (last, a) -> Concat, MaxPool2d(2), Flatten, Dense(_ => 2),
    >
}

model! {
    /// An autoencoder whose way back is the way in, turned, and a layer with the weight of another as it is.
    pub Tied <
        code: Dense(5 => 3, tanh),
        Dense(3 => 5, weight = code, gelu),
        Dense(5 => 3, weight = code, bias = false),
        Dense(3 => 2),
    >
}

#[test]
fn tied_weights_are_one_tensor() {
    check_gradient::<Tied>(4, 1);
    assert_eq!(Tied::PARAMETER_COUNT, (5 * 3 + 3) + 5 + (3 * 2 + 2));
    let names: Vec<String> = typenet::schema::Tensors::of(Tied::LAYERS).map(|t| t.path.to_string()).collect();
    assert_eq!(names, ["code.weight", "code.bias", "dense_2.bias", "dense_4.weight", "dense_4.bias"]);
}

#[test]
fn filters_are_seen_as_arrays() {
    let model = Small::new(1);
    let weight: &[[[[f32; 3]; 3]; 2]; 3] = model.conv2d_1().weight();
    assert_eq!(
        weight.as_flattened().as_flattened().as_flattened(),
        model.tensor("conv2d_1.weight").unwrap().values
    );
    assert!(model.conv2d_1().bias().is_some() && model.plain_1_unit_1_conv2d_1().bias().is_none());
}

#[test]
fn gradients_of_image_networks_are_those_of_central_differences() {
    check_gradient::<Small>(3, 1);
    check_gradient::<Skips>(2, 2);
}

#[test]
fn gradients_of_graphs_are_those_of_central_differences() {
    check_gradient::<Residual>(3, 1);
    check_gradient::<Wide>(3, 2);
    check_gradient::<Siamese>(4, 3);
}

#[test]
fn a_declared_graph_learns() {
    let samples: Vec<[f32; 5]> =
        (0..64).map(|i| core::array::from_fn(|j| ((i * 7 + j * 3) % 11) as f32 / 5.0 - 1.0)).collect();
    let labels: Vec<u8> =
        samples.iter().map(|x| u8::from(x[0] > 0.0) + u8::from(x[1] * x[2] > 0.2)).collect();
    let mut trainer = Residual::new(1).compile(Adam::new(0.01), CategoricalCrossEntropy, (Accuracy::new(),));
    let history = trainer.fit(&samples, &labels).epochs(200).batch_size(16).progress(false).run().unwrap();
    assert!(history.last().unwrap().training.loss < 0.1, "{:?}", history.last());
    println!("{}", Residual::summary());
    for row in Siamese::LAYERS {
        println!("{row}");
    }
    let mut gradients = Siamese::zeros();
    let mut siamese = Siamese::new(1).compile(Sgd::new(0.1), MeanSquaredError, ());
    let loss = siamese.gradients(&[[0.5; 4]], &[[1.0, 2.0]], &Rng::seed(1), &mut gradients).unwrap();
    assert!(loss > 0.0);
}
