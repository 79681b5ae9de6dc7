//! Safetensors files at run time: what is written, what is read, and what is refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use proptest::prelude::*;
use typenet_runtime::io::safetensors::{
    File, LoadError, Metadata, NonFinite, SaveError, Tensor, block_tensors, load_block, read, read_with,
    save_block, write, write_with,
};
use typenet_runtime::io::{Dtype, HeaderError, JsonError, Label};
use typenet_runtime::layers::Dense;
use typenet_runtime::layers::activation::{Relu, Softmax};
use typenet_runtime::schema::LayerInfo;
use typenet_runtime::typenum::{U2, U3, U4};

const LAYERS: &[LayerInfo] =
    &[LayerInfo::of::<Dense<U3, U4, Relu>>("dense_1"), LayerInfo::of::<Dense<U4, U2, Softmax>>("dense_2")];
const LEN: usize = 26;

fn block() -> [f32; LEN] {
    std::array::from_fn(|i| i as f32 / 8.0 - 1.0)
}

fn metadata(pairs: &[(&str, &str)]) -> Metadata {
    pairs.iter().map(|&(key, text)| (key.to_owned(), text.to_owned())).collect()
}

/// A file of this JSON text and `data` bytes of data.
fn file(json: &str, data: usize) -> Vec<u8> {
    [&(json.len() as u64).to_le_bytes(), json.as_bytes(), &vec![0; data]].concat()
}

/// A file of this JSON text after its braces' opening, for tensor `a`.
fn entry(fields: &str, data: usize) -> Vec<u8> {
    file(&format!("{{\"a\":{{{fields}}}}}"), data)
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, bytes: &[u8]) -> Result<File, LoadError> {
        let path = self.path("read.safetensors");
        fs::write(&path, bytes).unwrap();
        read(path)
    }

    /// Why these bytes are not a safetensors file.
    fn refusal(&self, bytes: &[u8]) -> HeaderError {
        match self.read(bytes) {
            Err(LoadError::Header { error, .. }) => *error,
            other => panic!("{other:?}"),
        }
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/safetensors_fixtures").join(name)
}

#[test]
fn a_block_comes_back_as_it_was_saved() {
    let folder = Folder::new();
    let path = folder.path("mlp.safetensors");
    let saved = metadata(&[("epoch", "3"), ("", "\u{1}\"\\\n\t\r/ü\u{1f600}")]);
    save_block(&path, LAYERS, &block(), &saved).unwrap();
    let mut loaded = [0.0; LEN];
    assert_eq!(load_block(&path, "Mlp", LAYERS, &mut loaded).unwrap(), saved);
    assert_eq!(loaded, block());
}

#[test]
fn every_byte_of_a_file_is_fixed() {
    let folder = Folder::new();
    let path = folder.path("fixed.safetensors");
    let tensors = [
        Tensor { name: "b".to_owned(), shape: &[2], values: &[1.0, -2.0] },
        Tensor { name: "a\"\n\u{1}".to_owned(), shape: &[], values: &[0.5] },
        Tensor { name: "ü".to_owned(), shape: &[3, 0], values: &[] },
    ];
    write(&path, &tensors, &metadata(&[("z", "1"), ("y", "2")])).unwrap();
    let json = concat!(
        r#"{"__metadata__":{"y":"2","z":"1"},"#,
        r#""b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#,
        r#""a\"\n\u0001":{"dtype":"F32","shape":[],"data_offsets":[8,12]},"#,
        r#""ü":{"dtype":"F32","shape":[3,0],"data_offsets":[12,12]}}"#,
    );
    let header = 256 - 8;
    let mut expected = Vec::from((header as u64).to_le_bytes());
    expected.extend_from_slice(json.as_bytes());
    expected.resize(8 + header, b' ');
    expected.extend_from_slice(&[0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f]);
    assert_eq!(fs::read(&path).unwrap(), expected);
}

#[test]
fn data_begins_at_a_multiple_of_64() {
    let folder = Folder::new();
    let path = folder.path("aligned.safetensors");
    for len in 0..70 {
        write(&path, &[], &metadata(&[("key", &"x".repeat(len))])).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len() % 64, 0);
    }
}

