//! The files of an upload: one, several, or a folder; read whole, with the paths that `require` will know them by.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value};

use crate::compile::{Source, SourceFile};

/// What is uploaded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Files {
    /// Which one exports the strategy.
    pub(super) entry: String,
    /// Path to text.
    pub(super) texts: BTreeMap<String, String>,
}

impl Files {
    /// Reads what was named: the first file is the entry and the others lie beside or below it; or one folder with every `.js`
    /// and `.json` file below it, of which `entry` is the entry.
    pub(super) fn read(paths: &[PathBuf], entry: Option<&str>) -> Result<Self, String> {
        match (paths, entry) {
            ([folder], entry) if folder.is_dir() => Self::folder(folder, entry),
            (_, Some(_)) => Err("--entry is for a folder: of several files the first is the entry".to_owned()),
            ([first, ..], None) => Self::several(first, paths),
            ([], None) => Err("name a file".to_owned()),
        }
    }

    /// Those of a source.
    pub(super) fn of(source: &Source) -> Self {
        let text = |file: &SourceFile| (file.path.clone(), String::from_utf8_lossy(&file.bytes).into_owned());
        Self { entry: source.entry().path.clone(), texts: source.files().iter().map(text).collect() }
    }

    fn several(first: &Path, paths: &[PathBuf]) -> Result<Self, String> {
        let root = first.parent().unwrap_or(Path::new(""));
        let mut texts = BTreeMap::new();
        for path in paths {
            let inside = path.strip_prefix(root).ok().and_then(plain);
            let inside = inside.ok_or_else(|| {
                format!(
                    "{} does not lie beside or below the entry {}: only such files can be required",
                    path.display(),
                    first.display()
                )
            })?;
            if texts.insert(inside, text(path)?).is_some() {
                return Err(format!("{} is named twice", path.display()));
            }
        }
        let entry = first.file_name().and_then(|name| name.to_str()).ok_or_else(|| format!("{} is no file", first.display()))?;
        Ok(Self { entry: entry.to_owned(), texts })
    }

    fn folder(folder: &Path, entry: Option<&str>) -> Result<Self, String> {
        let mut texts = BTreeMap::new();
        let mut waiting = vec![folder.to_owned()];
        while let Some(dir) = waiting.pop() {
            let failed = |error: std::io::Error| format!("{}: {error}", dir.display());
            for found in std::fs::read_dir(&dir).map_err(failed)? {
                let found = found.map_err(failed)?;
                let (path, kind) = (found.path(), found.file_type().map_err(failed)?);
                if found.file_name().to_string_lossy().starts_with('.') {
                    continue;
                }
                let wanted = path.extension().is_some_and(|extension| extension == "js" || extension == "json");
                if kind.is_dir() {
                    waiting.push(path);
                } else if wanted && kind.is_symlink() {
                    // It may lead out of the folder, and what it means would depend on this machine.
                    return Err(format!("{} is a symbolic link: put the file itself into the folder", path.display()));
                } else if wanted {
                    let inside = path.strip_prefix(folder).ok().and_then(plain);
                    let inside = inside.ok_or_else(|| format!("{}: its name is not plain text", path.display()))?;
                    texts.insert(inside, text(&path)?);
                }
            }
        }
        let scripts: Vec<&String> = texts.keys().filter(|path| path.ends_with(".js")).collect();
        let known = || scripts.iter().map(|path| path.as_str()).collect::<Vec<_>>().join(", ");
        let entry = match (entry, scripts.as_slice()) {
            (_, []) => return Err(format!("{} holds no .js file", folder.display())),
            (Some(entry), _) if texts.contains_key(entry) => entry.to_owned(),
            (Some(entry), _) => return Err(format!("--entry {entry} is not in {}: it holds {}", folder.display(), known())),
            (None, [only]) => (*only).clone(),
            (None, _) => return Err(format!("say with --entry which file exports the strategy: {}", known())),
        };
        Ok(Self { entry, texts })
    }

