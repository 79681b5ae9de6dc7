//! What a layer is called and what it holds: constants that the summary, the files and the embedding share.

use core::fmt;

use super::Constraint;

/// A tensor of a layer: one entry of a saved file.
///
/// ```
/// use typenet_runtime::schema::TensorInfo;
///
/// let weight = TensorInfo { name: "weight", shape: &[784, 512] };
/// assert_eq!(weight.len(), 784 * 512);
/// assert!(!weight.is_empty());
/// ```
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

/// What is added to the loss for a tensor's size: `l1·Σ|w| + l2·Σw²`, and to its gradient: `l1·sign(w) + 2·l2·w`. As Keras's
/// `L1L2`.
///
/// ```
/// use typenet_runtime::schema::Regularizer;
///
/// let elastic = Regularizer { l1: 0.5, l2: 0.25 };
/// assert!(!elastic.is_none() && Regularizer::NONE.is_none());
/// let added: f64 = [2.0f64, -4.0].iter().map(|w| elastic.l1 * w.abs() + elastic.l2 * w * w).sum();
/// assert_eq!(added, 0.5 * 6.0 + 0.25 * 20.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regularizer {
    /// Factor of the sum of magnitudes, at least 0.
    pub l1: f64,
    /// Factor of the sum of squares, at least 0.
    pub l2: f64,
}

impl Regularizer {
    /// Nothing is added.
    pub const NONE: Self = Self { l1: 0.0, l2: 0.0 };

    /// Whether nothing is added.
    pub const fn is_none(&self) -> bool {
        self.l1 == 0.0 && self.l2 == 0.0
    }
}

/// A layer of a model: one row of its summary. `Display` describes it by everything that makes it another layer.
///
/// A model's block holds the `parameters` of all layers in order, then the `buffers` of all layers in order. A
/// layer's own part is laid out by the same rule: if it has inner `layers`, theirs in order, otherwise its tensors.
///
/// ```
/// use typenet_runtime::layers::Dense;
/// use typenet_runtime::schema::LayerInfo;
/// use typenet_runtime::typenum::{U2, U3};
///
/// let row = LayerInfo::of::<Dense<U3, U2>>("dense_1");
/// assert_eq!((row.kind, row.input, row.output), ("Dense", [3].as_slice(), [2].as_slice()));
/// assert_eq!((row.parameter_count(), row.buffer_count()), (3 * 2 + 2, 0));
/// assert_eq!(row.to_string(), "dense_1: Dense(3 => 2, weight [3, 2], bias [2])");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerInfo {
    /// The layer's name in its model: `dense_1`.
    pub name: &'static str,
    /// The layer's kind: `Dense`.
    pub kind: &'static str,
    /// Sizes of one sample going in.
    pub input: &'static [usize],
    /// Sizes of one sample coming out.
    pub output: &'static [usize],
    /// Name of the activation that the layer ends with; `linear` if none.
    pub activation: &'static str,
    /// Numbers that the layer was declared with besides its sizes, by name: a rate.
    pub settings: &'static [(&'static str, f64)],
    /// Trainable tensors, in the order of the block.
    pub parameters: &'static [TensorInfo],
    /// Tensors that move without a gradient, in the order of the block.
    pub buffers: &'static [TensorInfo],
    /// Inner layers, if the layer is itself a model; then `parameters` and `buffers` are empty.
    pub layers: &'static [LayerInfo],
    /// Multiplications and additions per sample in a forward pass.
    pub flops: u64,
    /// Of the first of `parameters`, the layer's weight.
    pub regularizer: Regularizer,
    /// Of the first of `parameters`, the layer's weight.
    pub constraint: Option<Constraint>,
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

