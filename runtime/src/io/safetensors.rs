//! Safetensors files: written canonically and atomically, read strictly.
//!
//! Equal tensors and metadata give equal bytes, on every platform and in every run: tensors in the order given, metadata
//! sorted by key, no white space but the padding that lets the data begin at a multiple of 64 bytes. A failed save leaves the
//! earlier file whole. A failed load leaves the model unchanged. Values that are NaN or infinite are errors in both directions
//! unless [`NonFinite::Accept`] is asked for.
//!
//! Reading allocates the file's bytes and an index of four bytes for each tensor; nothing is allocated on a header's word.

use core::fmt;
use std::collections::BTreeMap;
use std::fs::File as Handle;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::header::{self, Dtype, Entry, Header, HeaderError, MAX_HEADER, PREFIX};
use super::json::JsonStr;
use super::label::Label;
use super::replace::{self, Step, replace};
use crate::brief::{Brief, brief_debug};
use crate::schema::{LayerInfo, TensorPlace, Tensors, block_len};

/// The data of a file begins at a multiple of this, in bytes.
const ALIGNMENT: usize = 64;

/// Text that goes with the tensors, by key.
///
/// ```
/// use typenet_runtime::io::safetensors::{Metadata, read, write};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("notes.safetensors");
/// let notes = Metadata::from([("task".to_owned(), "digits".to_owned())]);
/// write(&path, &[], &notes)?;
/// assert_eq!(read(&path)?.metadata(), notes);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Metadata = BTreeMap<String, String>;

/// What to do with values that are NaN or infinite.
///
/// ```
/// use typenet_runtime::io::safetensors::{Metadata, NonFinite, Tensor, read_with, write, write_with};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("scores.safetensors");
/// let scores = Tensor { name: "scores".to_owned(), shape: &[2], values: &[1.0, f32::INFINITY] };
/// assert!(write(&path, std::slice::from_ref(&scores), &Metadata::new()).is_err());
/// write_with(&path, &[scores], &Metadata::new(), NonFinite::Accept)?;
/// assert_eq!(read_with(&path, NonFinite::Accept)?.values("scores")?, [1.0, f32::INFINITY]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NonFinite {
    /// They are an error.
    #[default]
    Reject,
    /// They are values like any other.
    Accept,
}

/// In which order a file keeps the two sizes of a weight. A file does not say it, and where a weight is square its shape does not
/// either.
///
/// ```
/// use typenet_runtime::io::safetensors::Layout;
///
/// assert_eq!(Layout::default(), Layout::InOut);
/// assert_ne!(Layout::InOut, Layout::OutIn);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// `[inputs, outputs]`, as this library, Keras and Flax keep it.
    #[default]
    InOut,
    /// `[outputs, inputs]`, as PyTorch's `Linear`, candle, dfdx and MLX keep it: turned as it is read.
    OutIn,
}

/// How to read a file that another library wrote: the layout of its weights, and what it calls the layers.
///
/// Every tensor of two sizes is a weight; others are read as they are. By default the layout is not stated, which is
/// [`Layout::InOut`], but refused by files that say they are PyTorch's or MLX's (`format` in their metadata).
///
/// ```
/// use typenet::io::safetensors::{Import, Layout, Metadata, Tensor, write};
/// use typenet::prelude::*;
///
/// model! { Mlp < Dense(2 => 3, relu), logits: Dense(3 => 1) > }
///
/// // What `torch.nn.Sequential(Linear(2, 3), ReLU(), Linear(3, 1))` saves.
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("torch.safetensors");
/// let tensor = |name: &str, shape, values| Tensor { name: name.to_owned(), shape, values };
/// let tensors = [
///     tensor("0.bias", &[3], &[0.0; 3]),
///     tensor("0.weight", &[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
///     tensor("2.bias", &[1], &[0.5]),
///     tensor("2.weight", &[1, 3], &[7.0, 8.0, 9.0]),
/// ];
/// write(&path, &tensors, &Metadata::from([("format".to_owned(), "pt".to_owned())]))?;
///
/// let import = Import::new(Layout::OutIn).layer("dense_1", "0").layer("logits", "2");
/// let model = Mlp::load_with(&path, &import)?;
/// assert_eq!(model.dense_1().weight(), &[[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Import {
    layout: Option<Layout>,
    /// The model's name of a layer, and the file's.
    layers: Vec<(String, String)>,
}

impl Import {
    /// A file whose weights have this layout.
    pub fn new(layout: Layout) -> Self {
        Self { layout: Some(layout), layers: Vec::new() }
    }

    /// The model's layer `layer` is called `name` in the file: `dense_1` of the model, `0` or `fc1` in PyTorch's file, whose
    /// tensors are `0.weight` and `0.bias`. An inner model's layers follow it: `encoder.dense_1`.
    pub fn layer(mut self, layer: impl Into<String>, name: impl Into<String>) -> Self {
        self.layers.push((layer.into(), name.into()));
        self
    }

