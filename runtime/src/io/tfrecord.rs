//! Records as TensorFlow frames them: length, checksum of the length, bytes, checksum of the bytes.
//!
//! Integers are little-endian. A checksum is CRC-32C (Castagnoli polynomial, reflected), rotated and shifted so that data
//! which hold checksums do not check themselves (TensorFlow, `core/lib/hash/crc32c.h`).

use std::io::{self, Write};

/// One byte's worth of the polynomial division, for each byte.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = (byte as u32, 0);
        while bit < 8 {
            crc = (crc >> 1) ^ (0x82F6_3B78 * (crc & 1));
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// CRC-32C of `bytes` (RFC 3720, appendix B.4).
///
/// ```
/// use typenet_runtime::io::tfrecord::crc32c;
///
/// assert_eq!(crc32c(b"123456789"), 0xE306_9283);
/// ```
pub fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| (crc >> 8) ^ TABLE[usize::from(crc as u8 ^ byte)])
}

fn masked(bytes: &[u8]) -> [u8; 4] {
    crc32c(bytes).rotate_right(15).wrapping_add(0xA282_EAD8).to_le_bytes()
}

/// Writes one record.
///
/// # Errors
/// What `to` says.
///
/// # Example
/// ```
/// use typenet_runtime::io::tfrecord::write_record;
///
/// let mut file = Vec::new();
/// write_record(&mut file, b"hello")?;
/// assert_eq!(file.len(), 8 + 4 + 5 + 4);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write_record(to: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
    let length = (bytes.len() as u64).to_le_bytes();
    to.write_all(&length)?;
    to.write_all(&masked(&length))?;
    to.write_all(bytes)?;
    to.write_all(&masked(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_rfc_3720() {
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
        assert_eq!(crc32c(&[0xFF; 32]), 0x62A8_AB43);
        assert_eq!(crc32c(&core::array::from_fn::<u8, 32, _>(|i| i as u8)), 0x46DD_794E);
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
        assert_eq!(crc32c(b""), 0);
    }
}
