//! Trained weights as constants: a safetensors file, read and checked by the compiler.
//!
//! Everything here runs during compilation; the program that results holds the numbers and nothing else.

use super::header::{Dtype, Entry, Header, HeaderError};
use super::json::{JsonStr, part};
use super::label::Label;
use super::text::Text;
use crate::schema::{LayerInfo, TensorPlace, Tensors};

/// A model with the weights of a safetensors file, in the program's read-only data: a `&'static` reference to it, wherever the
/// call stands.
///
/// ```text
/// static DIGITS: &Mlp = embed!(Mlp, "weights/digits.safetensors");
/// ```
///
/// So does `let digits = embed!(Mlp, "weights/digits.safetensors");` copy nothing, however large the model is; `to_boxed` makes
/// a copy on the heap, to be trained further.
///
/// The path is relative to the file that contains the call, as in [`include_bytes!`]; a changed file rebuilds. Names,
/// types and shapes of all tensors are compared with the model during compilation: a file of another model is a compile
/// error that names the tensor and both shapes. Weights are `[inputs, outputs]`: a file that says it is PyTorch's, whose weights are
/// `[outputs, inputs]`, is refused; `ModelExt::load_with` reads it, and what `save` then writes can be embedded. Each call has
/// numbers of its own, so a model used in several places is a `static` or a `const`.
///
/// Values are not looked at: a file that was saved with NaN in it is embedded with NaN in it.
#[macro_export]
macro_rules! embed {
    ($model:ty, $file:expr $(,)?) => {{
        #[allow(long_running_const_eval)]
        static EMBEDDED: $model = <$model>::__embed(::core::include_bytes!($file));
        &EMBEDDED
    }};
}

/// The most tensors that a file to embed may have.
///
/// ```
/// use typenet_runtime::io::embed::MAX_TENSORS;
///
/// assert_eq!(MAX_TENSORS / 2, 2048, "dense layers with a weight and a bias");
/// ```
pub const MAX_TENSORS: usize = 4096;

/// The block of `model`, whose layers are `layers`, from the bytes of a safetensors file.
///
/// The file must hold exactly the tensors of the model, each as F32 and in its shape, in any order.
///
/// # Panics
/// In a constant, this is a compile error: if the file is not a safetensors file, or if a tensor is missing, surplus, or of
/// another type or shape. The message names the tensor, what the file has and what the model declares.
#[doc(hidden)]
#[track_caller]
pub const fn embed_block<const N: usize>(file: &[u8], model: &str, layers: &[LayerInfo]) -> [f32; N] {
    let mut index = [None; MAX_TENSORS];
    let (header, data) = match Header::of_file(file, &mut index) {
        Ok(header) => header,
        Err(error) => refuse(broken(error)),
    };
    if header.tensors() > MAX_TENSORS {
        refuse(too_many(&header));
    }
    let entries = index.split_at(header.tensors()).0;
    let mut block = [0.0f32; N];
    // SAFETY: the bytes of the `N` values of `block`, which is not used while this slice is; any bytes are an `f32`. A cast of
    // the finished array would do without, but is a copy more in the compiler's memory.
    let bytes = unsafe { core::slice::from_raw_parts_mut(block.as_mut_ptr().cast::<u8>(), 4 * N) };
    let mut run = Run { from: 0, to: 0, len: 0 };
    let mut tensors = Tensors::of(layers);
    let (mut declared, mut next) = (0, 0);
    while let Some(place) = tensors.next_place() {
        let Some((at, entry)) = find(&place, entries, next) else {
            refuse(missing(&place, model, entries));
        };
        if entry.dtype as u8 != Dtype::F32 as u8 {
            refuse(other_type(&place, model, &entry));
        }
        if !entry.shape.are(place.shape) {
            refuse(other_shape(&place, model, &entry));
        }
        if place.shape.len() == 2
            && let Some(format) = header.out_in_format()
        {
            refuse(other_layout(&place, model, format));
        }
        // Tensors that follow each other both in the file and in the block are copied in one go.
        let (from, to, len) = (entry.begin as usize, 4 * place.start, 4 * place.len);
        if from == run.from + run.len && to == run.to + run.len {
            run.len += len;
        } else {
            run.copy(data, bytes);
            run = Run { from, to, len };
        }
        declared += 1;
        next = at + 1;
    }
    run.copy(data, bytes);
    // Every declared tensor was found, each under a name of its own: whatever else the file has is surplus.
    if entries.len() > declared {
        refuse(surplus(model, layers, entries));
    }
    if !header.in_order()
        && let Err(error) = no_gap(entries, header.data_len())
    {
        refuse(broken(error));
    }
    if cfg!(target_endian = "big") {
        let mut i = 0;
        while i < N {
            block[i] = f32::from_bits(block[i].to_bits().swap_bytes());
            i += 1;
        }
    }
    block
}

#[track_caller]
const fn refuse(message: Text) -> ! {
    panic!("{}", message.as_str())
}

/// Bytes of the data that go to the block as they are.
#[derive(Clone, Copy)]
struct Run {
    from: usize,
    to: usize,
    len: usize,
}

impl Run {
    const fn copy(self, data: &[u8], block: &mut [u8]) {
        let to = block.split_at_mut(self.to).1.split_at_mut(self.len).0;
        to.copy_from_slice(part(data, self.from, self.from + self.len));
    }
}

