//! The header of a safetensors file, read strictly, without a heap, at run time and in constants.
//!
//! ```text
//! ┌──────────────────────┬─────────────────────────────────────────────┬──────────┐
//! │ N: u64 little-endian │ N bytes of JSON, spaces at its end          │ data     │
//! └──────────────────────┴─────────────────────────────────────────────┴──────────┘
//! {"__metadata__": {"key": "text", …},
//!  "dense_1.weight": {"dtype": "F32", "shape": [784, 512], "data_offsets": [0, 1605632]}, …}
//! ```
//!
//! [`Header::parse`] reads once from front to back and proves everything that needs no memory: the grammar, every
//! entry's type, shape and offsets, each against the others and against the data's length, and, where the entries stand
//! in the order of their data, that the data has no hole, no overlap and no rest. Two rules are left to whoever has
//! memory or knows the names to expect: that no name comes twice, and the coverage of entries in another order
//! ([`Header::in_order`] is false).
//!
//! Where it is stricter than the reference implementation: nothing may stand before `{`, only spaces after `}`. As the
//! reference it skips fields of an entry that it does not know, and accepts tensors without values.

use super::json::{JsonError, JsonStr, Lexer, tri};
use super::label::Label;
use super::text::Text;

/// The longest header, in bytes: the reference implementation's limit.
pub(super) const MAX_HEADER: u64 = 100_000_000;

/// Bytes before the JSON text.
pub(super) const PREFIX: usize = 8;

/// The type of a tensor's values.
///
/// ```
/// use typenet_runtime::io::Dtype;
///
/// assert_eq!((Dtype::BF16.name(), Dtype::BF16.bits()), ("BF16", 16));
/// assert_eq!(Dtype::F8_E4M3.to_string(), "F8_E4M3");
/// ```
#[allow(non_camel_case_types, missing_docs, clippy::upper_case_acronyms)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dtype {
    BOOL,
    F4,
    F6_E2M3,
    F6_E3M2,
    U8,
    I8,
    F8_E5M2,
    F8_E4M3,
    F8_E8M0,
    F8_E4M3FNUZ,
    F8_E5M2FNUZ,
    I16,
    U16,
    F16,
    BF16,
    I32,
    U32,
    F32,
    C64,
    F64,
    I64,
    U64,
}

impl Dtype {
    /// Every type with its name and the bits of a value.
    const ALL: [(Self, &'static str, u64); 22] = [
        (Self::F32, "F32", 32),
        (Self::BOOL, "BOOL", 8),
        (Self::F4, "F4", 4),
        (Self::F6_E2M3, "F6_E2M3", 6),
        (Self::F6_E3M2, "F6_E3M2", 6),
        (Self::U8, "U8", 8),
        (Self::I8, "I8", 8),
        (Self::F8_E5M2, "F8_E5M2", 8),
        (Self::F8_E4M3, "F8_E4M3", 8),
        (Self::F8_E8M0, "F8_E8M0", 8),
        (Self::F8_E4M3FNUZ, "F8_E4M3FNUZ", 8),
        (Self::F8_E5M2FNUZ, "F8_E5M2FNUZ", 8),
        (Self::I16, "I16", 16),
        (Self::U16, "U16", 16),
        (Self::F16, "F16", 16),
        (Self::BF16, "BF16", 16),
        (Self::I32, "I32", 32),
        (Self::U32, "U32", 32),
        (Self::C64, "C64", 64),
        (Self::F64, "F64", 64),
        (Self::I64, "I64", 64),
        (Self::U64, "U64", 64),
    ];

    const fn row(self) -> (Self, &'static str, u64) {
        let mut i = 0;
        while Self::ALL[i].0 as u8 != self as u8 {
            i += 1;
        }
        Self::ALL[i]
    }

    /// The type's name in a file.
    pub const fn name(self) -> &'static str {
        self.row().1
    }

    /// Bits of a value.
    pub const fn bits(self) -> u64 {
        self.row().2
    }

    const fn named(name: JsonStr<'_>) -> Option<Self> {
        let mut i = 0;
        while i < Self::ALL.len() {
            if name.is(Self::ALL[i].1) {
                return Some(Self::ALL[i].0);
            }
            i += 1;
        }
        None
    }
}

