//! The files of a run: looked at before the first step, made whole, and deleted no sooner than they are not needed.

use std::fs;
use std::path::{Path, PathBuf};

use typenet::callbacks::{Callback, Context, JsonLinesLogger, escape_braces};
use typenet::io::Step;
use typenet::io::safetensors::SaveError;
use typenet::model::{Error, Fit, History};
use typenet::prelude::*;

model! { Line < Dense(1 => 1) > }

type LineTrainer = Trainer<Line, Sgd, MeanSquaredError, ()>;
type LineFit<'a> = Fit<'a, Line, Sgd, MeanSquaredError, (), &'a [f32]>;

const SAMPLES: [[f32; 1]; 4] = [[1.0], [2.0], [3.0], [4.0]];
const LABELS: [f32; 4] = [2.0, 4.0, 6.0, 8.0];

fn trainer() -> LineTrainer {
    Line::zeros().compile(Sgd::new(0.03125), MeanSquaredError, ())
}

/// Two steps in each epoch.
fn fit(trainer: &mut LineTrainer, epochs: usize) -> LineFit<'_> {
    trainer.fit(&SAMPLES, &LABELS).epochs(epochs).batch_size(2).progress(false)
}

fn run(epochs: usize, callback: &mut dyn Callback) -> Result<History, Error> {
    fit(&mut trainer(), epochs).callback(callback).run()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    names.sort();
    names
}

