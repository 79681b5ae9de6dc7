//! Replacing a file whole or not at all.
//!
//! The new content goes to a temporary file in the same folder, is flushed to the disk, and takes the old file's name in one
//! step; then the folder is flushed. A crash at any moment leaves the old file or the new one. An error leaves the old file
//! and removes the temporary one; only a killed process can leave a temporary file (`.typenet-….tmp`) behind.
//!
//! Knows nothing of what is written.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A step of replacing a file: where an error occurred.
///
/// ```
/// use typenet_runtime::io::Step;
/// use typenet_runtime::io::safetensors::{Metadata, SaveError, write};
///
/// let folder = tempfile::tempdir()?;
/// let missing = folder.path().join("missing/weights.safetensors");
/// let Err(SaveError::Io { step, .. }) = write(missing, &[], &Metadata::new()) else { panic!("a folder was made") };
/// assert_eq!(step, Step::Create);
/// assert_eq!(step.to_string(), "no temporary file can be created in its folder");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Looking at what the path names now.
    Inspect,
    /// Creating the temporary file.
    Create,
    /// Writing to it.
    Write,
    /// Flushing it to the disk.
    Flush,
    /// Giving it its final name.
    Rename,
    /// Flushing the folder; the new file stands already.
    FlushFolder,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Inspect => "the file that stands there cannot be replaced",
            Self::Create => "no temporary file can be created in its folder",
            Self::Write => "the temporary file beside it cannot be written",
            Self::Flush => "the temporary file beside it cannot be flushed to the disk",
            Self::Rename => "the temporary file cannot take its name",
            Self::FlushFolder => "it is written, but its folder cannot be flushed to the disk",
        })
    }
}

/// Lets `write` write a file, which then stands at `path`.
///
/// A symbolic link stays and its target is replaced. A new file gets the permissions that [`File::create`] would give it; an
/// earlier file's are kept. A path that names something else than a file, or a file marked read-only, is refused.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), (Step, io::Error)> {
    replace_unless(path, write, |_| Ok(()))
}

/// [`replace`], with an error before any [`Step`] for which `fault` returns one.
fn replace_unless(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    fault: impl Fn(Step) -> io::Result<()>,
) -> Result<(), (Step, io::Error)> {
    let at = |step| move |error| (step, error);
    let enter = |step| fault(step).map_err(at(step));

    enter(Step::Inspect)?;
    let path = target(path);
    let earlier = earlier(&path).map_err(at(Step::Inspect))?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };

    enter(Step::Create)?;
    let mut temporary = create_in(folder).map_err(at(Step::Create))?;

    enter(Step::Write)?;
    let mut buffered = BufWriter::with_capacity(1 << 16, temporary.as_file_mut());
    write(&mut buffered).and_then(|()| buffered.flush()).map_err(at(Step::Write))?;
    drop(buffered);

    enter(Step::Flush)?;
    if let Some(earlier) = earlier {
        temporary.as_file().set_permissions(earlier).map_err(at(Step::Flush))?;
    }
    temporary.as_file().sync_all().map_err(at(Step::Flush))?;

    enter(Step::Rename)?;
    temporary.persist(&path).map_err(|error| (Step::Rename, error.error))?;

    enter(Step::FlushFolder)?;
    flush_folder(folder).map_err(at(Step::FlushFolder))
}

/// Where the symbolic links at `path` lead, also if nothing stands there yet.
fn target(path: &Path) -> PathBuf {
    // The number of links that Linux follows.
    const MOST_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(link) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(link);
    }
    path
}

