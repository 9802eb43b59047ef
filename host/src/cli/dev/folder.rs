//! What lies in an author's folder: its strategy, tapes and scenarios, and which files are his at all. Must not know what is done
//! with them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders that a project may have. A home folder has more, and is none.
pub(super) const FOLDERS: usize = 1_000;

/// Where others write.
const FOREIGN: [&str; 2] = ["node_modules", "target"];

/// What a strategy can be written in, the one that others are made of first.
const SCRIPTS: [&str; 5] = ["ts", "mts", "cts", "mjs", "js"];

/// Files besides scripts that a round can depend on.
const DATA: [&str; 6] = ["cjs", "json", "tape", "csv", "gz", "zst"];

/// How a file of scenarios ends.
const SCENARIOS: [&str; 2] = [".scenario.json", ".scenario.js"];

/// What is found in a folder. All lists are sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// The folder itself and those below it.
    pub(super) folders: Vec<PathBuf>,
    pub(super) tapes: Vec<PathBuf>,
    pub(super) scenarios: Vec<PathBuf>,
}

/// Why a folder is no project.
#[derive(Debug, thiserror::Error)]
pub(super) enum FolderError {
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{} has more than {FOLDERS} folders in it: name the folder of the strategy alone", .0.display())]
    TooLarge(PathBuf),
    #[error("no strategy in {}: it has no strategy.js or strategy.ts, neither itself nor in src; name the file: sandpit dev FILE", .0.display())]
    NoStrategy(PathBuf),
    #[error("{} has several scripts: name the one that exports the strategy: sandpit dev {}", folder.display(), scripts.join(" | "))]
    Several { folder: PathBuf, scripts: Vec<String> },
}

/// Looks through a folder. Hidden folders, `node_modules` and `target` are not the author's; what goes away meanwhile, or may not be
/// read, is left out.
///
/// # Errors
/// [`FolderError`] when the folder itself cannot be read, or is too large.
pub(super) fn survey(root: &Path) -> Result<Survey, FolderError> {
    let mut found = Survey::default();
    let mut waiting = vec![root.to_owned()];
    while let Some(folder) = waiting.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if folder == root => return Err(FolderError::Io { path: folder, error }),
            Err(_) => continue,
        };
        for entry in entries.filter_map(Result::ok) {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            // The kind of the entry itself: a link to a folder is not followed, so that no circle is.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_foreign(&name) {
                continue;
            } else if is_folder {
                waiting.push(path);
            } else if SCENARIOS.iter().any(|ending| name.ends_with(ending)) {
                found.scenarios.push(path);
            } else if name.ends_with(".tape") {
                found.tapes.push(path);
            }
        }
        found.folders.push(folder);
        if found.folders.len() > FOLDERS {
            return Err(FolderError::TooLarge(root.to_owned()));
        }
    }
    [&mut found.folders, &mut found.tapes, &mut found.scenarios].into_iter().for_each(|list| list.sort());
    Ok(found)
}

/// Whether nothing of this name is the author's.
pub(super) fn is_foreign(name: &str) -> bool {
    name.starts_with('.') || FOREIGN.contains(&name)
}

/// Whether a round can depend on a file of this name: no editor's copy, no report.
pub(super) fn matters(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    !is_foreign(&name) && SCRIPTS.iter().chain(&DATA).any(|known| ending.eq_ignore_ascii_case(known))
}

/// The file that exports the strategy: `strategy.*` in the folder or in its `src`, else the only script there.
///
/// # Errors
/// [`FolderError`] when there is none, or more than one that could be it.
pub(super) fn strategy(root: &Path) -> Result<PathBuf, FolderError> {
    fs::read_dir(root).map_err(|error| FolderError::Io { path: root.to_owned(), error })?;
    let places = [root.to_owned(), root.join("src")];
    let named = |folder: &PathBuf| SCRIPTS.iter().map(|ending| folder.join(format!("strategy.{ending}"))).collect::<Vec<_>>();
    if let Some(found) = places.iter().flat_map(named).find(|path| path.is_file()) {
        return Ok(found);
    }
    for folder in places {
        let scripts = scripts(&folder);
        match scripts.as_slice() {
            [] => {}
            [only] => return Ok(only.clone()),
            several => {
                let scripts = several.iter().map(|path| path.display().to_string()).collect();
                return Err(FolderError::Several { folder, scripts });
            }
        }
    }
    Err(FolderError::NoStrategy(root.to_owned()))
}

