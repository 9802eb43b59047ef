//! Scenarios that are written in JavaScript: evaluated inside the sandbox, by the same engine as strategies, with the files that
//! they require and nothing else. What they export comes out as JSON.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path};
use std::sync::{Arc, Mutex, PoisonError};

use regex_lite::Regex;
use tokio_util::sync::CancellationToken;

use crate::base::{InstanceId, Timestamp};
use crate::cli::workbench::{Workbench, block_on};
use crate::compile::{CompileError, Diagnostic, Source, SourceFile};
use crate::sandbox::{Guest, GuestSetup, Limits, NoLog, Pace, SavedState, StartError};

/// The file that stands before the author's. No author's file can have this name: it would have to end like a scenario.
const ENTRY: &str = "sandpit-exports.js";

/// Why a file exports no scenarios.
pub(super) enum ScriptError {
    /// The author's mistake, with its place.
    Diagnostics(Vec<Diagnostic>),
    /// In words.
    Words(String),
}

/// The JSON of what the file exports.
pub(super) fn evaluate(bench: &Workbench, path: &Path) -> Result<String, ScriptError> {
    let source = source(path)?;
    let words = |error: String| ScriptError::Words(error);
    let program = block_on(bench.compiler.program(&source)).map_err(|_| words("no runtime for the compiler".to_owned()))?;
    let program = program.map_err(|error| match error {
        CompileError::Diagnostics(diagnostics) => ScriptError::Diagnostics(diagnostics),
        other => ScriptError::Words(other.to_string()),
    })?;
    let saved = Chunks::default();
    let limits = Limits::default();
    let setup = GuestSetup {
        instance: InstanceId::new("scenarios").map_err(|error| words(error.to_string()))?,
        config: [("run".to_owned(), true.into())].into_iter().collect(),
        seed: 1,
        feeds: Vec::new(),
        // Nothing but copying what was made when the file was evaluated: as much as may be in it.
        limits: Limits { saved_state_bytes: 1 << 20, fuel_per_create: 10_000_000_000, deadline_ms: 60_000, ..limits },
        dry_run: true,
        desk: None,
        pace: Pace::Virtual,
        log: Arc::new(NoLog),
        saved: Box::new(saved.clone()),
        time: Timestamp::from_millis(0),
        cancel: CancellationToken::new(),
    };
    let started = block_on(Guest::start(&program, setup)).map_err(|_| words("no runtime for the guest".to_owned()))?;
    match started {
        Ok(_) => saved.text().ok_or_else(|| words("what it exports did not come out whole: please report this".to_owned())),
        Err(StartError::Exception(thrown)) => Err(words(thrown.to_string())),
        Err(StartError::Fault(fault)) => Err(words(fault.to_string())),
    }
}

/// The file, those that it requires, and what hands the result out.
fn source(path: &Path) -> Result<Source, ScriptError> {
    let words = |error: &dyn std::fmt::Display| ScriptError::Words(error.to_string());
    let folder = path.parent().unwrap_or(Path::new(""));
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut files = BTreeMap::new();
    collect(folder, name, &mut files).map_err(|error| words(&error))?;
    let name = serde_json::Value::from(format!("./{name}"));
    let entry = format!(
        r#"const text = JSON.stringify(require({name}));
if (typeof text !== "string") throw new TypeError("a scenario file exports a scenario, or an array of them: module.exports = {{ ... }}");
module.exports = {{
  metadata: {{
    name: "scenarios", tag: "v1", displayName: "Scenarios", events: ["Trade"],
    config: [{{ name: "run", type: "bool", required: true }}],
  }},
  create({{ helpers }}) {{
    let from = 0;
    while (from < text.length) {{
      let to = Math.min(from + 65536, text.length);
      const last = text.charCodeAt(to - 1);
      if (last >= 0xd800 && last < 0xdc00 && to < text.length) to -= 1;
      helpers.save(text.slice(from, to));
      from = to;
    }}
    return {{}};
  }},
}};
"#
    );
    files.insert(ENTRY.to_owned(), entry.into_bytes());
    let files = files.into_iter().map(|(path, bytes)| SourceFile { path, bytes });
    Source::several(ENTRY, files.collect()).map_err(|error| words(&error))
}

/// The file of this path in the folder, and whatever it requires by a path that is written out. What is not there, or leads out of
/// the folder, is left to the engine to complain about, which knows the line.
fn collect(folder: &Path, path: &str, files: &mut BTreeMap<String, Vec<u8>>) -> std::io::Result<()> {
    let bytes = fs::read(folder.join(path))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    files.insert(path.to_owned(), bytes);
    let Ok(pattern) = Regex::new(r#"\brequire\s*\(\s*["'](\.{1,2}/[^"']+)["']\s*\)"#) else { return Ok(()) };
    let here = Path::new(path).parent().unwrap_or(Path::new(""));
    for wanted in pattern.captures_iter(&text).filter_map(|found| found.get(1)) {
        let Some(plain) = inside(&here.join(wanted.as_str())) else { continue };
        let found = [plain.clone(), format!("{plain}.js")].into_iter().find(|path| is_within(folder, path));
        if let Some(found) = found.filter(|found| !files.contains_key(found)) {
            collect(folder, &found, files)?;
        }
    }
    Ok(())
}

/// Whether there is such a file in the folder, links followed.
fn is_within(folder: &Path, path: &str) -> bool {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let whole = folder.join(path).canonicalize().ok().zip(folder.canonicalize().ok());
    whole.is_some_and(|(file, folder)| file.is_file() && file.starts_with(folder))
}

/// Without `.` and `..`; none when it leads out of the folder.
fn inside(path: &Path) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()?),
            Component::Normal(name) => parts.push(name.to_str()?),
            _ => return None,
        }
    }
    Some(parts.join("/"))
}

/// Every value that was saved, in its order.
#[derive(Clone, Default)]
struct Chunks(Arc<Mutex<Vec<String>>>);

impl SavedState for Chunks {
    fn save(&self, json: &str) -> Result<(), String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(json.to_owned());
        Ok(())
    }

    fn load(&self) -> Option<String> {
        None
    }
}

impl Chunks {
    /// Each of them is a JSON text; none when one is not.
    fn text(&self) -> Option<String> {
        let chunks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = chunks.iter().map(|chunk| serde_json::from_str::<String>(chunk).ok());
        texts.collect::<Option<String>>()
    }
}
