//! Weights as constants: `embed!` with a model written by hand, and every reason to refuse a file.

use std::collections::BTreeMap;

use proptest::prelude::*;
use typenet_runtime::embed;
use typenet_runtime::io::embed::embed_block;
use typenet_runtime::layers::Dense;
use typenet_runtime::layers::Port;
use typenet_runtime::layers::activation::{Relu, Softmax};
use typenet_runtime::schema::{Info, LayerInfo, Tensors};
use typenet_runtime::typenum::{U2, U3, U4};

/// What `model!` generates for embedding.
#[repr(C, align(64))]
struct Mlp {
    block: [f32; 26],
}

impl Mlp {
    const LAYERS: &'static [LayerInfo] = &[
        LayerInfo::of::<Dense<U3, U4, Relu>>("dense_1"),
        LayerInfo::of::<Dense<U4, U2, Softmax>>("dense_2"),
    ];

    #[track_caller]
    const fn __embed(file: &[u8]) -> Self {
        Self { block: embed_block(file, "Mlp", Self::LAYERS) }
    }
}

// Two files of the same numbers: in the reference implementation's order of names, and in the order of the block.
static PYTHON: &Mlp = embed!(Mlp, "safetensors_fixtures/python.safetensors");
static CANONICAL: &Mlp = embed!(Mlp, concat!("safetensors_fixtures/", "canonical.safetensors"));

fn expected<const N: usize>() -> [f32; N] {
    std::array::from_fn(|i| i as f32 / 8.0 - 1.0)
}

#[test]
fn embedded_weights_are_those_of_the_file() {
    assert_eq!(PYTHON.block, expected());
    assert_eq!(CANONICAL.block, expected());
}

#[test]
fn the_embedded_file_is_what_we_write() {
    use typenet_runtime::io::safetensors::{Metadata, save_block};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("canonical.safetensors");
    let metadata = Metadata::from([("epoch".to_owned(), "3".to_owned())]);
    save_block(&path, Mlp::LAYERS, &expected::<26>(), &metadata).unwrap();
    let committed = include_bytes!("safetensors_fixtures/canonical.safetensors");
    assert_eq!(std::fs::read(&path).unwrap(), committed);
}

#[cfg(target_os = "linux")]
#[test]
fn embedded_weights_lie_in_read_only_memory() {
    let address = &raw const *PYTHON as usize;
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let permissions = maps.lines().find_map(|line| {
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let bound = |text| usize::from_str_radix(text, 16).unwrap();
        (bound(start)..bound(end)).contains(&address).then(|| rest[..4].to_owned())
    });
    assert_eq!(permissions.as_deref(), Some("r--p"));
    assert_eq!(address % 64, 0);
}

