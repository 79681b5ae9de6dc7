//! What a layer is called and what it holds: constants that the summary, the files and the embedding share.

use core::fmt;

use super::{Constraint, Part};

/// What a tensor of a layer is for.
///
/// ```
/// use typenet_runtime::schema::{Role, TensorInfo};
///
/// assert_eq!(TensorInfo::parameter("weight", &[3]).role, Role::Parameter);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is trained by its gradient.
    Parameter,
    /// It moves without a gradient, such as a running mean.
    Buffer,
}

/// A tensor of a layer: one entry of a saved file.
///
/// ```
/// use typenet_runtime::schema::TensorInfo;
///
/// let weight = TensorInfo::parameter("weight", &[784, 512]);
/// assert_eq!(weight.len(), 784 * 512);
/// assert!(!weight.is_empty());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TensorInfo {
    /// `weight`, `bias`, `running_mean`, …
    pub name: &'static str,
    /// Sizes, outermost first.
    pub shape: &'static [usize],
    /// What it is for.
    pub role: Role,
    /// How many inputs lead to one output, and to how many outputs one input leads; 0 if that is no question.
    pub fans: [usize; 2],
    /// The axis along which its units lie, the first or the last: a constraint on norms holds for the numbers of each.
    pub unit_axis: usize,
    /// What is added to the loss for its size.
    pub regularizer: Regularizer,
    /// What holds for it after every update.
    pub constraint: Option<Constraint>,
}

impl TensorInfo {
    /// A tensor that is trained; its units lie along its last axis.
    pub const fn parameter(name: &'static str, shape: &'static [usize]) -> Self {
        let unit_axis = if shape.is_empty() { 0 } else { shape.len() - 1 };
        Self {
            name,
            shape,
            role: Role::Parameter,
            fans: [0; 2],
            unit_axis,
            regularizer: Regularizer::NONE,
            constraint: None,
        }
    }

    /// A tensor that moves without a gradient.
    ///
    /// ```
    /// use typenet_runtime::schema::{Role, TensorInfo};
    ///
    /// assert_eq!(TensorInfo::buffer("running_mean", &[3]).role, Role::Buffer);
    /// ```
    pub const fn buffer(name: &'static str, shape: &'static [usize]) -> Self {
        Self { role: Role::Buffer, ..Self::parameter(name, shape) }
    }

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

/// What a layer is called and holds: a constant of every layer.
///
/// A layer's part of a block holds its parameters in order, and elsewhere its buffers in order. If it has inner `layers`, these
/// are theirs, in order, otherwise those of its `tensors`.
///
/// ```
/// use typenet_runtime::schema::{Info, TensorInfo};
///
/// const SCALE: Info = Info { tensors: &[TensorInfo::parameter("weight", &[8])], ..Info::new("Scale") };
/// assert_eq!((SCALE.kind, SCALE.parameter_count(), SCALE.buffer_count()), ("Scale", 8, 0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Info {
    /// The layer's kind, as the summary shows it: `Dense`.
    pub kind: &'static str,
    /// Its tensors, in the order of the block.
    pub tensors: &'static [TensorInfo],
    /// Inner layers, if the layer is itself a model; then it has no tensors of its own.
    pub layers: &'static [LayerInfo],
    /// Numbers that the layer was declared with besides its sizes, by name, such as a rate. A checkpoint is one of this
    /// model only if they agree.
    pub settings: &'static [(&'static str, f64)],
    /// Multiplications and additions per sample in a forward pass.
    pub flops: u64,
    /// Whether a forward pass draws random numbers.
    pub draws: bool,
    /// Of a model with several inputs: their names, in order. Its layers name them as sources.
    pub inputs: &'static [&'static str],
    /// Of a model with several outputs: the layers that give them, in order. The only output is what the last layer gives.
    pub outputs: &'static [&'static str],
    /// How many samples a batch needs in training: more than one where the layer's result says something of the batch as a whole.
    pub min_batch: usize,
}

