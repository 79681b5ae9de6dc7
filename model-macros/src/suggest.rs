//! "Did you mean …?": the nearest of the words that exist.

/// The word of `candidates` that `written` is most likely meant to be.
pub(crate) fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    limit: usize,
) -> Option<&'a str> {
    let written = normal(written);
    candidates
        .into_iter()
        .map(|candidate| (distance(&written, &normal(candidate)), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Words that differ in case and underscores alone are the same word.
pub(crate) fn normal(word: &str) -> String {
    word.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// How many letters may be wrong in a word of this length: one in four, at most two.
pub(crate) fn typos(word: &str) -> usize {
    (word.len() / 4).clamp(1, 2)
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b` (Damerau 1964, in the
/// form that edits no part of a word twice).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let best = replaced.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best.min(table[i - 2][j - 2] + 1)
                } else {
                    best
                }
            };
        }
    }
    table[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("relu", "relu"), 0);
        assert_eq!(distance("rleu", "relu"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn case_and_underscores_do_not_count() {
        assert_eq!(nearest("LeakyReLU", ["relu", "leaky_relu"], 1), Some("leaky_relu"));
    }

    #[test]
    fn far_words_are_not_suggested() {
        assert_eq!(nearest("banana", ["relu", "tanh"], 2), None);
    }

    #[test]
    fn a_swap_of_neighbours_is_one_mistake() {
        assert_eq!(nearest("Desne", ["Dense", "Dropout"], 1), Some("Dense"));
    }
}