#[test]
fn every_file_of_a_run_is_refused_before_the_first_step_where_it_cannot_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "old").expect("a file");
    // A path below a file, and one that a folder has.
    for path in [file.join("inner/new"), folder.path().to_owned()] {
        let refused = |callback: Option<&mut dyn Callback>| {
            let mut trainer = trainer();
            let fit = fit(&mut trainer, 1);
            let result = match callback {
                Some(callback) => fit.callback(callback).run(),
                None => fit.checkpoint(&path).run(),
            };
            let error = result.expect_err("no file can be there");
            assert_eq!(trainer.step(), 0, "{error}");
            assert!(error.to_string().contains(path.to_str().expect("text")), "{error}");
            error
        };
        for error in [
            refused(None),
            refused(Some(&mut ModelCheckpoint::new(&path))),
            refused(Some(&mut ModelCheckpoint::new(&path).save_weights_only(true))),
            refused(Some(&mut BackupAndRestore::new(&path).every_steps(1000))),
        ] {
            let expected = if path.starts_with(&file) { Step::CreateFolder } else { Step::Inspect };
            // A folder that stands where a backup would be cannot be read as one.
            let is_read = matches!(error, Error::Load(_)) && expected == Step::Inspect;
            assert!(
                is_read || matches!(error, Error::Save(SaveError::Io { step, .. }) if step == expected),
                "{error}"
            );
        }
        assert!(matches!(refused(Some(&mut CsvLogger::new(&path))), Error::Log { .. }));
        assert!(matches!(refused(Some(&mut JsonLinesLogger::new(&path))), Error::Log { .. }));
    }
    assert!(matches!(run(1, &mut TensorBoard::new(&file)), Err(Error::Log { .. })));
    assert!(matches!(run(1, &mut ModelCheckpoint::new(file.join("{epoch}"))), Err(Error::Save(_))));
    assert_eq!(names(folder.path()), ["file"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_is_refused_before_the_first_step() {
    // Nobody creates files there.
    let path = Path::new("/proc/self/run.safetensors");
    let mut trainer = trainer();
    let error = fit(&mut trainer, 1).checkpoint(path).run().expect_err("no file can be there");
    assert!(matches!(error, Error::Save(SaveError::Io { step: Step::Create, .. })), "{error}");
    assert_eq!(trainer.step(), 0);
}

#[test]
fn every_missing_folder_is_created() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let mut saver = ModelCheckpoint::new(path("epochs/{epoch}/run"));
    let mut backup = BackupAndRestore::new(path("backup/run")).delete_checkpoint(false);
    let mut csv = CsvLogger::new(path("csv/inner/log"));
    let mut json = JsonLinesLogger::new(path("json/log"));
    let mut board = TensorBoard::new(path("board/logs"));
    let mut trainer = trainer();
    let fit = fit(&mut trainer, 2).callback(&mut saver).callback(&mut backup).callback(&mut csv);
    fit.callback(&mut json).callback(&mut board).checkpoint(path("checkpoint/run")).run().expect("a run");
    trainer.model().save(path("weights/w")).expect("a save");
    for file in ["epochs/1/run", "epochs/2/run", "backup/run", "csv/inner/log", "json/log", "checkpoint/run"]
    {
        assert!(path(file).is_file(), "{file}");
    }
    assert!(path("weights/w").is_file() && path("board/logs/train").is_dir());
}

#[test]
fn a_backup_is_deleted_after_every_callback_has_ended() {
    /// Cannot end.
    struct Fails;
    impl Callback for Fails {
        fn name(&self) -> &'static str {
            "Fails"
        }
        fn on_train_end(&mut self, _: &mut Context<'_>) -> Result<(), Error> {
            Err(Error::callback("Fails", "no more room"))
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("backup");
    let mut backup = BackupAndRestore::new(&path);
    let error =
        fit(&mut trainer(), 2).callback(&mut backup).callback(&mut Fails).run().expect_err("it fails");
    assert_eq!(error.to_string(), "Fails: no more room");
    assert!(path.exists(), "the run is lost");
    let mut epochs = 0;
    let mut count = LambdaCallback::new().on_epoch_begin(|_| epochs += 1);
    fit(&mut trainer(), 2).callback(&mut backup).callback(&mut count).run().expect("the end of the run");
    drop(count);
    assert_eq!((epochs, path.exists()), (0, false));
    backup.delete().expect("nothing to delete");
}

#[test]
fn one_path_means_one_file_wherever_it_is_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    // `{{epoch}}` is the file `{epoch}`.
    fit(&mut trainer(), 1).checkpoint(path("{{epoch}}")).run().expect("a run");
    assert_eq!(names(folder.path()), ["{epoch}"]);
    let resumed = fit(&mut trainer(), 2).resume(path("{{epoch}}")).run().expect("the run goes on");
    assert_eq!(resumed.epochs.len(), 2);
    let mut begin = Vec::new();
    let mut watch = LambdaCallback::new().on_train_begin(|context| begin.push(context.step()));
    let mut backup = BackupAndRestore::new(escape_braces(path("{epoch}")));
    fit(&mut trainer(), 2).callback(&mut backup).callback(&mut watch).run().expect("the run goes on");
    drop(watch);
    assert_eq!((begin, names(folder.path()).len()), (vec![2], 0));
    let saver = ModelCheckpoint::new(path("{{x}}"));
    assert_eq!(saver.path(), path("{x}"));

    // With places, a run goes on from the file with the largest numbers.
    fit(&mut trainer(), 11).checkpoint(path("run-{epoch}")).run().expect("a run");
    let history = fit(&mut trainer(), 12).resume(path("run-{epoch}")).run().expect("the run goes on");
    assert_eq!(history.epochs.len(), 12);
    let error = fit(&mut trainer(), 12).resume(path("none-{epoch}")).run().expect_err("no such file");
    assert!(matches!(&error, Error::Load(_)) && error.to_string().contains("none-{epoch}"), "{error}");

    // A backup is one file.
    let error = run(1, &mut BackupAndRestore::new(path("run-{epoch}"))).expect_err("several files");
    assert!(matches!(error, Error::SeveralFiles { callback: "BackupAndRestore", .. }), "{error}");
    for wrong in ["{epok}", "a}b", "{8A-01}"] {
        let texts = [
            fit(&mut trainer(), 1).checkpoint(path(wrong)).run(),
            fit(&mut trainer(), 1).resume(path(wrong)).run(),
            run(1, &mut BackupAndRestore::new(path(wrong))),
        ]
        .map(|result| result.expect_err("an unknown place").to_string());
        assert!(texts.iter().all(|text| text == &texts[0] && text.contains("`{{` and `}}`")), "{texts:?}");
    }
}

/// A log that runs of `epochs` epochs add to.
fn appended(path: &PathBuf, epochs: usize, csv: bool) -> Result<String, Error> {
    if csv {
        run(epochs, &mut CsvLogger::new(path).append(true))?;
    } else {
        run(epochs, &mut JsonLinesLogger::new(path).append(true))?;
    }
    Ok(fs::read_to_string(path).expect("the log"))
}

#[test]
fn a_log_of_other_columns_is_not_added_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    let header = "epoch,loss,learning_rate,seconds";
    for (csv, earlier, first) in [
        (true, "epoch,loss,val_loss,seconds\n1,2,3,4\n", "epoch,loss,val_loss,seconds"),
        (true, "epoch;loss;learning_rate;seconds\n", "epoch;loss;learning_rate;seconds"),
        (true, "epoch,loss,learning_rate,seconds,x", "epoch,loss,learning_rate,seconds,x"),
        (true, "1,10,0.125,0.5\n", "1,10,0.125,0.5"),
        (true, "{\"epoch\":1}\n", "{\"epoch\":1}"),
        (false, "epoch,loss,learning_rate,seconds\n", header),
        (false, "[\n{\"epoch\":1}\n", "["),
        (false, "notes", "notes"),
    ] {
        fs::write(&path, earlier).expect("a log");
        let error = appended(&path, 1, csv).expect_err("another log");
        let text = error.to_string();
        let Error::LogContent { found, expected, .. } = error else { panic!("{text}") };
        assert_eq!(found, format!("`{first}`"));
        assert_eq!(expected, if csv { format!("`{header}`") } else { "an object as JSON".into() });
        assert!(text.contains(&found) && text.contains(&expected), "{text}");
        assert_eq!(fs::read_to_string(&path).expect("the log"), earlier, "a refused run changes nothing");
    }
}