impl Info {
    /// A layer of this kind that holds nothing, counts as no work, may draw random numbers, and takes batches of any size.
    pub const fn new(kind: &'static str) -> Self {
        Self {
            kind,
            tensors: &[],
            layers: &[],
            settings: &[],
            flops: 0,
            draws: true,
            inputs: &[],
            outputs: &[],
            min_batch: 1,
        }
    }

    /// A model with these layers.
    ///
    /// ```
    /// use typenet_runtime::layers::Dense;
    /// use typenet_runtime::schema::{Info, LayerInfo};
    /// use typenet_runtime::typenum::{U2, U3};
    ///
    /// const MODEL: Info = Info::model("Mlp", &[LayerInfo::of::<Dense<U3, U2>>("dense_1")]);
    /// assert_eq!((MODEL.parameter_count(), MODEL.flops, MODEL.draws), (8, 14, false));
    /// ```
    pub const fn model(kind: &'static str, layers: &'static [LayerInfo]) -> Self {
        let (mut flops, mut draws, mut min_batch, mut i) = (0, false, 1, 0);
        while i < layers.len() {
            flops += layers[i].info.flops;
            draws |= layers[i].info.draws;
            if layers[i].info.min_batch > min_batch {
                min_batch = layers[i].info.min_batch;
            }
            i += 1;
        }
        Self { layers, flops, draws, min_batch, ..Self::new(kind) }
    }

    /// The model with the names of its inputs, if it has several, and of the layers that give its outputs, if it has several.
    ///
    /// ```
    /// use typenet_runtime::layers::Dense;
    /// use typenet_runtime::schema::{Info, LayerInfo};
    /// use typenet_runtime::typenum::{U2, U3};
    ///
    /// let layers = const {
    ///     &[LayerInfo::of::<Dense<U3, U2>>("class"), LayerInfo::of::<Dense<U2, U2>>("price")]
    /// };
    /// let model = Info::model("Product", layers).ends(&[], &["class", "price"]);
    /// assert_eq!((model.inputs.len(), model.outputs), (0, &["class", "price"][..]));
    /// ```
    pub const fn ends(self, inputs: &'static [&'static str], outputs: &'static [&'static str]) -> Self {
        Self { inputs, outputs, ..self }
    }

    const fn count(&self, trainable: bool) -> usize {
        let (mut count, mut i) = (0, 0);
        while i < self.tensors.len() {
            if matches!(self.tensors[i].role, Role::Parameter) == trainable {
                count += self.tensors[i].len();
            }
            i += 1;
        }
        i = 0;
        while i < self.layers.len() {
            count += self.layers[i].count(trainable);
            i += 1;
        }
        count
    }

    /// Number of trainable values, inner layers included.
    pub const fn parameter_count(&self) -> usize {
        self.count(true)
    }

    /// Number of values that move without a gradient, inner layers included.
    pub const fn buffer_count(&self) -> usize {
        self.count(false)
    }
}

/// A layer of a model: one row of its summary. `Display` describes it by everything that makes it another layer.
///
/// A model's block holds the parameters of all layers in order, then the buffers of all layers in order.
///
/// ```
/// use typenet_runtime::layers::Dense;
/// use typenet_runtime::schema::LayerInfo;
/// use typenet_runtime::typenum::{U2, U3};
///
/// let row = LayerInfo::of::<Dense<U3, U2>>("dense_1");
/// assert_eq!((row.info.kind, row.inputs[0].shape, row.outputs[0].shape), ("Dense", &[3][..], &[2][..]));
/// assert_eq!((row.parameter_count(), row.buffer_count()), (3 * 2 + 2, 0));
/// assert_eq!(row.to_string(), "dense_1: Dense(3 => 2, weight [3, 2], bias [2])");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerInfo {
    /// The layer's name in its model: `dense_1`; in a block `plain_1.conv2d_2`.
    pub name: &'static str,
    /// What it is.
    pub info: Info,
    /// What one sample is going in, for each value that the layer takes.
    pub inputs: &'static [Part],
    /// What one sample is coming out.
    pub outputs: &'static [Part],
    /// Name of the activation that the layer ends with; `linear` if none.
    pub activation: &'static str,
    /// Names of the layers or inputs whose values it takes; empty if that is the layer before.
    pub sources: &'static [&'static str],
    /// The layer whose numbers these are too.
    pub shares: Option<&'static str>,
}