    /// What the file calls the tensor.
    fn name_of(&self, place: &TensorPlace) -> String {
        let path = place.path.to_string();
        let within = |layer: &str| path.strip_prefix(layer).filter(|rest| rest.starts_with('.'));
        let renamed = self.layers.iter().filter_map(|(layer, name)| Some((layer, name, within(layer)?)));
        match renamed.max_by_key(|(layer, ..)| layer.len()) {
            Some((_, name, rest)) => format!("{name}{rest}"),
            None => path,
        }
    }
}

/// A tensor to be written.
///
/// ```
/// use typenet_runtime::io::safetensors::{Metadata, Tensor, read, write};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("table.safetensors");
/// let table = Tensor { name: "table".to_owned(), shape: &[2, 3], values: &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
/// write(&path, &[table], &Metadata::new())?;
/// assert_eq!(read(&path)?.get("table").unwrap().shape(), [2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Tensor<'a> {
    /// Full name: `dense_1.weight`.
    pub name: String,
    /// Sizes, outermost first.
    pub shape: &'a [usize],
    /// Values, row-major.
    pub values: &'a [f32],
}

brief_debug!(Tensor<'_> { name, shape, [values] });

/// Why a file was not written. The earlier file, if there was one, is whole.
///
/// ```
/// use typenet_runtime::io::safetensors::{Metadata, SaveError, Tensor, write};
///
/// let weight = Tensor { name: "weight".to_owned(), shape: &[2], values: &[1.0, f32::NAN] };
/// let error = write("weights.safetensors", &[weight], &Metadata::new()).unwrap_err();
/// assert!(matches!(error, SaveError::NonFinite { index: 1, .. }));
/// assert_eq!(error.to_string(), "weights.safetensors: value 1 of `weight` is NaN, but should be finite");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// A file operation failed.
    #[error("{}: {step}: {source}", path.display())]
    Io {
        /// The file to be written.
        path: PathBuf,
        /// What failed.
        step: Step,
        /// The system's error.
        source: io::Error,
    },
    /// Two tensors have the same name.
    #[error("{}: two tensors are named `{name}`, but each should have a name of its own", path.display())]
    DuplicateName {
        /// The file to be written.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// A tensor is named `__metadata__`, which the format reserves.
    #[error("{}: a tensor is named `__metadata__`, which the format reserves", path.display())]
    ReservedName {
        /// The file to be written.
        path: PathBuf,
    },
    /// A tensor has another number of values than its shape asks for.
    #[error("{}: `{name}` of shape {shape:?} has {found} values", path.display())]
    Length {
        /// The file to be written.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Number of its values.
        found: usize,
    },
    /// A value is NaN or infinite.
    #[error("{}: value {index} of `{name}` is {value}, but should be finite", path.display())]
    NonFinite {
        /// The file to be written.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Index of the value in the tensor.
        index: usize,
        /// The value.
        value: f32,
    },
    /// Names, shapes and metadata do not fit into the longest header that readers accept.
    #[error("{}: the header would have {found} bytes, but may have at most {MAX_HEADER}", path.display())]
    HeaderTooLong {
        /// The file to be written.
        path: PathBuf,
        /// Bytes of the header.
        found: usize,
    },
}

impl SaveError {
    pub(crate) fn io(path: &Path, (step, source): (Step, io::Error)) -> Self {
        Self::Io { path: path.to_owned(), step, source }
    }
}

/// Why a file was not read, or does not fit a model.
///
/// ```
/// use typenet_runtime::io::safetensors::{Metadata, Tensor, read, write};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("weights.safetensors");
/// write(&path, &[Tensor { name: "weight".to_owned(), shape: &[1], values: &[1.0] }], &Metadata::new())?;
/// let error = read(&path)?.values("bias").unwrap_err();
/// assert!(error.to_string().ends_with(": `bias` is not in the file, which has `weight`"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A file operation failed.
    #[error("{}: cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file is not a valid safetensors file.
    #[error("{}: not a valid safetensors file: {error}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: Box<HeaderError>,
    },
    /// A tensor that is asked for is not in the file.
    #[error("{}: `{name}` is not in the file, which has {}", path.display(), list(found))]
    Missing {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The file's tensors, sorted by name.
        found: Vec<String>,
    },
    /// The file has a tensor that the model does not declare.
    #[error("{}: `{name}` is in the file, but `{model}` does not declare it", path.display())]
    Surplus {
        /// The file.
        path: PathBuf,
        /// The model.
        model: String,
        /// The tensor.
        name: String,
    },
    /// A tensor is of another type than expected.
    #[error("{}: `{name}` has type {found} in the file, but should have F32", path.display())]
    Type {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its type in the file.
        found: Dtype,
    },
    /// A tensor has another shape than the model declares.
    #[error(
        "{}: `{name}` has shape {found:?} in the file, but `{model}` declares {expected:?}{}",
        path.display(),
        layout_note(expected, found)
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// The model.
        model: String,
        /// The tensor.
        name: String,
        /// The shape that the model declares.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<u64>,
    },
    /// A weight of a file read with [`Layout::OutIn`] has not the model's two sizes in that order.
    #[error(
        "{}: `{name}` has shape {found:?} in the file, but `{model}` declares {expected:?} as [inputs, outputs], and `Layout::OutIn` expects [outputs, inputs]",
        path.display()
    )]
    OutInShape {
        /// The file.
        path: PathBuf,
        /// The model.
        model: String,
        /// The weight.
        name: String,
        /// The shape that the model declares.
        expected: [usize; 2],
        /// The shape in the file.
        found: Vec<u64>,
    },
    /// A weight comes from a library that keeps weights as `[outputs, inputs]`, and no layout is stated.
    #[error(
        "{}: the metadata say `format: {format}`, whose weights are [outputs, inputs], but those of `{model}` are [inputs, outputs]: `{name}` would be transposed; expected `load_with` and an `Import` that states the layout",
        path.display()
    )]
    Layout {
        /// The file.
        path: PathBuf,
        /// The model.
        model: String,
        /// The first weight.
        name: String,
        /// What the metadata say.
        format: String,
    },
    /// A layer that is to have another name in the file is none of the model's.
    #[error("{}: `{model}` has no layer `{layer}` with tensors, it has the tensors {}", path.display(), list(known))]
    Layer {
        /// The file.
        path: PathBuf,
        /// The model.
        model: String,
        /// The layer.
        layer: String,
        /// The model's tensors.
        known: Vec<String>,
    },
    /// A value is NaN or infinite.
    #[error("{}: value {index} of `{name}` is {value}, but should be finite", path.display())]
    NonFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Index of the value in the tensor.
        index: usize,
        /// The value.
        value: f32,
    },
}

