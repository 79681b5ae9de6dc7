//! Pictures, read back as XML.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};
use typenet::prelude::*;
use typenet_runtime::io::safetensors::SaveError;
use typenet_runtime::metrics::ConfusionMatrix;
use typenet_runtime::model::{EpochRecord, History, Scores};

const BLUE: &str = "#0072B2";
const VERMILION: &str = "#D55E00";

fn scores(loss: f64, metrics: &[(&str, f64)]) -> Scores {
    Scores { loss, metrics: metrics.iter().map(|&(name, value)| (name.to_owned(), value)).collect() }
}

fn record(epoch: usize, training: Scores, validation: Option<Scores>) -> EpochRecord {
    EpochRecord { epoch, training, validation, learning_rate: 0.1, seconds: 1.0, samples_per_second: 1.0 }
}

/// A history of losses alone, from epoch 1.
fn losses(values: &[f64]) -> History {
    let epochs = values.iter().zip(1..).map(|(&loss, epoch)| record(epoch, scores(loss, &[]), None));
    History { epochs: epochs.collect(), ..History::default() }
}

/// Loss, accuracy and an error over `epochs` epochs, training and validation.
fn run(epochs: usize) -> History {
    let record = |epoch: usize| {
        let t = epoch as f64;
        let at = |gap: f64| {
            scores(
                2.3 * (-0.2 * t).exp() + gap,
                &[("accuracy", 1.0 - (-0.3 * t).exp() - gap), ("mae", 40.0 / t)],
            )
        };
        record(epoch, at(0.0), Some(at(0.05)))
    };
    History { epochs: (1..=epochs).map(record).collect(), ..History::default() }
}

fn all<'a>(document: &'a Document<'_>, tag: &'a str) -> impl Iterator<Item = Node<'a, 'a>> {
    document.descendants().filter(move |node| node.has_tag_name(tag))
}

fn texts(document: &Document<'_>) -> Vec<String> {
    all(document, "text").map(|node| node.text().unwrap().trim().to_owned()).collect()
}

fn number(node: Node<'_, '_>, attribute: &str) -> f64 {
    let text = node.attribute(attribute).unwrap_or_else(|| panic!("{node:?} without {attribute}"));
    text.parse().unwrap_or_else(|_| panic!("{attribute} is {text}"))
}

fn points(node: Node<'_, '_>) -> Vec<(f64, f64)> {
    let point = |text: &str| {
        let (x, y) = text.split_once(',').unwrap();
        (x.parse().unwrap(), y.parse().unwrap())
    };
    node.attribute("points").unwrap().split_whitespace().map(point).collect()
}

/// Polylines of a colour that are curves: a legend's has two points at one height, within the first 40 pixels of a chart.
fn curves(document: &Document<'_>, color: &str) -> Vec<Vec<(f64, f64)>> {
    all(document, "polyline")
        .filter(|node| node.attribute("stroke") == Some(color))
        .map(points)
        .filter(|points| points[0].1 % 360.0 > 40.0)
        .collect()
}

/// Everything lies on the page; text by the width that letters of a usual font have.
fn assert_on_page(document: &Document<'_>) {
    let root = document.root_element();
    let (width, height) = (number(root, "width"), number(root, "height"));
    assert_eq!(root.attribute("viewBox"), Some(format!("0 0 {width} {height}").as_str()));
    let assert_inside = |(x, y): (f64, f64), node: Node<'_, '_>| {
        assert!((0.0..=width).contains(&x) && (0.0..=height).contains(&y), "({x}, {y}) of {node:?}");
    };
    for node in root.descendants().filter(Node::is_element).skip(1) {
        match node.tag_name().name() {
            "polyline" => points(node).into_iter().for_each(|point| assert_inside(point, node)),
            "circle" => assert_inside((number(node, "cx"), number(node, "cy")), node),
            "rect" => {
                let (x, y) = (number(node, "x"), number(node, "y"));
                assert_inside((x, y), node);
                assert_inside((x + number(node, "width"), y + number(node, "height")), node);
            }
            "line" => {
                assert_inside((number(node, "x1"), number(node, "y1")), node);
                assert_inside((number(node, "x2"), number(node, "y2")), node);
            }
            "text" => {
                let (x, y) = (number(node, "x"), number(node, "y"));
                let length =
                    0.52 * number(node, "font-size") * node.text().unwrap().trim().chars().count() as f64;
                let (before, after) = match node.attribute("text-anchor") {
                    Some("start") => (0.0, length),
                    Some("end") => (length, 0.0),
                    _ => (length / 2.0, length / 2.0),
                };
                // Turned text runs upwards.
                let ends = match node.attribute("transform") {
                    Some(_) => [(x, y + before), (x, y - after)],
                    None => [(x - before, y), (x + after, y)],
                };
                ends.into_iter().for_each(|end| assert_inside(end, node));
            }
            "polygon" => points(node).into_iter().for_each(|point| assert_inside(point, node)),
            other => panic!("a {other}"),
        }
    }
}

