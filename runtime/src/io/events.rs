//! Event files, which TensorBoard reads: scalars over steps.
//!
//! A file is a row of [records](super::tfrecord), each a protocol buffer `Event` (TensorFlow, `core/util/event.proto`,
//! `core/framework/summary.proto`), of which this is used:
//!
//! ```text
//! Event      { 1: double wall_time; 2: int64 step; 3: string file_version; 5: Summary summary; 7: SessionLog session_log }
//! Summary    { 1: repeated Value value }
//! Value      { 1: string tag; 2: float simple_value }
//! SessionLog { 1: enum status, START = 1 }
//! ```

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::tfrecord::write_record;

/// A field's key: its number, and the wire type of its value.
const fn key(field: u8, wire: u8) -> u8 {
    field << 3 | wire
}
const VARINT: u8 = 0;
const FIXED_64: u8 = 1;
const BYTES: u8 = 2;
const FIXED_32: u8 = 5;

fn push_varint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn varint_len(value: u64) -> usize {
    (64 - value.max(1).leading_zeros() as usize).div_ceil(7)
}

fn push_bytes(to: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    to.push(key(field, BYTES));
    push_varint(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

/// `wall_time` and `step` of an event, in place of what `to` held.
fn begin(to: &mut Vec<u8>, wall_time: f64, step: u64) {
    to.clear();
    to.push(key(1, FIXED_64));
    to.extend_from_slice(&wall_time.to_le_bytes());
    to.push(key(2, VARINT));
    push_varint(to, step);
}

fn push_version(to: &mut Vec<u8>) {
    push_bytes(to, 3, b"brain.Event:2");
}

fn push_start(to: &mut Vec<u8>) {
    push_bytes(to, 7, &[key(1, VARINT), 1]);
}

fn push_scalars(to: &mut Vec<u8>, scalars: &[(&str, f32)]) {
    let value_len = |tag: &str| 1 + varint_len(tag.len() as u64) + tag.len() + 1 + 4;
    let summary_len = |tag: &str| 1 + varint_len(value_len(tag) as u64) + value_len(tag);
    to.push(key(5, BYTES));
    push_varint(to, scalars.iter().map(|(tag, _)| summary_len(tag) as u64).sum());
    for (tag, value) in scalars {
        to.push(key(1, BYTES));
        push_varint(to, value_len(tag) as u64);
        push_bytes(to, 1, tag.as_bytes());
        to.push(key(2, FIXED_32));
        to.extend_from_slice(&value.to_le_bytes());
    }
}

/// An event file that is being written. What is on the disk is at most ten events or two minutes behind (as by default in
/// TensorFlow, `tf.summary.create_file_writer`).
///
/// # Example
/// ```no_run
/// use typenet_runtime::io::events::EventFile;
///
/// let mut events = EventFile::create("logs/train")?;
/// for epoch in 1..=10 {
///     events.scalars(epoch, &[("loss", 1.0 / epoch as f32)])?;
/// }
/// events.flush()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: BufWriter<File>,
    /// Events that are not handed to the system yet, and since when there may be some.
    waiting: u32,
    flushed: Instant,
    /// The event that is made, so that no event allocates.
    event: Vec<u8>,
}

/// Since 1970.
fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

impl EventFile {
    /// A new file in `folder`, which is made if it is not there; the file's name holds the time, so that later files
    /// of the same folder are read later.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(folder: impl AsRef<Path>) -> io::Result<Self> {
        let (folder, now) = (folder.as_ref(), now());
        fs::create_dir_all(folder)?;
        let name = format!("events.out.tfevents.{:010}.{:09}.typenet", now.as_secs(), now.subsec_nanos());
        let path = folder.join(name);
        let file = BufWriter::new(File::create_new(&path)?);
        let event = Vec::with_capacity(256);
        let mut events = Self { path, file, waiting: 0, flushed: Instant::now(), event };
        events.write(0, push_version)?;
        events.flush()?;
        Ok(events)
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn write(&mut self, step: u64, push: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        begin(&mut self.event, now().as_secs_f64(), step);
        push(&mut self.event);
        write_record(&mut self.file, &self.event)?;
        self.waiting += 1;
        self.keep_up(Instant::now())
    }

    /// Flushes if it is time to.
    pub(crate) fn keep_up(&mut self, now: Instant) -> io::Result<()> {
        const MOST_EVENTS: u32 = 10;
        const MOST_TIME: Duration = Duration::from_secs(120);
        let is_late = self.waiting >= MOST_EVENTS || now.duration_since(self.flushed) >= MOST_TIME;
        if is_late && self.waiting > 0 { self.flush() } else { Ok(()) }
    }

    /// Values by tag at a step.
    ///
    /// # Errors
    /// What the system says.
    pub fn scalars(&mut self, step: u64, scalars: &[(&str, f32)]) -> io::Result<()> {
        self.write(step, |event| push_scalars(event, scalars))
    }

    /// A run goes on with this step: what earlier files of the folder say of this step and later ones no longer holds.
    ///
    /// ```
    /// use typenet_runtime::io::events::EventFile;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut events = EventFile::create(folder.path())?;
    /// events.restart(3)?;
    /// events.scalars(3, &[("loss", 0.25)])?;
    /// events.flush()?;
    /// let written = std::fs::read(events.path())?;
    /// assert!(written.windows(4).any(|bytes| bytes == 0.25f32.to_le_bytes()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// What the system says.
    pub fn restart(&mut self, step: u64) -> io::Result<()> {
        self.write(step, push_start)
    }

    /// Hands everything to the system.
    ///
    /// # Errors
    /// What the system says.
    pub fn flush(&mut self) -> io::Result<()> {
        (self.waiting, self.flushed) = (0, Instant::now());
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(step: u64, push: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let (mut event, mut file) = (Vec::new(), Vec::new());
        begin(&mut event, 1.5, step);
        push(&mut event);
        write_record(&mut file, &event).expect("a vector takes everything");
        file
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The right-hand sides were printed by `tests/golden/events.py` with TensorFlow's own protocol buffers and writer.
    #[test]
    fn records_are_tensorflows_bytes() {
        let golden = include_str!("../../tests/golden/events.txt");
        let mut golden = golden.lines().filter(|line| !line.starts_with('#'));
        let records = [
            record(0, push_version),
            record(300, |event| push_scalars(event, &[("epoch_loss", 0.25), ("epoch_accuracy", -1e-3)])),
            record(1 << 40, |event| push_scalars(event, &[("t".repeat(200).as_str(), f32::NAN)])),
            record(7, push_start),
        ];
        for found in &records {
            assert_eq!(Some(hex(found).as_str()), golden.next());
        }
        assert_eq!(golden.next(), None);
    }

    #[test]
    fn the_disk_is_ten_events_or_two_minutes_behind_at_most() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut events = EventFile::create(folder.path()).expect("a file");
        let path = events.path().to_owned();
        let on_disk = || fs::metadata(&path).expect("the file").len();
        let one = record(1, |event| push_scalars(event, &[("loss", 0.5)])).len() as u64;
        let begin = on_disk();
        assert!(begin > 0, "the version is there at once");
        for count in 1..=35 {
            events.scalars(1, &[("loss", 0.5)]).expect("an event");
            assert!(on_disk() + 10 * one >= begin + count * one, "{count} events");
        }
        assert!(on_disk() < begin + 35 * one, "not each event is flushed");
        events.keep_up(Instant::now()).expect("nothing to do");
        assert!(on_disk() < begin + 35 * one);
        events.keep_up(Instant::now() + Duration::from_secs(120)).expect("a flush");
        assert_eq!(on_disk(), begin + 35 * one);
    }

    #[test]
    fn lengths_of_varints() {
        for value in [0, 1, 127, 128, 16_383, 16_384, u64::MAX] {
            let mut bytes = Vec::new();
            push_varint(&mut bytes, value);
            assert_eq!(bytes.len(), varint_len(value), "{value}");
        }
    }
}
