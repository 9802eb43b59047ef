//! The package `@sandpit/sdk` as npm takes it: made of the sources in the program, since it comes with the program and nowhere else.

use std::io::Write as _;
use std::path::Path;

use flate2::{Compression, GzBuilder};
use include_dir::{Dir, include_dir};

static SOURCES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../guest-sdk/npm/src");
static PROGRAMS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../guest-sdk/npm/bin");
const MANIFEST: &str = include_str!("../../../../guest-sdk/npm/package.json");
const README: &str = include_str!("../../../../guest-sdk/npm/README.md");
const LICENSE: &str = include_str!("../../../../guest-sdk/npm/LICENSE");

/// What npm itself writes: the same package has the same bytes whenever it is packed. 26 October 1985.
const MODIFIED: u64 = 499_162_500;

/// `sandpit-sdk-0.1.0.tgz`, as `npm pack` calls it.
pub(super) fn file_name() -> String {
    let manifest: serde_json::Value = serde_json::from_str(MANIFEST).unwrap_or_default();
    format!("sandpit-sdk-{}.tgz", manifest["version"].as_str().unwrap_or_default())
}

/// The package.
pub(super) fn tarball() -> Vec<u8> {
    let mut archive = tar::Builder::new(GzBuilder::new().write(Vec::new(), Compression::best()));
    for (path, bytes, mode) in entries() {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(mode);
        header.set_mtime(MODIFIED);
        header.set_entry_type(tar::EntryType::Regular);
        // Writing to memory does not fail, and the paths are ours.
        drop(archive.append_data(&mut header, Path::new("package").join(path), bytes));
    }
    let finished = archive.into_inner().and_then(|mut gzip| {
        gzip.flush()?;
        gzip.finish()
    });
    finished.unwrap_or_default()
}

/// Path, content and mode of each file, sorted by path.
fn entries() -> Vec<(String, &'static [u8], u32)> {
    let mut entries = vec![
        ("LICENSE".to_owned(), LICENSE.as_bytes(), 0o644),
        ("README.md".to_owned(), README.as_bytes(), 0o644),
        ("package.json".to_owned(), MANIFEST.as_bytes(), 0o644),
    ];
    collect(&PROGRAMS, "bin", 0o755, &mut entries);
    collect(&SOURCES, "src", 0o644, &mut entries);
    entries.sort();
    entries
}

fn collect(folder: &Dir<'static>, below: &str, mode: u32, entries: &mut Vec<(String, &'static [u8], u32)>) {
    for file in folder.files() {
        entries.push((format!("{below}/{}", file.path().display()), file.contents(), mode));
    }
    for folder in folder.dirs() {
        collect(folder, below, mode, entries);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn the_package_is_a_whole_archive_of_the_files_in_order() {
        let bytes = tarball();
        assert_eq!(bytes, tarball(), "the same bytes every time");
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().to_str().unwrap().to_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            found.push((path, content, entry.header().mode().unwrap()));
        }
        let expected: Vec<_> =
            entries().into_iter().map(|(path, bytes, mode)| (format!("package/{path}"), bytes.to_vec(), mode)).collect();
        assert!(found == expected && found.len() > 20);
        assert!(found.iter().any(|(path, _, mode)| path == "package/bin/sandpit-build.js" && *mode == 0o755));
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-sdk/npm");
        for (path, content, _) in &found {
            let file = root.join(path.strip_prefix("package/").unwrap());
            assert_eq!(&std::fs::read(&file).unwrap(), content, "{}", file.display());
        }
    }

    /// `npm pack` is held against the same list, by `tests/it/sdk`.
    #[test]
    fn golden_files_of_the_package() {
        let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-sdk/npm/test/files.txt");
        let files: String = entries().into_iter().map(|(path, ..)| path + "\n").collect();
        if std::env::var_os("SANDPIT_BLESS").is_some() {
            std::fs::write(&list, &files).unwrap();
        }
        let listed = std::fs::read_to_string(&list).unwrap_or_default();
        assert!(listed == files, "guest-sdk/npm/test/files.txt is stale: run `cargo xtask bless`\n{files}");
    }
}
