//! Which files hold scenarios.

use std::path::{Path, PathBuf};

use crate::cli::Failure;

/// How a file of scenarios ends.
const ENDINGS: [&str; 2] = [".scenario.json", ".scenario.js"];

/// A file as it is; of a folder every file of scenarios below it, sorted, apart from hidden folders and `node_modules`.
pub(in crate::cli) fn files(what: &Path) -> Result<Vec<PathBuf>, Failure> {
    let about = std::fs::metadata(what).map_err(|error| Failure::Usage(format!("{}: {error}", what.display())))?;
    if !about.is_dir() {
        if what.extension().is_some_and(|extension| extension == "json" || extension == "js") {
            return Ok(vec![what.to_owned()]);
        }
        return Err(Failure::Usage(format!("{}: scenarios are .json or .js files", what.display())));
    }
    let mut found = Vec::new();
    let mut waiting = vec![what.to_owned()];
    while let Some(folder) = waiting.pop() {
        let failed = |error: std::io::Error| Failure::Usage(format!("{}: {error}", folder.display()));
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // The kind of the entry itself: a link to a folder is not followed, so that no circle is.
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() && !name.starts_with('.') && name != "node_modules" {
                waiting.push(entry.path());
            } else if !kind.is_dir() && ENDINGS.iter().any(|ending| name.ends_with(ending)) {
                found.push(entry.path());
            }
        }
    }
    if found.is_empty() {
        let rule = "a scenario is a file that ends in .scenario.json or .scenario.js";
        return Err(Failure::Usage(format!("no scenario in {}: {rule}", what.display())));
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_are_found_in_every_folder_that_is_the_authors() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["b.scenario.json", "a/x.scenario.js", "a/x.js", "node_modules/p/n.scenario.json", ".git/h.scenario.json"] {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "{}").unwrap();
        }
        std::os::unix::fs::symlink(dir.path(), dir.path().join("a/round")).unwrap();
        let Ok(found) = files(dir.path()) else { panic!("there are two") };
        let names: Vec<_> = found.iter().map(|path| path.strip_prefix(dir.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a/x.scenario.js", "b.scenario.json"]);
        assert_eq!(files(&found[0]).unwrap_or_default(), [found[0].clone()]);
        let refused = |path: &Path| match files(path) {
            Err(Failure::Usage(message)) => message,
            _ => panic!("{}", path.display()),
        };
        assert!(refused(&dir.path().join("no")).contains("no: "));
        let empty = tempfile::tempdir().unwrap();
        assert!(refused(empty.path()).contains("no scenario in"));
    }
}