/// Permissions of the file at `path`; `None` if nothing stands there.
fn earlier(path: &Path) -> io::Result<Option<fs::Permissions>> {
    let refuse = |why| Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => refuse("it is not a regular file"),
        Ok(found) if found.permissions().readonly() => refuse("it is marked read-only"),
        Ok(found) => Ok(Some(found.permissions())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn create_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".typenet-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As `File::create` asks for; the process's umask takes away from it.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

#[cfg(unix)]
fn flush_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some file systems have nothing to flush for a folder.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}

#[cfg(not(unix))]
fn flush_folder(_: &Path) -> io::Result<()> {
    let _ = File::open;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Passes bytes on until `left` of them are written, then fails: a disk that fills up.
    struct FullDisk<'a> {
        inner: &'a mut dyn Write,
        left: usize,
    }

    impl Write for FullDisk<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.left == 0 && !bytes.is_empty() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let written = self.inner.write(&bytes[..bytes.len().min(self.left)])?;
            self.left -= written;
            Ok(written)
        }

        fn flush(&mut self) -> io::Result<()> {
            self.inner.flush()
        }
    }

    #[test]
    fn a_disk_that_fills_up_at_any_byte_leaves_the_old_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        fs::write(&path, "old").unwrap();
        for left in 0..10 {
            let (step, error) =
                replace(&path, |file| FullDisk { inner: file, left }.write_all(b"0123456789")).unwrap_err();
            assert_eq!((step, error.kind()), (Step::Write, io::ErrorKind::StorageFull));
            assert_eq!(fs::read(&path).unwrap(), b"old");
            assert_eq!(names(folder.path()), ["weights"]);
        }
        replace(&path, |file| FullDisk { inner: file, left: 10 }.write_all(b"0123456789")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"0123456789");
    }

    #[test]
    fn an_error_at_any_step_leaves_the_old_file_or_the_new_one() {
        use Step::*;
        for faulty in [Inspect, Create, Write, Flush, Rename, FlushFolder] {
            for old in [None, Some("old")] {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("weights");
                if let Some(old) = old {
                    fs::write(&path, old).unwrap();
                }
                let fault = |step| if step == faulty { Err(io::ErrorKind::Other.into()) } else { Ok(()) };
                let (step, _) = replace_unless(&path, |file| file.write_all(b"new"), fault).unwrap_err();
                assert_eq!(step, faulty);
                let expected = if faulty == FlushFolder { Some("new") } else { old };
                assert_eq!(fs::read_to_string(&path).ok().as_deref(), expected, "{faulty:?}");
                let expected: &[&str] = if expected.is_some() { &["weights"] } else { &[] };
                assert_eq!(names(folder.path()), expected, "{faulty:?}");
            }
        }
    }

    #[test]
    fn a_panic_while_writing_leaves_the_old_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        fs::write(&path, "old").unwrap();
        let result = std::panic::catch_unwind(|| {
            replace(&path, |file| {
                file.write_all(b"new")?;
                std::panic::resume_unwind(Box::new(()))
            })
        });
        assert!(result.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["weights"]);
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("weights");
        let (step, error) = replace(&path, |_| Ok(())).unwrap_err();
        assert_eq!((step, error.kind()), (Step::Create, io::ErrorKind::NotFound));
    }

    #[test]
    fn a_folder_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (step, error) = replace(folder.path(), |_| Ok(())).unwrap_err();
        assert_eq!((step, error.kind()), (Step::Inspect, io::ErrorKind::PermissionDenied));
    }

    #[test]
    fn a_read_only_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        fs::write(&path, "old").unwrap();
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        let (step, error) = replace(&path, |file| file.write_all(b"new")).unwrap_err();
        assert_eq!((step, error.kind()), (Step::Inspect, io::ErrorKind::PermissionDenied));
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }

    #[cfg(unix)]
    mod unix {
        use super::*;
        use std::os::unix::fs::{PermissionsExt, symlink};

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o777
        }

        #[test]
        fn a_new_file_has_the_permissions_of_any_new_file() {
            let folder = tempfile::tempdir().unwrap();
            let (ours, any) = (folder.path().join("ours"), folder.path().join("any"));
            replace(&ours, |file| file.write_all(b"new")).unwrap();
            fs::write(&any, "any").unwrap();
            assert_eq!(mode(&ours), mode(&any));
        }

        #[test]
        fn an_earlier_file_keeps_its_permissions() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("weights");
            for permissions in [0o600, 0o640, 0o666] {
                fs::write(&path, "old").unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(permissions)).unwrap();
                replace(&path, |file| file.write_all(b"new")).unwrap();
                assert_eq!(mode(&path), permissions);
            }
        }

        #[test]
        fn a_symbolic_link_stays_and_its_target_is_replaced() {
            let folder = tempfile::tempdir().unwrap();
            let inner = folder.path().join("inner");
            fs::create_dir(&inner).unwrap();
            symlink("inner/second", folder.path().join("first")).unwrap();
            symlink("weights", inner.join("second")).unwrap();
            for content in ["created through the link", "replaced through the link"] {
                replace(&folder.path().join("first"), |file| file.write_all(content.as_bytes())).unwrap();
                assert_eq!(fs::read_to_string(inner.join("weights")).unwrap(), content);
                assert!(fs::symlink_metadata(folder.path().join("first")).unwrap().is_symlink());
                assert_eq!(names(&inner), ["second", "weights"]);
            }
        }

        #[test]
        fn a_device_is_not_replaced() {
            let (step, _) = replace(Path::new("/dev/null"), |_| Ok(())).unwrap_err();
            assert_eq!(step, Step::Inspect);
        }
    }
}
