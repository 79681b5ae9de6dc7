//! A page to draw on, and text.

use std::io;
use std::path::Path;

use plotters::coord::Shift;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::{
    DrawingArea, IntoDrawingArea, IntoTextStyle, RGBColor, SVGBackend, TextStyle, WHITE,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::io::replace;
use crate::io::safetensors::SaveError;

/// A part of a page, in pixels from its upper left corner.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What drawing returns.
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;

/// Text and axes.
pub(super) const INK: RGBColor = RGBColor(51, 51, 51);

/// A white page of `size` pixels with what `draw` puts on it, as SVG.
pub(super) fn page(size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Drawn) -> String {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
    let drawn = area.fill(&WHITE).and_then(|()| draw(&area)).and_then(|()| area.present());
    drawn.expect("a string takes all that is written");
    drop(area);
    svg
}

/// Lets `svg` stand at `path`, whole or not at all.
pub(super) fn save(path: &Path, svg: &str) -> Result<(), SaveError> {
    replace::replace(path, |file| file.write_all(svg.as_bytes())).map_err(|error| SaveError::io(path, error))
}

/// Text of `pixels` in height, with the given point of it where it is put.
pub(super) fn font(pixels: f64, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    // plotters writes a size divided by this.
    const PLOTTERS_SCALE: f64 = 1.24;
    ("sans-serif", pixels * PLOTTERS_SCALE, &INK).into_text_style(&(0, 0)).pos(Pos::new(horizontal, vertical))
}

/// About how wide `text` is, in units of its height: fonts are the viewer's.
pub(super) fn width(text: &str) -> f64 {
    text.chars().map(|c| if c.is_ascii() { 0.6 } else { 1.0 }).sum()
}

/// `text` on one line of at most `most` characters that XML allows.
pub(super) fn line(text: &str, most: usize) -> String {
    let allowed = |c: char| match c {
        c if c.is_whitespace() => ' ',
        c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    if text.chars().count() <= most {
        return text.chars().map(allowed).collect();
    }
    text.chars().take(most - 1).map(allowed).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shortened_behind_its_last_character_that_fits() {
        assert_eq!(line("αβγδ", 4), "αβγδ");
        assert_eq!(line("αβγδε", 4), "αβγ…");
    }

    #[test]
    fn a_line_holds_no_character_that_xml_forbids() {
        assert_eq!(line("a\0b\nc\u{ffff}<", 9), "a\u{fffd}b c\u{fffd}<");
    }
}
