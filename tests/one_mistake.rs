//! One mistake in a declaration is one error, also where the model is trained and asked behind it.
//!
//! The cases are those of `tests/ui`, each followed by what a user would write: compile, fit, evaluate and predict with
//! the samples, labels and loss that were meant. All of them are one crate, a module each, and rustc counts.

mod rustc;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The errors of a crate, by file name without its ending.
fn errors(root: &Path, library: &Path) -> BTreeMap<String, Vec<String>> {
    let folder = root.parent().expect("the crate lies in a folder");
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args([
        "--edition=2024",
        "--crate-type=lib",
        "--emit=metadata",
        "--error-format=json",
        "--cap-lints=allow",
    ]);
    rustc.arg("--out-dir").arg(folder);
    rustc.arg("--extern").arg(format!("typenet={}", library.display()));
    rustc.arg("-L").arg(format!("dependency={}", library.parent().unwrap().display()));
    let output = rustc.arg(root).output().expect("rustc runs");
    let mut errors: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        let message: serde_json::Value = serde_json::from_str(line).expect(line);
        if message["level"] != "error" {
            continue;
        }
        let Some(span) = message["spans"].as_array().and_then(|spans| spans.first()) else { continue };
        // The place where a macro is called, if the error stands in what a macro wrote.
        let mut span = span;
        while !span["expansion"].is_null() {
            span = &span["expansion"]["span"];
        }
        let file = Path::new(span["file_name"].as_str().unwrap_or_default());
        let case = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        errors.entry(case).or_default().push(message["rendered"].as_str().unwrap_or_default().to_owned());
    }
    errors
}

/// The text of each `model!` in a source, with its size types as numbers.
fn declarations(source: &str) -> Vec<String> {
    let first = |text: &str, end: &str| text.split(end).next().unwrap_or_default().to_owned();
    let parts = source.split("model! {").skip(1);
    let texts = parts.map(|part| {
        let text = first(part, "\n}");
        // Behind the blocks.
        let model = text.find("pub ").map_or(&*text, |model| &text[model..]);
        first(model, ">\n    pub")
    });
    texts
        .map(|text| {
            let sizes = ["Width", "Height", "Channels"];
            let text = sizes.iter().fold(text, |text, size| text.replace(size, "27"));
            text.replace("Classes", "1").replace("CLASSES", "1").replace("->", "=>")
        })
        .collect()
}

/// The name of a declared model.
fn name(declaration: &str) -> Option<&str> {
    let words = declaration.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.into_iter().find(|word| !["", "pub", "struct"].contains(word))
}

/// `784` or `28, 28`: the sizes that a sample is meant to have.
fn sample(declaration: &str) -> Vec<usize> {
    let sizes = declaration.split_once('(').map_or("", |(_, rest)| rest);
    let sizes = sizes.trim_start_matches('(').split([')', '=', '-']).next().unwrap_or_default();
    let sizes: Result<Vec<usize>, _> = sizes.split(',').map(|size| size.trim().parse()).collect();
    sizes.unwrap_or_else(|_| vec![784])
}

/// How many values the answer is meant to have.
fn answer(declaration: &str) -> usize {
    let last = declaration.rsplit_once("=> ").map_or("", |(_, rest)| rest);
    let digits = last.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    let without_arrow = || sample(declaration).iter().product();
    digits.parse().unwrap_or_else(|_| if last.is_empty() { without_arrow() } else { 10 })
}

/// Whether one sample is an array of numbers, and the answer to it too.
fn is_plain(declaration: &str) -> bool {
    let mut lines = declaration.lines().map(str::trim_start);
    let has_outputs = lines.any(|line| line.starts_with('(') && !line.contains("=> "));
    !has_outputs && ![": Input(", "..", "u32"].iter().any(|other| declaration.contains(other))
}