/// The entry of a tensor and its index, looked for from `start` on outwards in both directions: found at the first look if
/// the tensors are asked for in the order of the header, and soon if the orders resemble each other.
const fn find<'a>(
    place: &TensorPlace,
    entries: &[Option<Entry<'a>>],
    start: usize,
) -> Option<(usize, Entry<'a>)> {
    let names = place.path.names();
    let mut distance = 0;
    while distance < entries.len() {
        let (mut at, mut sides) = (start + distance, 0);
        while sides < 2 {
            if at < entries.len()
                && let Some(entry) = &entries[at]
                && entry.name.is_path(names)
            {
                return Some((at, *entry));
            }
            at = start.wrapping_sub(1 + distance);
            sides += 1;
        }
        distance += 1;
    }
    None
}

/// Whether the tensors cover the `data` bytes of data without hole and overlap.
///
/// They have as many bytes together, as `Header::parse` found: a chain of them from the start to the end holds them all.
const fn no_gap(entries: &[Option<Entry<'_>>], data: u64) -> Result<(), HeaderError> {
    let mut end = 0;
    while end < data {
        // Each round follows the chain as far as the entries stand in its order.
        let before = end;
        let mut nearest: Option<Entry<'_>> = None;
        let mut i = 0;
        while i < entries.len() {
            if let Some(entry) = &entries[i] {
                if entry.begin == end {
                    end = entry.end;
                } else if entry.end > end
                    && (nearest.is_none() || matches!(nearest, Some(other) if entry.begin < other.begin))
                {
                    nearest = Some(*entry);
                }
            }
            i += 1;
        }
        if end == before {
            return Err(match nearest {
                Some(entry) => HeaderError::Gap { tensor: entry.label(), expected: end, found: entry.begin },
                None => HeaderError::Coverage { covered: end, data },
            });
        }
    }
    Ok(())
}

const fn broken(error: HeaderError) -> Text {
    let mut text = Text::new();
    text.push("the file is not a valid safetensors file: ");
    error.describe(&mut text);
    text
}

const fn declares(text: &mut Text, model: &str) {
    text.push("`");
    text.push(model);
    text.push("` declares ");
}

const fn other_shape(place: &TensorPlace, model: &str, entry: &Entry<'_>) -> Text {
    let mut text = Text::new();
    text.push_path(&place.path);
    text.push(" has shape [");
    let mut sizes = entry.shape;
    let mut first = true;
    while let Some(size) = sizes.next_size() {
        if !first {
            text.push(", ");
        }
        first = false;
        text.push_number(size);
    }
    text.push("] in the file, but ");
    declares(&mut text, model);
    text.push_shape(place.shape);
    if let [inputs, outputs] = *place.shape
        && entry.shape.are(&[outputs, inputs])
    {
        text.push(" as [inputs, outputs]; it looks like PyTorch's [outputs, inputs], which `load_with` and `Layout::OutIn` read");
    }
    text
}

const fn other_layout(place: &TensorPlace, model: &str, format: JsonStr<'_>) -> Text {
    let mut text = Text::new();
    text.push_path(&place.path);
    text.push(" would be transposed: the file's metadata say format ");
    text.push_label(&Label::new(format.raw()));
    text.push(", whose weights are [outputs, inputs], but those of `");
    text.push(model);
    text.push("` are [inputs, outputs]; load it with `load_with` and `Layout::OutIn`, and embed what `save` then writes");
    text
}

const fn other_type(place: &TensorPlace, model: &str, entry: &Entry<'_>) -> Text {
    let mut text = Text::new();
    text.push_path(&place.path);
    text.push(" has type ");
    text.push(entry.dtype.name());
    text.push(" in the file, but ");
    declares(&mut text, model);
    text.push("F32");
    text
}

const fn missing(place: &TensorPlace, model: &str, entries: &[Option<Entry<'_>>]) -> Text {
    let mut text = Text::new();
    text.push_path(&place.path);
    text.push(" of shape ");
    text.push_shape(place.shape);
    text.push(", which `");
    text.push(model);
    text.push("` declares, is not in the file; the file has ");
    if entries.is_empty() {
        text.push("no tensors");
    }
    let mut i = 0;
    while i < entries.len() {
        if i > 0 {
            text.push(", ");
        }
        if i == 8 {
            text.push("…");
            break;
        }
        if let Some(entry) = &entries[i] {
            text.push_label(&entry.label());
        }
        i += 1;
    }
    text
}

const fn surplus(model: &str, layers: &[LayerInfo], entries: &[Option<Entry<'_>>]) -> Text {
    let mut text = Text::new();
    let mut i = 0;
    while i < entries.len() {
        if let Some(entry) = &entries[i] {
            let mut uses = 0;
            let mut tensors = Tensors::of(layers);
            while let Some(place) = tensors.next_place() {
                uses += entry.name.is_path(place.path.names()) as usize;
            }
            if uses == 0 {
                text.push_label(&entry.label());
                text.push(" is in the file, but `");
                text.push(model);
                text.push("` does not declare it");
                return text;
            }
        }
        i += 1;
    }
    text.push("the file names a tensor twice");
    text
}

const fn too_many(header: &Header<'_>) -> Text {
    let mut text = Text::new();
    text.push("the file has ");
    text.push_number(header.tensors() as u64);
    text.push(" tensors, but at most ");
    text.push_number(MAX_TENSORS as u64);
    text.push(" can be embedded");
    text
}