/// What to do if the sizes are the right ones in the other order.
fn layout_note(expected: &[usize], found: &[u64]) -> &'static str {
    match expected {
        [_, _] if expected.iter().rev().map(|&size| size as u64).eq(found.iter().copied()) => {
            " as [inputs, outputs]; it looks like PyTorch's [outputs, inputs], which `load_with` and `Layout::OutIn` read"
        }
        _ => "",
    }
}

fn list(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut text = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => text.push_str("no tensors"),
        len if len > SHOWN => text.push_str(&format!(" and {} more", len - SHOWN)),
        _ => {}
    }
    text
}

/// Whether a file can be written at `path`, or replaced, found out before the work whose result it will hold.
///
/// A missing folder is created, as saving does. The file itself is not touched. What cannot be known before, such as whether the
/// disk will be full, is left to the saving.
///
/// ```
/// use typenet_runtime::io::check_replaceable;
///
/// let folder = tempfile::tempdir()?;
/// check_replaceable(folder.path().join("run/weights.safetensors"))?;
/// let error = check_replaceable(folder.path().join("run")).unwrap_err().to_string();
/// assert!(error.ends_with("the file that stands there cannot be replaced: it is not a regular file"), "{error}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SaveError::Io`], as from saving there.
pub fn check_replaceable(path: impl AsRef<Path>) -> Result<(), SaveError> {
    let path = path.as_ref();
    replace::check(path).map_err(|error| SaveError::io(path, error))
}

