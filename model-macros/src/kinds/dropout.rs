//! `Dropout(0.5)` or `Dropout(rate = 0.5)`

use proc_macro2::{Ident, Literal, Span};
use quote::quote;
use syn::Lit;

use super::options::RATE;
use super::{Arguments, Kind, LayerType, Role, Spec};
use crate::ast::Value;

pub(crate) struct Dropout;

impl Kind for Dropout {
    fn name(&self) -> &'static str {
        "Dropout"
    }

    fn example(&self) -> &'static str {
        "Dropout(0.5)"
    }

    fn check(&self, arguments: &mut Arguments<'_>) -> Spec {
        let value = match (arguments.option("rate"), arguments.value()) {
            (Some(_), Some(second)) => {
                arguments.error(second.span(), "this layer already has a rate");
                None
            }
            (Some(value), None) | (None, Some(value)) => Some(value),
            (None, None) => {
                if arguments.layer.arguments().is_empty() && !arguments.layer.incomplete {
                    let span = arguments.layer.arguments_span;
                    arguments.error(span, "`Dropout` needs its rate: `Dropout(0.5)`");
                }
                None
            }
        };
        arguments.finish(&[RATE]);
        let rate = value.and_then(|value| match fraction(value) {
            Ok(rate) => Some(rate),
            Err(message) => {
                arguments.error(value.span(), message);
                None
            }
        });
        let (numerator, denominator) = rate.unwrap_or((0, 1));
        let span = arguments.layer.span();
        let shape = arguments.arriving(span);
        let name = arguments.kind_ident();
        let layer_type = LayerType::of_shape(shape.as_ref(), move |types, shape| {
            let path = types.path("dropout", &name);
            let fraction = types.path("dropout", &Ident::new("Fraction", Span::mixed_site()));
            let [numerator, denominator] = [numerator, denominator].map(Literal::u64_unsuffixed);
            quote!(#path<#shape, #fraction<#numerator, #denominator>>)
        });
        Spec::same_shape(shape, layer_type, Role::Training)
    }
}

/// A rate as a fraction in lowest terms.
fn fraction(value: &Value) -> Result<(u64, u64), String> {
    let outside = || format!("a rate is at least 0 and less than 1, not `{value}`");
    let digits = match value {
        Value::Literal(Lit::Float(literal)) if literal.suffix().is_empty() => literal.base10_digits(),
        Value::Literal(Lit::Int(literal)) if literal.suffix().is_empty() => literal.base10_digits(),
        Value::Negative { .. } => return Err(outside()),
        _ => return Err(format!("a rate is a decimal number such as 0.5, not `{value}`")),
    };
    if !digits.parse::<f64>().is_ok_and(|rate| (0.0..1.0).contains(&rate)) {
        return Err(outside());
    }
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let part = part.trim_end_matches('0');
    let too_long = || format!("`{value}` has more than 15 decimals");
    let places = i64::try_from(part.len()).map_err(|_| too_long())?
        - exponent.parse::<i64>().map_err(|_| too_long())?;
    let number: u64 = format!("{whole}{part}").parse().map_err(|_| too_long())?;
    let (numerator, denominator) = match u32::try_from(places.abs()) {
        _ if number == 0 => (0, 1),
        Ok(shift @ 0..=15) if places >= 0 => (number, 10_u64.pow(shift)),
        Ok(shift @ 0..=15) => (number.checked_mul(10_u64.pow(shift)).ok_or_else(too_long)?, 1),
        _ => return Err(too_long()),
    };
    let divisor = greatest_common_divisor(numerator, denominator);
    Ok((numerator / divisor, denominator / divisor))
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Result<(u64, u64), String> {
        fraction(&Value::Literal(syn::parse_str(text).unwrap()))
    }

    #[test]
    fn a_decimal_is_its_fraction() {
        assert_eq!(rate("0.5"), Ok((1, 2)));
        assert_eq!(rate("0.10"), Ok((1, 10)));
        assert_eq!(rate("0"), Ok((0, 1)));
        assert_eq!(rate("0.0"), Ok((0, 1)));
        assert_eq!(rate("2.5e-1"), Ok((1, 4)));
        assert_eq!(rate("0.025e1"), Ok((1, 4)));
        assert_eq!(rate("0.333333333333333"), Ok((333_333_333_333_333, 1_000_000_000_000_000)));
    }

    #[test]
    fn the_fraction_is_the_decimal_in_f64() {
        for text in ["0.1", "0.2", "0.3", "0.7", "0.35", "0.123456789", "0.999999999999999"] {
            let (numerator, denominator) = rate(text).unwrap();
            #[allow(clippy::cast_precision_loss)]
            let quotient = numerator as f64 / denominator as f64;
            assert_eq!(quotient, text.parse::<f64>().unwrap(), "{text}");
        }
    }

    #[test]
    fn a_rate_outside_its_range_is_an_error() {
        for text in ["1", "1.0", "1.5", "2", "1e3"] {
            assert!(rate(text).unwrap_err().contains("less than 1"), "{text}");
        }
        assert!(rate("0.12345678901234567").unwrap_err().contains("15 decimals"));
        assert!(rate("\"half\"").unwrap_err().contains("decimal number"));
        assert!(rate("1e999").unwrap_err().contains("less than 1"));
        assert!(rate("1e-999").unwrap_err().contains("15 decimals"));
    }
}