/// The keys that the format gives a meaning.
#[derive(Clone, Copy)]
enum Key {
    Metadata,
    Dtype,
    Shape,
    DataOffsets,
    Other,
}

impl Key {
    /// A key without escapes is told by patterns: far fewer steps for the compiler than comparisons.
    const fn of(key: JsonStr<'_>) -> Self {
        match key.plain() {
            Some(b"__metadata__") => Self::Metadata,
            Some(b"dtype") => Self::Dtype,
            Some(b"shape") => Self::Shape,
            Some(b"data_offsets") => Self::DataOffsets,
            Some(_) => Self::Other,
            None if key.is("__metadata__") => Self::Metadata,
            None if key.is("dtype") => Self::Dtype,
            None if key.is("shape") => Self::Shape,
            None if key.is("data_offsets") => Self::DataOffsets,
            None => Self::Other,
        }
    }
}

impl core::fmt::Display for Dtype {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// What is wrong with a header.
///
/// ```
/// use typenet_runtime::io::HeaderError;
/// use typenet_runtime::io::safetensors::{LoadError, read};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("short.safetensors");
/// std::fs::write(&path, "{}")?;
/// let Err(LoadError::Header { error, .. }) = read(&path) else { panic!("a file of two bytes was read") };
/// assert_eq!(*error, HeaderError::TooShort { file: 2 });
/// assert_eq!(error.to_string(), "the file has 2 bytes, but a safetensors file has at least 10");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// The file is too short for the header's length and `{}`.
    TooShort {
        /// Bytes of the file.
        file: u64,
    },
    /// The header states more than 100,000,000 bytes.
    TooLong {
        /// The length that the file states.
        header: u64,
    },
    /// The header does not end within the file.
    BeyondFile {
        /// The length that the file states.
        header: u64,
        /// Bytes of the file.
        file: u64,
    },
    /// The header is not the JSON it should be.
    Json(JsonError),
    /// A key that may stand once stands twice: `__metadata__`, or a field of an entry.
    Twice {
        /// The key.
        key: &'static str,
        /// Index of its second occurrence, from the start of the JSON text.
        at: usize,
    },
    /// An entry lacks one of `dtype`, `shape` and `data_offsets`.
    FieldMissing {
        /// The tensor.
        tensor: Label,
        /// The field.
        field: &'static str,
    },
    /// A type that the format does not know.
    UnknownDtype {
        /// The tensor.
        tensor: Label,
        /// The type.
        found: Label,
    },
    /// The number of values, or of their bits, exceeds 64 bits.
    SizeOverflow {
        /// The tensor.
        tensor: Label,
    },
    /// The tensor's bits do not fill whole bytes.
    SplitByte {
        /// The tensor.
        tensor: Label,
        /// Number of bits.
        bits: u64,
    },
    /// The offsets run backwards or beyond the data.
    Offsets {
        /// The tensor.
        tensor: Label,
        /// The first byte.
        begin: u64,
        /// The byte after the last.
        end: u64,
        /// Bytes of data in the file.
        data: u64,
    },
    /// The offsets span another number of bytes than type and shape ask for.
    Size {
        /// The tensor.
        tensor: Label,
        /// Bytes by type and shape.
        expected: u64,
        /// Bytes by offsets.
        found: u64,
    },
    /// The data has a hole or an overlap before the tensor, in the order of the offsets.
    Gap {
        /// The tensor.
        tensor: Label,
        /// Where the data before it ends.
        expected: u64,
        /// Where it begins.
        found: u64,
    },
    /// The tensors take more or fewer bytes than there are.
    Coverage {
        /// Bytes that the tensors take together.
        covered: u64,
        /// Bytes of data in the file.
        data: u64,
    },
    /// A tensor's name comes twice.
    DuplicateTensor {
        /// The tensor.
        tensor: Label,
    },
    /// A key of the metadata comes twice.
    DuplicateMetadata {
        /// The key.
        key: Label,
    },
}