impl LayerInfo {
    /// The row with the values that the layer takes, where that is not what the row above gives.
    ///
    /// ```
    /// use typenet_runtime::layers::Dense;
    /// use typenet_runtime::schema::LayerInfo;
    /// use typenet_runtime::typenum::U2;
    ///
    /// let row = LayerInfo::of::<Dense<U2, U2>>("dense_3").from(&["dense_1"]);
    /// assert_eq!(row.sources, ["dense_1"]);
    /// ```
    pub const fn from(self, sources: &'static [&'static str]) -> Self {
        Self { sources, ..self }
    }

    /// The row of a layer that has no numbers of its own but those of another.
    ///
    /// ```
    /// use typenet_runtime::layers::Dense;
    /// use typenet_runtime::schema::LayerInfo;
    /// use typenet_runtime::typenum::U2;
    ///
    /// let row = LayerInfo::of::<Dense<U2, U2>>("again").sharing("dense_1");
    /// assert_eq!((row.shares, row.parameter_count()), (Some("dense_1"), 0));
    /// ```
    pub const fn sharing(self, owner: &'static str) -> Self {
        let info = Info { tensors: &[], layers: &[], ..self.info };
        Self { shares: Some(owner), info, ..self }
    }

    const fn count(&self, trainable: bool) -> usize {
        self.info.count(trainable)
    }

    /// Number of trainable values, inner layers included.
    pub const fn parameter_count(&self) -> usize {
        self.count(true)
    }

    /// Number of values that move without a gradient, inner layers included.
    pub const fn buffer_count(&self) -> usize {
        self.count(false)
    }
}

