//! Curves over the epochs of a run.

use std::path::Path;

use plotters::prelude::{ChartBuilder, Circle, Color, PathElement, RGBColor, Text};
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::{Axis, is_drawable};
use super::page::{self, Area, Drawn, INK, font};
use crate::io::safetensors::SaveError;
use crate::model::{EpochRecord, History, Scores};

/// Pixels of one chart.
const CHART: (u32, u32) = (560, 360);
/// Pixels beside a chart's plotting area.
const LEFT: u32 = 86;
const TOP: u32 = 40;
const RIGHT: u32 = 16;
const BOTTOM: u32 = 52;
/// Up to this many epochs, each is a dot on its curve.
const DOTS: usize = 40;
/// Of a score's name.
const MOST_CHARACTERS: usize = 36;

/// Blue and vermilion, which all eyes tell apart (M. Okabe and K. Ito, "Color Universal Design", 2008).
const COLORS: [RGBColor; 2] = [RGBColor(0, 114, 178), RGBColor(213, 94, 0)];
const SETS: [&str; 2] = ["training", "validation"];

/// Epochs and values of one set of samples.
type Curve = Vec<(f64, f64)>;

impl History {
    /// The run's curves as SVG: a chart for the loss and one for each metric, over training and validation samples.
    ///
    /// Charts are 560 × 360 pixels, two beside each other. A curve has a gap where a value is not finite, and a dot for each
    /// epoch if there are at most 40. The same history gives the same bytes.
    ///
    /// # Example
    /// ```
    /// use typenet_runtime::model::{EpochRecord, History, Scores};
    ///
    /// let record = |epoch, loss| EpochRecord {
    ///     epoch,
    ///     training: Scores { loss, metrics: vec![] },
    ///     validation: None,
    ///     learning_rate: 0.001,
    ///     seconds: 1.0,
    ///     samples_per_second: 1e3,
    /// };
    /// let history = History { epochs: vec![record(1, 0.9), record(2, 0.5)], ..History::default() };
    /// assert!(history.to_svg().starts_with("<svg"));
    /// ```
    pub fn to_svg(&self) -> String {
        let names = self.score_names();
        let columns = names.len().min(2);
        let rows = names.len().div_ceil(columns);
        let size = (CHART.0 * columns as u32, CHART.1 * rows as u32);
        page::page(size, |area| {
            let charts = area.split_evenly((rows, columns));
            names.iter().zip(&charts).try_for_each(|(name, chart)| self.draw(name, chart))
        })
    }

    /// Writes [`to_svg`](Self::to_svg) to a file, whole or not at all; a missing folder is created.
    ///
    /// ```
    /// use typenet_runtime::model::{EpochRecord, History, Scores};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("curves.svg");
    /// let first = EpochRecord {
    ///     epoch: 1,
    ///     training: Scores { loss: 0.9, metrics: vec![] },
    ///     validation: None,
    ///     learning_rate: 0.001,
    ///     seconds: 1.0,
    ///     samples_per_second: 1e3,
    /// };
    /// let history = History { epochs: vec![first], ..History::default() };
    /// history.plot(&path)?;
    /// assert_eq!(std::fs::read_to_string(&path)?, history.to_svg());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SaveError::Io`] if the file cannot be written.
    pub fn plot(&self, path: impl AsRef<Path>) -> Result<(), SaveError> {
        page::save(path.as_ref(), &self.to_svg())
    }

    /// `loss` and the metrics, in the order in which they are met.
    fn score_names(&self) -> Vec<&str> {
        let mut names = vec!["loss"];
        let scores = self.epochs.iter().flat_map(|epoch| [Some(&epoch.training), epoch.validation.as_ref()]);
        for (name, _) in scores.flatten().flat_map(|scores| &scores.metrics) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// A score over training and validation samples, where epochs have it.
    fn curves(&self, name: &str) -> [Curve; 2] {
        let curve = |scores: fn(&EpochRecord) -> Option<&Scores>| {
            let value = |epoch| scores(epoch)?.get(name);
            self.epochs.iter().filter_map(|epoch| Some((epoch.epoch as f64, value(epoch)?))).collect()
        };
        [curve(|epoch| Some(&epoch.training)), curve(|epoch| epoch.validation.as_ref())]
    }

    fn draw(&self, name: &str, area: &Area<'_>) -> Drawn {
        let curves = self.curves(name);
        let epochs = || self.epochs.iter().map(|epoch| epoch.epoch);
        let x = Axis::of_epochs(epochs().min().unwrap_or(0), epochs().max().unwrap_or(1));
        let y = Axis::of_values(curves.iter().flatten().map(|&(_, value)| value));

        let mut chart = ChartBuilder::on(area)
            .margin_top(TOP)
            .margin_right(RIGHT)
            .margin_left(8)
            .margin_bottom(6)
            .x_label_area_size(BOTTOM - 6)
            .y_label_area_size(LEFT - 8)
            .build_cartesian_2d(x, y)?;
        let label = font(11.0, HPos::Center, VPos::Center);
        chart
            .configure_mesh()
            .bold_line_style(INK.mix(0.15))
            .axis_style(INK)
            .set_all_tick_mark_size(4)
            .label_style(label)
            .axis_desc_style(font(14.0, HPos::Center, VPos::Center))
            .x_desc("epoch")
            .y_desc(page::line(name, MOST_CHARACTERS))
            .draw()?;

        let mut legend = LEFT as i32;
        let mut is_empty = true;
        for ((curve, color), set) in curves.iter().zip(COLORS).zip(SETS) {
            let line = color.stroke_width(2);
            let pieces = || curve.split(|&(_, value)| !is_drawable(value)).filter(|piece| !piece.is_empty());
            chart.draw_series(pieces().map(|piece| PathElement::new(piece, line)))?;
            let is_dot = |piece: &&[_]| piece.len() == 1 || self.epochs.len() <= DOTS;
            let dots = pieces().filter(is_dot).flatten();
            chart.draw_series(dots.map(|&point| Circle::new(point, 3, color.filled())))?;
            is_empty &= pieces().next().is_none();
            if !curve.is_empty() {
                let middle = TOP as i32 / 2;
                area.draw(&PathElement::new([(legend, middle), (legend + 24, middle)], line))?;
                area.draw(&Text::new(set, (legend + 30, middle), font(13.0, HPos::Left, VPos::Center)))?;
                legend += 30 + (13.0 * page::width(set)) as i32 + 20;
            }
        }
        if is_empty {
            let text = if self.epochs.is_empty() { "no epochs" } else { "no finite values" };
            let middle = ((LEFT + CHART.0 - RIGHT) / 2, (TOP + CHART.1 - BOTTOM) / 2);
            let style = font(14.0, HPos::Center, VPos::Center);
            area.draw(&Text::new(text, (middle.0 as i32, middle.1 as i32), style))?;
        }
        Ok(())
    }
}
