//! A line of text built without a heap, in constants too: how the header and the embedding word their errors.

use super::label::Label;
use crate::schema::TensorPath;

/// A text of at most [`CAPACITY`](Self::CAPACITY) bytes; what does not fit is left out and marked by `…`.
#[derive(Clone)]
pub(super) struct Text {
    bytes: [u8; Self::CAPACITY],
    len: usize,
    full: bool,
}

impl Text {
    /// Bytes that a text can hold.
    pub(super) const CAPACITY: usize = 1024;
    const CUT: &'static str = "…";

    /// An empty text.
    pub(super) const fn new() -> Self {
        Self { bytes: [0; Self::CAPACITY], len: 0, full: false }
    }

    /// The text.
    pub(super) const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => unreachable!(),
        }
    }

    /// Appends `text`.
    pub(super) const fn push(&mut self, text: &str) {
        if self.full {
            return;
        }
        let room = Self::CAPACITY - Self::CUT.len() - self.len;
        let fits = if text.len() <= room { text.len() } else { text.floor_char_boundary(room) };
        self.copy(text.split_at(fits).0);
        if fits < text.len() {
            self.copy(Self::CUT);
            self.full = true;
        }
    }

    const fn copy(&mut self, text: &str) {
        let end = self.len + text.len();
        self.bytes.split_at_mut(end).0.split_at_mut(self.len).1.copy_from_slice(text.as_bytes());
        self.len = end;
    }

    /// Appends `number` in decimal.
    pub(super) const fn push_number(&mut self, number: u64) {
        let mut digits = [0; 20];
        let (mut rest, mut at) = (number, digits.len());
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        match core::str::from_utf8(digits.split_at(at).1) {
            Ok(digits) => self.push(digits),
            Err(_) => unreachable!(),
        }
    }

    /// Appends `[784, 512]`.
    pub(super) const fn push_shape(&mut self, shape: &[usize]) {
        self.push("[");
        let mut i = 0;
        while i < shape.len() {
            if i > 0 {
                self.push(", ");
            }
            self.push_number(shape[i] as u64);
            i += 1;
        }
        self.push("]");
    }

    /// Appends the label between backquotes.
    pub(super) const fn push_label(&mut self, label: &Label) {
        self.push("`");
        self.push(label.as_str());
        self.push("`");
    }

    /// Appends `` `encoder.dense_1.bias` ``.
    pub(super) const fn push_path(&mut self, path: &TensorPath) {
        let names = path.names();
        self.push("`");
        let mut i = 0;
        while i < names.len() {
            if i > 0 {
                self.push(".");
            }
            self.push(names[i]);
            i += 1;
        }
        self.push("`");
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_shapes_are_decimal() {
        let mut text = Text::new();
        text.push_number(0);
        text.push(" ");
        text.push_number(u64::MAX);
        text.push(" ");
        text.push_shape(&[]);
        text.push_shape(&[784, 512]);
        assert_eq!(text.as_str(), "0 18446744073709551615 [][784, 512]");
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_between_characters() {
        for shift in 0..4 {
            let mut text = Text::new();
            text.push(&"x".repeat(shift));
            text.push(&"é".repeat(Text::CAPACITY));
            text.push("left out");
            assert!(text.as_str().len() <= Text::CAPACITY);
            assert!(text.as_str().ends_with("é…"), "shift = {shift}");
        }
    }
}