/// Writes tensors and metadata to a file that then stands at `path` whole, or not at all; a missing folder is created.
///
/// ```
/// use typenet_runtime::io::safetensors::{Metadata, Tensor, read, write};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("weights.safetensors");
/// let weight = Tensor { name: "weight".to_owned(), shape: &[2], values: &[0.5, -0.5] };
/// write(&path, &[weight], &Metadata::new())?;
/// assert_eq!(read(&path)?.values("weight")?, [0.5, -0.5]);
/// // Two values behind a header that ends at a multiple of 64 bytes.
/// assert_eq!(std::fs::metadata(&path)?.len() % 64, 8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SaveError`]: values that are NaN or infinite, names that come twice, shapes that do not fit, a file that cannot be
/// written.
pub fn write(path: impl AsRef<Path>, tensors: &[Tensor<'_>], metadata: &Metadata) -> Result<(), SaveError> {
    write_with(path, tensors, metadata, NonFinite::Reject)
}

/// [`write()`], with a choice about values that are NaN or infinite.
///
/// ```
/// use typenet_runtime::io::safetensors::{Metadata, NonFinite, Tensor, read, write_with};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("broken.safetensors");
/// let weight = Tensor { name: "weight".to_owned(), shape: &[1], values: &[f32::NAN] };
/// write_with(&path, &[weight], &Metadata::new(), NonFinite::Accept)?;
/// assert!(read(&path).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`write()`].
pub fn write_with(
    path: impl AsRef<Path>,
    tensors: &[Tensor<'_>],
    metadata: &Metadata,
    non_finite: NonFinite,
) -> Result<(), SaveError> {
    let path = path.as_ref();
    let header = header_of(path, tensors, metadata)?;
    if non_finite == NonFinite::Reject {
        for tensor in tensors {
            if let Some(index) = tensor.values.iter().position(|value| !value.is_finite()) {
                let (name, value) = (tensor.name.clone(), tensor.values[index]);
                return Err(SaveError::NonFinite { path: path.to_owned(), name, index, value });
            }
        }
    }
    let content = |file: &mut dyn Write| {
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        tensors.iter().try_for_each(|tensor| write_values(file, tensor.values))
    };
    replace(path, content).map_err(|error| SaveError::io(path, error))
}

fn write_values(file: &mut dyn Write, values: &[f32]) -> io::Result<()> {
    if cfg!(target_endian = "little") {
        return file.write_all(bytemuck::cast_slice(values));
    }
    values.iter().try_for_each(|value| file.write_all(&value.to_le_bytes()))
}

/// The JSON text, padded.
fn header_of(path: &Path, tensors: &[Tensor<'_>], metadata: &Metadata) -> Result<String, SaveError> {
    let mut names: Vec<&str> = tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(SaveError::DuplicateName { path: path.to_owned(), name: pair[0].to_owned() });
    }
    if names.binary_search(&"__metadata__").is_ok() {
        return Err(SaveError::ReservedName { path: path.to_owned() });
    }

    let mut json = String::from("{");
    if !metadata.is_empty() {
        json.push_str("\"__metadata__\":{");
        for (i, (key, text)) in metadata.iter().enumerate() {
            push_separator(&mut json, i);
            push_string(&mut json, key);
            json.push(':');
            push_string(&mut json, text);
        }
        json.push_str(if tensors.is_empty() { "}" } else { "}," });
    }
    let mut begin = 0;
    for (i, tensor) in tensors.iter().enumerate() {
        let len = tensor.shape.iter().try_fold(1usize, |len, &size| len.checked_mul(size));
        if len != Some(tensor.values.len()) {
            let (name, shape) = (tensor.name.clone(), tensor.shape.to_vec());
            return Err(SaveError::Length { path: path.to_owned(), name, shape, found: tensor.values.len() });
        }
        push_separator(&mut json, i);
        push_string(&mut json, &tensor.name);
        json.push_str(":{\"dtype\":\"F32\",\"shape\":[");
        for (k, size) in tensor.shape.iter().enumerate() {
            push_separator(&mut json, k);
            json.push_str(&size.to_string());
        }
        let end = begin + size_of_val(tensor.values);
        json.push_str(&format!("],\"data_offsets\":[{begin},{end}]}}"));
        begin = end;
    }
    json.push('}');
    let padded = (PREFIX + json.len()).next_multiple_of(ALIGNMENT) - PREFIX;
    if padded as u64 > MAX_HEADER {
        return Err(SaveError::HeaderTooLong { path: path.to_owned(), found: padded });
    }
    json.extend(std::iter::repeat_n(' ', padded - json.len()));
    Ok(json)
}

fn push_separator(json: &mut String, index: usize) {
    if index > 0 {
        json.push(',');
    }
}

fn push_string(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\t' => json.push_str("\\t"),
            '\r' => json.push_str("\\r"),
            '\0'..' ' => json.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => json.push(character),
        }
    }
    json.push('"');
}

/// Reads a file.
///
/// ```
/// use typenet_runtime::io::safetensors::{Metadata, Tensor, read, write};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("weights.safetensors");
/// write(&path, &[Tensor { name: "bias".to_owned(), shape: &[1], values: &[0.5] }], &Metadata::new())?;
/// let file = read(&path)?;
/// assert_eq!(file.tensors().map(|tensor| tensor.name()).collect::<Vec<_>>(), ["bias"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`LoadError`]: a file that cannot be read, is not a valid safetensors file, or has values that are NaN or infinite.
pub fn read(path: impl AsRef<Path>) -> Result<File, LoadError> {
    read_with(path, NonFinite::Reject)
}

