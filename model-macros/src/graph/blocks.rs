//! Rules about blocks that their uses do not change.

use std::collections::HashSet;

use crate::ast::{Block, Item, List, Model};
use crate::kinds;
use crate::names::{self, Holder};
use crate::report::Report;

/// `Shared(tower)`: a layer with the numbers of another.
pub(super) const SHARED: &str = "Shared";

/// Reports what is wrong with blocks. Gives the names of those that stand in themselves.
pub(super) fn check(model: &Model, report: &mut Report) -> HashSet<String> {
    for (i, block) in model.blocks.iter().enumerate() {
        name(model, i, report);
        parameters(block, report);
        if block.list.items.is_empty() && !block.list.incomplete {
            let name = &block.name;
            report.error(name.span(), format!("`{name}` has no layers: `{block} < Dense(_ => 64) >`"));
        }
    }
    let circular = circles(model, report);
    unused(model, report);
    circular
}

fn name(model: &Model, index: usize, report: &mut Report) {
    let name = &model.blocks[index].name;
    let text = name.to_string();
    let is_kind = text == SHARED || kinds::meant(&text).is_some_and(|kind| kind.name() == text);
    let message = if is_kind {
        format!("`{text}` is built in: name the block otherwise")
    } else if model.name == text {
        format!("`{text}` is the model: name the block otherwise")
    } else if model.blocks[..index].iter().any(|block| block.name == text) {
        format!("another block has the name `{text}`")
    } else if !text.starts_with(char::is_uppercase) {
        format!("a block is named like a layer: write `{}`", crate::suggest::camel_case(&text))
    } else {
        return;
    };
    report.error(name.span(), message);
}

fn parameters(block: &Block, report: &mut Report) {
    for (i, parameter) in block.parameters.iter().enumerate() {
        let name = &parameter.name;
        if names::is_right(name, Holder::Parameter, report)
            && block.parameters[..i].iter().any(|other| other.name == *name)
        {
            report.error(name.span(), format!("another parameter has the name `{name}`"));
        }
    }
}

/// The blocks that a list uses, each with where.
fn uses<'a>(model: &'a Model, list: &'a List) -> Vec<(usize, &'a Item)> {
    let mut uses = Vec::new();
    list.visit(&mut |item| {
        let word = item.layer.path.word();
        let block = model.blocks.iter().position(|block| word.is_some_and(|word| block.name == *word));
        uses.extend(block.map(|block| (block, item)));
    });
    uses
}

fn circles(model: &Model, report: &mut Report) -> HashSet<String> {
    struct Search<'a, 'r> {
        model: &'a Model,
        report: &'r mut Report,
        /// The blocks from the first to the one that is looked at.
        path: Vec<usize>,
        seen: HashSet<usize>,
        circular: HashSet<String>,
    }
    impl Search<'_, '_> {
        fn visit(&mut self, block: usize) {
            if !self.seen.insert(block) {
                return;
            }
            self.path.push(block);
            for (used, item) in uses(self.model, &self.model.blocks[block].list) {
                let Some(start) = self.path.iter().position(|block| *block == used) else {
                    self.visit(used);
                    continue;
                };
                let circle =
                    self.path[start..].iter().map(|block| self.model.blocks[*block].name.to_string());
                let circle: Vec<String> = circle.collect();
                let message = match circle.as_slice() {
                    [only] => format!("`{only}` stands in itself"),
                    [first, through @ ..] => {
                        format!("`{first}` stands in itself, through `{}`", through.join("` and `"))
                    }
                    [] => continue,
                };
                self.report.error(item.layer.span(), message);
                self.circular.extend(circle);
            }
            self.path.pop();
        }
    }
    let (path, seen, circular) = (Vec::new(), HashSet::new(), HashSet::new());
    let mut search = Search { model, report, path, seen, circular };
    (0..model.blocks.len()).for_each(|block| search.visit(block));
    search.circular
}

fn unused(model: &Model, report: &mut Report) {
    let lists = || model.blocks.iter().map(|block| &block.list).chain([&model.list]);
    let mut incomplete = false;
    for list in lists() {
        incomplete |= list.incomplete;
    }
    if incomplete {
        return;
    }
    let used: HashSet<usize> = lists().flat_map(|list| uses(model, list)).map(|(block, _)| block).collect();
    for (i, block) in model.blocks.iter().enumerate().filter(|(i, _)| !used.contains(i)) {
        // Of two blocks with one name, the second is never used: that is reported.
        if model.blocks[..i].iter().all(|other| other.name != block.name) {
            let name = &block.name;
            report.error(name.span(), format!("nobody uses the block `{name}`"));
        }
    }
}
