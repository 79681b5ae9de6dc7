//! "Did you mean …?": the nearest of the words that exist; and names in the case of methods and types.

use heck::{ToSnakeCase, ToUpperCamelCase};
use strsim::osa_distance;

/// The word of `candidates` that `written` is most likely meant to be.
pub(crate) fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    limit: usize,
) -> Option<&'a str> {
    let written = normal(written);
    candidates
        .into_iter()
        .map(|candidate| (osa_distance(&written, &normal(candidate)), candidate))
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

/// `MyEncoder` as `my_encoder`, `LSTM` as `lstm`.
pub(crate) fn snake_case(name: &str) -> String {
    name.trim_start_matches("r#").to_snake_case()
}

/// `dense_1` as `Dense1`.
pub(crate) fn camel_case(name: &str) -> String {
    name.trim_start_matches("r#").to_upper_camel_case()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_their_case() {
        for (camel, snake) in
            [("MyEncoder", "my_encoder"), ("LSTM", "lstm"), ("Conv2d", "conv2d"), ("L2Norm", "l2_norm")]
        {
            assert_eq!(snake_case(camel), snake);
        }
        for (snake, camel) in [("dense_1", "Dense1"), ("r#type", "Type"), ("max_pool2d_12", "MaxPool2d12")] {
            assert_eq!(camel_case(snake), camel);
        }
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
