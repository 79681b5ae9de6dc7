//! Replacing a file whole or not at all.
//!
//! The new content goes to a temporary file in the same folder, which is made if it is missing, is flushed to the disk, and takes
//! the old file's name in one step; then the folder is flushed. A crash at any moment leaves the old file or the new one. An error
//! leaves the old file and removes the temporary one; only a killed process can leave a temporary file (`.typenet-….tmp`) behind.
//!
//! File systems differ in what they can do. One that cannot flush, or cannot change permissions, is used without; a disk that fails
//! or is full is an error always.
//!
//! Knows nothing of what is written.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A step of replacing a file: where an error occurred.
///
/// ```
/// use typenet_runtime::io::Step;
/// use typenet_runtime::io::safetensors::{Metadata, SaveError, write};
///
/// let file = tempfile::NamedTempFile::new()?;
/// let below_a_file = file.path().join("weights.safetensors");
/// let Err(SaveError::Io { step, .. }) = write(below_a_file, &[], &Metadata::new()) else { panic!("a file is a folder") };
/// assert_eq!(step, Step::CreateFolder);
/// assert_eq!(step.to_string(), "its folder cannot be created");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Looking at what the path names now.
    Inspect,
    /// Creating the folder, where it is missing.
    CreateFolder,
    /// Creating the temporary file.
    Create,
    /// Writing to it.
    Write,
    /// Giving it the permissions of the file that it replaces.
    Permissions,
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
            Self::CreateFolder => "its folder cannot be created",
            Self::Create => "no temporary file can be created in its folder",
            Self::Write => "the temporary file beside it cannot be written",
            Self::Permissions => "the temporary file beside it cannot get its permissions",
            Self::Flush => "the temporary file beside it cannot be flushed to the disk",
            Self::Rename => "the temporary file cannot take its name",
            Self::FlushFolder => "it is written, but its folder cannot be flushed to the disk",
        })
    }
}

/// Whether a file could stand at `path`: nothing else stands there, and its folder, which is created if it is missing, takes files.
pub(super) fn check(path: &Path) -> Result<(), (Step, io::Error)> {
    let target = target(path);
    earlier(&target).map_err(at(Step::Inspect))?;
    check_folder(folder_of(&target))
}

/// Whether files can be created in this folder, which is created itself if it is missing.
pub(crate) fn check_folder(folder: &Path) -> Result<(), (Step, io::Error)> {
    let folder = or_here(folder);
    fs::create_dir_all(folder).map_err(at(Step::CreateFolder))?;
    create_in(folder, None).map(drop).map_err(at(Step::Create))
}

/// Lets `write` write a file, which then stands at `path`.
///
/// A missing folder is created. A symbolic link stays and its target is replaced. A new file gets the permissions that
/// [`File::create`] would give it; an earlier file's are kept. A path that names something else than a file, or a file marked
/// read-only, is refused.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), (Step, io::Error)> {
    replace_unless(path, write, |_| Ok(()))
}

/// [`replace`], where each [`Step`] fails as `fault` says.
fn replace_unless(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    fault: impl Fn(Step) -> io::Result<()>,
) -> Result<(), (Step, io::Error)> {
    let enter = |step| fault(step).map_err(at(step));

    enter(Step::Inspect)?;
    let path = target(path);
    let earlier = earlier(&path).map_err(at(Step::Inspect))?;
    let folder = folder_of(&path);

    enter(Step::CreateFolder)?;
    let new_folders = folder.ancestors().take_while(|folder| !is_there(folder)).count();
    fs::create_dir_all(folder).map_err(at(Step::CreateFolder))?;

    enter(Step::Create)?;
    let mut temporary = create_in(folder, earlier.as_ref()).map_err(at(Step::Create))?;

    enter(Step::Write)?;
    let mut buffered = BufWriter::with_capacity(1 << 16, temporary.as_file_mut());
    write(&mut buffered).and_then(|()| buffered.flush()).map_err(at(Step::Write))?;
    drop(buffered);

    if let Some(earlier) = earlier {
        let set = fault(Step::Permissions).and_then(|()| temporary.as_file().set_permissions(earlier));
        // Without them, the file is open to no more users than before: it was created so.
        unless(set, |error| is_inability(error) || error.kind() == ErrorKind::PermissionDenied)
            .map_err(at(Step::Permissions))?;
    }
    let flushed = fault(Step::Flush).and_then(|()| temporary.as_file().sync_all());
    unless(flushed, is_inability).map_err(at(Step::Flush))?;

    enter(Step::Rename)?;
    temporary.persist(&path).map_err(|error| (Step::Rename, error.error))?;

    // The new file stands: whether folders can be opened and flushed is the file system's affair, a failing disk is not.
    for folder in folder.ancestors().take(1 + new_folders) {
        let flushed = fault(Step::FlushFolder).and_then(|()| flush_folder(folder));
        unless(flushed, |error| !is_failure_of_the_disk(error)).map_err(at(Step::FlushFolder))?;
    }
    Ok(())
}

