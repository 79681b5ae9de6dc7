//! The table of a model's layers.

use core::fmt;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::layers::Model;
use crate::layers::dyn_model::Facts;
use crate::schema::LayerInfo;

/// A model's layers with shapes, parameters and FLOPs. `Display` draws it as a table.
///
/// ```
/// use typenet::model::Summary;
/// use typenet::prelude::*;
///
/// model! { Digits < Dense(64 => 16, relu), logits: Dense(_ => 10, softmax) > }
///
/// let summary = Summary::of::<Digits>();
/// assert_eq!(summary, Digits::summary());
/// assert_eq!((summary.input, summary.parameters), (&[64][..], 64 * 16 + 16 + 16 * 10 + 10));
/// assert_eq!(summary.layers[1].name, "logits");
/// let table = summary.to_string();
/// assert!(table.contains("logits") && table.contains("1,210 parameters (4,840 bytes)"), "{table}");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The model's name.
    pub name: &'static str,
    /// Sizes of one sample going in.
    pub input: &'static [usize],
    /// The layers in order.
    pub layers: &'static [LayerInfo],
    /// Trainable values.
    pub parameters: usize,
    /// Values that move without a gradient.
    pub buffers: usize,
    /// Multiplications and additions per sample in a forward pass.
    pub flops: u64,
    /// Bytes per sample that a training step keeps between its passes.
    pub activation_bytes: usize,
}

impl Summary {
    /// The summary of model `M`.
    pub fn of<M: Model>() -> Self {
        Self::from(Facts::of::<M>())
    }
}

#[doc(hidden)]
impl From<Facts> for Summary {
    fn from(Facts { row, activation_bytes, .. }: Facts) -> Self {
        Self {
            name: row.name,
            input: row.input,
            layers: row.layers,
            parameters: row.parameter_count(),
            buffers: row.buffer_count(),
            flops: row.flops,
            activation_bytes,
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

/// `[1, 28, 28]` as `1 × 28 × 28`.
fn shape(sizes: &[usize]) -> String {
    sizes.iter().map(|&size| thousands(size as u64)).collect::<Vec<_>>().join(" × ")
}

fn rows(table: &mut Table, layers: &[LayerInfo], prefix: &str) {
    for layer in layers {
        let name = format!("{prefix}{}", layer.name);
        table.add_row([
            name.clone(),
            layer.kind.to_string(),
            shape(layer.output),
            thousands(layer.parameter_count() as u64),
            thousands(layer.flops),
        ]);
        rows(table, layer.layers, &format!("{name}."));
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(["layer", "kind", "output", "parameters", "FLOPs"]);
        rows(&mut table, self.layers, "");
        for column in 2..5 {
            let column = table.column_mut(column).expect("the table has five columns");
            column.set_cell_alignment(CellAlignment::Right);
        }
        let bytes = size_of::<f32>() * (self.parameters + self.buffers);
        writeln!(f, "{}: {} values in", self.name, shape(self.input))?;
        writeln!(f, "{table}")?;
        write!(f, "{} parameters ({} bytes)", thousands(self.parameters as u64), thousands(bytes as u64))?;
        if self.buffers > 0 {
            write!(f, ", {} of them not trained", thousands(self.buffers as u64))?;
        }
        write!(
            f,
            ", {} FLOPs and {} bytes of activations per sample",
            thousands(self.flops),
            thousands(self.activation_bytes as u64)
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
