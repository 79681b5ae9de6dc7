//! Numbers separated by commas: the form of the bundled sets. Files of users are not read with this.

use super::Samples;

/// Rows of `N` features and a label, each feature multiplied by `scale`.
///
/// # Panics
/// If a row is anything else: the text is part of the library.
pub(super) fn samples<const N: usize>(text: &str, scale: f32) -> Samples<N> {
    let mut samples = Samples::default();
    for row in text.lines() {
        let mut fields = row.split(',');
        samples.inputs.push(std::array::from_fn(|_| {
            let field = fields.next().expect("a row has all its features");
            scale * field.parse::<f32>().expect("a feature is a number")
        }));
        let label = fields.next().expect("a row has a label");
        samples.labels.push(label.parse().expect("a label is a small number"));
        assert_eq!(fields.next(), None, "a row ends with its label");
    }
    samples
}