#[test]
fn a_file_of_the_reference_implementation_is_read() {
    let path = fixture("python.safetensors");
    let mut loaded = [0.0; LEN];
    let found = load_block(&path, "Mlp", LAYERS, &mut loaded).unwrap();
    assert_eq!(loaded, block());
    assert_eq!(found, metadata(&[("epoch", "3"), ("note", "zwölf \"quoted\"\n")]));
}

#[test]
fn a_checkpoint_holds_more_than_the_model() {
    let folder = Folder::new();
    let path = folder.path("checkpoint.safetensors");
    let block = block();
    let momentum = block.map(|value| 2.0 * value);
    let mut tensors = block_tensors("", LAYERS, &block);
    tensors.extend(block_tensors("optimizer.momentum.", LAYERS, &momentum));
    write(&path, &tensors, &Metadata::new()).unwrap();

    let file = read(&path).unwrap();
    let (mut model, mut moments) = ([0.0; LEN], [0.0; LEN]);
    file.copy_block("", "Mlp", LAYERS, &mut model).unwrap();
    file.copy_block("optimizer.momentum.", "Mlp", LAYERS, &mut moments).unwrap();
    assert_eq!((model, moments), (block, momentum));
    assert_eq!(file.values("optimizer.momentum.dense_2.bias").unwrap(), momentum[24..]);
    assert_eq!(file.tensors().len(), 8);
    let names: Vec<String> = file.tensors().map(|tensor| tensor.name()).collect();
    assert!(names.is_sorted());
    let weight = file.get("dense_1.weight").unwrap();
    assert_eq!((weight.dtype, weight.shape(), weight.bytes.len()), (Dtype::F32, vec![3, 4], 48));
}

#[test]
fn tensors_of_other_types_and_places_are_read() {
    let json = concat!(
        r#" "c":{"shape":[1],"dtype":"F32","data_offsets":[3,7],"kind":{"x":[1,{"y":null}]}},"#,
        r#""__metadata__":{"k":"v"} , "a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"#,
        r#""empty":{"dtype":"F64","shape":[0],"data_offsets":[3,3]},"d\u002ee":{"dtype":"F4","shape":[2],"#,
        r#""data_offsets":[7,8]}}   "#,
    );
    let mut bytes = file(&format!("{{{json}"), 0);
    bytes.extend_from_slice(&[1, 2, 3, 0, 0, 0x80, 0x3f, 9]);
    let folder = Folder::new();
    let file = folder.read(&bytes).unwrap();
    assert_eq!(file.get("a").unwrap().bytes, [1, 2, 3]);
    assert_eq!(file.values("c").unwrap(), [1.0]);
    assert_eq!(file.get("d.e").unwrap().dtype, Dtype::F4);
    assert_eq!(file.get("empty").unwrap().shape(), [0]);
    assert_eq!(file.metadata(), metadata(&[("k", "v")]));
    assert!(matches!(file.values("a"), Err(LoadError::Type { name, found: Dtype::U8, .. }) if name == "a"));
    let names = ["a", "c", "d.e", "empty"];
    assert!(
        matches!(file.values("x"), Err(LoadError::Missing { name, found, .. }) if name == "x" && found == names)
    );
}

#[test]
fn a_file_of_another_model_is_refused_and_changes_nothing() {
    let folder = Folder::new();
    let path = folder.path("other.safetensors");
    let load = |tensors: &[Tensor<'_>]| {
        write(&path, tensors, &Metadata::new()).unwrap();
        let mut kept = [7.0; LEN];
        let error = load_block(&path, "Mlp", LAYERS, &mut kept).unwrap_err();
        assert_eq!(kept, [7.0; LEN]);
        assert!(error.to_string().starts_with(path.to_str().unwrap()));
        error
    };
    let block = block();
    let right = block_tensors("", LAYERS, &block);

    let mut tensors = right.clone();
    tensors.pop();
    assert!(matches!(load(&tensors), LoadError::Missing { name, .. } if name == "dense_2.bias"));

    let mut tensors = right.clone();
    tensors.push(Tensor { name: "dense_3.bias".to_owned(), shape: &[1], values: &[0.0] });
    assert!(matches!(load(&tensors), LoadError::Surplus { name, .. } if name == "dense_3.bias"));

    let mut tensors = right.clone();
    tensors[2].shape = &[2, 4];
    let error = load(&tensors);
    assert!(
        error
            .to_string()
            .contains("`dense_2.weight` has shape [2, 4] in the file, but `Mlp` declares [4, 2]")
    );
    assert!(
        matches!(error, LoadError::Shape { expected, found, .. } if expected == [4, 2] && found == [2, 4])
    );
}

