//! `sandpit new`: a folder in which a strategy, its tests and a piece of a real market work at once. Knows nothing of what the
//! templates say; `templates/` holds them, `guest-sdk/npm` the package that they use.

mod package;
mod template;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Failure;
use super::output::Output;
use crate::base::StrategyName;
use crate::providers::tape::{Tape, TapeError};

/// The tape that the new folder gets the beginning of.
const TAPE: &str = "btcusdt-20240808";

/// How much of it: about 40 KB.
const TAPE_LENGTH: Duration = Duration::from_secs(40);

/// Makes a folder with a strategy, its tests and a piece of a real market.
///
/// The folder works at once: `npm install && npm test`. The package `@sandpit/sdk` is inside; everything else comes from npm.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What the strategy and the folder are called.
    #[arg(value_name = "NAME")]
    name: String,
    /// Write TypeScript instead of JavaScript.
    #[arg(long)]
    ts: bool,
}

/// Why no folder was made. Nothing was written then.
#[derive(Debug, thiserror::Error)]
enum NewError {
    /// There is something already.
    #[error("{} is there already and is not empty: choose another name, or an empty folder", .0.display())]
    NotEmpty(PathBuf),
    /// There is a file of that name.
    #[error("{} is there already and is no folder: choose another name", .0.display())]
    NoFolder(PathBuf),
    /// The disk, or its rights.
    #[error("{}: {error}", path.display())]
    Io {
        /// What was to be read or written.
        path: PathBuf,
        /// Why it could not.
        error: io::Error,
    },
    /// The tape in the program cannot be cut.
    #[error(transparent)]
    Tape(#[from] TapeError),
}

impl NewError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { path, error }
    }
}

/// One file of the folder: its path in it, and what is in it.
struct NewFile {
    path: String,
    bytes: Vec<u8>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let name = StrategyName::new(&args.name).map_err(Failure::usage)?;
    let here = std::env::current_dir().map_err(Failure::usage)?;
    make(&here.join(name.as_str()), &name, args.ts).map_err(|error| match error {
        NewError::NotEmpty(_) | NewError::NoFolder(_) => Failure::usage(error),
        NewError::Io { .. } | NewError::Tape(_) => Failure::failed(error),
    })?;
    Output::default().text(&format!("{name} is ready. Next:\n\n  cd {name}\n  npm install\n  npm test"));
    Ok(())
}

/// Writes the folder beside its place and moves it there whole.
fn make(folder: &Path, name: &StrategyName, typescript: bool) -> Result<(), NewError> {
    refuse_what_is_there(folder)?;
    let mut files = template::files(name, typescript);
    files.push(NewFile { path: format!("vendor/{}", package::file_name()), bytes: package::tarball() });
    files.push(NewFile { path: "tapes/btcusdt-beginning.tape".to_owned(), bytes: tape()? });
    if let Ok(program) = std::env::current_exe() {
        files.push(NewFile { path: ".sandpit/binary".to_owned(), bytes: format!("{}\n", program.display()).into_bytes() });
    }
    let fresh = folder.with_file_name(format!(".{name}.new-{}", std::process::id()));
    let written = write(&fresh, &files).and_then(|()| fs::rename(&fresh, folder).map_err(NewError::io(folder)));
    if written.is_err() {
        // What is left of the attempt is of no use to anybody.
        drop(fs::remove_dir_all(&fresh));
    }
    written
}

fn refuse_what_is_there(folder: &Path) -> Result<(), NewError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            Some(_) => Err(NewError::NotEmpty(folder.to_owned())),
            None => Ok(()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(NewError::NoFolder(folder.to_owned())),
        Err(error) => Err(NewError::io(folder)(error)),
    }
}

fn write(folder: &Path, files: &[NewFile]) -> Result<(), NewError> {
    for file in files {
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(NewError::io(parent))?;
        }
        fs::write(&path, &file.bytes).map_err(NewError::io(&path))?;
    }
    Ok(())
}

/// The beginning of a real market.
fn tape() -> Result<Vec<u8>, TapeError> {
    let mut bytes = Vec::new();
    Tape::open(TAPE)?.cut(TAPE_LENGTH, "btcusdt-beginning", &mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> StrategyName {
        StrategyName::new(name).unwrap()
    }

    /// Paths and contents of all files of a folder, sorted.
    fn content(folder: &Path) -> Vec<(String, Vec<u8>)> {
        let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                    files.push((name, fs::read(&path).unwrap()));
                }
            }
        }
        files.sort();
        files
    }

    #[test]
    fn a_folder_has_what_its_readme_says_and_the_same_bytes_every_time() {
        let here = tempfile::tempdir().unwrap();
        for typescript in [false, true] {
            let (one, other) = (here.path().join(format!("one-{typescript}")), here.path().join(format!("other-{typescript}")));
            fs::create_dir(&other).unwrap();
            for folder in [&one, &other] {
                make(folder, &named("rising-2"), typescript).unwrap();
            }
            let files = content(&one);
            assert_eq!(files, content(&other), "an empty folder is as good as none");
            for (name, bytes) in files.iter().filter(|(name, _)| !name.ends_with(".tape") && !name.ends_with(".tgz")) {
                let text = std::str::from_utf8(bytes).unwrap();
                assert!(!text.contains("{{name}}") && !text.contains("{{title}}") && !text.contains("{{sdk}}"), "{name}");
            }
            let source = if typescript { "src/strategy.ts" } else { "strategy.js" };
            let text = |name: &str| {
                let file = files.iter().find(|(file, _)| file == name).unwrap_or_else(|| panic!("{name} is missing"));
                String::from_utf8(file.1.clone()).unwrap()
            };
            assert!(text(source).contains("name: \"rising-2\"") && text(source).contains("displayName: \"Rising 2\""));
            assert!(text("package.json").contains(&format!("\"file:vendor/{}\"", package::file_name())));
            assert!(text(".gitignore").contains(".sandpit/") && text(".github/workflows/test.yml").contains("npm test"));
            let readme = text("README.md");
            for named in
                readme.split('`').skip(1).step_by(2).filter(|word| word.contains('/') && !word.contains([' ', '*', '@', '.']))
            {
                assert!(files.iter().any(|(name, _)| name.starts_with(named)), "README.md names {named}");
            }
            let tape = one.join("tapes/btcusdt-beginning.tape");
            assert!(fs::metadata(&tape).unwrap().len() < 40 << 10);
            assert!(Tape::open(tape.to_str().unwrap()).unwrap().header().records.trades > 500);
        }
    }

    #[test]
    fn what_is_there_is_refused_and_nothing_is_written() {
        let here = tempfile::tempdir().unwrap();
        let taken = here.path().join("taken");
        fs::create_dir(&taken).unwrap();
        fs::write(taken.join("mine.txt"), "mine").unwrap();
        let file = here.path().join("file");
        fs::write(&file, "mine").unwrap();
        let before = content(here.path());
        let refused = |folder: &Path| make(folder, &named("any"), false).unwrap_err().to_string();
        assert!(refused(&taken).ends_with("taken is there already and is not empty: choose another name, or an empty folder"));
        assert!(refused(&file).contains("is no folder"));
        assert!(refused(&file.join("below")).contains("below"));
        assert_eq!(content(here.path()), before);
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), 2, "nothing is left beside");
    }
}
