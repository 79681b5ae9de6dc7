//! Names of files with the number of the epoch or of the step in them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Context;
use crate::io::check_replaceable;
use crate::io::replace::check_folder;
use crate::io::safetensors::{LoadError, SaveError};
use crate::model::Error;

/// A path with places for numbers: `{epoch}`, `{step}`, with leading zeros `{epoch:03}`. `{{` and `}}` are braces.
#[derive(Debug, Clone)]
pub(super) struct Template {
    path: PathBuf,
    /// What the path names, if it has no places.
    file: Option<PathBuf>,
}

/// A path of a checkpoint that means this file, whatever braces its name and folders have: `{` becomes `{{`, `}` becomes `}}`.
///
/// ```
/// use typenet::callbacks::escape_braces;
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("{epoch}.safetensors");
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).progress(false);
/// fit.checkpoint(escape_braces(&path)).run()?;
/// assert!(path.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn escape_braces(path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    // What is no text has no places, and nothing to escape.
    path.to_str().map_or_else(|| path.into(), |text| text.replace('{', "{{").replace('}', "}}").into())
}

/// Numbers that fill the places of a template.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Numbers {
    epoch: Option<u64>,
    step: Option<u64>,
}

impl Numbers {
    /// With one number more; `None` if it is another already.
    fn with(mut self, place: Place, value: u64) -> Option<Self> {
        let number = if place == Place::Epoch { &mut self.epoch } else { &mut self.step };
        (*number.get_or_insert(value) == value).then_some(self)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Epoch,
    Step,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// A number of at least so many digits.
    Number(Place, usize),
}

/// The pieces of a text; `None` if it has another place than those that there are, or a brace alone.
fn parse(text: &str) -> Option<Vec<Part>> {
    let (mut parts, mut literal, mut rest) = (Vec::new(), String::new(), text);
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace, after) = (&rest[..at], &rest[at..=at], &rest[at + 1..]);
        literal.push_str(before);
        if let Some(after) = after.strip_prefix(brace) {
            literal.push_str(brace);
            rest = after;
            continue;
        }
        let (place, after) = after.split_once('}').filter(|_| brace == "{")?;
        let (name, width) = place.split_once(':').unwrap_or((place, "0"));
        let place = match name {
            "epoch" => Place::Epoch,
            "step" => Place::Step,
            _ => return None,
        };
        let width = width.parse().ok().filter(|&width| width <= 20)?;
        parts.extend([Part::Text(core::mem::take(&mut literal)), Part::Number(place, width)]);
        rest = after;
    }
    parts.push(Part::Text(literal + rest));
    Some(parts)
}

fn has_places(parts: &[Part]) -> bool {
    parts.len() > 1
}

fn fill(parts: &[Part], numbers: Numbers) -> String {
    let part = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Number(place, width) => {
            let number = if *place == Place::Epoch { numbers.epoch } else { numbers.step };
            format!("{:0width$}", number.unwrap_or(0))
        }
    };
    parts.iter().map(part).collect()
}

/// The largest numbers with which `parts` become `name`, among those that agree with `known`.
fn read(parts: &[Part], name: &str, known: Numbers) -> Option<Numbers> {
    match parts {
        [] => name.is_empty().then_some(known),
        [Part::Text(text), others @ ..] => read(others, name.strip_prefix(text.as_str())?, known),
        [number @ Part::Number(place, _), others @ ..] => {
            let digits = name.bytes().take_while(u8::is_ascii_digit).count();
            let of_length = |digits| {
                let (digits, rest) = name.split_at(digits);
                let with = known.with(*place, digits.parse().ok()?)?;
                let is_exact = fill(core::slice::from_ref(number), with) == digits;
                read(others, rest, with).filter(|_| is_exact)
            };
            (1..=digits).filter_map(of_length).max()
        }
    }
}

/// The names in a folder that are text; none if there is no such folder.
fn entries(folder: &Path) -> Result<Vec<String>, Error> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = fs::read_dir(here).and_then(|entries| {
        entries.map(|entry| Ok(entry?.file_name().into_string().ok())).collect::<Result<Vec<_>, _>>()
    });
    match names {
        Ok(names) => Ok(names.into_iter().flatten().collect()),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        Err(source) => Err(LoadError::Io { path: here.to_owned(), source }.into()),
    }
}

