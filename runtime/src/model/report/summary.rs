//! The table of a model's layers.

use core::fmt;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::layers::Model;
use crate::layers::dyn_model::Facts;
use crate::schema::{LayerInfo, Part};

/// A model's layers with shapes, parameters and FLOPs. `Display` draws it as a table; [`to_dot`](Self::to_dot),
/// [`to_mermaid`](Self::to_mermaid) and, with the feature `plots`, `to_svg` as a graph.
///
/// The table says what a layer takes where that is not the row above, and whose parameters it shares; those count once.
///
/// ```
/// use typenet::model::Summary;
/// use typenet::prelude::*;
///
/// model! { Digits < Dense(64 => 16, relu), logits: Dense(_ => 10, softmax) > }
///
/// let summary = Summary::of::<Digits>();
/// assert_eq!(summary, Digits::summary());
/// assert_eq!((summary.inputs[0].shape, summary.parameters), (&[64][..], 64 * 16 + 16 + 16 * 10 + 10));
/// assert_eq!(summary.layers[1].name, "logits");
/// let table = summary.to_string();
/// assert!(table.contains("logits") && table.contains("1,210 parameters (4,840 bytes)"), "{table}");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The model's name.
    pub name: &'static str,
    /// What one sample is going in.
    pub inputs: &'static [Part],
    /// Names of the inputs, if there are several.
    pub input_names: &'static [&'static str],
    /// What one prediction is.
    pub outputs: &'static [Part],
    /// Names of the layers that give the outputs, if there are several; else it is the last.
    pub output_layers: &'static [&'static str],
    /// The layers in order.
    pub layers: &'static [LayerInfo],
    /// Trainable values.
    pub parameters: usize,
    /// Values that move without a gradient.
    pub buffers: usize,
    /// Multiplications and additions per sample in a forward pass.
    pub flops: u64,
    /// Bytes per sample that a forward pass in training writes.
    pub activation_bytes: usize,
    /// The same if no two intermediate values shared their memory; an inner model's values share theirs here too.
    pub unshared_bytes: usize,
    /// Bytes of scratch that an inference of one sample needs.
    pub scratch_bytes: usize,
    /// The same if no two intermediate values shared their memory.
    pub unshared_scratch_bytes: usize,
}

impl Summary {
    /// The summary of model `M`.
    pub fn of<M: Model>() -> Self {
        Self::from(Facts::of::<M>())
    }

    /// A name for each input.
    pub(super) fn input_names(&self) -> Vec<&'static str> {
        if self.input_names.is_empty() { vec!["input"; self.inputs.len()] } else { self.input_names.to_vec() }
    }

    /// A name for each output.
    pub(super) fn output_names(&self) -> Vec<&'static str> {
        if self.output_layers.is_empty() {
            vec!["output"; self.outputs.len()]
        } else {
            self.output_layers.to_vec()
        }
    }
}

#[doc(hidden)]
impl From<Facts> for Summary {
    fn from(facts: Facts) -> Self {
        let row = facts.row;
        Self {
            name: row.name,
            inputs: row.inputs,
            input_names: row.info.inputs,
            outputs: row.outputs,
            output_layers: row.info.outputs,
            layers: row.info.layers,
            parameters: row.parameter_count(),
            buffers: row.buffer_count(),
            flops: row.info.flops,
            activation_bytes: facts.activation_bytes,
            unshared_bytes: facts.unshared_bytes,
            scratch_bytes: size_of::<f32>() * facts.predict_scratch.of(1, 1),
            unshared_scratch_bytes: size_of::<f32>() * facts.unshared_scratch,
        }
    }
}

/// `1234567` as `1,234,567`.
pub(in crate::model) fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 × 28 × 28`; of a sequence `..40 × 64`, of words `..40 below 1,000`; of several values `64 and 10`.
pub(super) fn shapes(parts: &[Part]) -> String {
    let shape = |part: &Part| {
        let sizes: Vec<_> = part.shape.iter().map(|&size| thousands(size as u64)).collect();
        let below =
            part.below.map_or_else(String::new, |below| format!(" below {}", thousands(below as u64)));
        format!("{}{}{below}", if part.is_sequence { ".." } else { "" }, sizes.join(" × "))
    };
    parts.iter().map(shape).collect::<Vec<_>>().join(" and ")
}

/// A layer with the models that it stands in.
struct Row {
    /// Their names, each followed by a dot.
    prefix: String,
    layer: &'static LayerInfo,
}

impl Row {
    /// A name of the layer's model in the whole.
    fn full(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// What the layer takes, if that is not the row above.
    fn takes(&self) -> String {
        self.layer.sources.iter().map(|source| self.full(source)).collect::<Vec<_>>().join(" and ")
    }
}

/// A row for each layer, followed by those of the layers in it.
fn rows(layers: &'static [LayerInfo], prefix: &str, all: &mut Vec<Row>) {
    for layer in layers {
        all.push(Row { prefix: prefix.to_owned(), layer });
        rows(layer.info.layers, &format!("{prefix}{}.", layer.name), all);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = Vec::new();
        rows(self.layers, "", &mut all);
        let has_takes = all.iter().any(|row| !row.layer.sources.is_empty());

        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Disabled);
        let header = ["layer", "kind", "takes", "output", "parameters", "FLOPs"];
        table.set_header(header.into_iter().filter(|&column| has_takes || column != "takes"));
        for row in all {
            let layer = row.layer;
            let parameters = match layer.shares {
                Some(owner) => format!("shared with {}", row.full(owner)),
                None => thousands(layer.parameter_count() as u64),
            };
            let mut cells = vec![row.full(layer.name), layer.info.kind.to_owned()];
            if has_takes {
                cells.push(row.takes());
            }
            cells.extend([shapes(layer.outputs), parameters, thousands(layer.info.flops)]);
            table.add_row(cells);
        }
        let columns = table.column_count();
        for column in columns - 3..columns {
            let column = table.column_mut(column).expect("a column for each title");
            column.set_cell_alignment(CellAlignment::Right);
        }

        let end = |parts: &[Part], names: &[&str]| match parts {
            [_] => shapes(parts),
            _ => {
                let named =
                    names.iter().zip(parts).map(|(name, part)| format!("{name} {}", shapes(&[*part])));
                named.collect::<Vec<_>>().join(", ")
            }
        };
        let bytes = size_of::<f32>() * (self.parameters + self.buffers);
        writeln!(f, "{}: {} values in", self.name, end(self.inputs, &self.input_names()))?;
        writeln!(f, "{table}")?;
        if self.outputs.len() > 1 {
            writeln!(f, "{} values out", end(self.outputs, &self.output_names()))?;
        }
        write!(f, "{} parameters ({} bytes)", thousands(self.parameters as u64), thousands(bytes as u64))?;
        if self.buffers > 0 {
            write!(f, ", {} of them not trained", thousands(self.buffers as u64))?;
        }
        let bytes = |bytes: usize| thousands(bytes as u64);
        writeln!(f, ", {} FLOPs per sample", thousands(self.flops))?;
        write!(
            f,
            "{} bytes of activations per sample ({} without sharing memory), {} bytes of scratch for a prediction ({})",
            bytes(self.activation_bytes),
            bytes(self.unshared_bytes),
            bytes(self.scratch_bytes),
            bytes(self.unshared_scratch_bytes)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_000), "1,000");
        assert_eq!(thousands(407_050), "407,050");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
