//! `Add[ _ | Dense(64 => 64) ]`, `Concat[ a | b ]`: several values become one.

use proc_macro2::Literal;
use quote::quote;

use super::{Arguments, Inputs, Kind, LayerType, Requirement, Role, Spec};
use crate::size::{Function, Shape, Size};

/// The sum of equal shapes.
pub(crate) struct Add;

/// One behind the other: along the channels of images, along the last size of others.
pub(crate) struct Concat;

pub(super) static ARE_EQUAL: Function<bool> = Function {
    path: &["layers", "sizes", "are_equal"],
    takes_slice: false,
    evaluate: |sizes| sizes[0] == sizes[1],
};

static SUM: Function<u64> = Function {
    path: &["layers", "sizes", "sum"],
    takes_slice: true,
    evaluate: |sizes| sizes.iter().copied().fold(0, u64::saturating_add),
};

impl Kind for Add {
    fn name(&self) -> &'static str {
        "Add"
    }

    fn elsewhere(&self) -> &'static [&'static str] {
        &["Sum", "Residual", "Plus"]
    }

    fn example(&self) -> &'static str {
        "Add[ _ | Dense(64 => 64) ]"
    }

    fn inputs(&self) -> Inputs {
        Inputs::Several
    }

    fn check(&self, arguments: &mut Arguments<'_>) -> Spec {
        arguments.finish(&[]);
        let Some(branches) = arguments.joined() else { return unknown() };
        let Some(requirements) = equal(arguments, &branches, None, "`Add` adds equal shapes") else {
            return unknown();
        };
        let shape = Shape { span: arguments.layer.span(), ..branches[0].0.clone() };
        let (name, count) = (arguments.kind_ident(), Literal::usize_unsuffixed(branches.len()));
        let layer_type = LayerType::of_shape(Some(&shape), move |types, shape| {
            let path = types.path("add", &name);
            quote!(#path<#shape, #count>)
        });
        Spec { requirements, ..Spec::same_shape(Some(shape), layer_type, Role::Step) }
    }
}

impl Kind for Concat {
    fn name(&self) -> &'static str {
        "Concat"
    }

    fn elsewhere(&self) -> &'static [&'static str] {
        &["Concatenate", "Cat", "Merge"]
    }

    fn example(&self) -> &'static str {
        "Concat[ _ | Dense(64 => 64) ]"
    }

    fn inputs(&self) -> Inputs {
        Inputs::Several
    }

    fn check(&self, arguments: &mut Arguments<'_>) -> Spec {
        arguments.finish(&[]);
        let Some(branches) = arguments.joined() else { return unknown() };
        let first = branches[0].0.clone();
        let axis = match first.sizes.len() {
            3 if !first.is_sequence => 0,
            rank => rank - 1,
        };
        let says = format!("`Concat` joins along size {}, and the others are equal", axis + 1);
        let Some(requirements) = equal(arguments, &branches, Some(axis), &says) else { return unknown() };
        let joined: Vec<Size> = branches.iter().map(|(shape, _)| shape.sizes[axis].clone()).collect();
        let text: Vec<String> = joined.iter().map(ToString::to_string).collect();
        let span = arguments.layer.span();
        let mut output = Shape { span, ..first.clone() };
        output.sizes[axis] = Size::derived(&SUM, None, joined, span, text.join(" + "));
        let (name, given) = (arguments.kind_ident(), output.clone());
        let shapes: Vec<Shape> = branches.into_iter().map(|(shape, _)| shape).collect();
        let axis = Literal::usize_unsuffixed(axis);
        let layer_type = LayerType::new(move |types| {
            let path = types.path("concat", &name);
            let inputs: Vec<_> = shapes.iter().map(|shape| types.shape(shape)).collect();
            let output = types.shape(&given);
            quote!(#path<(#(#inputs,)*), #output, #axis>)
        });
        Spec {
            output: Some(output),
            changes_shape: true,
            requirements,
            ..Spec::same_shape(Some(first), layer_type, Role::Step)
        }
    }
}

fn unknown() -> Spec {
    Spec { output: None, ..Spec::same_shape(None, LayerType::Unknown, Role::Step) }
}

/// That each branch has the shape of the first, but for the size along which they are joined. What the macro sees is reported; what only
/// rustc can judge is left as requirements.
fn equal(
    arguments: &mut Arguments<'_>,
    branches: &[(Shape, String)],
    joined: Option<usize>,
    says: &str,
) -> Option<Vec<Requirement>> {
    let span = arguments.layer.span();
    let (first, first_name) = &branches[0];
    let mut requirements = Vec::new();
    for (shape, name) in &branches[1..] {
        let is_alike = first.sizes.len() == shape.sizes.len()
            && (first.is_sequence, first.is_index) == (shape.is_sequence, shape.is_index);
        if !is_alike {
            let message = format!("{says}, but `{first_name}` gives {first} and `{name}` gives {shape}");
            arguments.error(span, message);
            return None;
        }
        let rank = first.sizes.len();
        let place = |at: usize| if rank == 1 { String::new() } else { format!(": size {} differs", at + 1) };
        let pairs = first.sizes.iter().zip(&shape.sizes).enumerate();
        let mut is_second = false;
        for (at, (a, b)) in pairs.filter(|(at, _)| Some(*at) != joined) {
            let shown: Vec<Size> = first.sizes.iter().chain(&shape.sizes).cloned().collect();
            let tuple = |start: usize| {
                let sizes: Vec<String> = (start..start + rank).map(|i| format!("{{{i}}}")).collect();
                if rank == 1 { sizes.concat() } else { format!("({})", sizes.join(", ")) }
            };
            requirements.push(Requirement {
                span,
                condition: &ARE_EQUAL,
                arguments: vec![a.clone(), b.clone()],
                message: format!(
                    "{says}, but `{first_name}` gives {} and `{name}` gives {}{}",
                    tuple(0),
                    tuple(rank),
                    place(at)
                ),
                label: format!("{{{at}}} and {{{}}} arrive", rank + at),
                shown,
                is_second,
            });
            is_second = true;
        }
    }
    Some(requirements)
}