fn at(step: Step) -> impl Fn(io::Error) -> (Step, io::Error) {
    move |error| (step, error)
}

/// `result`, or success if its error is `tolerable`.
fn unless(result: io::Result<()>, tolerable: impl Fn(&io::Error) -> bool) -> io::Result<()> {
    result.or_else(|error| if tolerable(&error) { Ok(()) } else { Err(error) })
}

/// Whether the error says that the file system cannot do this, rather than that it failed.
fn is_inability(error: &io::Error) -> bool {
    // The numbers of an ioctl that a file system does not know, and on Apple's systems of an operation: their `sync_all` is one.
    const ENOTTY: i32 = 25;
    const ENOTSUP: i32 = 45;
    let number = error.raw_os_error();
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported)
        || cfg!(unix) && number == Some(ENOTTY)
        || cfg!(target_vendor = "apple") && number == Some(ENOTSUP)
}

fn is_failure_of_the_disk(error: &io::Error) -> bool {
    const EIO: i32 = 5;
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
        || cfg!(unix) && error.raw_os_error() == Some(EIO)
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

fn folder_of(path: &Path) -> &Path {
    or_here(path.parent().unwrap_or(Path::new("")))
}

/// The empty path is the working directory's.
fn or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

fn is_there(folder: &Path) -> bool {
    or_here(folder).exists()
}

/// Permissions of the file at `path`; `None` if nothing stands there.
fn earlier(path: &Path) -> io::Result<Option<fs::Permissions>> {
    let refuse = |why| Err(io::Error::new(ErrorKind::PermissionDenied, why));
    let last = path.as_os_str().as_encoded_bytes().last();
    if path.file_name().is_none() || last.is_some_and(|&byte| std::path::is_separator(byte.into())) {
        return refuse("it names no file");
    }
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => refuse("it is not a regular file"),
        Ok(found) if found.permissions().readonly() => refuse("it is marked read-only"),
        Ok(found) => Ok(Some(found.permissions())),
        // That the folder is a file is found when the folder is to be created.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A temporary file that is open to nobody but whom the earlier file, if there is one, is open to.
fn create_in(folder: &Path, earlier: Option<&fs::Permissions>) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".typenet-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As `File::create` asks for; the process's umask takes away from it.
        let new = || fs::Permissions::from_mode(0o666);
        builder.permissions(earlier.cloned().unwrap_or_else(new));
    }
    #[cfg(not(unix))]
    let _ = earlier;
    builder.tempfile_in(folder)
}

