//! Names of a file, short enough for messages.

/// The start of a name in a file, as it is written there, for messages: at most 44 bytes, then `…`.
///
/// ```
/// use typenet_runtime::io::Label;
///
/// assert_eq!(Label::new("dense_1.weight").as_str(), "dense_1.weight");
/// assert_eq!(Label::new(&"a".repeat(60)).as_str(), "a".repeat(44) + "…");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Label {
    bytes: [u8; 47],
    len: u8,
}

impl Label {
    const LONGEST: usize = 44;

    /// The start of `name`.
    pub const fn new(name: &str) -> Self {
        let mut bytes = [0; 47];
        let cut = name.len() > Self::LONGEST;
        let kept = if cut { name.split_at(name.floor_char_boundary(Self::LONGEST)).0 } else { name };
        let mut len = kept.len();
        bytes.split_at_mut(len).0.copy_from_slice(kept.as_bytes());
        if cut {
            bytes.split_at_mut(len + 3).0.split_at_mut(len).1.copy_from_slice("…".as_bytes());
            len += 3;
        }
        Self { bytes, len: len as u8 }
    }

    /// The text.
    pub const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.len as usize).0) {
            Ok(text) => text,
            Err(_) => unreachable!(),
        }
    }
}

impl core::fmt::Debug for Label {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}