impl HeaderError {
    /// Appends the error as a clause: what is wrong, what was expected, what was found.
    pub(super) const fn describe(&self, text: &mut Text) {
        match self {
            Self::TooShort { file } => {
                text.push("the file has ");
                text.push_number(*file);
                text.push(" bytes, but a safetensors file has at least 10");
            }
            Self::TooLong { header } => {
                text.push("its header should have at most ");
                text.push_number(MAX_HEADER);
                text.push(" bytes, but states ");
                text.push_number(*header);
            }
            Self::BeyondFile { header, file } => {
                text.push("its header states ");
                text.push_number(*header);
                text.push(" bytes, but the file has only ");
                text.push_number(*file);
            }
            Self::Json(error) => {
                text.push("in its header, ");
                error.describe(text);
            }
            Self::Twice { key, at } => {
                text.push("in its header, `");
                text.push(key);
                text.push("` comes a second time at byte ");
                text.push_number(*at as u64);
            }
            Self::FieldMissing { tensor, field } => {
                text.push_label(tensor);
                text.push(" has no `");
                text.push(field);
                text.push("` in its header");
            }
            Self::UnknownDtype { tensor, found } => {
                text.push_label(tensor);
                text.push(" has the type ");
                text.push_label(found);
                text.push(", which safetensors does not know");
            }
            Self::SizeOverflow { tensor } => {
                text.push_label(tensor);
                text.push(" has a shape with 2^64 bits or more");
            }
            Self::SplitByte { tensor, bits } => {
                text.push_label(tensor);
                text.push(" should fill whole bytes, but has ");
                text.push_number(*bits);
                text.push(" bits");
            }
            Self::Offsets { tensor, begin, end, data } => {
                text.push_label(tensor);
                text.push(" lies at ");
                text.push_number(*begin);
                text.push(" to ");
                text.push_number(*end);
                text.push(" of ");
                text.push_number(*data);
                text.push(" bytes of data");
            }
            Self::Size { tensor, expected, found } => {
                text.push_label(tensor);
                text.push(" takes ");
                text.push_number(*expected);
                text.push(" bytes by type and shape, but ");
                text.push_number(*found);
                text.push(" by its offsets");
            }
            Self::Gap { tensor, expected, found } => {
                text.push_label(tensor);
                text.push(" should begin at byte ");
                text.push_number(*expected);
                text.push(" of the data, where the one before it ends, but begins at ");
                text.push_number(*found);
            }
            Self::Coverage { covered, data } => {
                text.push("its tensors take ");
                text.push_number(*covered);
                text.push(" bytes, but it has ");
                text.push_number(*data);
                text.push(" bytes of data");
            }
            Self::DuplicateTensor { tensor } => {
                text.push("its header names the tensor ");
                text.push_label(tensor);
                text.push(" twice");
            }
            Self::DuplicateMetadata { key } => {
                text.push("its metadata has the key ");
                text.push_label(key);
                text.push(" twice");
            }
        }
    }
}

impl core::fmt::Display for HeaderError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut text = Text::new();
        self.describe(&mut text);
        f.write_str(text.as_str())
    }
}

impl core::error::Error for HeaderError {}

/// A tensor's entry: by itself consistent, and within the data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    /// The tensor's name.
    pub(super) name: JsonStr<'a>,
    /// The type of its values.
    pub(super) dtype: Dtype,
    /// Sizes, outermost first.
    pub(super) shape: Sizes<'a>,
    /// The first byte of its data, counted from the start of the data.
    pub(super) begin: u64,
    /// The byte after its last.
    pub(super) end: u64,
}

impl Entry<'_> {
    /// The name's start, for messages.
    pub(super) const fn label(&self) -> Label {
        Label::new(self.name.raw())
    }
}

/// The sizes of a tensor: an iterator that constants can use too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes<'a> {
    lexer: Lexer<'a>,
    first: bool,
}

impl Sizes<'_> {
    /// [`Iterator::next`] for constants.
    pub(super) const fn next_size(&mut self) -> Option<u64> {
        // The list was read once before, by `Items::sizes`.
        match self.lexer.more(self.first, b']') {
            Ok(true) => {}
            _ => return None,
        }
        self.first = false;
        match self.lexer.integer() {
            Ok(size) => Some(size),
            Err(_) => None,
        }
    }

    /// Whether the sizes are `shape`.
    pub(super) const fn are(mut self, shape: &[usize]) -> bool {
        let mut i = 0;
        while i < shape.len() {
            match self.next_size() {
                Some(size) if size == shape[i] as u64 => i += 1,
                _ => return false,
            }
        }
        self.next_size().is_none()
    }
}