/// [`read`], with a choice about values that are NaN or infinite.
///
/// ```
/// use typenet_runtime::io::safetensors::{LoadError, Metadata, NonFinite, Tensor, read, read_with, write_with};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("broken.safetensors");
/// let weight = Tensor { name: "weight".to_owned(), shape: &[1], values: &[f32::NAN] };
/// write_with(&path, &[weight], &Metadata::new(), NonFinite::Accept)?;
/// assert!(matches!(read(&path), Err(LoadError::NonFinite { index: 0, .. })));
/// assert!(read_with(&path, NonFinite::Accept)?.values("weight")?[0].is_nan());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`read`].
pub fn read_with(path: impl AsRef<Path>, non_finite: NonFinite) -> Result<File, LoadError> {
    let path = path.as_ref();
    let failed = |source| LoadError::Io { path: path.to_owned(), source };
    let mut handle = Handle::open(path).map_err(failed)?;
    let len = handle.metadata().map_err(failed)?.len();
    let file = read_from(&mut handle, len).map_err(|error| match error {
        ReadError::Io(source) => failed(source),
        ReadError::Header(error) => LoadError::Header { path: path.to_owned(), error: Box::new(error) },
    })?;
    let file = File { path: path.to_owned(), ..file };
    if non_finite == NonFinite::Reject {
        for tensor in file.tensors().filter(|tensor| tensor.dtype == Dtype::F32) {
            if let Some((index, value)) = tensor.values().enumerate().find(|(_, value)| !value.is_finite()) {
                return Err(LoadError::NonFinite {
                    path: file.path.clone(),
                    name: tensor.name(),
                    index,
                    value,
                });
            }
        }
    }
    Ok(file)
}

enum ReadError {
    Io(io::Error),
    Header(HeaderError),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<HeaderError> for ReadError {
    fn from(error: HeaderError) -> Self {
        Self::Header(error)
    }
}

/// Reads a file of `len` bytes; its data only after its header was found right.
fn read_from(source: &mut dyn Read, len: u64) -> Result<File, ReadError> {
    let mut prefix = [0; PREFIX];
    if len < PREFIX as u64 {
        return Err(HeaderError::TooShort { file: len }.into());
    }
    source.read_exact(&mut prefix)?;
    let header_len = header::header_len(prefix, len)?;
    let text = read_exactly(source, header_len)?;
    let data_len = len - (PREFIX + header_len) as u64;
    let header = Header::parse(&text, data_len, &mut [])?;
    let (index, header) = (index(&header)?, header.over(&[]));
    let data_len = usize::try_from(data_len).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    let data = read_exactly(source, data_len)?;
    Ok(File { path: PathBuf::new(), text, header, data, index })
}

fn read_exactly(source: &mut dyn Read, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
    bytes.resize(len, 0);
    source.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Where the tensors' names begin in the header, sorted by name; checks what [`Header::parse`] leaves to its caller.
fn index(header: &Header<'_>) -> Result<Box<[u32]>, HeaderError> {
    // A header is shorter than 2^32 bytes.
    let mut index: Box<[u32]> = header.entries().map(|entry| entry.name.at as u32).collect();
    if !header.in_order() {
        index.sort_unstable_by_key(|&at| {
            let Entry { begin, end, .. } = entry(header, at);
            (begin, end)
        });
        let mut end = 0;
        for &at in &index {
            let next = entry(header, at);
            if next.begin != end {
                return Err(HeaderError::Gap { tensor: next.label(), expected: end, found: next.begin });
            }
            end = next.end;
        }
    }
    if let Some(tensor) = sort_by_text(header, &mut index) {
        return Err(HeaderError::DuplicateTensor { tensor });
    }
    let mut keys: Box<[u32]> = header.metadata().map(|(key, _)| key.at as u32).collect();
    match sort_by_text(header, &mut keys) {
        Some(key) => Err(HeaderError::DuplicateMetadata { key }),
        None => Ok(index),
    }
}

/// Sorts strings of the header, given by where they begin; returns one that comes twice.
fn sort_by_text(header: &Header<'_>, places: &mut [u32]) -> Option<Label> {
    places.sort_unstable_by(|&a, &b| string(header, a).bytes().cmp(string(header, b).bytes()));
    let twice = |pair: &&[u32]| string(header, pair[0]).bytes().eq(string(header, pair[1]).bytes());
    places.windows(2).find(twice).map(|pair| Label::new(string(header, pair[1]).raw()))
}

fn string<'a>(header: &Header<'a>, at: u32) -> JsonStr<'a> {
    header.string_at(at as usize).expect("an index holds places of strings")
}

fn entry<'a>(header: &Header<'a>, at: u32) -> Entry<'a> {
    header.entry_at(at as usize).expect("an index holds places of entries")
}

