//! A confusion matrix as shaded cells.

use core::fmt::Display;
use std::path::Path;

use plotters::prelude::{Color, PathElement, RGBColor, Rectangle, Text};
use plotters::style::FontTransform;
use plotters::style::text_anchor::{HPos, VPos};

use super::page::{self, Area, Drawn, INK, font};
use crate::io::safetensors::SaveError;
use crate::metrics::ConfusionMatrix;

/// Pixels of all cells in a row together, where neither limit of a cell is met.
const MATRIX: u32 = 560;
/// Smallest and largest cell, in pixels.
const CELL: (u32, u32) = (2, 96);
/// Counts in smaller letters than this, in pixels, are left out.
const SMALLEST_COUNT: f64 = 7.0;
/// Pixels of a class name, if the cells are not smaller.
const NAME: f64 = 13.0;
/// Of a class name.
const MOST_CHARACTERS: usize = 24;
/// Pixels of the captions above and beside, and of the scale with its numbers.
const CAPTION: i32 = 34;
const AXIS: i32 = 30;
const SCALE: i32 = 76;
/// Between a matrix or a scale and its names.
const GAP: i32 = 8;
/// The caption takes this, however small the matrix is, and the scale this.
const SMALLEST_WIDTH: i32 = 290;
const SMALLEST_HEIGHT: i32 = 144;

const WHITE: RGBColor = RGBColor(255, 255, 255);
/// A count of zero.
const PALE: RGBColor = RGBColor(170, 170, 170);
/// The shade of a row's whole.
const FULL: RGBColor = RGBColor(8, 64, 129);

/// The shade of a row's share: [`FULL`] for 1. The smallest is not white, so that one sample among thousands is seen.
fn shade(share: f64) -> RGBColor {
    let depth = 0.08 + 0.92 * share;
    let mix = |full: u8| (255.0 - depth * (255.0 - f64::from(full))).round() as u8;
    RGBColor(mix(FULL.0), mix(FULL.1), mix(FULL.2))
}

impl<const N: usize> ConfusionMatrix<N> {
    /// The matrix as SVG: a cell for each pair of classes with its count, its shade the share of the true class's samples; white
    /// where there are none.
    ///
    /// Cells are 2 to 96 pixels wide. Where they are too small for that, counts are left out and only every second, fifth,
    /// tenth, … class is named; names beyond 24 characters are shortened. The same matrix gives the same bytes.
    ///
    /// # Example
    /// ```
    /// use typenet_runtime::metrics::ConfusionMatrix;
    ///
    /// let mut matrix = ConfusionMatrix::<2>::new();
    /// matrix.update(&[[0.9, 0.1], [0.2, 0.8]], &[0u8, 1]);
    /// let svg = matrix.to_svg(&["malignant", "benign"]);
    /// assert!(svg.contains("malignant"));
    /// let numbered = matrix.to_svg(&std::array::from_fn(|class| class));
    /// ```
    pub fn to_svg(&self, classes: &[impl Display; N]) -> String {
        let names: Vec<String> =
            classes.iter().map(|class| page::line(&class.to_string(), MOST_CHARACTERS)).collect();
        let layout = Layout::of(&names);
        page::page(layout.page, |area| {
            self.draw_cells(&layout, area)?;
            layout.draw_names(&names, area)?;
            self.draw_caption(&layout, area)?;
            layout.draw_scale(area)
        })
    }

    /// Writes [`to_svg`](Self::to_svg) to a file, whole or not at all; a missing folder is created.
    ///
    /// ```
    /// use typenet_runtime::metrics::ConfusionMatrix;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("confusion.svg");
    /// let matrix = ConfusionMatrix::<2>::new();
    /// matrix.plot(&path, &["malignant", "benign"])?;
    /// assert_eq!(std::fs::read_to_string(&path)?, matrix.to_svg(&["malignant", "benign"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SaveError::Io`] if the file cannot be written.
    pub fn plot(&self, path: impl AsRef<Path>, classes: &[impl Display; N]) -> Result<(), SaveError> {
        page::save(path.as_ref(), &self.to_svg(classes))
    }

    fn draw_cells(&self, layout: &Layout, area: &Area<'_>) -> Drawn {
        let cell = f64::from(layout.cell);
        let widest =
            self.counts().iter().flatten().max().map_or(0.0, |count| page::width(&count.to_string()));
        let letters = (0.4 * cell).min(0.9 * cell / widest).min(17.0);
        for (class, row) in self.counts().iter().enumerate() {
            let samples: u64 = row.iter().sum();
            for (predicted, &count) in row.iter().enumerate() {
                let share = if samples == 0 { 0.0 } else { count as f64 / samples as f64 };
                let (x, y) = layout.corner(predicted, class);
                if count > 0 {
                    let corners = [(x, y), (x + layout.cell, y + layout.cell)];
                    area.draw(&Rectangle::new(corners, shade(share).filled()))?;
                }
                if letters >= SMALLEST_COUNT {
                    let color = match count {
                        0 => PALE,
                        _ if share > 0.5 => WHITE,
                        _ => INK,
                    };
                    let style = font(letters, HPos::Center, VPos::Center).color(&color);
                    let middle = (x + layout.cell / 2, y + layout.cell / 2);
                    area.draw(&Text::new(count.to_string(), middle, style))?;
                }
            }
        }
        let (left, top) = layout.corner(0, 0);
        let (right, bottom) = layout.corner(N, N);
        area.draw(&Rectangle::new([(left, top), (right, bottom)], INK))
    }