/// Name, type, shape and values of the tensors of a file.
type Content = Vec<(String, &'static str, Vec<usize>, Vec<f32>)>;

fn content(layers: &[LayerInfo]) -> Content {
    let values = expected::<36>();
    Tensors::of(layers)
        .map(|place| (place.path.to_string(), "F32", place.shape.to_vec(), values[place.range()].to_vec()))
        .collect()
}

/// A file whose data comes in the order of `content` and whose entries come in the order that `key` sorts them by.
fn file<K: Ord>(content: &Content, key: impl Fn(usize) -> K) -> Vec<u8> {
    let mut data = Vec::new();
    let mut entries = BTreeMap::new();
    for (i, (name, dtype, shape, values)) in content.iter().enumerate() {
        let begin = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let entry = format!(
            r#"{name:?}:{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{begin},{}]}}"#,
            data.len()
        );
        entries.insert((key(i), i), entry);
    }
    let json = format!("{{{}}}", entries.into_values().collect::<Vec<_>>().join(","));
    [&(json.len() as u64).to_le_bytes()[..], json.as_bytes(), &data].concat()
}

/// What the compiler would say to this file.
fn refusal(file: &[u8]) -> String {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = std::panic::catch_unwind(|| embed_block::<26>(file, "Mlp", Mlp::LAYERS));
    std::panic::set_hook(hook);
    *result.unwrap_err().downcast::<String>().unwrap()
}

#[test]
fn a_file_that_does_not_fit_is_refused_with_the_tensor_and_both_shapes() {
    let right = content(Mlp::LAYERS);
    let with = |change: &dyn Fn(&mut Content)| {
        let mut content = right.clone();
        change(&mut content);
        refusal(&file(&content, |i| i))
    };
    assert_eq!(
        with(&|content| {
            content[0].2 = vec![3, 5];
            content[0].3 = vec![0.0; 15];
        }),
        "`dense_1.weight` has shape [3, 5] in the file, but `Mlp` declares [3, 4]"
    );
    assert_eq!(
        with(&|content| content[1].2 = vec![4, 1]),
        "`dense_1.bias` has shape [4, 1] in the file, but `Mlp` declares [4]"
    );
    assert_eq!(
        with(&|content| {
            content[3].1 = "F64";
            content[3].3 = vec![0.0; 4];
        }),
        "`dense_2.bias` has type F64 in the file, but `Mlp` declares F32"
    );
    assert_eq!(
        with(&|content| {
            content.pop();
        }),
        "`dense_2.bias` of shape [2], which `Mlp` declares, is not in the file; the file has `dense_1.weight`, \
         `dense_1.bias`, `dense_2.weight`"
    );
    assert_eq!(
        with(&|content| content.clear()),
        "`dense_1.weight` of shape [3, 4], which `Mlp` declares, is not in the file; the file has no tensors"
    );
    assert_eq!(
        with(&|content| content.push(("dense_3.bias".to_owned(), "F32", vec![1], vec![0.0]))),
        "`dense_3.bias` is in the file, but `Mlp` does not declare it"
    );
    assert_eq!(with(&|content| content.push(content[1].clone())), "the file names a tensor twice");
    assert_eq!(
        refusal(b"GGUF\x03\0\0\0\0\0\0\0"),
        "the file is not a valid safetensors file: its header should have at most 100000000 bytes, but states 14064895815"
    );
    assert_eq!(
        refusal(b""),
        "the file is not a valid safetensors file: the file has 0 bytes, but a safetensors file has at least 10"
    );
}

#[test]
fn tensors_that_overlap_are_refused() {
    // Four bytes of the first bias lie also in the second; as many lie nowhere.
    let mut file = file(&content(Mlp::LAYERS), |i| i);
    let at = file.windows(9).position(|bytes| bytes == b"[96,104]}").unwrap();
    file[at..at + 9].copy_from_slice(b"[92,100]}");
    assert_eq!(
        refusal(&file),
        "the file is not a valid safetensors file: `dense_2.bias` should begin at byte 96 of the data, where the one \
         before it ends, but begins at 92"
    );
}

/// A model in a model: `Nested < encoder: Mlp, Dense(4 => 2) >` as far as names and shapes go.
const NESTED: &[LayerInfo] = &[
    LayerInfo {
        name: "encoder",
        info: Info::model("Mlp", Mlp::LAYERS),
        inputs: <(U3,) as Port>::PARTS,
        outputs: <(U2,) as Port>::PARTS,
        activation: "linear",
        sources: &[],
        shares: None,
    },
    LayerInfo::of::<Dense<U4, U2, Softmax>>("dense_1"),
];

proptest! {
    #[test]
    fn any_order_of_tensors_and_entries_gives_the_same_block(
        content in Just(content(Mlp::LAYERS)).prop_shuffle(),
        keys in prop::array::uniform4(any::<u8>()),
    ) {
        let file = file(&content, |i| keys[i]);
        prop_assert_eq!(embed_block::<26>(&file, "Mlp", Mlp::LAYERS), expected());
    }

    #[test]
    fn names_of_nested_models_are_paths(keys in prop::array::uniform6(any::<u8>())) {
        let file = file(&content(NESTED), |i| keys[i]);
        prop_assert_eq!(embed_block::<36>(&file, "Nested", NESTED), expected());
    }
}

#[test]
fn a_truncated_file_is_refused_at_every_byte() {
    let file = file(&content(Mlp::LAYERS), |i| i);
    for len in 0..file.len() {
        refusal(&file[..len]);
    }
}

#[test]
fn a_flipped_bit_in_the_header_is_refused_or_harmless() {
    let whole = file(&content(Mlp::LAYERS), |i| i);
    for bit in 0..8 * (whole.len() - 4 * 26) {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let result = std::panic::catch_unwind(|| embed_block::<26>(&flipped, "Mlp", Mlp::LAYERS));
        if let Ok(block) = result {
            assert_eq!(block, expected(), "bit {bit}");
        }
    }
}
