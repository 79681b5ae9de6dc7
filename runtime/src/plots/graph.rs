//! A model's graph in layers, from the inputs above to the outputs below (K. Sugiyama, S. Tagawa and M. Toda, "Methods for Visual
//! Understanding of Hierarchical System Structures", 1981).
//!
//! An edge that passes rows has a point in each, so that it gets room between the boxes. Points in a row are sorted by the
//! mean place of their neighbours in the row above and in the row below, in turns, and then put as near to it as their widths allow.

use std::path::Path;

use plotters::prelude::{Color, PathElement, Polygon, RGBColor, Rectangle, Text};
use plotters::style::text_anchor::{HPos, VPos};

use super::page::{self, Area, Drawn, INK, font};
use crate::io::safetensors::SaveError;
use crate::model::{Node, Picture, Summary};

/// Pixels of text, and from one line to the next.
const LETTERS: f64 = 12.0;
const LINE: i32 = 16;
/// Between a box and its text.
const PADDING: i32 = 8;
/// Between boxes in a row, and between rows.
const BESIDE: f64 = 24.0;
const BETWEEN: i32 = 40;
/// Around everything, and for the model's name above it.
const MARGIN: i32 = 16;
const TITLE: i32 = 28;
/// Of a line of text.
const MOST_CHARACTERS: usize = 48;
/// How often rows are sorted, and how often points are put near their neighbours: beyond this nothing moves in usual networks.
const SORTS: usize = 8;
const SHIFTS: usize = 16;
/// Pieces of a curve from one row to the next.
const PIECES: usize = 12;
const ARROW: (i32, i32) = (4, 7);

const LAYER: RGBColor = RGBColor(232, 240, 248);
const END: RGBColor = RGBColor(250, 240, 225);

impl Summary {
    /// The model's graph as SVG: inputs above, outputs below, a box for each layer with its full name, its kind and the shape that
    /// it gives, and a curve for each value that a layer takes.
    ///
    /// Lines beyond 48 characters are shortened. The same model gives the same bytes. Blocks and inner models show in the
    /// names; [`to_dot`](Self::to_dot) draws a frame around them.
    ///
    /// # Example
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Skip < hidden: Dense(4 => 4, relu), Add[ _ | Dense(4 => 4) ], Dense(4 => 2) > }
    ///
    /// let svg = Skip::summary().to_svg();
    /// assert!(svg.starts_with("<svg") && svg.contains("hidden") && svg.contains("Dense, relu"));
    /// ```
    #[doc(alias = "plot_model")]
    pub fn to_svg(&self) -> String {
        let picture = Picture::of(self);
        let layout = Layout::of(&picture);
        let title = page::line(self.name, MOST_CHARACTERS);
        let width = layout.width.max((14.0 * page::width(&title)).ceil() as i32 + 2 * MARGIN);
        page::page((width as u32, layout.height as u32), |area| {
            area.draw(&Text::new(title, (MARGIN, TITLE / 2 + 4), font(14.0, HPos::Left, VPos::Center)))?;
            layout.draw_edges(&picture, area)?;
            picture
                .nodes
                .iter()
                .zip(&layout.points)
                .try_for_each(|(node, point)| draw_node(node, point, area))
        })
    }

    /// Writes [`to_svg`](Self::to_svg) to a file, whole or not at all; a missing folder is created.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(4 => 2) > }
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("line.svg");
    /// Line::summary().plot(&path)?;
    /// assert_eq!(std::fs::read_to_string(&path)?, Line::summary().to_svg());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SaveError::Io`] if the file cannot be written.
    pub fn plot(&self, path: impl AsRef<Path>) -> Result<(), SaveError> {
        page::save(path.as_ref(), &self.to_svg())
    }
}

fn lines(node: &Node) -> impl Iterator<Item = String> + '_ {
    let lines = std::iter::once(&node.name).chain(&node.lines);
    lines.map(|text| page::line(text, MOST_CHARACTERS))
}

/// A box, or where an edge passes a row. In pixels; `x` is the middle, `y` the upper end.
#[derive(Debug, Clone, Default)]
struct Point {
    row: usize,
    x: f64,
    y: i32,
    width: f64,
    height: i32,
    above: Vec<usize>,
    below: Vec<usize>,
}

impl Point {
    fn of(node: &Node) -> Self {
        let widest = lines(node).map(|line| page::width(&line)).fold(0.0, f64::max);
        let width = f64::from(2 * PADDING) + (LETTERS * widest).ceil();
        let height = 2 * PADDING + LINE * (1 + node.lines.len()) as i32;
        Self { width, height, ..Self::default() }
    }
}