impl Iterator for Sizes<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.next_size()
    }
}

/// A header that was read and found right, as far as the module's introduction says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header<'a> {
    text: &'a [u8],
    data: u64,
    tensors: usize,
    in_order: bool,
    metadata: Option<usize>,
}

/// The length of the JSON text of a file of `file` bytes that starts with `prefix`.
pub(super) const fn header_len(prefix: [u8; PREFIX], file: u64) -> Result<usize, HeaderError> {
    if file < PREFIX as u64 + 2 {
        return Err(HeaderError::TooShort { file });
    }
    let header = u64::from_le_bytes(prefix);
    if header > MAX_HEADER {
        return Err(HeaderError::TooLong { header });
    }
    if header > file - PREFIX as u64 {
        return Err(HeaderError::BeyondFile { header, file });
    }
    Ok(header as usize)
}

impl<'a> Header<'a> {
    /// Reads the header of a whole file; returns it and the data. For `index`, see [`parse`](Self::parse).
    pub(super) const fn of_file(
        file: &'a [u8],
        index: &mut [Option<Entry<'a>>],
    ) -> Result<(Self, &'a [u8]), HeaderError> {
        let Some(prefix) = file.first_chunk::<PREFIX>() else {
            return Err(HeaderError::TooShort { file: file.len() as u64 });
        };
        let len = tri!(header_len(*prefix, file.len() as u64));
        let (text, data) = file.split_at(PREFIX).1.split_at(len);
        Ok((tri!(Self::parse(text, data.len() as u64, index)), data))
    }

    /// Reads the JSON text of a file with `data` bytes behind it. As many entries as have room are put into `index`, in
    /// the order of the header.
    pub(super) const fn parse(
        text: &'a [u8],
        data: u64,
        index: &mut [Option<Entry<'a>>],
    ) -> Result<Self, HeaderError> {
        let mut lexer = Lexer { text, at: 0 };
        if !matches!(lexer.peek(), Some(b'{')) {
            return lift(lexer.error("`{`"));
        }
        let mut header = Self { text, data, tensors: 0, in_order: true, metadata: None };
        let mut items = header.items();
        let (mut end, mut covered): (u64, u64) = (0, 0);
        while let Some(item) = tri!(items.next()) {
            match item {
                Item::Metadata { key, value } => {
                    if header.metadata.is_some() {
                        return Err(HeaderError::Twice { key: "__metadata__", at: key });
                    }
                    header.metadata = Some(value);
                }
                Item::Tensor(entry) => {
                    if header.tensors < index.len() {
                        index[header.tensors] = Some(entry);
                    }
                    header.tensors += 1;
                    header.in_order = header.in_order && entry.begin == end;
                    end = entry.end;
                    covered = covered.saturating_add(entry.end - entry.begin);
                }
            }
        }
        lexer = items.lexer;
        while let Some(b' ') = lexer.peek() {
            lexer.at += 1;
        }
        if lexer.at < text.len() {
            return lift(lexer.error("a space or the end"));
        }
        if covered != data {
            return Err(HeaderError::Coverage { covered, data });
        }
        Ok(header)
    }

    /// Number of tensors.
    pub(super) const fn tensors(&self) -> usize {
        self.tensors
    }

    /// Bytes of data.
    pub(super) const fn data_len(&self) -> u64 {
        self.data
    }

    /// Whether every tensor begins where the one before it ends: then no hole and no overlap is left to look for.
    pub(super) const fn in_order(&self) -> bool {
        self.in_order
    }

    /// The entries in the order of the header.
    pub(super) const fn entries(&self) -> Entries<'a> {
        Entries { items: self.items() }
    }

    /// The string that begins at this index of the JSON text; `None` if none does.
    pub(super) const fn string_at(&self, at: usize) -> Option<JsonStr<'a>> {
        match (Lexer { text: self.text, at }).string() {
            Ok(string) => Some(string),
            Err(_) => None,
        }
    }

