//! Which scripts lie in a strategies directory, in which of the three layouts.

use std::io;

use super::super::disk::Disk;
use super::super::index::Record;
use super::super::registry::Registry;
use super::Conflict;
use crate::base::{Digest, StrategyName};
use crate::compile::{Source, SourceFile};

/// Folders inside a revision's folder are looked into to this depth, and no more files than this are read: what a source may
/// have at most.
const DEPTH: usize = 8;
const FILES: usize = 64;

/// Where a script lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `<anything>.js` in the root.
    Flat,
    /// `<name>/<tag>/<name>.js`.
    Tagged { name: String, tag: String },
    /// `<name>/<64 hex>/<name>.js`: where it belongs.
    Hashed { name: String },
}

/// A script, or a revision of several files.
pub(super) struct Found {
    /// Of the entry file, below the root.
    pub(super) path: String,
    pub(super) place: Place,
    pub(super) source: Source,
}

/// What a look through the directory gives.
#[derive(Default)]
pub(super) struct Search {
    pub(super) found: Vec<Found>,
    /// What cannot be read as what it seems to be.
    pub(super) conflicts: Vec<Conflict>,
}

/// Looks through the directory. Hidden names, and files that are no scripts, are not ours.
pub(super) fn search(disk: &Disk, registry: &Registry) -> io::Result<Search> {
    let mut search = Search::default();
    for (name, is_folder) in disk.entries("")? {
        if !is_folder && name.ends_with(".js") {
            let source = disk.read(&name).map_err(|error| error.to_string()).and_then(|bytes| single(&name, bytes));
            search.add(name, Place::Flat, source);
        } else if is_folder {
            for (version, is_folder) in disk.entries(&name)? {
                if is_folder {
                    look_into(disk, registry, &name, version, &mut search)?;
                }
            }
        }
    }
    Ok(search)
}

fn look_into(disk: &Disk, registry: &Registry, name: &str, version: String, search: &mut Search) -> io::Result<()> {
    let path = format!("{name}/{version}/{name}.js");
    let bytes = match disk.read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        read => read.map_err(|error| error.to_string()),
    };
    let hash = version.parse::<Digest>().ok().filter(|hash| hash.hex() == version);
    let Some(hash) = hash else {
        let source = bytes.and_then(|bytes| single(&format!("{name}.js"), bytes));
        search.add(path, Place::Tagged { name: name.to_owned(), tag: version }, source);
        return Ok(());
    };
    let registered = StrategyName::new(name).ok().and_then(|name| {
        let line = registry.strategies.0.get(name.as_str())?.hashes.0.get(&hash.to_string())?;
        (line.path == Record::path_of(&name, &hash)).then(|| line.files.clone())
    });
    let source = match bytes {
        Err(reason) => Err(reason),
        Ok(bytes) => revision(disk, name, hash, bytes, registered)?,
    };
    search.add(path, Place::Hashed { name: name.to_owned() }, source);
    Ok(())
}

impl Search {
    fn add(&mut self, path: String, place: Place, source: Result<Source, String>) {
        match source {
            Ok(source) => self.found.push(Found { path, place, source }),
            Err(reason) => self.conflicts.push(Conflict { paths: vec![path], reason }),
        }
    }
}

fn single(file: &str, bytes: Vec<u8>) -> Result<Source, String> {
    Source::single(file, bytes).map_err(|error| error.to_string())
}

/// The revision in a hash folder, of one file or of all that lie there. The registry knows which they are; without it, the
/// folder's name proves it.
fn revision(
    disk: &Disk,
    name: &str,
    hash: Digest,
    entry: Vec<u8>,
    registered: Option<Vec<String>>,
) -> io::Result<Result<Source, String>> {
    let file = format!("{name}.js");
    let folder = format!("{name}/{}", hash.hex());
    if Digest::of(&entry) == hash {
        return Ok(single(&file, entry));
    }
    let mut files = vec![SourceFile { path: file.clone(), bytes: entry }];
    let beside = match registered {
        Some(beside) => beside,
        None => below(disk, &folder)?.into_iter().filter(|path| *path != file).take(FILES).collect(),
    };
    for path in beside {
        match disk.read(&format!("{folder}/{path}")) {
            Ok(bytes) => files.push(SourceFile { path, bytes }),
            Err(error) => return Ok(Err(format!("{folder}/{path}: {error}"))),
        }
    }
    let source = Source::several(&file, files).map_err(|error| error.to_string());
    Ok(source.and_then(|source| {
        let digest = source.digest();
        let reason = || format!("its bytes are {digest}, which is not what its folder is called: restore it, or take it away");
        if digest == hash { Ok(source) } else { Err(reason()) }
    }))
}

/// The paths of all files below a folder, relative to it.
fn below(disk: &Disk, folder: &str) -> io::Result<Vec<String>> {
    let (mut files, mut folders) = (Vec::new(), vec![String::new()]);
    while let Some(inner) = folders.pop() {
        for (name, is_folder) in disk.entries(format!("{folder}/{inner}").trim_end_matches('/'))? {
            let path = if inner.is_empty() { name } else { format!("{inner}/{name}") };
            if !is_folder {
                files.push(path);
            } else if path.split('/').count() < DEPTH {
                folders.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
