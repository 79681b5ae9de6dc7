//! Reading the files that come with the library.

/// The rows of a bundled file behind its `header` lines: `N` numbers, then a class.
pub(super) fn rows<const N: usize>(text: &str, header: usize) -> impl Iterator<Item = ([f32; N], u8)> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let records =
        reader.byte_records().collect::<Result<Vec<_>, _>>().expect("a bundled file is well formed");
    records.into_iter().skip(header).map(|record| {
        let number = |field: usize| -> f32 {
            let text = core::str::from_utf8(&record[field]).expect("a bundled file is ASCII");
            text.trim().parse().expect("a bundled file holds numbers")
        };
        (core::array::from_fn(number), number(N) as u8)
    })
}
