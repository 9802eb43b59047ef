//! The files of the templates: a common part and one per language, with the name of the strategy put in.

use include_dir::{Dir, include_dir};

use super::{NewFile, package};
use crate::base::StrategyName;

static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Files that begin with a dot have another name among the templates, so that git and editors leave them alone there.
const DOT: &str = "dot-";

/// All files of a new folder that are text, in no particular order.
pub(super) fn files(name: &StrategyName, typescript: bool) -> Vec<NewFile> {
    let language = if typescript { "ts" } else { "js" };
    let mut files = Vec::new();
    for part in ["common", language] {
        collect(TEMPLATES.get_dir(part), part, name, &mut files);
    }
    files
}

fn collect(folder: Option<&Dir<'static>>, part: &str, name: &StrategyName, files: &mut Vec<NewFile>) {
    let Some(folder) = folder else { return };
    for file in folder.files() {
        let path = file.path().strip_prefix(part).unwrap_or_else(|_| file.path()).to_string_lossy();
        let path = path.split('/').map(undotted).collect::<Vec<_>>().join("/");
        let text = file.contents_utf8().unwrap_or_default();
        files.push(NewFile { path, bytes: filled(text, name).into_bytes() });
    }
    for folder in folder.dirs() {
        collect(Some(folder), part, name, files);
    }
}

fn undotted(segment: &str) -> String {
    segment.strip_prefix(DOT).map_or_else(|| segment.to_owned(), |rest| format!(".{rest}"))
}

fn filled(text: &str, name: &StrategyName) -> String {
    let text = text.replace("{{name}}", name.as_str()).replace("{{title}}", &title(name));
    text.replace("{{sdk}}", &package::file_name())
}

/// `mean-reversion` as `Mean Reversion`.
fn title(name: &StrategyName) -> String {
    let words = name.as_str().split(['-', '_', '.']).filter(|word| !word.is_empty());
    let capital = |word: &str| word.chars().take(1).map(|first| first.to_ascii_uppercase()).chain(word.chars().skip(1)).collect();
    words.map(capital).collect::<Vec<String>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_titles() {
        let title = |name: &str| title(&StrategyName::new(name).unwrap());
        assert_eq!(["demo", "mean-reversion", "x_2.b--"].map(title), ["Demo", "Mean Reversion", "X 2 B"]);
    }

    #[test]
    fn every_template_is_text_and_each_language_is_whole() {
        for typescript in [false, true] {
            let files = files(&StrategyName::new("demo").unwrap(), typescript);
            assert!(files.len() >= 9, "{}", files.len());
            assert!(files.iter().all(|file| !file.bytes.is_empty() && !file.path.contains(DOT)));
        }
    }
}