/// Labels in one line do not touch, nor do lines one above the other.
fn assert_no_overlap(document: &Document<'_>) {
    let mut lines: BTreeMap<_, Vec<(f64, f64)>> = BTreeMap::new();
    let mut columns: BTreeMap<_, Vec<(f64, f64)>> = BTreeMap::new();
    for node in all(document, "text") {
        let turned = node.attribute("transform").is_some();
        let (along, across) = if turned { ("y", "x") } else { ("x", "y") };
        let height = number(node, "font-size");
        let length = 0.52 * height * node.text().unwrap().trim().chars().count() as f64;
        let anchor = node.attribute("text-anchor");
        let before = match anchor {
            Some("start") => 0.0,
            Some("end") => length,
            _ => length / 2.0,
        };
        let start = number(node, along) - before;
        lines.entry((node.attribute(across), turned)).or_default().push((start, start + length));
        let middle = number(node, across);
        let column = columns.entry((node.attribute(along), turned, anchor)).or_default();
        column.push((middle - height / 2.0, middle + height / 2.0));
    }
    // Turned labels start at the same place, and so are a column; the axes' names are not in line with anything.
    let lines = lines.into_iter().filter(|((_, turned), _)| !turned).map(|(_, line)| line);
    for mut spans in lines.chain(columns.into_values()) {
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0 + 0.5), "{spans:?}");
    }
}

/// `count` samples of each pair of classes.
fn matrix<const N: usize>(counts: [[usize; N]; N]) -> ConfusionMatrix<N> {
    let mut matrix = ConfusionMatrix::new();
    for (class, row) in counts.iter().enumerate() {
        for (predicted, &count) in row.iter().enumerate() {
            let output: [f32; N] = std::array::from_fn(|i| f32::from(i == predicted));
            matrix.update(&vec![output; count], &vec![class as u8; count]);
        }
    }
    matrix
}

/// Every 17th sample mistaken.
fn mistaken<const N: usize>() -> ConfusionMatrix<N> {
    matrix(std::array::from_fn(|class| {
        std::array::from_fn(|predicted| {
            if class == predicted { 1600 } else { usize::from((class + predicted) % 7 == 0) * 100 }
        })
    }))
}

#[test]
fn each_score_has_a_chart_and_each_set_a_curve() {
    let svg = run(20).to_svg();
    let document = Document::parse(&svg).unwrap();
    for color in [BLUE, VERMILION] {
        let curves = curves(&document, color);
        assert_eq!(curves.iter().map(Vec::len).collect::<Vec<_>>(), [20; 3]);
        // Loss left, accuracy right, the third below.
        assert!(curves[0].iter().all(|&(x, y)| x < 560.0 && y < 360.0));
        assert!(curves[1].iter().all(|&(x, y)| x > 560.0 && y < 360.0));
        assert!(curves[2].iter().all(|&(x, y)| x < 560.0 && y > 360.0));
    }
    assert_eq!(all(&document, "circle").count(), 2 * 3 * 20);
    let texts = texts(&document);
    let count = |text: &str| texts.iter().filter(|found| *found == text).count();
    for text in ["epoch", "training", "validation", "15"] {
        assert_eq!(count(text), 3, "{text}");
    }
    for text in ["loss", "accuracy", "mae"] {
        assert_eq!(count(text), 1, "{text}");
    }
}

