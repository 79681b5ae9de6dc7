//! What a layer is called and what it holds: constants that the summary, the files and the embedding share.

/// A tensor of a layer: one entry of a saved file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TensorInfo {
    /// `weight`, `bias`, `running_mean`, …
    pub name: &'static str,
    /// Sizes, outermost first.
    pub shape: &'static [usize],
}

impl TensorInfo {
    /// Number of values.
    pub const fn len(&self) -> usize {
        let (mut len, mut i) = (1, 0);
        while i < self.shape.len() {
            len *= self.shape[i];
            i += 1;
        }
        len
    }

    /// Whether the tensor holds no value.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A layer of a model: one row of its summary.
///
/// A model's block holds the `parameters` of all layers in order, then the `buffers` of all layers in order. A
/// layer's own part is laid out by the same rule: if it has inner `layers`, theirs in order, otherwise its tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerInfo {
    /// The layer's name in its model: `dense_1`.
    pub name: &'static str,
    /// The layer's kind: `Dense`.
    pub kind: &'static str,
    /// Sizes of one sample going in.
    pub input: &'static [usize],
    /// Sizes of one sample coming out.
    pub output: &'static [usize],
    /// Trainable tensors, in the order of the block.
    pub parameters: &'static [TensorInfo],
    /// Tensors that move without a gradient, in the order of the block.
    pub buffers: &'static [TensorInfo],
    /// Inner layers, if the layer is itself a model; then `parameters` and `buffers` are empty.
    pub layers: &'static [LayerInfo],
    /// Multiplications and additions per sample in a forward pass.
    pub flops: u64,
}

impl LayerInfo {
    /// Number of trainable values, inner layers included.
    pub const fn parameter_count(&self) -> usize {
        let (mut count, mut i) = (0, 0);
        while i < self.parameters.len() {
            count += self.parameters[i].len();
            i += 1;
        }
        i = 0;
        while i < self.layers.len() {
            count += self.layers[i].parameter_count();
            i += 1;
        }
        count
    }

    /// Number of values that move without a gradient, inner layers included.
    pub const fn buffer_count(&self) -> usize {
        let (mut count, mut i) = (0, 0);
        while i < self.buffers.len() {
            count += self.buffers[i].len();
            i += 1;
        }
        i = 0;
        while i < self.layers.len() {
            count += self.layers[i].buffer_count();
            i += 1;
        }
        count
    }
}
