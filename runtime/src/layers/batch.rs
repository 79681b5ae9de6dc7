//! Samples and predictions as the values that a model's passes take and give.
//!
//! Samples of numbers, and one sample of anything, are read where they are. A layer reads several sequences from two slices, of
//! steps and of lengths, so several are unpacked: copied, as are samples that are gathered in another order.

#[cfg(feature = "std")]
use core::ops::Range;

use super::{Cpu, Port, Value};
use crate::schema::{Columns, ColumnsMut, MAX_FIELDS, Part};

/// Which samples.
#[cfg(feature = "std")]
#[derive(Debug, Clone)]
pub(crate) enum Rows<'a> {
    Range(Range<usize>),
    Chosen(&'a [u32]),
}

/// Words of one sample of an input.
const fn width(part: &Part) -> usize {
    part.len() + part.is_sequence as usize
}

/// Values for each sample that [`unpack`] writes: of all inputs, or of sequences alone.
#[cfg(feature = "std")]
pub(crate) const fn unpacked_len<P: Port>(all: bool) -> usize {
    const {
        assert!(
            P::PARTS.len() <= MAX_FIELDS,
            "a model that is trained has at most eight inputs and eight outputs"
        )
    };
    let (mut len, mut i) = (0, 0);
    while i < P::PARTS.len() {
        if all || P::PARTS[i].is_sequence {
            len += width(&P::PARTS[i]);
        }
        i += 1;
    }
    len
}

/// Writes samples to `memory`: of each input first the values, then the lengths if they are sequences.
#[cfg(feature = "std")]
pub(crate) fn unpack<P: Port>(columns: &Columns<'_>, rows: Rows<'_>, all: bool, memory: &mut [f32]) {
    let batch = match &rows {
        Rows::Range(range) => range.len(),
        Rows::Chosen(index) => index.len(),
    };
    let mut rest: &mut [u32] = bytemuck::cast_slice_mut(memory);
    for (part, column) in P::PARTS.iter().zip(columns).filter(|(part, _)| all || part.is_sequence) {
        let (len, width) = (part.len(), width(part));
        let (values, others) = rest.split_at_mut(batch * len);
        let (lengths, others) = others.split_at_mut(batch * (width - len));
        rest = others;
        let copy = |to: usize, from: usize, values: &mut [u32], lengths: &mut [u32]| {
            let row = &column.words[from * width..][..width];
            values[to * len..][..len].copy_from_slice(&row[width - len..]);
            if part.is_sequence {
                lengths[to] = row[0];
            }
        };
        match &rows {
            Rows::Range(range) => {
                range.clone().enumerate().for_each(|(to, from)| copy(to, from, values, lengths));
            }
            Rows::Chosen(index) => {
                index.iter().enumerate().for_each(|(to, &from)| copy(to, from as usize, values, lengths));
            }
        }
    }
}

/// The values of `batch` samples: of those of `columns` from a row on, or of all that were unpacked.
pub(crate) fn values<'a, P: Port>(
    columns: Option<(&Columns<'a>, usize)>,
    batch: usize,
    memory: &'a [f32],
) -> P::Values<'a, Cpu> {
    let mut rest: &'a [u32] = bytemuck::cast_slice(memory);
    let mut parts = P::PARTS.iter().enumerate();
    P::values::<Cpu>(&mut || {
        let (i, part) = parts.next().expect("as many as the port has");
        let (len, width) = (part.len(), width(part));
        let (values, lengths) = match columns {
            Some((columns, from)) if !part.is_sequence || batch == 1 => {
                let rows = &columns[i].words[from * width..][..batch * width];
                let (lengths, values) = rows.split_at(width - len);
                if part.is_sequence { (values, lengths) } else { (rows, &[][..]) }
            }
            _ => {
                let (values, others) = rest.split_at(batch * len);
                let (lengths, others) = others.split_at(batch * (width - len));
                rest = others;
                (values, lengths)
            }
        };
        match part.below {
            None => Value { numbers: bytemuck::cast_slice(values), indices: &[], lengths },
            Some(_) => Value { numbers: &[], indices: values, lengths },
        }
    })
}

/// Where results of a batch go.
#[inline]
pub(crate) fn results<P: Port>(mut columns: ColumnsMut<'_>) -> P::Mut<'_, Cpu> {
    // Not an iterator over the array, which would copy all eight.
    let mut i = 0;
    P::results::<Cpu>(&mut || {
        i += 1;
        core::mem::take(&mut columns[i - 1])
    })
}

/// The part of each output in a slice that holds those of a batch one behind the other.
pub(crate) fn output_columns<P: Port>(batch: usize, mut numbers: &[f32]) -> [&[f32]; MAX_FIELDS] {
    let mut columns = [&[][..]; MAX_FIELDS];
    for (column, part) in columns.iter_mut().zip(P::PARTS) {
        (*column, numbers) = numbers.split_at(batch * part.len());
    }
    columns
}

/// As [`output_columns`].
pub(crate) fn output_columns_mut<P: Port>(batch: usize, mut numbers: &mut [f32]) -> ColumnsMut<'_> {
    let mut columns = ColumnsMut::default();
    for (column, part) in columns.iter_mut().zip(P::PARTS) {
        (*column, numbers) = numbers.split_at_mut(batch * part.len());
    }
    columns
}

/// Results that a pass reads.
pub(crate) fn result_values<P: Port>(columns: [&[f32]; MAX_FIELDS]) -> P::Values<'_, Cpu> {
    let mut columns = columns.into_iter();
    P::values::<Cpu>(&mut || Value::numbers(columns.next().expect("at most eight")))
}