/// What a user writes behind a declaration.
fn use_of(declaration: &str, index: usize) -> String {
    let Some(name) = name(declaration) else { return String::new() };
    if !is_plain(declaration) {
        return format!(
            "
            mod behind_{index} {{
                use super::{name};
                use typenet::prelude::*;

                fn keep(held: &{name}) -> Result<Box<{name}>, Box<dyn std::error::Error>> {{
                    held.save(\"model.safetensors\")?;
                    let other = {name}::new(3);
                    assert!(other.block().len() == {name}::BLOCK_LEN && {name}::PARAMETER_COUNT > 0);
                    println!(\"{{}}\", {name}::LAYERS.len());
                    Ok(other)
                }}
            }}
            "
        );
    }
    let sample =
        sample(declaration).iter().rev().fold("0.0".to_owned(), |inner, size| format!("[{inner}; {size}]"));
    let answer = answer(declaration);
    let last = declaration.rsplit_once("=>").map_or("", |(_, rest)| rest);
    let (loss, metrics, label) =
        if ["sofm", "softm"].iter().any(|word| last.contains(word)) && !last.contains("Flatten") {
            ("CategoricalCrossEntropy", "(Accuracy::new(),)", "3_u8".to_owned())
        } else if last.contains("sigm") && answer == 1 {
            ("BinaryCrossEntropy", "(Accuracy::new(),)", "1_u8".to_owned())
        } else if answer == 1 {
            ("MeanSquaredError", "()", "0.5_f32".to_owned())
        } else {
            ("MeanSquaredError", "()", format!("[0.5_f32; {answer}]"))
        };
    format!(
        "
        mod behind_{index} {{
            use super::{name};
            use typenet::prelude::*;

            fn train(model: Box<{name}>, held: &{name}) -> Result<Box<{name}>, typenet::model::Error> {{
                let (samples, labels) = ([{sample}; 2], [{label}; 2]);
                let mut trainer = model.compile(Adam::default(), {loss}, {metrics});
                let history = trainer.fit(&samples, &labels).validation(&samples, &labels).epochs(2).run()?;
                let scores = trainer.evaluate(&samples, &labels)?;
                println!(\"{{history}} {{scores}}\");
                let answer: [f32; {answer}] = trainer.predict(&samples[0]);
                println!(\"{{}}\", answer.iter().map(|x| x + 1.0).sum::<f32>());
                for answer in held.predict_batch(&samples) {{
                    println!(\"{{}}\", answer[0] + 1.0);
                }}
                held.save(\"model.safetensors\")?;
                let other = {name}::new(3);
                assert!(other.block().len() == {name}::BLOCK_LEN && {name}::PARAMETER_COUNT > 0);
                println!(\"{{}}\", {name}::LAYERS.len());
                Ok(other)
            }}
        }}
        "
    )
}

/// The last layer with a softmax at its end, where that can be.
fn with_softmax(source: &str) -> Option<String> {
    let at = source.rfind("=> 10")?;
    let (before, behind) = source.split_at(at + "=> 10".len());
    let has_another = ["max", "relu", "Dropout", "=>"].iter().any(|other| behind.contains(other));
    if behind.starts_with(|c: char| c.is_ascii_digit()) || has_another {
        return None;
    }
    Some(format!("{before}, softmax{behind}"))
}

#[test]
fn one_mistake_stays_one_error_where_the_model_is_trained() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (mut root, mut expected) = (String::new(), BTreeMap::new());
    for file in fs::read_dir("ui").expect("the cases can be read") {
        let file = file.expect("the cases can be read").path();
        let case = file.file_stem().unwrap().to_string_lossy().into_owned();
        if file.extension().is_none_or(|ending| ending != "rs") || case.starts_with("training_") {
            continue;
        }
        let source = fs::read_to_string(&file).expect("a case can be read").replace("#![", "// #![");
        let messages = fs::read_to_string(file.with_extension("stderr")).expect("a case has its message");
        let mistakes = messages.lines().filter(|line| line.starts_with("error")).count();
        let sources =
            [(case.clone(), Some(source.clone())), (format!("{case}_softmax"), with_softmax(&source))];
        for (name, source) in sources {
            let Some(mut source) = source else { continue };
            // Relative to the file of the case.
            source = source
                .replace("embed!(Mlp, \"", &format!("embed!(Mlp, \"{}/ui/", env!("CARGO_MANIFEST_DIR")));
            source = source.replace("crate::", "super::");
            let uses: String =
                declarations(&source).iter().enumerate().map(|(i, text)| use_of(text, i)).collect();
            fs::write(folder.path().join(format!("{name}.rs")), source + &uses)
                .expect("a file can be written");
            writeln!(root, "pub mod {name};").unwrap();
            expected.insert(name, mistakes);
        }
    }
    assert!(expected.len() > 150, "{} cases", expected.len());

    let (right, crate_root) = (folder.path().join("right.rs"), folder.path().join("lib.rs"));
    fs::write(&right, "typenet::model! { pub Right < Dense(3 => 2) > }").expect("a file can be written");
    fs::write(&crate_root, root).expect("a file can be written");
    let libraries = rustc::libraries();
    let library = libraries.iter().find(|library| {
        errors(&right, library).is_empty() && {
            let metadata = folder.path().join("libright.rmeta");
            metadata.exists() && fs::remove_file(metadata).is_ok()
        }
    });
    let library = library.expect("the library that this test is linked with lies beside it");
    let found = errors(&crate_root, library);

    let mut wrong = String::new();
    for (case, mistakes) in &expected {
        let errors = found.get(case).map_or(&[][..], Vec::as_slice);
        if errors.len() != *mistakes {
            write!(wrong, "\n{case}: {mistakes} mistakes, {} errors\n{}", errors.len(), errors.concat())
                .unwrap();
        }
    }
    let strange: Vec<_> = found.keys().filter(|case| !expected.contains_key(*case)).collect();
    assert!(wrong.is_empty() && strange.is_empty(), "{wrong}\nerrors elsewhere: {strange:?}");
}