impl fmt::Display for LayerInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = |f: &mut fmt::Formatter<'_>, sizes: &[usize]| {
            let [size] = sizes else {
                f.write_str("(")?;
                for (i, size) in sizes.iter().enumerate() {
                    write!(f, "{}{size}", if i == 0 { "" } else { ", " })?;
                }
                return f.write_str(")");
            };
            write!(f, "{size}")
        };
        write!(f, "{}: {}(", self.name, self.kind)?;
        shape(f, self.input)?;
        f.write_str(" => ")?;
        shape(f, self.output)?;
        if self.activation != "linear" {
            write!(f, ", {}", self.activation)?;
        }
        let Regularizer { l1, l2 } = self.regularizer;
        let rules = [("l1", l1), ("l2", l2)].into_iter().filter(|(_, factor)| *factor != 0.0);
        for (name, value) in self.settings.iter().copied().chain(rules) {
            write!(f, ", {name} = {value}")?;
        }
        if let Some(constraint) = self.constraint {
            write!(f, ", constraint = {constraint}")?;
        }
        for tensor in self.parameters.iter().chain(self.buffers) {
            write!(f, ", {} {:?}", tensor.name, tensor.shape)?;
        }
        f.write_str(")")
    }
}

/// How deep models may stand in models: `a.b.c.weight` is a model `b` in a model `a` in the model itself.
///
/// ```
/// use typenet_runtime::schema::table::MAX_DEPTH;
///
/// let deep = "a.b.c.weight";
/// assert!(deep.split('.').count() - 1 <= MAX_DEPTH);
/// ```
pub const MAX_DEPTH: usize = 16;

/// A tensor's full name: the layers that lead to it, outermost first, then its own. Shown with dots:
/// `encoder.dense_1.bias`.
///
/// ```
/// use typenet_runtime::layers::Dense;
/// use typenet_runtime::schema::{LayerInfo, Tensors};
/// use typenet_runtime::typenum::{U2, U3};
///
/// let layers = [LayerInfo::of::<Dense<U3, U2>>("dense_1")];
/// let weight = Tensors::of(&layers).next().unwrap();
/// assert_eq!(weight.path.names(), ["dense_1", "weight"]);
/// assert_eq!(weight.path.to_string(), "dense_1.weight");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TensorPath {
    names: [&'static str; MAX_DEPTH + 1],
    len: usize,
}

impl TensorPath {
    /// `["encoder", "dense_1", "bias"]`
    pub const fn names(&self) -> &[&'static str] {
        self.names.split_at(self.len).0
    }
}

impl fmt::Display for TensorPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.names().iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

/// A tensor and its place in a model's block.
///
/// ```
/// use typenet_runtime::layers::Dense;
/// use typenet_runtime::schema::{LayerInfo, Tensors};
/// use typenet_runtime::typenum::{U2, U3};
///
/// let layers = [LayerInfo::of::<Dense<U3, U2>>("dense_1")];
/// let bias = Tensors::of(&layers).last().unwrap();
/// assert_eq!((bias.range(), bias.shape, bias.trainable), (6..8, [2].as_slice(), true));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TensorPlace {
    /// Full name.
    pub path: TensorPath,
    /// Sizes, outermost first.
    pub shape: &'static [usize],
    /// Index of its first value in the block.
    pub start: usize,
    /// Number of values.
    pub len: usize,
    /// Whether it is a parameter; a buffer otherwise.
    pub trainable: bool,
    /// What is added to the loss for its size.
    pub regularizer: Regularizer,
    /// What holds for it after every update.
    pub constraint: Option<Constraint>,
}

impl TensorPlace {
    /// Its part of the block.
    pub const fn range(&self) -> core::ops::Range<usize> {
        self.start..self.start + self.len
    }
}