/// Scripts of a folder that may be strategies: no scenarios, tests, declarations or settings of tools.
fn scripts(folder: &Path) -> Vec<PathBuf> {
    let is_script = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let other = [".scenario", ".test", ".spec", ".config", ".d"];
        let stem = name.strip_suffix(ending).and_then(|stem| stem.strip_suffix('.')).unwrap_or_default();
        path.is_file() && !is_foreign(&name) && SCRIPTS.contains(&ending) && !other.iter().any(|part| stem.ends_with(part))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<_> = entries.map(|entry| entry.path()).filter(is_script).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for path in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        dir
    }

    fn inside(dir: &tempfile::TempDir, paths: &[PathBuf]) -> Vec<String> {
        paths.iter().map(|path| path.strip_prefix(dir.path()).unwrap().display().to_string()).collect()
    }

    #[test]
    fn only_what_is_the_authors_is_found() {
        let files = ["strategy.js", "tapes/a.tape", "scenarios/a.scenario.json", "b.scenario.js", "node_modules/p/n.scenario.js"];
        let dir = folder(&files);
        for path in [".git/h.tape", "target/t.tape", ".sandpit/build/strategy.js"] {
            fs::create_dir_all(dir.path().join(path).parent().unwrap()).unwrap();
            fs::write(dir.path().join(path), "").unwrap();
        }
        std::os::unix::fs::symlink(dir.path(), dir.path().join("tapes/round")).unwrap();
        let found = survey(dir.path()).unwrap();
        assert_eq!(inside(&dir, &found.folders), ["", "scenarios", "tapes"]);
        assert_eq!(inside(&dir, &found.tapes), ["tapes/a.tape"]);
        assert_eq!(inside(&dir, &found.scenarios), ["b.scenario.js", "scenarios/a.scenario.json"]);
        assert!(survey(&dir.path().join("no")).unwrap_err().to_string().contains("no: "));
    }

    #[test]
    fn a_folder_that_is_no_project_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        (0..FOLDERS).for_each(|number| fs::create_dir(dir.path().join(number.to_string())).unwrap());
        assert!(survey(dir.path()).unwrap_err().to_string().contains("more than 1000 folders"));
    }

    #[test]
    fn the_strategy_has_a_usual_name_or_is_alone() {
        let found = |files: &[&str]| {
            let dir = folder(files);
            strategy(dir.path()).map(|path| path.strip_prefix(dir.path()).unwrap().display().to_string())
        };
        let told = |files: &[&str]| found(files).unwrap_err().to_string();
        assert_eq!(found(&["strategy.js", "lib.js"]).unwrap(), "strategy.js");
        assert_eq!(found(&["strategy.js", "strategy.ts"]).unwrap(), "strategy.ts", "the other is made of it");
        assert_eq!(found(&["src/strategy.ts", "src/average.ts", "vitest.config.ts"]).unwrap(), "src/strategy.ts");
        assert_eq!(found(&["mine.js", "mine.test.mjs", "x.scenario.js", "y.d.ts", "z.config.mjs"]).unwrap(), "mine.js");
        assert!(told(&["a.js", "b.js"]).contains("several scripts"));
        assert!(told(&["README.md"]).contains("no strategy in"));
    }

    #[test]
    fn editors_copies_and_reports_do_not_matter() {
        for path in ["/p/a.js", "a.TS", "b.scenario.json", "t.tape", "c.csv.gz", "d.csv.zst", "package.json"] {
            assert!(matters(Path::new(path)), "{path}");
        }
        for path in [".a.js.swp", "a.js~", "4913", ".#a.js", "report.html", "README.md", "out.log", "a.js.map"] {
            assert!(!matters(Path::new(path)), "{path}");
        }
    }
}