#[cfg(unix)]
fn flush_folder(folder: &Path) -> io::Result<()> {
    File::open(or_here(folder))?.sync_all()
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
                return Err(ErrorKind::StorageFull.into());
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
            assert_eq!((step, error.kind()), (Step::Write, ErrorKind::StorageFull));
            assert_eq!(fs::read(&path).unwrap(), b"old");
            assert_eq!(names(folder.path()), ["weights"]);
        }
        replace(&path, |file| FullDisk { inner: file, left: 10 }.write_all(b"0123456789")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"0123456789");
    }

    #[test]
    fn an_error_at_any_step_leaves_the_old_file_or_the_new_one() {
        use Step::*;
        for faulty in [Inspect, CreateFolder, Create, Write, Permissions, Flush, Rename, FlushFolder] {
            for old in [None, Some("old")] {
                if faulty == Permissions && old.is_none() {
                    continue;
                }
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("weights");
                if let Some(old) = old {
                    fs::write(&path, old).unwrap();
                }
                let fault = |step| if step == faulty { Err(ErrorKind::StorageFull.into()) } else { Ok(()) };
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
    fn a_missing_folder_is_created() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("inner").join("weights");
        replace(&path, |file| file.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(&folder.path().join("missing/inner")), ["weights"]);
    }

    #[test]
    fn a_path_below_a_file_or_of_a_folder_is_refused_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "old").unwrap();
        let refused = |path: &Path, expected: Step| {
            let (step, _) = replace(path, |_| panic!("written")).unwrap_err();
            let (checked, _) = check(path).unwrap_err();
            assert_eq!((step, checked), (expected, expected), "{}", path.display());
        };
        refused(&file.join("weights"), Step::CreateFolder);
        refused(&file.join("inner").join("weights"), Step::CreateFolder);
        refused(folder.path(), Step::Inspect);
        refused(&folder.path().join("new/"), Step::Inspect);
        refused(Path::new(""), Step::Inspect);
        refused(&folder.path().join("new/.."), Step::Inspect);
        assert_eq!(names(folder.path()), ["file"]);
        check(&file).unwrap();
        check(&folder.path().join("a/b/weights")).unwrap();
        assert_eq!(
            (fs::read(&file).unwrap(), names(folder.path())),
            (b"old".to_vec(), vec!["a".into(), "file".into()])
        );
        assert!(names(&folder.path().join("a/b")).is_empty());
    }

    #[test]
    fn a_folder_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (step, error) = replace(folder.path(), |_| Ok(())).unwrap_err();
        assert_eq!((step, error.kind()), (Step::Inspect, ErrorKind::PermissionDenied));
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
        assert_eq!((step, error.kind()), (Step::Inspect, ErrorKind::PermissionDenied));
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

        /// Whether a file can be replaced although this step gives an error of this number, which must leave nothing behind.
        fn succeeds_with(faulty: Step, number: i32) -> bool {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("weights");
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let fault =
                |step| if step == faulty { Err(io::Error::from_raw_os_error(number)) } else { Ok(()) };
            let result = replace_unless(&path, |file| file.write_all(b"new"), fault);
            let stands = fs::read(&path).unwrap() == b"new";
            assert_eq!(stands, result.is_ok() || faulty == Step::FlushFolder);
            assert_eq!((names(folder.path()), mode(&path)), (vec!["weights".to_string()], 0o600));
            if let Err((step, error)) = &result {
                assert_eq!((*step, error.raw_os_error()), (faulty, Some(number)));
            }
            result.is_ok()
        }

        /// Numbers of Linux: EPERM, EIO, EBADF, EACCES, EINVAL, ENOTTY, ENOSPC, EROFS, ENOSYS, EOPNOTSUPP, EDQUOT.
        #[cfg(target_os = "linux")]
        #[test]
        fn what_a_file_system_cannot_do_is_left_out_and_what_fails_is_an_error() {
            let all = [1, 5, 9, 13, 22, 25, 28, 30, 38, 95, 122];
            let tolerated = |step| all.into_iter().filter(|&n| succeeds_with(step, n)).collect::<Vec<_>>();
            assert_eq!(tolerated(Step::FlushFolder), [1, 9, 13, 22, 25, 30, 38, 95]);
            assert_eq!(tolerated(Step::Flush), [22, 25, 38, 95]);
            assert_eq!(tolerated(Step::Permissions), [1, 13, 22, 25, 38, 95]);
            for step in [Step::Inspect, Step::CreateFolder, Step::Create, Step::Write, Step::Rename] {
                assert_eq!(tolerated(step), [0; 0]);
            }
        }

        #[test]
        fn a_file_whose_permissions_cannot_be_copied_is_open_to_no_more_users_than_before() {
            assert!(succeeds_with(Step::Permissions, 1));
        }

        #[test]
        fn a_device_is_not_replaced() {
            let (step, _) = replace(Path::new("/dev/null"), |_| Ok(())).unwrap_err();
            assert_eq!(step, Step::Inspect);
        }
    }
}