/// A file that was read and is a valid safetensors file.
///
/// ```
/// use typenet_runtime::io::safetensors::{Metadata, Tensor, read, write};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("weights.safetensors");
/// let tensors = [
///     Tensor { name: "weight".to_owned(), shape: &[2, 1], values: &[3.0, 4.0] },
///     Tensor { name: "bias".to_owned(), shape: &[1], values: &[0.5] },
/// ];
/// write(&path, &tensors, &Metadata::from([("task".to_owned(), "xor".to_owned())]))?;
///
/// let file = read(&path)?;
/// assert_eq!(file.path(), path);
/// assert_eq!(file.metadata()["task"], "xor");
/// assert_eq!(file.tensors().map(|tensor| tensor.name()).collect::<Vec<_>>(), ["bias", "weight"]);
/// assert_eq!(file.values("weight")?, [3.0, 4.0]);
/// assert!(file.get("momentum").is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct File {
    path: PathBuf,
    text: Vec<u8>,
    /// The header over no text; see [`File::header`].
    header: Header<'static>,
    data: Vec<u8>,
    /// Where the name of every tensor begins in `text`, sorted by name.
    index: Box<[u32]>,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("path", &self.path)
            .field("tensors", &self.index.len())
            .field("bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}

/// A tensor of a [`File`].
///
/// ```
/// use typenet_runtime::io::Dtype;
/// use typenet_runtime::io::safetensors::{Metadata, Tensor, read, write};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("weights.safetensors");
/// write(&path, &[Tensor { name: "weight".to_owned(), shape: &[2, 1], values: &[1.0, 0.0] }], &Metadata::new())?;
/// let file = read(&path)?;
/// let weight = file.get("weight").unwrap();
/// assert_eq!((weight.name(), weight.shape(), weight.dtype), ("weight".to_owned(), vec![2, 1], Dtype::F32));
/// assert_eq!(weight.bytes, [0, 0, 0x80, 0x3f, 0, 0, 0, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct View<'a> {
    name: JsonStr<'a>,
    shape: header::Sizes<'a>,
    /// The type of its values.
    pub dtype: Dtype,
    /// Its bytes: values little-endian, row-major.
    pub bytes: &'a [u8],
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("name", &self.name())
            .field("shape", &self.shape())
            .field("dtype", &self.dtype)
            .field("bytes", &Brief(self.bytes))
            .finish()
    }
}

impl<'a> View<'a> {
    /// Full name.
    pub fn name(&self) -> String {
        decode(self.name)
    }

    /// Sizes, outermost first.
    pub fn shape(&self) -> Vec<u64> {
        self.shape.collect()
    }

    /// The values of a tensor of type F32; of another type, what its bytes would be as F32.
    fn values(&self) -> impl Iterator<Item = f32> + 'a {
        self.bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes))
    }
}

fn decode(text: JsonStr<'_>) -> String {
    String::from_utf8(text.bytes().collect()).expect("the header was found to be UTF-8")
}

impl File {
    /// The file's path, as it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The metadata.
    pub fn metadata(&self) -> Metadata {
        self.header().metadata().map(|(key, text)| (decode(key), decode(text))).collect()
    }