    /// The entry whose name begins at this index of the JSON text; `None` if there is none.
    pub(super) const fn entry_at(&self, at: usize) -> Option<Entry<'a>> {
        let mut items = self.items();
        items.lexer.at = at;
        match items.next() {
            Ok(Some(Item::Tensor(entry))) => Some(entry),
            _ => None,
        }
    }

    /// The `format` of the metadata, if it is that of a library whose weights are `[outputs, inputs]`: PyTorch's or MLX's.
    pub(super) const fn out_in_format(&self) -> Option<JsonStr<'a>> {
        let mut pairs = self.metadata();
        while let Some((key, text)) = pairs.next_pair() {
            if key.is("format") && (text.is("pt") || text.is("mlx")) {
                return Some(text);
            }
        }
        None
    }

    /// The metadata, in the order of the header; a key may come twice.
    pub(super) const fn metadata(&self) -> Pairs<'a> {
        let (at, first) = match self.metadata {
            Some(at) => (at + 1, true),
            None => (self.text.len(), false),
        };
        Pairs { lexer: Lexer { text: self.text, at }, first }
    }

    /// This header over another copy of the same text.
    #[cfg(feature = "std")]
    pub(super) const fn over<'b>(&self, text: &'b [u8]) -> Header<'b> {
        Header { text, ..*self }
    }

    const fn items(&self) -> Items<'a> {
        Items { lexer: Lexer { text: self.text, at: 1 }, first: true, data: self.data }
    }
}

/// The entries of a header: an iterator that constants can use too.
#[derive(Debug, Clone)]
pub(super) struct Entries<'a> {
    items: Items<'a>,
}

impl<'a> Entries<'a> {
    /// [`Iterator::next`] for constants.
    pub(super) const fn next_entry(&mut self) -> Option<Entry<'a>> {
        loop {
            // The header was read once before, by `Header::parse`.
            match self.items.next() {
                Ok(Some(Item::Tensor(entry))) => return Some(entry),
                Ok(Some(Item::Metadata { .. })) => {}
                Ok(None) | Err(_) => return None,
            }
        }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        self.next_entry()
    }
}

/// The keys and texts of a header's metadata: an iterator that constants can use too.
#[derive(Debug, Clone)]
pub(super) struct Pairs<'a> {
    lexer: Lexer<'a>,
    first: bool,
}

impl<'a> Pairs<'a> {
    /// [`Iterator::next`] for constants.
    pub(super) const fn next_pair(&mut self) -> Option<(JsonStr<'a>, JsonStr<'a>)> {
        match self.read() {
            Ok(pair) => pair,
            Err(_) => None,
        }
    }

    const fn read(&mut self) -> Result<Option<(JsonStr<'a>, JsonStr<'a>)>, JsonError> {
        if !tri!(self.lexer.more(self.first, b'}')) {
            return Ok(None);
        }
        self.first = false;
        let key = tri!(self.lexer.key());
        Ok(Some((key, tri!(self.lexer.string()))))
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (JsonStr<'a>, JsonStr<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.next_pair()
    }
}

/// What the header's object is made of.
#[derive(Debug, Clone, Copy)]
enum Item<'a> {
    /// `__metadata__`: where the key and where the object stand.
    Metadata {
        key: usize,
        value: usize,
    },
    Tensor(Entry<'a>),
}

/// A walk through the header's object: every item is checked as it is read.
#[derive(Debug, Clone)]
struct Items<'a> {
    lexer: Lexer<'a>,
    first: bool,
    data: u64,
}