impl fmt::Display for LayerInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = |f: &mut fmt::Formatter<'_>, parts: &[Part]| {
            for (i, part) in parts.iter().enumerate() {
                write!(f, "{}{part}", if i == 0 { "" } else { ", " })?;
            }
            Ok(())
        };
        write!(f, "{}: {}(", self.name, self.info.kind)?;
        parts(f, self.inputs)?;
        f.write_str(" => ")?;
        parts(f, self.outputs)?;
        if self.activation != "linear" {
            write!(f, ", {}", self.activation)?;
        }
        for (name, value) in self.info.settings {
            write!(f, ", {name} = {value}")?;
        }
        // Rules stand before the tensors, as in a declaration, and say their tensor where that is not the weight.
        for tensor in self.info.tensors {
            let (of, dot) = if tensor.name == "weight" { ("", "") } else { (tensor.name, ".") };
            let Regularizer { l1, l2 } = tensor.regularizer;
            for (name, value) in [("l1", l1), ("l2", l2)] {
                if value != 0.0 {
                    write!(f, ", {of}{dot}{name} = {value}")?;
                }
            }
            if let Some(constraint) = tensor.constraint {
                write!(f, ", {of}{dot}constraint = {constraint}")?;
            }
        }
        for tensor in self.info.tensors {
            write!(f, ", {} {:?}", tensor.name, tensor.shape)?;
        }
        if let Some(owner) = self.shares {
            write!(f, ", shared with {owner}")?;
        }
        if !self.sources.is_empty() {
            f.write_str(", from ")?;
            for (i, source) in self.sources.iter().enumerate() {
                write!(f, "{}{source}", if i == 0 { "" } else { " and " })?;
            }
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
    /// The axis along which its units lie.
    pub unit_axis: usize,
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
/// use typenet_runtime::layers::Dense;
/// use typenet_runtime::schema::{LayerInfo, Tensors};
/// use typenet_runtime::typenum::{U2, U3};
///
/// let layers = [LayerInfo::of::<Dense<U3, U2>>("dense_1")];
/// let names: Vec<String> = Tensors::of(&layers).map(|tensor| tensor.path.to_string()).collect();
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
            let tensors = row.info.tensors;
            while level.tensor < tensors.len()
                && matches!(tensors[level.tensor].role, Role::Parameter) != self.trainable
            {
                level.tensor += 1;
            }
            if level.tensor < tensors.len() {
                let tensor = &tensors[level.tensor];
                level.tensor += 1;
                let place = TensorPlace {
                    path: self.path(tensor.name),
                    shape: tensor.shape,
                    start: self.start,
                    len: tensor.len(),
                    trainable: self.trainable,
                    unit_axis: tensor.unit_axis,
                    regularizer: tensor.regularizer,
                    constraint: tensor.constraint,
                };
                self.start += place.len;
                return Some(place);
            }
            level.tensor = 0;
            if row.info.layers.is_empty() {
                level.layer += 1;
            } else {
                let inner = row.info.layers;
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
        tensors: &'static [TensorInfo],
        layers: &'static [LayerInfo],
    ) -> LayerInfo {
        LayerInfo {
            name,
            info: Info { tensors, layers, ..Info::new("") },
            inputs: &[],
            outputs: &[],
            activation: "linear",
            sources: &[],
            shares: None,
        }
    }

    const WEIGHT: TensorInfo = TensorInfo::parameter("weight", &[2, 3]);
    const MEAN: TensorInfo = TensorInfo::buffer("mean", &[3]);
    const NORM: LayerInfo = layer("norm", &[MEAN, WEIGHT], &[]);
    const INNER: LayerInfo = layer("inner", &[], &[layer("empty", &[], &[]), NORM]);
    const MODEL: &[LayerInfo] = &[layer("outer", &[], &[INNER, NORM]), NORM];

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
        const fn part(shape: &'static [usize]) -> Part {
            Part { shape, below: None, is_sequence: false, is_tensor: false }
        }
        const IMAGE: Part = part(&[2, 3]);
        const ONE: Part = part(&[1]);
        let info = Info { kind: "Kind", ..NORM.info };
        let row = LayerInfo { info, inputs: &[IMAGE], outputs: &[ONE], ..NORM };
        assert_eq!(row.to_string(), "norm: Kind((2, 3) => 1, mean [3], weight [2, 3])");
        const RULED: TensorInfo = TensorInfo {
            regularizer: Regularizer { l1: 0.0, l2: 1e-4 },
            constraint: Some(Constraint {
                name: "min_max_norm",
                settings: &[("min", 0.5), ("max", 2.0), ("rate", 1.0)],
                apply: |_, _, _| {},
            }),
            ..WEIGHT
        };
        const GAMMA: TensorInfo = TensorInfo { name: "gamma", constraint: None, ..RULED };
        let info = Info { tensors: &[RULED, GAMMA], settings: &[("rate", 0.5), ("epsilon", 1e-3)], ..info };
        let row = LayerInfo { info, activation: "relu", ..row };
        let expected = "norm: Kind((2, 3) => 1, relu, rate = 0.5, epsilon = 0.001, l2 = 0.0001, \
                        constraint = min_max_norm(0.5, 2, 1), gamma.l2 = 0.0001, weight [2, 3], gamma [2, 3])";
        assert_eq!(row.to_string(), expected);
        const WORDS: Part = Part { shape: &[40], below: Some(1000), is_sequence: true, is_tensor: false };
        const STEPS: Part = Part { shape: &[40, 8], below: None, is_sequence: true, is_tensor: false };
        let row = LayerInfo { info: Info::new("Kind"), inputs: &[WORDS, IMAGE], outputs: &[STEPS], ..NORM };
        let row = row.from(&["text", "image"]).sharing("tower");
        let expected =
            "norm: Kind(..40 below 1000, (2, 3) => (..40, 8), shared with tower, from text and image)";
        assert_eq!(row.to_string(), expected);
    }

    #[test]
    fn a_model_without_layers_has_no_tensors() {
        assert_eq!(Tensors::of(&[]).next(), None);
        assert_eq!(block_len(&[]), 0);
    }
}
