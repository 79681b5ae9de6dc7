//! IDX files, the format of MNIST: a magic number, sizes, then bytes; plain or gzip.
//!
//! ```text
//! 00 00 08 nn   unsigned bytes in nn dimensions
//! nn × u32      sizes, big-endian
//! bytes         row by row
//! ```

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::DataError;

/// The most data that is read from one file, in bytes: a thousand times MNIST's test images.
const LIMIT: u64 = 8 << 30;

/// The sizes and bytes of an IDX file of unsigned bytes with `N` dimensions.
///
/// # Errors
/// [`DataError`] if the file cannot be read, has another magic number, or is shorter or longer than its sizes say.
pub fn read<const N: usize>(path: &Path) -> Result<([usize; N], Vec<u8>), DataError> {
    let io = |source| DataError::Io { path: path.to_path_buf(), source };
    let mut file = BufReader::new(File::open(path).map_err(io)?);
    let is_gzip = file.fill_buf().map_err(io)?.starts_with(&[0x1f, 0x8b]);
    if is_gzip {
        read_from(path, &mut MultiGzDecoder::new(file), LIMIT)
    } else {
        read_from(path, &mut file, LIMIT)
    }
}

fn read_u32(reader: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    reader.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

fn read_from<const N: usize>(
    path: &Path,
    reader: &mut impl Read,
    limit: u64,
) -> Result<([usize; N], Vec<u8>), DataError> {
    let io = |source| DataError::Io { path: path.to_path_buf(), source };
    let expected = 0x0800 | N as u32;
    let found = read_u32(reader).map_err(io)?;
    if found != expected {
        return Err(DataError::Magic { path: path.to_path_buf(), expected, found });
    }
    let mut sizes = [0; N];
    let mut expected = 1u64;
    for size in &mut sizes {
        let found = read_u32(reader).map_err(io)?;
        expected = expected.saturating_mul(u64::from(found));
        *size = found as usize;
    }
    if expected > limit {
        return Err(DataError::TooLarge { path: path.to_path_buf(), expected, limit });
    }
    // Grows with the bytes that come, not with what the header announces.
    let mut bytes = Vec::new();
    reader.take(expected + 1).read_to_end(&mut bytes).map_err(io)?;
    let found = bytes.len() as u64;
    if found != expected {
        let found = if found > expected { "more".into() } else { found.to_string() };
        return Err(DataError::Length { path: path.to_path_buf(), expected, found });
    }
    Ok((sizes, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: [u8; 18] = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 7, 9];

    fn read_bytes<const N: usize>(bytes: &[u8]) -> Result<([usize; N], Vec<u8>), DataError> {
        read_from(Path::new("digits"), &mut &bytes[..], 100)
    }

    #[test]
    fn sizes_and_bytes_are_read() {
        assert_eq!(read_bytes::<3>(&FILE).expect("a whole file"), ([1, 2, 1], vec![7, 9]));
    }

    #[test]
    fn truncation_at_every_byte_is_an_error() {
        for len in 0..FILE.len() {
            let error = read_bytes::<3>(&FILE[..len]).expect_err("a part of a file").to_string();
            assert!(error.contains("digits"), "{error}");
        }
    }

    #[test]
    fn surplus_bytes_are_an_error() {
        let mut file = FILE.to_vec();
        file.push(0);
        assert!(matches!(read_bytes::<3>(&file), Err(DataError::Length { expected: 2, .. })));
    }

    #[test]
    fn another_magic_number_is_an_error() {
        let found = read_bytes::<1>(&FILE);
        assert!(matches!(found, Err(DataError::Magic { expected: 0x801, found: 0x803, .. })));
    }

    #[test]
    fn sizes_that_announce_too_much_take_no_memory() {
        let mut file = FILE.to_vec();
        file[4..16].fill(0xff);
        assert!(matches!(read_bytes::<3>(&file), Err(DataError::TooLarge { expected: u64::MAX, .. })));
    }

    #[test]
    fn gzip_is_known_by_its_content() {
        use std::io::Write;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("images");
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&FILE).expect("compressed");
        let compressed = encoder.finish().expect("compressed");
        std::fs::write(&path, &compressed).expect("written");
        assert_eq!(read::<3>(&path).expect("a whole file").1, [7, 9]);
        for len in 2..compressed.len() - 8 {
            std::fs::write(&path, &compressed[..len]).expect("written");
            assert!(read::<3>(&path).is_err(), "the first {len} bytes");
        }
    }
}
