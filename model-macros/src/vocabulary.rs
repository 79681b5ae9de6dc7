//! Words with a meaning of their own: activations, initializers and constraints.

/// A word of `model!`, the type it stands for, and what other frameworks call it.
pub(crate) struct Word {
    pub(crate) name: &'static str,
    pub(crate) marker: &'static str,
    /// Accepted like the name.
    pub(crate) synonym: Option<&'static str>,
    /// Not accepted, but understood in an error.
    pub(crate) elsewhere: &'static [&'static str],
}

const fn word(name: &'static str, marker: &'static str) -> Word {
    Word { name, marker, synonym: None, elsewhere: &[] }
}

/// In the order in which errors list them.
pub(crate) const ACTIVATIONS: &[Word] = &[
    Word { elsewhere: &["identity", "none"], ..word("linear", "Linear") },
    Word { elsewhere: &["rectifier", "relu6"], ..word("relu", "Relu") },
    Word { elsewhere: &["lrelu"], ..word("leaky_relu", "LeakyRelu") },
    word("elu", "Elu"),
    word("selu", "Selu"),
    word("gelu", "Gelu"),
    Word { elsewhere: &["gelu_new", "gelu_approximate"], ..word("gelu_tanh", "GeluTanh") },
    Word { synonym: Some("swish"), ..word("silu", "Silu") },
    Word { elsewhere: &["logistic", "sigm"], ..word("sigmoid", "Sigmoid") },
    word("hard_sigmoid", "HardSigmoid"),
    Word { elsewhere: &["hyperbolic_tangent"], ..word("tanh", "Tanh") },
    word("softplus", "Softplus"),
    word("softsign", "Softsign"),
    word("softmax", "Softmax"),
    word("log_softmax", "LogSoftmax"),
];

/// In the order in which errors list them.
pub(crate) const INITIALIZERS: &[Word] = &[
    Word { elsewhere: &["xavier", "xavier_uniform", "glorot"], ..word("glorot_uniform", "GlorotUniform") },
    Word { elsewhere: &["xavier_normal"], ..word("glorot_normal", "GlorotNormal") },
    Word { elsewhere: &["kaiming", "kaiming_uniform", "he"], ..word("he_uniform", "HeUniform") },
    Word { elsewhere: &["kaiming_normal"], ..word("he_normal", "HeNormal") },
    Word { elsewhere: &["lecun"], ..word("lecun_uniform", "LecunUniform") },
    word("lecun_normal", "LecunNormal"),
    word("truncated_normal", "TruncatedNormal"),
    Word { elsewhere: &["normal", "gaussian"], ..word("random_normal", "RandomNormal") },
    Word { elsewhere: &["uniform"], ..word("random_uniform", "RandomUniform") },
    word("orthogonal", "Orthogonal"),
    Word { elsewhere: &["zero"], ..word("zeros", "Zeros") },
    Word { elsewhere: &["one"], ..word("ones", "Ones") },
    Word { elsewhere: &["eye"], ..word("identity", "Identity") },
    Word { elsewhere: &["const", "fill", "full"], ..word("constant", "Constant") },
    word("variance_scaling", "VarianceScaling"),
];

/// In the order in which errors list them.
pub(crate) const CONSTRAINTS: &[Word] = &[
    word("max_norm", "MaxNorm"),
    word("min_max_norm", "MinMaxNorm"),
    Word { elsewhere: &["non_neg", "positive"], ..word("non_negative", "NonNegative") },
    word("unit_norm", "UnitNorm"),
];

/// What `variance_scaling` divides by.
pub(crate) const FANS: &[Word] =
    &[word("fan_in", "FanIn"), word("fan_out", "FanOut"), word("fan_avg", "FanAverage")];

/// What `variance_scaling` draws from.
pub(crate) const DISTRIBUTIONS: &[Word] = &[
    word("truncated_normal", "Truncated"),
    Word { elsewhere: &["untruncated_normal"], ..word("normal", "Normal") },
    word("uniform", "Uniform"),
];

/// The word that is written exactly.
pub(crate) fn find<'a>(words: &'a [Word], written: &str) -> Option<&'a Word> {
    words.iter().find(|word| word.name == written || word.synonym == Some(written))
}

/// The word that is meant: by another framework's name for it, or by a slip.
pub(crate) fn meant(words: &[Word], written: &str) -> Option<&'static str> {
    use crate::suggest::{nearest, normal, typos};
    let elsewhere = words
        .iter()
        .find(|word| word.elsewhere.iter().any(|name| normal(name) == normal(written)))
        .map(|word| word.name);
    elsewhere.or_else(|| {
        nearest(
            written,
            words.iter().flat_map(|word| [Some(word.name), word.synonym]).flatten(),
            typos(written),
        )
    })
}

/// All words, for an error.
pub(crate) fn list(words: &[Word]) -> String {
    let names: Vec<&str> = words.iter().map(|word| word.name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_frameworks_are_understood() {
        assert_eq!(meant(ACTIVATIONS, "ReLU"), Some("relu"));
        assert_eq!(meant(ACTIVATIONS, "LogSoftmax"), Some("log_softmax"));
        assert_eq!(meant(ACTIVATIONS, "logistic"), Some("sigmoid"));
        assert_eq!(meant(INITIALIZERS, "XavierUniform"), Some("glorot_uniform"));
        assert_eq!(meant(INITIALIZERS, "kaiming_normal_"), Some("he_normal"));
    }

    #[test]
    fn a_slip_finds_its_word() {
        assert_eq!(meant(ACTIVATIONS, "rleu"), Some("relu"));
        assert_eq!(meant(ACTIVATIONS, "sofmax"), Some("softmax"));
        assert_eq!(meant(ACTIVATIONS, "swihs"), Some("swish"));
        assert_eq!(meant(ACTIVATIONS, "banana"), None);
    }

    #[test]
    fn every_word_finds_itself() {
        for words in [ACTIVATIONS, INITIALIZERS, CONSTRAINTS, FANS, DISTRIBUTIONS] {
            for word in words {
                assert_eq!(find(words, word.name).map(|found| found.marker), Some(word.marker));
            }
        }
        assert_eq!(find(ACTIVATIONS, "swish").map(|word| word.name), Some("silu"));
    }
}