impl<'a> Items<'a> {
    const fn next(&mut self) -> Result<Option<Item<'a>>, HeaderError> {
        if !tri!(lift(self.lexer.more(self.first, b'}'))) {
            return Ok(None);
        }
        self.first = false;
        let name = tri!(lift(self.lexer.key()));
        if !matches!(Key::of(name), Key::Metadata) {
            return Ok(Some(Item::Tensor(tri!(self.entry(name)))));
        }
        self.lexer.space();
        let value = self.lexer.at;
        tri!(lift(self.lexer.expect(b'{', "an object of strings")));
        let mut pairs = Pairs { lexer: self.lexer, first: true };
        while tri!(lift(pairs.read())).is_some() {}
        self.lexer = pairs.lexer;
        Ok(Some(Item::Metadata { key: name.at, value }))
    }

    const fn entry(&mut self, name: JsonStr<'a>) -> Result<Entry<'a>, HeaderError> {
        let (mut dtype, mut shape, mut offsets) = (None, None, None);
        tri!(lift(self.lexer.expect(b'{', "an object with `dtype`, `shape` and `data_offsets`")));
        let mut first = true;
        while tri!(lift(self.lexer.more(first, b'}'))) {
            first = false;
            let field = tri!(lift(self.lexer.key()));
            let at = field.at;
            match Key::of(field) {
                Key::Dtype if dtype.is_none() => {
                    let found = tri!(lift(self.lexer.string()));
                    dtype = Dtype::named(found);
                    if dtype.is_none() {
                        let (tensor, found) = (Label::new(name.raw()), Label::new(found.raw()));
                        return Err(HeaderError::UnknownDtype { tensor, found });
                    }
                }
                Key::Shape if shape.is_none() => shape = Some(tri!(lift(self.sizes()))),
                Key::DataOffsets if offsets.is_none() => offsets = Some(tri!(lift(self.offsets()))),
                Key::Dtype => return Err(HeaderError::Twice { key: "dtype", at }),
                Key::Shape => return Err(HeaderError::Twice { key: "shape", at }),
                Key::DataOffsets => return Err(HeaderError::Twice { key: "data_offsets", at }),
                Key::Metadata | Key::Other => tri!(lift(self.lexer.skip())),
            }
        }
        let Some(dtype) = dtype else {
            return Err(HeaderError::FieldMissing { tensor: Label::new(name.raw()), field: "dtype" });
        };
        let Some((shape, count)) = shape else {
            return Err(HeaderError::FieldMissing { tensor: Label::new(name.raw()), field: "shape" });
        };
        let Some((begin, end)) = offsets else {
            return Err(HeaderError::FieldMissing { tensor: Label::new(name.raw()), field: "data_offsets" });
        };

        let bits = match count {
            Some(count) => count.checked_mul(dtype.bits()),
            None => None,
        };
        match bits {
            Some(bits) if bits % 8 == 0 && begin <= end && end <= self.data && end - begin == bits / 8 => {
                Ok(Entry { name, dtype, shape, begin, end })
            }
            _ => Err(self.inconsistent(Label::new(name.raw()), bits, begin, end)),
        }
    }

    /// Why `bits` of values do not lie at `begin..end`.
    const fn inconsistent(&self, tensor: Label, bits: Option<u64>, begin: u64, end: u64) -> HeaderError {
        match bits {
            None => HeaderError::SizeOverflow { tensor },
            Some(bits) if bits % 8 != 0 => HeaderError::SplitByte { tensor, bits },
            Some(_) if begin > end || end > self.data => {
                HeaderError::Offsets { tensor, begin, end, data: self.data }
            }
            Some(bits) => HeaderError::Size { tensor, expected: bits / 8, found: end - begin },
        }
    }

    /// Reads a list of sizes; returns it and the product of the sizes if that is a number of 64 bits.
    const fn sizes(&mut self) -> Result<(Sizes<'a>, Option<u64>), JsonError> {
        tri!(self.lexer.expect(b'[', "a list of sizes"));
        let sizes = Sizes { lexer: self.lexer, first: true };
        let mut product = Some(1);
        let mut first = true;
        while tri!(self.lexer.more(first, b']')) {
            first = false;
            let size = tri!(self.lexer.integer());
            product = match product {
                Some(product) => u64::checked_mul(product, size),
                None => None,
            };
        }
        Ok((sizes, product))
    }

    const fn offsets(&mut self) -> Result<(u64, u64), JsonError> {
        tri!(self.lexer.expect(b'[', "a list of two offsets"));
        let begin = tri!(self.lexer.integer());
        tri!(self.lexer.expect(b',', "`,`"));
        let end = tri!(self.lexer.integer());
        tri!(self.lexer.expect(b']', "`]`"));
        Ok((begin, end))
    }
}

const fn lift<T: Copy>(result: Result<T, JsonError>) -> Result<T, HeaderError> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(HeaderError::Json(error)),
    }
}
