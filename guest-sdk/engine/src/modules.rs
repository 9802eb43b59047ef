//! CommonJS over the files of the revision: `module`, `exports` and `require("./file.js")`, nothing else. A file is
//! checked as a strict script of its own before it is wrapped, so a source cannot close the wrapper, and `import`,
//! `export`, `return` and `await` at its top are syntax errors.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::js::{Args, JsResult, Thrown, Value, bound_function, take_exception, throw, throw_coded};
use crate::wit::sandpit::strategy::types::SourceFile;

thread_local! {
    static FILES: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
    /// The `module` objects of the files that have been required, by path.
    static MODULES: RefCell<BTreeMap<String, Value>> = const { RefCell::new(BTreeMap::new()) };
    /// The error of the last file that did not compile, to tell it from a `SyntaxError` that a module throws.
    static SYNTAX_ERROR: Cell<Option<u64>> = const { Cell::new(None) };
}

pub fn set_files(files: Vec<SourceFile>) {
    FILES.set(files.into_iter().map(|file| (file.path, file.text)).collect());
}

/// Whether the revision has a file of this path.
pub fn is_file(path: &str) -> bool {
    FILES.with_borrow(|files| files.contains_key(path))
}

/// Looks at a line of a file, counted from 1. After the last line end there is one more, without text: a source that ends
/// too early is wrong there.
pub fn with_line<T>(path: &str, line: u32, look: impl FnOnce(&str) -> T) -> Option<T> {
    FILES.with_borrow(|files| files.get(path)?.split('\n').nth(line.checked_sub(1)? as usize).map(look))
}

/// Whether this value is the error with which the last file failed to compile.
pub fn is_syntax_error(error: &Value) -> bool {
    SYNTAX_ERROR.get() == Some(error.raw())
}

/// Evaluates a file once and gives its `module.exports`. A file that is being evaluated gives what it has exported so
/// far, as CommonJS has it.
pub fn exports(path: &str) -> JsResult<Value> {
    let known = MODULES.with_borrow(|modules| modules.get(path).cloned());
    if let Some(module) = known {
        return module.get_str(c"exports");
    }
    let Some(source) = FILES.with_borrow(|files| files.get(path).cloned()) else {
        return Err(throw_coded("module_not_found", &format!("no file {path:?} in this revision")));
    };
    let wrapper = compile(&source, path)?;
    let module = Value::object()?;
    let exports = Value::object()?;
    module.define_str("id", Value::string(path)?)?;
    module.define_str("exports", exports.clone())?;
    MODULES.with_borrow_mut(|modules| modules.insert(path.to_owned(), module.clone()));
    let require = bound_function("require", 1, Value::string(path)?, require)?;
    match wrapper.call(&exports, &[module.clone(), exports.clone(), require]) {
        Ok(_) => module.get_str(c"exports"),
        Err(thrown) => {
            let failed = MODULES.with_borrow_mut(|modules| modules.remove(path));
            drop(failed);
            Err(thrown)
        }
    }
}

/// Two lines stand before a file, so that its own first line is line 1: QuickJS cannot start at line 0, and counts the
/// columns of the very first line of a text from 0.
const BEFORE_FIRST_LINE: i32 = -1;

/// The file as a function of `module`, `exports` and `require`. It does not begin with a parenthesis: QuickJS would read
/// to the matching one first, to see whether an arrow follows.
fn compile(source: &str, path: &str) -> JsResult<Value> {
    SYNTAX_ERROR.set(None);
    if let Err(Thrown) = Value::compile(&format!("\n\n{source}"), path, BEFORE_FIRST_LINE) {
        let error = take_exception();
        SYNTAX_ERROR.set(Some(error.raw()));
        return Err(throw(error));
    }
    Value::evaluate(&format!("0, function (module, exports, require) {{\n\n{source}\n}}"), path, BEFORE_FIRST_LINE)
}

fn require(from: &Value, args: Args<'_>) -> JsResult<Value> {
    let wanted = args.get(0);
    let wanted = if wanted.is_string() { wanted.to_text()? } else { String::new() };
    match from.with_text(|from| resolve(&from, &wanted))? {
        Some(path) => exports(&path),
        None => {
            let message = format!("cannot require {wanted:?}: only \"./\" and \"../\" paths to files of this revision");
            Err(throw_coded("module_not_found", &message))
        }
    }
}

/// The file that `wanted` means in `from`; the ending `.js` may be left out.
fn resolve(from: &str, wanted: &str) -> Option<String> {
    if !wanted.starts_with("./") && !wanted.starts_with("../") {
        return None;
    }
    let mut segments: Vec<&str> = from.split('/').collect();
    segments.pop();
    for segment in wanted.split('/') {
        match segment {
            "." => {}
            ".." => {
                segments.pop()?;
            }
            name => segments.push(name),
        }
    }
    let path = segments.join("/");
    [path.clone(), format!("{path}.js")].into_iter().find(|path| is_file(path))
}
