//! One CommonJS file of whatever an author writes: TypeScript, ES modules, several files. Done by the esbuild of the author's own
//! project, with the same options as the npm package, so that the same source has the same hash whoever bundles it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use regex_lite::Regex;
use serde_json::Value;

use crate::compile::{Diagnostic, Stage, excerpt};

/// What has to be bundled whatever is in it.
const NEEDS: [&str; 4] = ["ts", "mts", "cts", "mjs"];

/// Where bundles are put, below the project.
const FOLDER: &str = ".sandpit/build";

/// What esbuild is told, apart from names.
const OPTIONS: [&str; 12] = [
    "--bundle",
    "--format=cjs",
    "--platform=neutral",
    "--main-fields=module,main",
    "--target=es2023",
    "--charset=utf8",
    // Beside the file, and not named in it: the hash of a revision is of the code alone.
    "--sourcemap=external",
    "--define:process.env.NODE_ENV=\"production\"",
    // `export default` is what `module.exports` is.
    "--footer:js=module.exports = module.exports.default ?? module.exports;",
    "--log-level=error",
    "--log-limit=10",
    "--color=false",
];

/// Why there is no bundle.
#[derive(Debug)]
pub(super) enum BundleError {
    /// It could not be tried.
    Words(String),
    /// The author's mistake.
    Diagnostics(Vec<Diagnostic>),
}

/// The nearest folder at or above this one that has a `package.json`; the folder itself when there is none.
pub(super) fn project_of(folder: &Path) -> PathBuf {
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let found = whole.ancestors().find(|here| here.join("package.json").is_file()).map(Path::to_owned);
    found.unwrap_or(whole)
}

/// Whether a file is no CommonJS by its very name.
pub(super) fn needs(path: &Path) -> bool {
    path.extension().is_some_and(|extension| NEEDS.iter().any(|needs| extension == *needs))
}

/// The file that runs: the bundle, with its source map beside it. A plain CommonJS file of its own is left alone, so that what is
/// tested is the very file that is uploaded; and so are one that was built already and one in a project without esbuild.
pub(super) fn built(entry: &Path) -> Result<PathBuf, BundleError> {
    // A pipe, or what is not there; and what has a map beside it was built already.
    if !needs(entry) && (!entry.is_file() || PathBuf::from(format!("{}.map", entry.display())).is_file()) {
        return Ok(entry.to_owned());
    }
    let words = |error: std::io::Error| BundleError::Words(format!("{}: {error}", entry.display()));
    let path = fs::canonicalize(entry).map_err(words)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let project = project_of(folder);
    let Some(esbuild) = project.ancestors().map(|at| at.join("node_modules/.bin/esbuild")).find(|at| at.is_file()) else {
        if !needs(entry) {
            return Ok(entry.to_owned());
        }
        return Err(BundleError::Words(format!(
            "{} has to be bundled, and {} has no esbuild: npm install --save-dev esbuild",
            entry.display(),
            project.display()
        )));
    };
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let below = folder.strip_prefix(&project).unwrap_or(Path::new(""));
    let target = project.join(FOLDER).join(below);
    fs::create_dir_all(&target).map_err(words)?;
    // Under a name of its own first: several programs may build the same file.
    let fresh = format!("{stem}.{}", std::process::id());
    let made = |ending: &str| target.join(format!("{fresh}.{ending}"));
    let result = run(&esbuild, &path, &project, &made("js"), &made("json"));
    let result = result.and_then(|()| {
        if !needs(entry) && is_plain(&made("json")) {
            return Ok(entry.to_owned());
        }
        let bundle = target.join(format!("{stem}.js"));
        // The map first: a file never stands beside the map of another for long.
        fs::rename(made("js.map"), target.join(format!("{stem}.js.map"))).map_err(words)?;
        fs::rename(made("js"), &bundle).map_err(words)?;
        Ok(bundle)
    });
    ["js", "js.map", "json"].iter().for_each(|ending| drop(fs::remove_file(made(ending))));
    result
}

fn run(esbuild: &Path, entry: &Path, project: &Path, outfile: &Path, metafile: &Path) -> Result<(), BundleError> {
    let mut command = Command::new(esbuild);
    let (outfile, metafile) = (format!("--outfile={}", outfile.display()), format!("--metafile={}", metafile.display()));
    // Paths in the output are relative to the project: the same source gives the same bytes anywhere.
    command.current_dir(project).arg(entry).args(OPTIONS).args([outfile, metafile]).stdin(Stdio::null());
    let said = command.output().map_err(|error| BundleError::Words(format!("{}: {error}", esbuild.display())))?;
    if said.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    let diagnostics = diagnostics(&text, project);
    Err(if diagnostics.is_empty() { BundleError::Words(text.trim().to_owned()) } else { BundleError::Diagnostics(diagnostics) })
}

/// Whether the bundle is of one file that was CommonJS already.
fn is_plain(metafile: &Path) -> bool {
    let about: Value = fs::read(metafile).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    about["inputs"].as_object().is_some_and(|inputs| inputs.len() == 1 && inputs.values().all(|input| input["format"] != "esm"))
}

/// What esbuild says: `✘ [ERROR] message`, and below it `file:line:column:`, the line from 1, the column in bytes from 0.
fn diagnostics(text: &str, project: &Path) -> Vec<Diagnostic> {
    let Ok(place) = Regex::new(r"^\s+(.+):(\d+):(\d+):$") else { return Vec::new() };
    let mut found: Vec<Diagnostic> = Vec::new();
    for line in text.lines() {
        if let Some((_, message)) = line.split_once("[ERROR] ") {
            found.push(Diagnostic::new(Stage::Compile, message, ""));
            continue;
        }
        let Some(diagnostic) = found.last_mut().filter(|diagnostic| diagnostic.file.is_none()) else { continue };
        let Some(at) = place.captures(line) else { continue };
        let number = |group: usize| at.get(group).and_then(|text| text.as_str().parse::<u32>().ok());
        let file = at.get(1).map_or("", |file| file.as_str());
        let (Some(line), Some(bytes)) = (number(2), number(3)) else { continue };
        let written = fs::read_to_string(project.join(file)).unwrap_or_default();
        let written = written.split('\n').nth(line.saturating_sub(1) as usize).unwrap_or_default().trim_end_matches('\r');
        let before = written.get(..bytes as usize).unwrap_or_default().chars().count();
        let column = u32::try_from(before).unwrap_or(0) + 1;
        diagnostic.file = Some(shown(&project.join(file)));
        (diagnostic.line, diagnostic.column) = (Some(line), Some(column));
        diagnostic.excerpt = Some(excerpt(line, written, Some(column)));
    }
    found
}

/// A path as people read it: from the working folder on when it lies there, without `.` and `..`.
pub(super) fn shown(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in whole.components() {
        match part {
            std::path::Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    let here = std::env::current_dir().unwrap_or_default();
    plain.strip_prefix(&here).unwrap_or(&plain).display().to_string()
}