impl Template {
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let file = match path.to_str().map(parse) {
            // What is no text has no places.
            None => Some(path.clone()),
            Some(Some(parts)) if !has_places(&parts) => Some(fill(&parts, Numbers::default()).into()),
            Some(_) => None,
        };
        Self { path, file }
    }

    /// The file for these numbers.
    fn fill(&self, epoch: usize, step: u64) -> Result<PathBuf, Error> {
        if let Some(file) = &self.file {
            return Ok(file.clone());
        }
        let parts = self.path.to_str().and_then(parse);
        let parts = parts.ok_or_else(|| Error::Template { path: self.path.clone() })?;
        Ok(fill(&parts, Numbers { epoch: Some(epoch as u64), step: Some(step) }).into())
    }

    /// The names of folders and file on the way to it.
    fn components(&self) -> impl Iterator<Item = Vec<Part>> {
        let text = |component: std::path::Component<'_>| component.as_os_str().to_string_lossy().into_owned();
        self.path.components().map(move |name| parse(&text(name)).unwrap_or_default())
    }

    /// Whether every place has a number, and files can be written there. Folders before the first place are created.
    pub(super) fn check(&self) -> Result<(), Error> {
        if let Some(file) = &self.file {
            return Ok(check_replaceable(file)?);
        }
        self.fill(0, 0)?;
        let fixed = self.components().take_while(|name| !has_places(name));
        let folder: PathBuf = fixed.map(|name| fill(&name, Numbers::default())).collect();
        Ok(check_folder(&folder).map_err(|error| SaveError::io(&self.path, error))?)
    }

    /// The file of this moment.
    pub(super) fn now(&self, context: &Context<'_>) -> Result<PathBuf, Error> {
        self.fill(context.epoch(), context.step())
    }

    /// The file with the largest numbers: of the epoch, then of the step. As it was given, if there is none.
    pub(super) fn latest(&self) -> Result<PathBuf, Error> {
        let file = self.fill(0, 0)?;
        if self.file.is_some() {
            return Ok(file);
        }
        let mut found = vec![(Numbers::default(), PathBuf::new())];
        for name in self.components() {
            let mut below = Vec::new();
            for (known, folder) in found {
                if !has_places(&name) {
                    below.push((known, folder.join(fill(&name, known))));
                    continue;
                }
                let entries = entries(&folder)?.into_iter();
                below.extend(
                    entries.filter_map(|entry| Some((read(&name, &entry, known)?, folder.join(entry)))),
                );
            }
            found = below;
        }
        let latest = found.into_iter().filter(|(_, file)| file.is_file()).max();
        Ok(latest.map_or_else(|| self.path.clone(), |(_, file)| file))
    }

    /// What it names; as it was given, if it has places.
    pub(super) fn path(&self) -> &Path {
        self.file().unwrap_or(&self.path)
    }

    /// What it names, if it has no places.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled() {
        let fill = |path: &str| Template::new(path).fill(7, 1234).map_err(|error| error.to_string());
        assert_eq!(fill("run.safetensors"), Ok("run.safetensors".into()));
        assert_eq!(fill("a/{epoch}-{step:06}.st"), Ok("a/7-001234.st".into()));
        assert_eq!(fill("{epoch:03}"), Ok("007".into()));
        for wrong in
            ["{epoche}", "{epoch", "epoch}", "{}", "{epoch:x}", "{epoch:99}", "{epoch}}", "{{epoch}", "{{{"]
        {
            let error = fill(wrong).expect_err("an unknown place");
            assert!(error.contains(wrong) && error.contains("{epoch}") && error.contains("`{{`"), "{error}");
        }
    }

    #[test]
    fn two_braces_are_one() {
        let fill = |path: &str| Template::new(path).fill(7, 1234).ok();
        assert_eq!(fill("{{epoch}}"), Some("{epoch}".into()));
        assert_eq!(fill("{{{epoch}}}"), Some("{7}".into()));
        assert_eq!(fill("a}}b{{{{"), Some("a}b{{".into()));
        assert_eq!(Template::new("{{8A}}/x").file(), Some(Path::new("{8A}/x")));
        assert_eq!(
            (Template::new("{step}").file(), Template::new("{step}").path()),
            (None, Path::new("{step}"))
        );
    }

    #[test]
    fn numbers_are_read_from_names_that_a_template_gives() {
        let read = |template: &str, name: &str| {
            let numbers = read(&parse(template)?, name, Numbers::default())?;
            Some((numbers.epoch, numbers.step))
        };
        assert_eq!(read("run-{epoch}.st", "run-12.st"), Some((Some(12), None)));
        assert_eq!(read("{epoch:03}-{step}", "012-7"), Some((Some(12), Some(7))));
        assert_eq!(read("{epoch:03}", "1234"), Some((Some(1234), None)));
        assert_eq!(read("{epoch}0", "120"), Some((Some(12), None)));
        assert_eq!(read("{epoch}-{epoch}", "3-3"), Some((Some(3), None)));
        for (template, name) in [
            ("{epoch}", "012"),
            ("{epoch:03}", "12"),
            ("{epoch:03}", "0123"),
            ("{epoch}", "-1"),
            ("{epoch}", "99999999999999999999"),
            ("{epoch}-{epoch}", "3-4"),
            ("run-{epoch}.st", "run-12.st.tmp"),
        ] {
            assert_eq!(read(template, name), None, "{name}");
        }
    }

    #[test]
    fn the_latest_has_the_largest_numbers_not_the_last_name() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["9/run-1", "10/run-2", "10/run-11", "11/run-x", "{8}/run-3"] {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            fs::write(file, "").expect("a file");
        }
        fs::create_dir_all(folder.path().join("12/run-1")).expect("a folder is no file");
        let latest = |name: &str| Template::new(folder.path().join(name)).latest().expect("known places");
        assert_eq!(latest("{epoch}/run-{step}"), folder.path().join("10/run-11"));
        assert_eq!(latest("10/run-{step}"), folder.path().join("10/run-11"));
        assert_eq!(latest("{{8}}/run-{step}"), folder.path().join("{8}/run-3"));
        assert_eq!(latest("{epoch}/run-1"), folder.path().join("9/run-1"));
        assert_eq!(latest("none-{epoch}"), folder.path().join("none-{epoch}"));
        assert_eq!(latest("none"), folder.path().join("none"));
    }

    #[test]
    fn folders_before_the_first_place_are_created_and_looked_at() {
        let folder = tempfile::tempdir().expect("a folder");
        Template::new(folder.path().join("a/{{b}}/{epoch}/run-{step}")).check().expect("a place for files");
        assert_eq!(fs::read_dir(folder.path().join("a/{b}")).expect("the folder").count(), 0);
        fs::write(folder.path().join("file"), "").expect("a file");
        let path = folder.path().join("file/{epoch}");
        let Err(Error::Save(SaveError::Io { path: named, .. })) = Template::new(&path).check() else {
            panic!("a file is a folder")
        };
        assert_eq!(named, path);
    }
}