struct Layout {
    /// The nodes' boxes, then points of edges.
    points: Vec<Point>,
    /// For each edge its points from box to box.
    paths: Vec<Vec<usize>>,
    width: i32,
    height: i32,
}

impl Layout {
    fn of(picture: &Picture) -> Self {
        let mut points: Vec<Point> = picture.nodes.iter().map(Point::of).collect();
        for edge in &picture.edges {
            points[edge.to].row = points[edge.to].row.max(points[edge.from].row + 1);
        }
        // An input stands above the first layer that takes it, not above everything.
        for node in 0..picture.nodes.len() {
            if picture.edges.iter().all(|edge| edge.to != node) {
                let readers = picture.edges.iter().filter(|edge| edge.from == node);
                points[node].row = readers.map(|edge| points[edge.to].row - 1).min().unwrap_or(0);
            }
        }
        let mut paths = Vec::new();
        for edge in &picture.edges {
            let mut path = vec![edge.from];
            for row in points[edge.from].row + 1..points[edge.to].row {
                path.push(points.len());
                points.push(Point { row, ..Point::default() });
            }
            path.push(edge.to);
            for pair in path.windows(2) {
                points[pair[0]].below.push(pair[1]);
                points[pair[1]].above.push(pair[0]);
            }
            paths.push(path);
        }
        let mut rows = vec![Vec::new(); points.iter().map(|point| point.row + 1).max().unwrap_or(0)];
        for (i, point) in points.iter().enumerate() {
            rows[point.row].push(i);
        }
        sort(&mut rows, &mut points);
        shift(&rows, &mut points);

        let left = points.iter().map(|point| point.x - point.width / 2.0).fold(f64::INFINITY, f64::min);
        let mut y = MARGIN + TITLE;
        for row in &rows {
            let height = row.iter().map(|&i| points[i].height).max().unwrap_or(0);
            for &i in row {
                let point = &mut points[i];
                point.x += f64::from(MARGIN) - left;
                (point.y, point.height) = if point.width > 0.0 {
                    (y + (height - point.height) / 2, point.height)
                } else {
                    (y, height)
                };
            }
            y += height + BETWEEN;
        }
        let right = points.iter().map(|point| point.x + point.width / 2.0).fold(0.0, f64::max);
        Self { points, paths, width: right.ceil() as i32 + MARGIN, height: (y - BETWEEN).max(0) + MARGIN }
    }

    fn draw_edges(&self, picture: &Picture, area: &Area<'_>) -> Drawn {
        for (i, (edge, path)) in picture.edges.iter().zip(&self.paths).enumerate() {
            let mut curve = Vec::new();
            for pair in path.windows(2) {
                let (from, to) = (&self.points[pair[0]], &self.points[pair[1]]);
                let end = if pair[1] == edge.to { self.entry(picture, i) } else { to.x };
                let bottom = if to.width > 0.0 { to.y - ARROW.1 } else { to.y };
                let (start, middle) = ((from.x, from.y + from.height), f64::from(bottom));
                for piece in 0..=PIECES {
                    // A cubic Bézier curve that is upright at both ends.
                    let t = piece as f64 / PIECES as f64;
                    let share = t * t * (3.0 - 2.0 * t);
                    let x = start.0 + share * (end - start.0);
                    let y = f64::from(start.1) + t * (middle - f64::from(start.1));
                    curve.push((x.round() as i32, y.round() as i32));
                }
            }
            curve.dedup();
            let &(x, y) = curve.last().expect("a curve has points");
            area.draw(&PathElement::new(curve, INK))?;
            let tip = vec![(x - ARROW.0, y), (x + ARROW.0, y), (x, y + ARROW.1)];
            area.draw(&Polygon::new(tip, INK.filled()))?;
            if !edge.label.is_empty() {
                let first = &self.points[path[1]];
                let from = &self.points[path[0]];
                let at = ((from.x + first.x) / 2.0, (from.y + from.height + first.y) / 2);
                let style = font(10.0, HPos::Left, VPos::Center);
                let text = page::line(&edge.label, MOST_CHARACTERS);
                area.draw(&Text::new(text, (at.0 as i32 + 6, at.1), style))?;
            }
        }
        Ok(())
    }

