//! `Embedding(10_000 => 64)`: a row of a table for each word number.

use quote::quote;

use super::initializer::initializer;
use super::options::{CONSTRAINT, INIT, L1, L2};
use super::rules::rules;
use super::types::rule_type;
use super::{Arguments, Arrives, Kind, LayerType, Role, Spec, WordType};
use crate::size::Shape;

pub(crate) struct Embedding;

impl Kind for Embedding {
    fn name(&self) -> &'static str {
        "Embedding"
    }

    fn example(&self) -> &'static str {
        "Embedding(10_000 => 64)"
    }

    fn takes_words(&self) -> bool {
        true
    }

    fn check(&self, arguments: &mut Arguments<'_>) -> Spec {
        let (vocabulary, width, is_written) = arguments.channels();
        let init = initializer(arguments);
        let rules = rules(arguments);
        arguments.finish(&[INIT, L1, L2, CONSTRAINT]);
        let span = arguments.layer.span();
        if !is_written && width.is_some() {
            let message = "`Embedding` says how many words there are: `Embedding(10_000 => 64)`";
            arguments.error(arguments.layer.arguments_span, message);
        }
        let words = match arguments.arrives[0] {
            Arrives::Nothing => {
                arguments.error(span, "`Embedding` takes word numbers: begin with `Input(..40, u32)`");
                None
            }
            _ => arguments.arriving(span),
        };
        let words = words.filter(|words| {
            if !words.is_index {
                let message = format!(
                    "`Embedding` takes word numbers, but {words} arrives, which are numbers with a fraction: \
                     begin with `Input(..40, u32)`"
                );
                arguments.error(span, message);
            }
            words.is_index
        });
        let unknown = Spec { output: None, ..Spec::same_shape(None, LayerType::Unknown, Role::Step) };
        let (Some(words), Some(vocabulary), Some(width)) = (words, vocabulary, width) else { return unknown };
        let sizes = words.sizes.iter().chain([&width]).cloned().collect();
        let output = Shape { is_sequence: words.is_sequence, ..Shape::new(sizes, span) };
        let init = init.unwrap_or_else(|| WordType {
            numbers: vec![-0.05, 0.05],
            ..WordType::default("initializers", "RandomUniform")
        });
        let weight = vec![vocabulary.clone(), width.clone()];
        let (name, given) = (arguments.kind_ident(), words.clone());
        let layer_type = LayerType::new(move |types| {
            let (path, words) = (types.path("embedding", &name), types.indices(&given, &vocabulary));
            let width = types.size(&width);
            let init = init.write(types);
            let rule = rule_type(&rules, types);
            quote!(#path<#words, #width, #init #rule>)
        });
        Spec {
            output: Some(output),
            has_parameters: true,
            weight,
            is_table: true,
            ..Spec::same_shape(Some(words), layer_type, Role::Step)
        }
    }
}