    /// Every tensor, sorted by name.
    pub fn tensors(&self) -> impl ExactSizeIterator<Item = View<'_>> {
        let header = self.header();
        self.index.iter().map(move |&at| self.view(&header, at))
    }

    /// The tensor of this name.
    pub fn get(&self, name: &str) -> Option<View<'_>> {
        let header = self.header();
        let found = self.index.binary_search_by(|&at| string(&header, at).bytes().cmp(name.bytes()));
        found.ok().map(|i| self.view(&header, self.index[i]))
    }

    /// The values of the F32 tensor of this name.
    ///
    /// # Errors
    /// [`LoadError::Missing`], [`LoadError::Type`].
    pub fn values(&self, name: &str) -> Result<Vec<f32>, LoadError> {
        Ok(self.float(name)?.values().collect())
    }

    /// Copies every tensor of a model's layers, found under `prefix` followed by the tensor's name, into the model's block.
    /// What else the file holds is not looked at. A block as long as the parameters alone receives them alone.
    ///
    /// ```
    /// use typenet_runtime::io::safetensors::{Metadata, block_tensors, read, write};
    /// use typenet_runtime::layers::Dense;
    /// use typenet_runtime::schema::LayerInfo;
    /// use typenet_runtime::typenum::{U1, U2};
    ///
    /// let layers = [LayerInfo::of::<Dense<U2, U1>>("dense_1")];
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("two.safetensors");
    /// let mut tensors = block_tensors("old.", &layers, &[1.0, 2.0, 3.0]);
    /// tensors.extend(block_tensors("new.", &layers, &[4.0, 5.0, 6.0]));
    /// write(&path, &tensors, &Metadata::new())?;
    ///
    /// let mut block = [0.0; 3];
    /// read(&path)?.copy_block("new.", "Model", &layers, &mut block)?;
    /// assert_eq!(block, [4.0, 5.0, 6.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`LoadError::Missing`], [`LoadError::Type`], [`LoadError::Shape`], [`LoadError::Layout`]; then the block is as it was.
    ///
    /// # Panics
    /// If `block` is not as long as the layers ask for.
    #[track_caller]
    pub fn copy_block(
        &self,
        prefix: &str,
        model: &str,
        layers: &[LayerInfo],
        block: &mut [f32],
    ) -> Result<(), LoadError> {
        self.import_block(prefix, model, layers, block, &Import::default())
    }

    /// As [`copy_block`](Self::copy_block), of a file that another library wrote.
    #[track_caller]
    pub(crate) fn import_block(
        &self,
        prefix: &str,
        model: &str,
        layers: &[LayerInfo],
        block: &mut [f32],
        import: &Import,
    ) -> Result<(), LoadError> {
        let places = places(layers, block.len());
        let tensors = self.matching(prefix, model, &places, import)?;
        for (place, tensor) in places.iter().zip(tensors) {
            let to = &mut block[place.range()];
            match *place.shape {
                [inputs, outputs] if import.layout == Some(Layout::OutIn) => {
                    for (k, value) in tensor.values().enumerate() {
                        to[k % inputs * outputs + k / inputs] = value;
                    }
                }
                _ => to.iter_mut().zip(tensor.values()).for_each(|(to, value)| *to = value),
            }
        }
        Ok(())
    }

    /// The tensors at `places`, each of the right type and shape.
    fn matching(
        &self,
        prefix: &str,
        model: &str,
        places: &[TensorPlace],
        import: &Import,
    ) -> Result<Vec<View<'_>>, LoadError> {
        let (path, owned) = (|| self.path.clone(), || model.to_owned());
        let layout = import.layout.unwrap_or_default();
        let foreign = import.layout.is_none().then(|| self.header().out_in_format()).flatten().map(decode);
        let matching = |place: &TensorPlace| {
            let name = format!("{prefix}{}", import.name_of(place));
            let tensor = self.float(&name)?;
            match *place.shape {
                [inputs, outputs] if layout == Layout::OutIn => {
                    if !tensor.shape.are(&[outputs, inputs]) {
                        let (expected, found) = ([inputs, outputs], tensor.shape());
                        return Err(LoadError::OutInShape {
                            path: path(),
                            model: owned(),
                            name,
                            expected,
                            found,
                        });
                    }
                }
                _ if tensor.shape.are(place.shape) => {}
                _ => {
                    let (expected, found) = (place.shape.to_vec(), tensor.shape());
                    return Err(LoadError::Shape { path: path(), model: owned(), name, expected, found });
                }
            }
            match &foreign {
                Some(format) if place.shape.len() == 2 => {
                    Err(LoadError::Layout { path: path(), model: owned(), name, format: format.clone() })
                }
                _ => Ok(tensor),
            }
        };
        places.iter().map(matching).collect()
    }

    /// Checks that the file holds the tensors of a model's layers and no others.
    ///
    /// ```
    /// use typenet_runtime::io::safetensors::{Metadata, read, save_block};
    /// use typenet_runtime::layers::Dense;
    /// use typenet_runtime::schema::LayerInfo;
    /// use typenet_runtime::typenum::{U1, U2};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("model.safetensors");
    /// save_block(&path, &[LayerInfo::of::<Dense<U2, U1>>("dense_1")], &[3.0, 4.0, 0.5], &Metadata::new())?;
    /// let other = [LayerInfo::of::<Dense<U1, U2>>("dense_1")];
    /// let error = read(&path)?.check_block("Other", &other).unwrap_err();
    /// assert!(
    ///     error.to_string().contains(": `dense_1.weight` has shape [2, 1] in the file, but `Other` declares [1, 2]")
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`LoadError::Missing`], [`LoadError::Type`], [`LoadError::Shape`], [`LoadError::Layout`], [`LoadError::Surplus`].
    pub fn check_block(&self, model: &str, layers: &[LayerInfo]) -> Result<(), LoadError> {
        self.check_import(model, layers, &Import::default())
    }

    /// As [`check_block`](Self::check_block), of a file that another library wrote.
    pub(crate) fn check_import(
        &self,
        model: &str,
        layers: &[LayerInfo],
        import: &Import,
    ) -> Result<(), LoadError> {
        let places = places(layers, block_len(layers));
        let known = || places.iter().map(|place| place.path.to_string());
        let has = |layer: &str| {
            known().any(|name| name.strip_prefix(layer).is_some_and(|rest| rest.starts_with('.')))
        };
        if let Some((layer, _)) = import.layers.iter().find(|(layer, _)| !has(layer)) {
            let (path, model, layer) = (self.path.clone(), model.to_owned(), layer.clone());
            return Err(LoadError::Layer { path, model, layer, known: known().collect() });
        }
        self.matching("", model, &places, import)?;
        let mut declared: Vec<String> = places.iter().map(|place| import.name_of(place)).collect();
        declared.sort_unstable();
        match self.tensors().map(|tensor| tensor.name()).find(|name| declared.binary_search(name).is_err()) {
            Some(name) => Err(LoadError::Surplus { path: self.path.clone(), model: model.to_owned(), name }),
            None => Ok(()),
        }
    }

    fn float(&self, name: &str) -> Result<View<'_>, LoadError> {
        let (path, owned) = (|| self.path.clone(), || name.to_owned());
        let Some(tensor) = self.get(name) else {
            let found = self.tensors().map(|tensor| tensor.name()).collect();
            return Err(LoadError::Missing { path: path(), name: owned(), found });
        };
        match tensor.dtype {
            Dtype::F32 => Ok(tensor),
            found => Err(LoadError::Type { path: path(), name: owned(), found }),
        }
    }

    fn view<'a>(&'a self, header: &Header<'a>, at: u32) -> View<'a> {
        let Entry { name, dtype, shape, begin, end } = entry(header, at);
        View { name, dtype, shape, bytes: &self.data[begin as usize..end as usize] }
    }

    fn header(&self) -> Header<'_> {
        self.header.over(&self.text)
    }
}