#[test]
fn curves_are_where_the_axes_say() {
    let values = [2.25, 0.5, 1.0, 0.25];
    let svg = losses(&values).to_svg();
    let document = Document::parse(&svg).unwrap();
    // Place and number of each tick: along the left side, then along the bottom.
    let ticks = |anchor: &str, along: &str| -> Vec<(f64, f64)> {
        all(&document, "text")
            .filter(|node| node.attribute("text-anchor") == Some(anchor))
            .filter_map(|node| Some((node.text()?.trim().parse().ok()?, number(node, along))))
            .collect()
    };
    let place = |ticks: &[(f64, f64)], value: f64| {
        let (&(v0, p0), &(v1, p1)) = (ticks.first().unwrap(), ticks.last().unwrap());
        p0 + (value - v0) / (v1 - v0) * (p1 - p0)
    };
    let (heights, epochs) = (ticks("end", "y"), ticks("middle", "x"));
    assert_eq!(epochs.iter().map(|&(epoch, _)| epoch).collect::<Vec<_>>(), [1.0, 2.0, 3.0, 4.0]);
    let curve = &curves(&document, BLUE)[0];
    for (i, (&(x, y), value)) in curve.iter().zip(values).enumerate() {
        // Both ends of the scale and the point itself are rounded to whole pixels.
        assert!((x - place(&epochs, (i + 1) as f64)).abs() <= 2.0, "{i}: {x}");
        assert!((y - place(&heights, value)).abs() <= 2.0, "{i}: {y}");
    }
}

#[test]
fn a_curve_has_gaps_where_values_are_not_finite() {
    let svg = losses(&[3.0, 2.0, f64::NAN, 2.5, f64::INFINITY, f64::NEG_INFINITY, 1.0, 0.9, 0.8]).to_svg();
    let document = Document::parse(&svg).unwrap();
    assert_eq!(curves(&document, BLUE).iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 3]);
    assert_eq!(all(&document, "circle").count(), 6);
}

#[test]
fn long_runs_have_no_dots_but_for_epochs_alone() {
    let mut values = vec![1.0; 1000];
    (values[499], values[501]) = (f64::NAN, f64::NAN);
    let svg = losses(&values).to_svg();
    let document = Document::parse(&svg).unwrap();
    assert_eq!(curves(&document, BLUE).iter().map(Vec::len).collect::<Vec<_>>(), [499, 1, 498]);
    assert_eq!(all(&document, "circle").count(), 1);
}

#[test]
fn runs_of_every_kind_stay_on_the_page_without_overlap() {
    let mut validated_late = run(9);
    validated_late.epochs.iter_mut().take(4).for_each(|epoch| epoch.validation = None);
    let histories = [
        History::default(),
        run(1),
        run(2),
        run(7),
        run(41),
        run(12_345),
        validated_late,
        losses(&[f64::NAN]),
        losses(&[f64::NAN, f64::INFINITY]),
        losses(&[0.0]),
        losses(&[0.5; 7]),
        losses(&[1e300, 3e38, -1e300]),
        losses(&[f64::MAX, 1.0]),
        losses(&[1e-320, 0.0]),
        losses(&[0.501_234_56, 0.501_234_57]),
        losses(&[999_999.0, 999_999.5]),
    ];
    for history in &histories {
        let svg = history.to_svg();
        let document = Document::parse(&svg).unwrap();
        assert_on_page(&document);
        assert_no_overlap(&document);
        assert_eq!(history.clone().to_svg(), svg);
    }
    let of = |history: &History| texts(&Document::parse(&history.to_svg()).unwrap());
    assert!(of(&histories[0]).contains(&"no epochs".to_owned()));
    assert!(of(&histories[7]).contains(&"no finite values".to_owned()));
    assert!(!of(&histories[9]).iter().any(|text| text.starts_with("no ")));
}