    /// The fields of an upload's body that say what is uploaded.
    pub(super) fn into_body(self) -> Map<String, Value> {
        let mut body = Map::new();
        let mut texts = self.texts;
        match texts.remove(&self.entry) {
            Some(only) if texts.is_empty() => {
                body.insert("source".to_owned(), only.into());
            }
            entry => {
                texts.extend(entry.map(|text| (self.entry.clone(), text)));
                body.insert("files".to_owned(), texts.into_iter().map(|(path, text)| (path, Value::from(text))).collect());
            }
        }
        body.insert("filename".to_owned(), self.entry.into());
        body
    }
}

/// With `/` between its parts and nothing special in it.
fn plain(path: &Path) -> Option<String> {
    let part = |part: Component<'_>| match part {
        Component::Normal(text) => text.to_str().map(str::to_owned),
        _ => None,
    };
    let parts: Option<Vec<String>> = path.components().map(part).collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join("/"))
}

fn text(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8 text", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        dir
    }

    #[test]
    fn one_file_is_a_source() {
        let dir = folder(&[("a.js", "x")]);
        let files = Files::read(&[dir.path().join("a.js")], None).unwrap();
        assert_eq!(Value::from(files.into_body()), json!({ "source": "x", "filename": "a.js" }));
    }

    #[test]
    fn of_several_files_the_first_is_the_entry() {
        let dir = folder(&[("s/a.js", "x"), ("s/lib/b.js", "y"), ("c.js", "z")]);
        let path = |name: &str| dir.path().join(name);
        let files = Files::read(&[path("s/a.js"), path("s/lib/b.js")], None).unwrap();
        let expected = json!({ "files": { "a.js": "x", "lib/b.js": "y" }, "filename": "a.js" });
        assert_eq!(Value::from(files.into_body()), expected);
        let refused = |paths: &[PathBuf], entry| Files::read(paths, entry).unwrap_err();
        assert!(refused(&[path("s/a.js"), path("c.js")], None).contains("c.js does not lie beside or below"));
        assert!(refused(&[path("s/a.js"), path("s/../c.js")], None).contains("beside or below"));
        assert!(refused(&[path("s/a.js"), path("s/a.js")], None).contains("twice"));
        assert!(refused(&[path("s/a.js")], Some("a.js")).contains("--entry is for a folder"));
        assert!(refused(&[path("no.js")], None).contains("no.js"));
    }

    #[test]
    fn a_folder_is_taken_whole() {
        let dir = folder(&[("a.js", "x"), ("lib/b.js", "y"), ("lib/c.json", "{}"), ("README.md", "-"), (".git/d.js", "-")]);
        let files = Files::read(&[dir.path().to_owned()], Some("a.js")).unwrap();
        assert_eq!(files.texts.keys().collect::<Vec<_>>(), ["a.js", "lib/b.js", "lib/c.json"]);
        let refused = |entry| Files::read(&[dir.path().to_owned()], entry).unwrap_err();
        assert_eq!(refused(None), "say with --entry which file exports the strategy: a.js, lib/b.js");
        assert!(refused(Some("d.js")).contains("it holds a.js, lib/b.js"));
        std::os::unix::fs::symlink("/etc/hostname", dir.path().join("lib/out.js")).unwrap();
        assert!(refused(Some("a.js")).contains("out.js is a symbolic link"));
        let only = folder(&[("a.js", "x"), ("n.json", "1")]);
        assert_eq!(Files::read(&[only.path().to_owned()], None).unwrap().entry, "a.js");
        assert!(Files::read(&[folder(&[]).path().to_owned()], None).unwrap_err().contains("holds no .js file"));
        std::fs::write(only.path().join("a.js"), [0xff]).unwrap();
        assert!(Files::read(&[only.path().to_owned()], None).unwrap_err().contains("a.js is not UTF-8"));
    }
}