#[test]
fn values_that_are_not_finite_are_refused_unless_accepted() {
    let folder = Folder::new();
    let path = folder.path("nan.safetensors");
    for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut block = block();
        block[14] = wrong;
        let tensors = block_tensors("", LAYERS, &block);
        let refused = write(&path, &tensors, &Metadata::new());
        assert!(
            matches!(&refused, Err(SaveError::NonFinite { name, index: 2, .. }) if name == "dense_1.bias"),
            "{refused:?}"
        );
        assert!(!path.exists());
        write_with(&path, &tensors, &Metadata::new(), NonFinite::Accept).unwrap();

        let mut kept = [7.0; LEN];
        let refused = load_block(&path, "Mlp", LAYERS, &mut kept);
        assert!(
            matches!(&refused, Err(LoadError::NonFinite { name, index: 2, .. }) if name == "dense_1.bias"),
            "{refused:?}"
        );
        assert_eq!(kept, [7.0; LEN]);
        let file = read_with(&path, NonFinite::Accept).unwrap();
        file.copy_block("", "Mlp", LAYERS, &mut kept).unwrap();
        assert_eq!(kept.map(f32::to_bits), block.map(f32::to_bits));
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn tensors_that_cannot_be_written_leave_the_earlier_file_alone() {
    let folder = Folder::new();
    let path = folder.path("kept.safetensors");
    save_block(&path, LAYERS, &block(), &Metadata::new()).unwrap();
    let earlier = fs::read(&path).unwrap();
    let tensor = |name: &str, shape| Tensor { name: name.to_owned(), shape, values: &[1.0, 2.0] };
    let refused = |tensors: &[Tensor<'_>]| write(&path, tensors, &Metadata::new()).unwrap_err();
    assert!(matches!(
        refused(&[tensor("a", &[2]), tensor("b", &[2]), tensor("a", &[2])]),
        SaveError::DuplicateName { name, .. } if name == "a"
    ));
    assert!(matches!(refused(&[tensor("__metadata__", &[2])]), SaveError::ReservedName { .. }));
    assert!(matches!(refused(&[tensor("a", &[3])]), SaveError::Length { found: 2, .. }));
    assert!(matches!(refused(&[tensor("a", &[usize::MAX, 2])]), SaveError::Length { found: 2, .. }));
    assert_eq!(fs::read(&path).unwrap(), earlier);
    assert!(matches!(write("", &[], &Metadata::new()), Err(SaveError::Io { .. })));
}

#[test]
fn a_missing_file_and_a_folder_are_errors() {
    let folder = Folder::new();
    assert!(matches!(read(folder.path("missing")), Err(LoadError::Io { .. })));
    assert!(matches!(read(folder.0.path()), Err(LoadError::Io { .. } | LoadError::Header { .. })));
}

#[test]
fn malformed_files_are_refused_by_cause() {
    let folder = Folder::new();
    let refusal = |bytes: &[u8]| folder.refusal(bytes);
    let a = Label::new("a");
    let json = |bytes: &[u8], at: usize| match refusal(bytes) {
        HeaderError::Json(JsonError { at: found, .. }) => {
            assert_eq!(found, at, "{}", String::from_utf8_lossy(bytes));
        }
        other => panic!("{other:?} instead of an error of JSON"),
    };
    const F32: &str = r#""dtype":"F32","shape":[1],"data_offsets":[0,4]"#;

    // The prefix.
    assert_eq!(refusal(b""), HeaderError::TooShort { file: 0 });
    assert_eq!(refusal(&file("", 0)), HeaderError::TooShort { file: 8 });
    assert_eq!(refusal(b"\x02\0\0\0\0\0\0\0{"), HeaderError::TooShort { file: 9 });
    assert_eq!(refusal(b"\x03\0\0\0\0\0\0\0{}"), HeaderError::BeyondFile { header: 3, file: 10 });
    assert_eq!(refusal(b"\xff\xff\xff\xff\xff\xff\xff\xff{}"), HeaderError::TooLong { header: u64::MAX });
    assert_eq!(refusal(b"\x01\xe1\xf5\x05\0\0\0\0{}"), HeaderError::TooLong { header: 100_000_001 });

    // The JSON text.
    json(&file(" {}", 0), 0);
    json(&file("[]", 0), 0);
    json(&file("{} \n", 0), 3);
    json(&file("{}{}", 0), 2);
    json(&file("{}\0\0", 0), 2);
    json(&file("{\"a", 0), 3);
    json(&file("{\"a\":1}", 0), 5);
    json(&file("{\"a\":{", 0), 6);
    json(&entry(&format!("{F32},"), 4), 53);
    json(b"\x06\0\0\0\0\0\0\0{\"\xff\":{", 2);
    json(&file("{\"__metadata__\":{\"a\":1}}", 0), 21);
    json(&file("{\"__metadata__\":[]}", 0), 16);
    json(&entry(r#""dtype":"F32","shape":[-1],"data_offsets":[0,4]"#, 4), 29);
    json(&entry(r#""dtype":"F32","shape":[1.0],"data_offsets":[0,4]"#, 4), 30);
    json(&entry(r#""dtype":"F32","shape":[1e0],"data_offsets":[0,4]"#, 4), 30);
    json(&entry(r#""dtype":"F32","shape":[01],"data_offsets":[0,4]"#, 4), 29);
    json(&entry(r#""dtype":"F32","shape":["1"],"data_offsets":[0,4]"#, 4), 29);
    json(&entry(r#""dtype":"F32","shape":1,"data_offsets":[0,4]"#, 4), 28);
    json(&entry(r#""dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]"#, 4), 48);
    json(&entry(r#""dtype":"F32","shape":[1],"data_offsets":[0]"#, 4), 49);
    json(&entry(r#""dtype":"F32","shape":[1],"data_offsets":[0,4,4]"#, 4), 51);
    json(&entry(r#""dtype":1,"shape":[1],"data_offsets":[0,4]"#, 4), 14);
    json(&entry(&format!(r#""x":{}{}"#, "[".repeat(200), "]".repeat(200)), 4), 138);

    // The entries.
    for (field, rest) in [
        ("dtype", r#""shape":[1],"data_offsets":[0,4]"#),
        ("shape", r#""dtype":"F32","data_offsets":[0,4]"#),
        ("data_offsets", r#""dtype":"F32","shape":[1]"#),
    ] {
        assert_eq!(refusal(&entry(rest, 4)), HeaderError::FieldMissing { tensor: a, field });
    }
    for (key, again) in [("dtype", "\"F32\""), ("shape", "[1]"), ("data_offsets", "[0,4]")] {
        let bytes = entry(&format!("{F32},\"{key}\":{again}"), 4);
        assert!(matches!(refusal(&bytes), HeaderError::Twice { key: found, .. } if found == key));
    }
    assert!(matches!(
        refusal(&file(r#"{"__metadata__":{},"__metadata__":{}}"#, 0)),
        HeaderError::Twice { key: "__metadata__", at: 19 }
    ));
    assert_eq!(
        refusal(&entry(r#""dtype":"F33","shape":[1],"data_offsets":[0,4]"#, 4)),
        HeaderError::UnknownDtype { tensor: a, found: Label::new("F33") }
    );
    for shape in ["4294967296,4294967296", "4611686018427387904,4", "9999999999999999999"] {
        let bytes = entry(&format!(r#""dtype":"F32","shape":[{shape}],"data_offsets":[0,0]"#), 0);
        assert_eq!(refusal(&bytes), HeaderError::SizeOverflow { tensor: a }, "{shape}");
    }
    assert_eq!(
        refusal(&entry(r#""dtype":"F4","shape":[3],"data_offsets":[0,1]"#, 1)),
        HeaderError::SplitByte { tensor: a, bits: 12 }
    );
    assert_eq!(
        refusal(&entry(r#""dtype":"F32","shape":[2],"data_offsets":[0,4]"#, 4)),
        HeaderError::Size { tensor: a, expected: 8, found: 4 }
    );
    assert_eq!(
        refusal(&entry(r#""dtype":"F32","shape":[1],"data_offsets":[4,0]"#, 4)),
        HeaderError::Offsets { tensor: a, begin: 4, end: 0, data: 4 }
    );
    assert_eq!(
        refusal(&entry(r#""dtype":"F32","shape":[1],"data_offsets":[4,8]"#, 4)),
        HeaderError::Offsets { tensor: a, begin: 4, end: 8, data: 4 }
    );
    assert_eq!(refusal(&entry(F32, 3)), HeaderError::Offsets { tensor: a, begin: 0, end: 4, data: 3 });

    // The data.
    assert_eq!(refusal(&entry(F32, 5)), HeaderError::Coverage { covered: 4, data: 5 });
    assert_eq!(refusal(&file("{}", 1)), HeaderError::Coverage { covered: 0, data: 1 });
    let two = |first: &str, second: &str, data| {
        let entry = |name, offsets| {
            format!("\"{name}\":{{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[{offsets}]}}")
        };
        file(
            &format!(
                "{{{},{}}}",
                entry(first.split_at(1).0, &first[1..]),
                entry(second.split_at(1).0, &second[1..])
            ),
            data,
        )
    };
    assert_eq!(refusal(&two("a0,4", "b5,9", 9)), HeaderError::Coverage { covered: 8, data: 9 });
    assert_eq!(refusal(&two("a0,4", "b3,7", 7)), HeaderError::Coverage { covered: 8, data: 7 });
    assert_eq!(
        refusal(&two("a0,4", "b0,4", 8)),
        HeaderError::Gap { tensor: Label::new("b"), expected: 4, found: 0 }
    );
    assert!(folder.read(&two("a4,8", "b0,4", 8)).is_ok());
    assert_eq!(refusal(&two("a0,4", "a4,8", 8)), HeaderError::DuplicateTensor { tensor: a });
    let escaped = String::from_utf8(two("a0,4", "x4,8", 8)).unwrap().replace("\"x\"", "\"\\u0061\"");
    let escaped = file(escaped[8..].trim_end_matches('\0'), 8);
    assert_eq!(refusal(&escaped), HeaderError::DuplicateTensor { tensor: Label::new("\\u0061") });
    assert_eq!(
        refusal(&file(r#"{"__metadata__":{"k":"1","l":"2","k":"3"}}"#, 0)),
        HeaderError::DuplicateMetadata { key: Label::new("k") }
    );
    assert_eq!(
        refusal(&file(
            r#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[2,2]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#,
            4
        )),
        HeaderError::Gap { tensor: a, expected: 4, found: 2 }
    );
}

#[test]
fn a_file_truncated_at_any_byte_is_refused() {
    let folder = Folder::new();
    let path = folder.path("whole.safetensors");
    save_block(&path, LAYERS, &block(), &metadata(&[("epoch", "3")])).unwrap();
    let whole = fs::read(&path).unwrap();
    for len in 0..whole.len() {
        assert!(folder.read(&whole[..len]).is_err(), "{len} of {} bytes", whole.len());
    }
    assert!(folder.read(&[&whole[..], b"x"].concat()).is_err());
    assert!(folder.read(&whole).is_ok());
}

#[test]
fn a_flipped_bit_in_the_header_gives_an_error_or_the_right_values() {
    let folder = Folder::new();
    let path = folder.path("whole.safetensors");
    save_block(&path, LAYERS, &block(), &metadata(&[("epoch", "3")])).unwrap();
    let whole = fs::read(&path).unwrap();
    let (mut refused, mut loaded) = (0, 0);
    for bit in 0..8 * (whole.len() - 4 * LEN) {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &flipped).unwrap();
        let mut found = [7.0; LEN];
        match load_block(&path, "Mlp", LAYERS, &mut found) {
            Ok(_) => {
                assert_eq!(found, block(), "bit {bit}");
                loaded += 1;
            }
            Err(_) => {
                assert_eq!(found, [7.0; LEN], "bit {bit}");
                refused += 1;
            }
        }
    }
    // Only bits within the text of the metadata go unnoticed.
    assert!(loaded > 0 && loaded <= 8 * "epoch3".len(), "{loaded} loaded, {refused} refused");
}

/// Not a test of its own: what [`a_killed_process_leaves_one_file_or_the_other`] starts and kills.
#[test]
fn save_until_killed() {
    let Ok(path) = std::env::var("TYPENET_SAVE_UNTIL_KILLED") else { return };
    loop {
        for value in [1.0, 2.0] {
            let values = vec![value; 100_000];
            let tensor = Tensor { name: "a".to_owned(), shape: &[100_000], values: &values };
            write(&path, &[tensor], &Metadata::new()).unwrap();
        }
    }
}

#[test]
fn a_killed_process_leaves_one_file_or_the_other() {
    let folder = Folder::new();
    let path = folder.path("killed.safetensors");
    let mut seen = 0;
    for round in 0..12 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "save_until_killed"])
            .env("TYPENET_SAVE_UNTIL_KILLED", &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while round == 0 && !path.exists() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(20_000 + 1_700 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let values = read(&path).unwrap().values("a").unwrap();
        assert!(values == vec![1.0; 100_000] || values == vec![2.0; 100_000]);
        seen += 1;
    }
    assert_eq!(seen, 12);
}

fn any_tensors() -> impl Strategy<Value = Vec<(String, Vec<usize>, Vec<f32>)>> {
    let finite = any::<f32>().prop_filter("finite", |value| value.is_finite());
    let tensor = prop::collection::vec(0usize..5, 0..4).prop_flat_map(move |shape| {
        let len = shape.iter().product::<usize>();
        (Just(shape), prop::collection::vec(finite.clone(), len))
    });
    prop::collection::btree_map(any::<String>(), tensor, 0..6)
        .prop_map(|map| {
            map.into_iter().map(|(name, (shape, values))| (name, shape, values)).collect::<Vec<_>>()
        })
        .prop_shuffle()
}

fn written(
    folder: &Folder,
    tensors: &[(String, Vec<usize>, Vec<f32>)],
    metadata: &Metadata,
) -> (PathBuf, Vec<u8>) {
    let path = folder.path("written.safetensors");
    let tensors: Vec<Tensor<'_>> =
        tensors.iter().map(|(name, shape, values)| Tensor { name: name.clone(), shape, values }).collect();
    write(&path, &tensors, metadata).unwrap();
    let bytes = fs::read(&path).unwrap();
    (path, bytes)
}

fn any_metadata() -> impl Strategy<Value = Metadata> {
    prop::collection::btree_map(any::<String>(), any::<String>(), 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_written_is_read(tensors in any_tensors(), metadata in any_metadata()) {
        let folder = Folder::new();
        let (path, _) = written(&folder, &tensors, &metadata);
        let file = read(&path).unwrap();
        prop_assert_eq!(file.metadata(), metadata);
        prop_assert_eq!(file.tensors().len(), tensors.len());
        for (name, shape, values) in &tensors {
            let found = file.get(name).unwrap();
            prop_assert!(found.shape().into_iter().eq(shape.iter().map(|&size| size as u64)));
            let found: Vec<u32> = file.values(name).unwrap().into_iter().map(f32::to_bits).collect();
            prop_assert_eq!(found, values.iter().map(|value| value.to_bits()).collect::<Vec<u32>>());
        }
    }

    #[test]
    fn mutated_files_never_panic(
        tensors in any_tensors(),
        metadata in any_metadata(),
        mutations in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 1..6),
    ) {
        let folder = Folder::new();
        let (_, mut bytes) = written(&folder, &tensors, &metadata);
        for (at, byte, kind) in mutations {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        if let Ok(file) = folder.read(&bytes) {
            file.metadata();
            for tensor in file.tensors() {
                prop_assert_eq!(file.get(&tensor.name()).unwrap().bytes, tensor.bytes);
            }
        }
    }

    #[test]
    fn random_bytes_never_panic(
        json in prop::collection::vec(prop_oneof![
            Just("{"), Just("}"), Just("["), Just("]"), Just(","), Just(":"), Just("\"a\""), Just("\"b\""), Just("0"),
            Just("4"), Just("\"dtype\""), Just("\"shape\""), Just("\"data_offsets\""), Just("\"F32\""), Just(" "),
            Just("\"__metadata__\""), Just("\\u0041"), Just("\""), Just("\u{fffd}"),
        ], 0..24),
        data in 0usize..16,
        raw in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let folder = Folder::new();
        let _ = folder.read(&file(&format!("{{{}", json.concat()), data));
        let _ = folder.read(&raw);
    }
}