#[test]
fn counts_stand_where_true_and_predicted_class_meet() {
    let svg = matrix([[205, 7], [0, 357]]).to_svg(&["malignant", "benign"]);
    let document = Document::parse(&svg).unwrap();
    let places = |text: &str| -> Vec<(f64, f64)> {
        let found = all(&document, "text").filter(|node| node.text().unwrap().trim() == text);
        found.map(|node| (number(node, "x"), number(node, "y"))).collect()
    };
    // Rows are named first: beside, then below.
    let (malignant, benign) = (places("malignant"), places("benign"));
    let (rows, columns) = ([malignant[0].1, benign[0].1], [malignant[1].0, benign[1].0]);
    assert_eq!(places("205"), [(columns[0], rows[0])]);
    assert_eq!(places("7"), [(columns[1], rows[0])]);
    assert_eq!(places("0"), [(columns[0], rows[1])]);
    assert_eq!(places("357"), [(columns[1], rows[1])]);
    let texts = texts(&document);
    for text in ["true", "predicted", "98.77 % of 569 samples right"] {
        assert!(texts.iter().any(|found| found == text), "{text}: {texts:?}");
    }
}

#[test]
fn shades_are_shares_of_rows() {
    // The halves of two rows of different size, all of a third, one sample of many.
    let svg = matrix([[5, 5, 0, 0], [300, 300, 0, 0], [0, 0, 70, 0], [1, 0, 0, 9999]])
        .to_svg(&["a", "b", "c", "d"]);
    let document = Document::parse(&svg).unwrap();
    let shades: Vec<&str> = all(&document, "rect")
        .filter(|node| node.attribute("width") == Some("96") && node.attribute("height") == Some("96"))
        .map(|node| node.attribute("fill").unwrap())
        .collect();
    let [a, b, c, d, whole, one, rest] = shades[..] else { panic!("{shades:?}") };
    assert_eq!([a, b, c, d], [a; 4]);
    assert_eq!(whole, "#084081");
    let red = |shade: &str| u8::from_str_radix(&shade[1..3], 16).unwrap();
    assert!(
        red(whole) <= red(rest) && red(rest) < red(a) && red(a) < red(one) && red(one) < 255,
        "{shades:?}"
    );
}

#[test]
fn matrices_of_every_size_stay_on_the_page_without_overlap() {
    fn check<const N: usize>() {
        for matrix in [ConfusionMatrix::<N>::new(), mistaken()] {
            for name in ["", "class ", "a name that is far too long to be shown "] {
                let names: [String; N] = std::array::from_fn(|class| format!("{name}{class}"));
                let svg = matrix.to_svg(&names);
                let document = Document::parse(&svg).unwrap();
                assert_on_page(&document);
                assert_no_overlap(&document);
                assert_eq!(matrix.clone().to_svg(&names), svg);
            }
        }
    }
    check::<1>();
    check::<2>();
    check::<5>();
    check::<10>();
    check::<30>();
    check::<100>();
    check::<250>();
}

#[test]
fn a_hundred_classes_are_shades_with_every_fifth_named() {
    let svg = mistaken::<100>().to_svg(&std::array::from_fn(|class| class));
    let document = Document::parse(&svg).unwrap();
    let texts = texts(&document);
    assert_eq!(texts.iter().filter(|text| *text == "95").count(), 2);
    assert!(!texts.iter().any(|text| text == "96" || text == "1600"));
    let cells = all(&document, "rect").filter(|node| node.attribute("width") == Some("5"));
    let shown = mistaken::<100>().counts().iter().flatten().filter(|&&count| count > 0).count();
    assert_eq!(cells.count(), shown);
}

#[test]
fn names_are_text_whatever_they_hold() {
    let name = "<b>&\"'\u{0}\u{7}\nλ";
    let history =
        History { epochs: vec![record(1, scores(1.0, &[(name, 0.5)]), None)], ..History::default() };
    let shown = "<b>&\"'\u{fffd}\u{fffd} λ";
    for svg in [history.to_svg(), ConfusionMatrix::<1>::new().to_svg(&[name])] {
        let document = Document::parse(&svg).unwrap();
        assert!(texts(&document).iter().any(|text| text == shown), "{svg}");
    }
}