#[test]
fn a_torn_last_row_is_completed_if_it_is_whole_and_cut_if_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    for csv in [true, false] {
        let whole = appended(&path, 2, csv).expect("a run");
        fs::remove_file(&path).expect("the log");
        let rows: Vec<&str> = whole.split_inclusive('\n').collect();
        let header = usize::from(csv);
        assert_eq!(rows.len(), header + 2);
        // Killed after every byte of what was written.
        for len in 0..=whole.len() {
            fs::write(&path, &whole[..len]).expect("a log");
            let log = appended(&path, 1, csv).unwrap_or_else(|error| panic!("{len} bytes: {error}"));
            let found: Vec<&str> = log.split_inclusive('\n').collect();
            let ends = whole[..len].matches('\n').count();
            let torn = &whole[whole[..len].rfind('\n').map_or(0, |end| end + 1)..len];
            // All four columns of a row, or an object; a header to the letter.
            let is_whole = if !csv {
                torn.ends_with('}')
            } else if ends == 0 {
                torn == rows[0].trim_end()
            } else {
                torn.matches(',').count() == 3
            };
            let kept = ends + usize::from(is_whole);
            for (row, expected) in found.iter().zip(&rows[..kept]) {
                assert!(expected.starts_with(row.trim_end()), "{len} bytes: {log}");
            }
            assert_eq!(found.len(), kept.max(header) + 1, "{len} bytes: {log}");
            assert!(found[header..].iter().all(|row| row.ends_with('\n')), "{log}");
            let columns = |row: &&str| row.matches(',').count();
            assert!(found.iter().map(columns).all(|n| n == 3), "{len} bytes: {log}");
        }
        fs::remove_file(&path).expect("the log");
    }
}

#[cfg(unix)]
#[test]
fn a_log_may_be_no_file() {
    for append in [true, false] {
        run(2, &mut CsvLogger::new("/dev/null").append(append)).expect("a run");
        run(2, &mut JsonLinesLogger::new("/dev/null").append(append)).expect("a run");
    }
}

#[test]
fn a_refused_run_leaves_the_log_of_an_earlier_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    for name in ["csv", "json"] {
        fs::write(path(name), "an earlier run").expect("a log");
    }
    let (mut csv, mut json) = (CsvLogger::new(path("csv")), JsonLinesLogger::new(path("json")));
    let mut wrong = EarlyStopping::new("val_loss");
    let mut trainer = trainer();
    let refused = fit(&mut trainer, 1).callback(&mut csv).callback(&mut json).callback(&mut wrong);
    refused.run().expect_err("there is no validation");
    for name in ["csv", "json"] {
        assert_eq!(fs::read_to_string(path(name)).expect("the log"), "an earlier run");
    }
    fit(&mut trainer, 1).callback(&mut csv).callback(&mut json).run().expect("a run");
    assert!(fs::read_to_string(path("csv")).expect("the log").starts_with("epoch,loss,"));
    assert!(fs::read_to_string(path("json")).expect("the log").starts_with("{\"epoch\":1,"));
}

#[test]
fn steps_of_a_long_epoch_reach_the_event_file_as_they_come() {
    let folder = tempfile::tempdir().expect("a folder");
    let samples = [[0.5_f32]; 100];
    let labels = [1.0_f32; 100];
    let size = || {
        let batch = folder.path().join("batch");
        let files = fs::read_dir(batch).expect("the run's folder");
        files.map(|file| file.expect("a file").metadata().expect("a file").len()).sum::<u64>()
    };
    let mut sizes = Vec::new();
    let mut watch = LambdaCallback::new().on_batch_end(|_, _| sizes.push(size()));
    let mut board = TensorBoard::new(folder.path()).every_steps(1);
    let mut trainer = trainer();
    let fit = trainer.fit(&samples, &labels).batch_size(1).progress(false);
    fit.callback(&mut board).callback(&mut watch).run().expect("a run");
    drop(watch);
    assert!(sizes[0] > 0, "not even the version");
    // Ten events at most are missing: each step is one, of a size that varies by a byte.
    let all = size() - sizes[0];
    for (step, size) in (1..).zip(&sizes) {
        assert!((size - sizes[0]) * 100 + 11 * all >= step * all, "step {step}: {size} of {all} bytes");
    }
}