    /// Where an edge meets its last box: several share the middle half, in the order in which they arrive.
    fn entry(&self, picture: &Picture, edge: usize) -> f64 {
        let to = picture.edges[edge].to;
        let from = |edge: &usize| self.points[self.paths[*edge][self.paths[*edge].len() - 2]].x;
        let mut arriving: Vec<usize> =
            (0..picture.edges.len()).filter(|&edge| picture.edges[edge].to == to).collect();
        arriving.sort_by(|a, b| from(a).total_cmp(&from(b)));
        let place = arriving.iter().position(|&other| other == edge).expect("an edge arrives where it ends");
        let share = (place as f64 + 0.5) / arriving.len() as f64 - 0.5;
        self.points[to].x + share * self.points[to].width / 2.0
    }
}

/// Sorts the points of each row by the mean of their neighbours' places, downwards and upwards in turns.
fn sort(rows: &mut [Vec<usize>], points: &mut [Point]) {
    let number = |row: &[usize], points: &mut [Point]| {
        for (place, &i) in row.iter().enumerate() {
            points[i].x = place as f64 - 0.5 * (row.len() - 1) as f64;
        }
    };
    rows.iter().for_each(|row| number(row, points));
    for turn in 0..SORTS {
        let downwards = turn % 2 == 0;
        for i in 0..rows.len() {
            let row = if downwards { i } else { rows.len() - 1 - i };
            let wanted = |i: &usize| mean(&points[*i], points, downwards);
            rows[row].sort_by(|a, b| wanted(a).total_cmp(&wanted(b)));
            number(&rows[row], points);
        }
    }
}

/// The mean place of a point's neighbours in the row above or below; its own if it has none.
fn mean(point: &Point, points: &[Point], above: bool) -> f64 {
    let neighbours = if above { &point.above } else { &point.below };
    if neighbours.is_empty() {
        return point.x;
    }
    neighbours.iter().map(|&i| points[i].x).sum::<f64>() / neighbours.len() as f64
}

/// Puts the points of each row as near to the mean of their neighbours as their widths allow.
fn shift(rows: &[Vec<usize>], points: &mut [Point]) {
    for turn in 0..SHIFTS {
        let downwards = turn % 2 == 0;
        for i in 0..rows.len() {
            let row = &rows[if downwards { i } else { rows.len() - 1 - i }];
            // Where each would stand if all before it had no width.
            let mut offsets = Vec::new();
            let mut offset = 0.0;
            for (place, &i) in row.iter().enumerate() {
                if place > 0 {
                    offset += BESIDE + 0.5 * (points[row[place - 1]].width + points[i].width);
                }
                offsets.push(offset);
            }
            let wanted: Vec<f64> = row
                .iter()
                .zip(&offsets)
                .map(|(&i, offset)| mean(&points[i], points, downwards) - offset)
                .collect();
            for ((&i, x), offset) in row.iter().zip(ascending(&wanted)).zip(&offsets) {
                points[i].x = x + offset;
            }
        }
    }
}

/// The ascending numbers nearest to `wanted` by the sum of squares: neighbours in the wrong order become their mean
/// ("pool adjacent violators", R. E. Barlow et al., "Statistical Inference under Order Restrictions", 1972).
fn ascending(wanted: &[f64]) -> Vec<f64> {
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for &x in wanted {
        let mut pool = (x, 1);
        while let Some(&(mean, count)) = pools.last().filter(|&&(mean, _)| mean > pool.0) {
            pools.pop();
            let sum = mean * count as f64 + pool.0 * pool.1 as f64;
            pool = (sum / (count + pool.1) as f64, count + pool.1);
        }
        pools.push(pool);
    }
    pools.into_iter().flat_map(|(mean, count)| std::iter::repeat_n(mean, count)).collect()
}

fn draw_node(node: &Node, point: &Point, area: &Area<'_>) -> Drawn {
    let (x, half) = (point.x.round() as i32, (point.width / 2.0) as i32);
    let corners = [(x - half, point.y), (x + half, point.y + point.height)];
    let color = if node.is_end { END } else { LAYER };
    area.draw(&Rectangle::new(corners, color.filled()))?;
    area.draw(&Rectangle::new(corners, INK))?;
    for (i, line) in lines(node).enumerate() {
        let middle = point.y + PADDING + LINE * i as i32 + LINE / 2;
        area.draw(&Text::new(line, (x, middle), font(LETTERS, HPos::Center, VPos::Center)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_the_wrong_order_become_their_mean() {
        assert_eq!(ascending(&[1.0, 2.0, 2.0, 5.0]), [1.0, 2.0, 2.0, 5.0]);
        assert_eq!(ascending(&[3.0, 1.0, 7.0]), [2.0, 2.0, 7.0]);
        assert_eq!(ascending(&[4.0, 5.0, 0.0]), [3.0; 3]);
        assert_eq!(ascending(&[]), [0.0; 0]);
    }
}
