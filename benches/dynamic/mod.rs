//! An honest dynamic executor: layers boxed behind a trait, shapes known at run time, outputs allocated for every
//! operation; the same kernels, threads and arithmetic as the generated code.

use typenet::kernels::{Function, Map, Matrix, Product, Reduce, Rng, Tail};
use typenet::optimizers::Optimizer;

/// A batch of rows.
#[derive(Clone)]
pub(crate) struct Tensor {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) data: Vec<f32>,
}

impl Tensor {
    fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, data: vec![0.0; rows * columns] }
    }

    fn matrix(&self) -> Matrix<'_, f32> {
        Matrix::new(&self.data, self.rows, self.columns)
    }
}

/// A layer as dynamic frameworks have it.
pub(crate) trait Layer {
    /// The output; remembers what `backward` needs if `training`.
    fn forward(&mut self, input: Tensor, training: bool) -> Tensor;
    /// The gradient by the input, if anyone wants it.
    fn backward(&mut self, grad_output: Tensor, wants_input: bool) -> Option<Tensor>;
    /// Parameters and gradients of the last backward pass.
    fn parameters(&mut self) -> Vec<(&mut [f32], &[f32])>;
}

/// A fully connected layer.
pub(crate) struct Dense {
    weight: Tensor,
    bias: Vec<f32>,
    function: Function,
    input: Option<Tensor>,
    output: Option<Tensor>,
    grad_weight: Vec<f32>,
    grad_bias: Vec<f32>,
}

impl Dense {
    pub(crate) fn new(inputs: usize, units: usize, function: Function, weight: &[f32], bias: &[f32]) -> Self {
        Self {
            weight: Tensor { rows: inputs, columns: units, data: weight.to_vec() },
            bias: bias.to_vec(),
            function,
            input: None,
            output: None,
            grad_weight: Vec::new(),
            grad_bias: Vec::new(),
        }
    }
}

impl Layer for Dense {
    fn forward(&mut self, input: Tensor, training: bool) -> Tensor {
        let mut output = Tensor::zeros(input.rows, self.weight.columns);
        let tail = Tail { bias: Some(&self.bias), function: self.function, preactivation: None };
        f32::product(input.matrix(), self.weight.matrix(), tail, &mut output.data);
        if training {
            self.input = Some(input);
            self.output = Some(output.clone());
        }
        output
    }

    fn backward(&mut self, mut grad_output: Tensor, wants_input: bool) -> Option<Tensor> {
        let input = self.input.take().expect("backward follows forward");
        let output = self.output.take().expect("backward follows forward");
        f32::map_gradient(self.function, output.columns, &output.data, &mut grad_output.data);
        self.grad_weight = vec![0.0; self.weight.data.len()];
        f32::product(
            input.matrix().transposed(),
            grad_output.matrix(),
            Tail::default(),
            &mut self.grad_weight,
        );
        self.grad_bias = vec![0.0; self.bias.len()];
        f32::column_sums(&grad_output.data, &mut self.grad_bias);
        wants_input.then(|| {
            let mut grad_input = Tensor::zeros(input.rows, input.columns);
            let weight = self.weight.matrix().transposed();
            f32::product(grad_output.matrix(), weight, Tail::default(), &mut grad_input.data);
            grad_input
        })
    }

    fn parameters(&mut self) -> Vec<(&mut [f32], &[f32])> {
        vec![(&mut self.weight.data, &self.grad_weight), (&mut self.bias, &self.grad_bias)]
    }
}

/// Layers in a row.
pub(crate) struct Sequential {
    layers: Vec<Box<dyn Layer>>,
}

impl Sequential {
    pub(crate) fn new(layers: Vec<Box<dyn Layer>>) -> Self {
        Self { layers }
    }

    pub(crate) fn forward(&mut self, input: &[f32], rows: usize, training: bool) -> Tensor {
        let input = Tensor { rows, columns: input.len() / rows, data: input.to_vec() };
        self.layers.iter_mut().fold(input, |input, layer| layer.forward(input, training))
    }

    /// One step: `loss` turns logits into predictions and gives the gradient by the logits.
    pub(crate) fn step(
        &mut self,
        input: &[f32],
        rows: usize,
        loss: impl FnOnce(&mut [f32], &mut [f32]),
        optimizers: &mut [(impl Optimizer, Vec<Box<[f32]>>)],
        step: u64,
    ) {
        let mut logits = self.forward(input, rows, true);
        let mut grad = Tensor::zeros(rows, logits.columns);
        loss(&mut logits.data, &mut grad.data);
        let mut grad = Some(grad);
        for (i, layer) in self.layers.iter_mut().enumerate().rev() {
            grad = layer.backward(grad.expect("a gradient for every layer but the first"), i > 0);
        }
        let parameters = self.layers.iter_mut().flat_map(|layer| layer.parameters());
        for ((parameters, gradients), (optimizer, slots)) in parameters.zip(optimizers) {
            let mut slots: Vec<&mut [f32]> = slots.iter_mut().map(AsMut::as_mut).collect();
            optimizer.update(step, parameters, gradients, &mut slots);
        }
    }
}

/// Rows of uniform numbers.
pub(crate) fn uniform(len: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::seed(seed);
    (0..len).map(|_| rng.uniform() as f32 - 0.5).collect()
}