    fn draw_caption(&self, layout: &Layout, area: &Area<'_>) -> Drawn {
        let samples: u64 = self.counts().iter().flatten().sum();
        let text = if samples == 0 {
            "no samples".to_owned()
        } else {
            format!("{:.2} % of {samples} samples right", 100.0 * self.accuracy())
        };
        let style = font(14.0, HPos::Left, VPos::Center);
        area.draw(&Text::new(text, (layout.left, CAPTION / 2), style))
    }
}

/// Where things stand, in pixels.
struct Layout {
    page: (u32, u32),
    classes: usize,
    cell: i32,
    /// The matrix's upper left corner.
    left: i32,
    top: i32,
    /// Letters of the names, and of how many classes one is named.
    letters: f64,
    stride: usize,
    /// Whether the names below the columns are turned.
    turned: bool,
    /// Pixels of the names below the columns.
    below: i32,
}

impl Layout {
    fn of(names: &[String]) -> Self {
        let classes = names.len();
        let cell = (MATRIX / classes.max(1) as u32).clamp(CELL.0, CELL.1) as i32;
        let letters = NAME.min(f64::from(cell)).max(10.0);
        // 1, 2, 5, 10, 20, … classes that together are as high as a name.
        let mut strides = (0..).flat_map(|power| [1, 2, 5].map(|factor| factor * 10usize.pow(power)));
        let fits = |stride: &usize| (*stride as f64) * f64::from(cell) >= letters + 1.0;
        let stride = strides.find(fits).expect("the strides grow");
        let named = names.iter().step_by(stride);
        let widest = letters * named.map(|name| page::width(name)).fold(0.0, f64::max);
        let turned = widest + 6.0 > f64::from(cell * stride as i32);
        let below = if turned { widest.ceil() } else { letters.ceil() } as i32;
        let (left, top) = (AXIS + widest.ceil() as i32 + GAP, CAPTION);
        let matrix = cell * classes as i32;
        let width = left + (matrix + SCALE).max(SMALLEST_WIDTH);
        let height = top + (matrix + GAP + below + AXIS).max(SMALLEST_HEIGHT + GAP);
        Self { page: (width as u32, height as u32), classes, cell, left, top, letters, stride, turned, below }
    }

    fn corner(&self, column: usize, row: usize) -> (i32, i32) {
        (self.left + self.cell * column as i32, self.top + self.cell * row as i32)
    }

    fn draw_names(&self, names: &[String], area: &Area<'_>) -> Drawn {
        let beside = font(self.letters, HPos::Right, VPos::Center);
        let below = if self.turned {
            font(self.letters, HPos::Right, VPos::Center).transform(FontTransform::Rotate270)
        } else {
            font(self.letters, HPos::Center, VPos::Top)
        };
        let (left, bottom) = self.corner(0, self.classes);
        for (class, name) in names.iter().enumerate().step_by(self.stride) {
            let (x, y) = self.corner(class, class);
            area.draw(&Text::new(name.as_str(), (left - GAP, y + self.cell / 2), beside.clone()))?;
            area.draw(&Text::new(name.as_str(), (x + self.cell / 2, bottom + GAP), below.clone()))?;
        }
        let middle = self.cell * self.classes as i32 / 2;
        let turned = font(14.0, HPos::Center, VPos::Center).transform(FontTransform::Rotate270);
        area.draw(&Text::new("true", (AXIS / 2, self.top + middle), turned))?;
        let upright = font(14.0, HPos::Center, VPos::Top);
        area.draw(&Text::new("predicted", (left + middle, bottom + GAP + self.below + 6), upright))
    }

    /// Shades and what they mean, beside the matrix.
    fn draw_scale(&self, area: &Area<'_>) -> Drawn {
        const STEPS: i32 = 36;
        const WIDTH: i32 = 12;
        let (right, _) = self.corner(self.classes, 0);
        let left = right + 18;
        let height = SMALLEST_HEIGHT;
        for step in 0..STEPS {
            let at = |step| self.top + height * step / STEPS;
            let share = 1.0 - f64::from(step) / f64::from(STEPS - 1);
            let corners = [(left, at(step)), (left + WIDTH, at(step + 1))];
            area.draw(&Rectangle::new(corners, shade(share).filled()))?;
        }
        area.draw(&Rectangle::new([(left, self.top), (left + WIDTH, self.top + height)], INK))?;
        for (percent, vertical) in [(100, VPos::Top), (50, VPos::Center), (0, VPos::Bottom)] {
            let y = self.top + height * (100 - percent) / 100;
            area.draw(&PathElement::new([(left + WIDTH, y), (left + WIDTH + 3, y)], INK))?;
            let style = font(11.0, HPos::Left, vertical);
            area.draw(&Text::new(format!("{percent} %"), (left + WIDTH + 6, y), style))?;
        }
        Ok(())
    }
}