model! {
    Plain(n) < Add[ _ | Dense(n => n, tanh), LayerNorm, Dense(n => n) ], Activation(tanh) >
    /// Blocks, a value that is passed on over several rows, one that is taken twice by one layer, and shared numbers.
    pub Wide <
        a: Dense(5 => 4, tanh),
        2 * Plain(4),
        b: Dense(4 => 4, silu),
        (a, b, a) -> Add,
        again: Shared(b),
        (a, again) -> Concat,
        Dense(8 => 2),
    >
}

model! { pub Outer < wide: Wide(5 => 2), Dense(2 => 3, softmax) > }

/// A row's boxes do not touch, and rows do not overlap.
fn assert_boxes_apart(document: &Document<'_>) {
    // The first is the page; each box is a filled one and its frame.
    let boxes = all(document, "rect").skip(1).filter(|node| node.attribute("fill") != Some("none"));
    let boxes: Vec<[f64; 4]> =
        boxes.map(|node| ["x", "y", "width", "height"].map(|name| number(node, name))).collect();
    assert!(boxes.len() > 1);
    for (i, a) in boxes.iter().enumerate() {
        for b in &boxes[..i] {
            let apart = |axis: usize| a[axis] + a[axis + 2] < b[axis] || b[axis] + b[axis + 2] < a[axis];
            assert!(apart(0) || apart(1), "{a:?} and {b:?}");
        }
    }
}

#[test]
fn a_graph_shows_every_layer_and_an_arrow_for_every_value_that_is_taken() {
    let (wide, outer) = (Wide::summary(), Outer::summary());
    for (summary, prefix, arrows) in [(wide, "", 22), (outer, "wide.", 23)] {
        let svg = summary.to_svg();
        let document = Document::parse(&svg).unwrap();
        assert_on_page(&document);
        assert_boxes_apart(&document);
        let texts = texts(&document);
        for layer in wide.layers {
            let name = format!("{prefix}{}", layer.name);
            assert_eq!(texts.iter().filter(|text| **text == name).count(), 1, "{name}");
        }
        for text in ["input", "output", "shared with b", "Dense, silu"] {
            assert!(texts.iter().any(|found| found == text), "{text}");
        }
        assert_eq!(all(&document, "polygon").count(), arrows);
        assert_eq!(all(&document, "polyline").count(), arrows);
        assert_eq!(summary.to_svg(), svg);
    }
}

#[test]
fn curves_of_a_graph_lead_downwards_from_box_to_box() {
    let svg = Wide::summary().to_svg();
    let document = Document::parse(&svg).unwrap();
    let edge = |offset: &str| -> Vec<(f64, f64, f64)> {
        let filled = all(&document, "rect").skip(1).filter(|node| node.attribute("fill") != Some("none"));
        let y =
            |node| if offset == "y" { number(node, "y") } else { number(node, "y") + number(node, "height") };
        filled.map(|node| (number(node, "x"), number(node, "x") + number(node, "width"), y(node))).collect()
    };
    let (upper, lower) = (edge("y"), edge("bottom"));
    for curve in all(&document, "polyline").map(points) {
        assert!(curve.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{curve:?}");
        let touches = |(x, y): (f64, f64), boxes: &[(f64, f64, f64)], distance: f64| {
            boxes.iter().any(|&(left, right, edge)| left <= x && x <= right && (y - edge).abs() <= distance)
        };
        assert!(touches(curve[0], &lower, 1.0) && touches(*curve.last().unwrap(), &upper, 8.0), "{curve:?}");
    }
}

#[test]
fn plot_writes_the_picture_or_says_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture.svg");
    run(3).plot(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), run(3).to_svg());
    mistaken::<2>().plot(&path, &["a", "b"]).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), mistaken::<2>().to_svg(&["a", "b"]));
    Wide::summary().plot(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), Wide::summary().to_svg());
    run(3).plot(folder.path().join("missing").join("picture.svg")).expect("a folder is made");
    let below_a_file = path.join("picture.svg");
    assert!(matches!(run(3).plot(&below_a_file), Err(SaveError::Io { path, .. }) if path == below_a_file));
    assert!(Wide::summary().plot(&below_a_file).is_err());
    assert!(mistaken::<2>().plot(&below_a_file, &["a", "b"]).is_err());
}