/// The tensors that a block of `len` values holds: all of the layers, or their parameters alone.
#[track_caller]
fn places(layers: &[LayerInfo], len: usize) -> Vec<TensorPlace> {
    let parameters: usize = layers.iter().map(LayerInfo::parameter_count).sum();
    assert!(
        len == block_len(layers) || len == parameters,
        "a block of {len} values, but the layers have {} and {parameters} of them are parameters",
        block_len(layers)
    );
    Tensors::of(layers).take_while(|place| place.range().end <= len).collect()
}

/// The tensors of a model's layers, as parts of its block and under names that start with `prefix`; more may be added before
/// they are written. A block as long as the parameters alone, such as an optimizer's moments, gives them alone.
///
/// ```
/// use typenet_runtime::io::safetensors::block_tensors;
/// use typenet_runtime::layers::Dense;
/// use typenet_runtime::schema::LayerInfo;
/// use typenet_runtime::typenum::{U1, U2};
///
/// let layers = [LayerInfo::of::<Dense<U2, U1>>("dense_1")];
/// let tensors = block_tensors("velocity.", &layers, &[3.0, 4.0, 0.5]);
/// assert_eq!(tensors[0].name, "velocity.dense_1.weight");
/// assert_eq!((tensors[1].shape, tensors[1].values), ([1].as_slice(), [0.5].as_slice()));
/// ```
///
/// # Panics
/// If `block` is not as long as the layers ask for.
#[track_caller]
pub fn block_tensors<'a>(prefix: &str, layers: &[LayerInfo], block: &'a [f32]) -> Vec<Tensor<'a>> {
    let tensor = |place: &TensorPlace| Tensor {
        name: format!("{prefix}{}", place.path),
        shape: place.shape,
        values: &block[place.range()],
    };
    places(layers, block.len()).iter().map(tensor).collect()
}

/// Writes a model's block and metadata to a file, as [`write()`] does.
///
/// ```
/// use typenet_runtime::io::safetensors::{Metadata, read, save_block};
/// use typenet_runtime::layers::Dense;
/// use typenet_runtime::schema::LayerInfo;
/// use typenet_runtime::typenum::{U1, U2};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("model.safetensors");
/// let layers = [LayerInfo::of::<Dense<U2, U1>>("dense_1")];
/// save_block(&path, &layers, &[3.0, 4.0, 0.5], &Metadata::new())?;
/// assert_eq!(read(&path)?.values("dense_1.weight")?, [3.0, 4.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`write()`].
///
/// # Panics
/// If `block` is not as long as the layers ask for.
#[track_caller]
pub fn save_block(
    path: impl AsRef<Path>,
    layers: &[LayerInfo],
    block: &[f32],
    metadata: &Metadata,
) -> Result<(), SaveError> {
    write(path, &block_tensors("", layers, block), metadata)
}

/// Reads a model's block from a file that holds the model's tensors and no others; returns the metadata.
///
/// ```
/// use typenet_runtime::io::safetensors::{Metadata, load_block, save_block};
/// use typenet_runtime::layers::Dense;
/// use typenet_runtime::schema::LayerInfo;
/// use typenet_runtime::typenum::{U1, U2};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("model.safetensors");
/// let layers = [LayerInfo::of::<Dense<U2, U1>>("dense_1")];
/// save_block(&path, &layers, &[3.0, 4.0, 0.5], &Metadata::new())?;
///
/// let mut block = [0.0; 3];
/// load_block(&path, "Model", &layers, &mut block)?;
/// assert_eq!(block, [3.0, 4.0, 0.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`read`] and [`File::check_block`]; then the block is as it was.
///
/// # Panics
/// If `block` is not as long as the layers ask for.
#[track_caller]
pub fn load_block(
    path: impl AsRef<Path>,
    model: &str,
    layers: &[LayerInfo],
    block: &mut [f32],
) -> Result<Metadata, LoadError> {
    let file = read(path)?;
    file.check_block(model, layers)?;
    file.copy_block("", model, layers, block)?;
    Ok(file.metadata())
}