/// Every tensor of a model in the order of its block: all parameters, then all buffers, inner layers included.
///
/// An iterator that constants can use too, by [`next_place`](Self::next_place).
///
/// ```
/// use typenet_runtime::schema::table::{LayerInfo, Regularizer, TensorInfo, Tensors};
///
/// const DENSE: LayerInfo = LayerInfo {
///     name: "dense_1",
///     kind: "Dense",
///     input: &[3],
///     output: &[2],
///     activation: "linear",
///     settings: &[],
///     parameters: &[TensorInfo { name: "weight", shape: &[3, 2] }, TensorInfo { name: "bias", shape: &[2] }],
///     buffers: &[],
///     layers: &[],
///     flops: 12,
///     regularizer: Regularizer::NONE,
///     constraint: None,
/// };
/// let names: Vec<String> = Tensors::of(&[DENSE]).map(|tensor| tensor.path.to_string()).collect();
/// assert_eq!(names, ["dense_1.weight", "dense_1.bias"]);
/// ```
#[derive(Debug, Clone)]
pub struct Tensors<'a> {
    levels: [Level<'a>; MAX_DEPTH],
    depth: usize,
    trainable: bool,
    start: usize,
}

/// A walk over the layers of one model, standing at a tensor of one of them.
#[derive(Debug, Clone, Copy)]
struct Level<'a> {
    layers: &'a [LayerInfo],
    layer: usize,
    tensor: usize,
}

impl<'a> Tensors<'a> {
    /// The tensors of a model with these layers.
    pub const fn of(layers: &'a [LayerInfo]) -> Self {
        Self {
            levels: [Level { layers, layer: 0, tensor: 0 }; MAX_DEPTH],
            depth: 0,
            trainable: true,
            start: 0,
        }
    }

    /// [`Iterator::next`] for constants.
    ///
    /// ```
    /// use typenet_runtime::layers::Dense;
    /// use typenet_runtime::schema::{LayerInfo, Tensors};
    /// use typenet_runtime::typenum::{U2, U3};
    ///
    /// /// Number of values of the first tensor.
    /// const fn first_len(layers: &[LayerInfo]) -> usize {
    ///     match Tensors::of(layers).next_place() {
    ///         Some(place) => place.len,
    ///         None => 0,
    ///     }
    /// }
    ///
    /// const WEIGHT: usize = first_len(&[LayerInfo::of::<Dense<U3, U2>>("dense_1")]);
    /// assert_eq!(WEIGHT, 6);
    /// ```
    ///
    /// # Panics
    /// If models are nested deeper than [`MAX_DEPTH`].
    pub const fn next_place(&mut self) -> Option<TensorPlace> {
        loop {
            let level = &mut self.levels[self.depth];
            if level.layer == level.layers.len() {
                if self.depth > 0 {
                    self.depth -= 1;
                    self.levels[self.depth].layer += 1;
                } else if self.trainable {
                    self.trainable = false;
                    level.layer = 0;
                } else {
                    return None;
                }
                continue;
            }
            let row = &level.layers[level.layer];
            let tensors = if self.trainable { row.parameters } else { row.buffers };
            if level.tensor < tensors.len() {
                let tensor = &tensors[level.tensor];
                let is_weight = self.trainable && level.tensor == 0;
                level.tensor += 1;
                let place = TensorPlace {
                    path: self.path(tensor.name),
                    shape: tensor.shape,
                    start: self.start,
                    len: tensor.len(),
                    trainable: self.trainable,
                    regularizer: if is_weight { row.regularizer } else { Regularizer::NONE },
                    constraint: if is_weight { row.constraint } else { None },
                };
                self.start += place.len;
                return Some(place);
            }
            level.tensor = 0;
            if row.layers.is_empty() {
                level.layer += 1;
            } else {
                let inner = row.layers;
                self.depth += 1;
                assert!(self.depth < MAX_DEPTH, "models are nested deeper than 16 levels");
                self.levels[self.depth] = Level { layers: inner, layer: 0, tensor: 0 };
            }
        }
    }

    const fn path(&self, tensor: &'static str) -> TensorPath {
        let mut names = [""; MAX_DEPTH + 1];
        let mut i = 0;
        while i <= self.depth {
            let level = &self.levels[i];
            names[i] = level.layers[level.layer].name;
            i += 1;
        }
        names[i] = tensor;
        TensorPath { names, len: i + 1 }
    }
}

impl Iterator for Tensors<'_> {
    type Item = TensorPlace;

    fn next(&mut self) -> Option<TensorPlace> {
        self.next_place()
    }
}

/// Number of values in the block of a model with these layers: parameters and buffers.
///
/// ```
/// use typenet_runtime::layers::Dense;
/// use typenet_runtime::schema::{LayerInfo, block_len};
/// use typenet_runtime::typenum::{U2, U3};
///
/// const LEN: usize = block_len(&[LayerInfo::of::<Dense<U3, U2>>("dense_1")]);
/// assert_eq!(LEN, 3 * 2 + 2);
/// ```
pub const fn block_len(layers: &[LayerInfo]) -> usize {
    let (mut len, mut i) = (0, 0);
    while i < layers.len() {
        len += layers[i].parameter_count() + layers[i].buffer_count();
        i += 1;
    }
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn layer(
        name: &'static str,
        parameters: &'static [TensorInfo],
        buffers: &'static [TensorInfo],
        layers: &'static [LayerInfo],
    ) -> LayerInfo {
        LayerInfo {
            name,
            kind: "",
            input: &[],
            output: &[],
            activation: "linear",
            settings: &[],
            parameters,
            buffers,
            layers,
            flops: 0,
            regularizer: Regularizer::NONE,
            constraint: None,
        }
    }

    const WEIGHT: TensorInfo = TensorInfo { name: "weight", shape: &[2, 3] };
    const MEAN: TensorInfo = TensorInfo { name: "mean", shape: &[3] };
    const NORM: LayerInfo = layer("norm", &[WEIGHT], &[MEAN], &[]);
    const INNER: LayerInfo = layer("inner", &[], &[], &[layer("empty", &[], &[], &[]), NORM]);
    const MODEL: &[LayerInfo] = &[layer("outer", &[], &[], &[INNER, NORM]), NORM];

    #[test]
    fn tensors_come_in_block_order_through_nested_models() {
        let places: Vec<_> =
            Tensors::of(MODEL).map(|t| (t.path.to_string(), t.range(), t.trainable)).collect();
        let expected = [
            ("outer.inner.norm.weight", 0..6, true),
            ("outer.norm.weight", 6..12, true),
            ("norm.weight", 12..18, true),
            ("outer.inner.norm.mean", 18..21, false),
            ("outer.norm.mean", 21..24, false),
            ("norm.mean", 24..27, false),
        ];
        assert_eq!(places, expected.map(|(name, range, trainable)| (name.to_owned(), range, trainable)));
        assert_eq!(block_len(MODEL), 27);
    }

    #[test]
    fn a_layer_is_described_by_all_that_makes_it_another() {
        let row = LayerInfo { kind: "Kind", input: &[2, 3], output: &[1], ..NORM };
        assert_eq!(row.to_string(), "norm: Kind((2, 3) => 1, weight [2, 3], mean [3])");
        let row = LayerInfo {
            input: &[],
            activation: "relu",
            settings: &[("rate", 0.5), ("epsilon", 1e-3)],
            parameters: &[],
            buffers: &[],
            regularizer: Regularizer { l1: 0.0, l2: 1e-4 },
            constraint: Some(Constraint {
                name: "min_max_norm",
                settings: &[("min", 0.5), ("max", 2.0), ("rate", 1.0)],
                apply: |_, _, _| {},
            }),
            ..row
        };
        let expected = "norm: Kind(() => 1, relu, rate = 0.5, epsilon = 0.001, l2 = 0.0001, \
                        constraint = min_max_norm(0.5, 2, 1))";
        assert_eq!(row.to_string(), expected);
    }

    #[test]
    fn a_model_without_layers_has_no_tensors() {
        assert_eq!(Tensors::of(&[]).next(), None);
        assert_eq!(block_len(&[]), 0);
    }
}
