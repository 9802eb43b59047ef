//! What `load` and `describe` say about sources, good and bad.

use crate::support::{Diagnostic, Guest, Metadata, Stage};

const METADATA: &str = "metadata: { name: 'a', displayName: 'A', events: ['Trade'] }";

fn failure(source: &str) -> Diagnostic {
    match Guest::load(source) {
        Ok(mut guest) => guest.describe().expect_err("the source is wrong"),
        Err(diagnostic) => diagnostic,
    }
}

fn place(diagnostic: &Diagnostic) -> (Option<&str>, Option<u32>, Option<u32>) {
    (diagnostic.file.as_deref(), diagnostic.line, diagnostic.column)
}

fn metadata(text: &str) -> Metadata {
    let mut guest = Guest::load(&format!("module.exports = {{ metadata: {text}, create() {{}} }}")).expect("it loads");
    guest.describe().expect("the metadata is usable")
}

#[test]
fn a_syntax_error_has_its_place() {
    let found = failure("var a = 1;\nvar b = (;\n");
    assert!(matches!(found.stage, Stage::Compile), "{found:?}");
    assert_eq!(place(&found), (Some("strategy.js"), Some(2), Some(9)), "{found:?}");
    assert_eq!(found.hint.as_deref(), Some("Fix the JavaScript syntax near the reported location."));
    let found = failure("x = (");
    assert_eq!((found.line, found.message.is_empty()), (Some(1), false), "{found:?}");
    let found = failure("x = (\n");
    assert_eq!(place(&found), (Some("strategy.js"), Some(2), Some(1)), "behind the last line end: {found:?}");
}

#[test]
fn a_throw_at_load_has_its_place() {
    let found = failure("throw new Error('x')\n");
    assert!(matches!(found.stage, Stage::Execute), "{found:?}");
    assert_eq!(found.message, "Error: x");
    assert_eq!(place(&found), (Some("strategy.js"), Some(1), Some(7)), "{found:?}");
    let hint = "Check module initialization and ensure metadata export executes without throwing.";
    assert_eq!(found.hint.as_deref(), Some(hint));
}

#[test]
fn any_value_can_be_thrown_at_load() {
    for source in ["throw null", "throw undefined", "throw 5", "throw { get message() { throw 1 } }", "throw Symbol('s')"] {
        let found = failure(source);
        assert!(matches!(found.stage, Stage::Execute), "{source}: {found:?}");
        assert!(found.message.starts_with("Uncaught"), "{source}: {found:?}");
    }
    let found = failure("const e = new Error('a'); Object.defineProperty(e, 'message', { get() { throw e } }); throw e");
    assert_eq!(found.message, "Error");
}

#[test]
fn messages_are_one_line_of_256_characters() {
    let found = failure("throw new Error('first\\nsecond')");
    assert_eq!(found.message, "Error: first");
    assert_eq!(failure("throw new Error('é'.repeat(1000))").message.chars().count(), 256);
}

#[test]
fn module_syntax_is_explained() {
    for source in ["import fs from 'fs'", "export default {}", "const x = await 5;", "export const metadata = {};"] {
        let found = failure(source);
        assert!(matches!(found.stage, Stage::Compile), "{source}: {found:?}");
        assert!(found.hint.as_deref().is_some_and(|hint| hint.contains("module.exports")), "{source}: {found:?}");
    }
}

#[test]
fn scripts_are_strict() {
    assert!(matches!(failure("with (Math) {}").stage, Stage::Compile));
    assert!(matches!(failure("var x = 010;").stage, Stage::Compile));
    assert!(matches!(failure("return 5;").stage, Stage::Compile));
    let found = failure("undeclared = 5;");
    assert!(matches!(found.stage, Stage::Execute) && found.message.starts_with("ReferenceError"), "{found:?}");
}

#[test]
fn a_source_cannot_close_its_wrapper() {
    let found = failure("}); globalThis.outside = 1; (function () {");
    assert!(matches!(found.stage, Stage::Compile), "{found:?}");
}

#[test]
fn a_last_line_comment_does_not_swallow_the_wrapper() {
    let mut guest = Guest::load(&format!("module.exports = {{ {METADATA} }} // comment")).expect("it loads");
    assert_eq!(guest.describe().expect("usable").name, "a");
}

#[test]
fn bytecode_and_binary_are_no_sources() {
    let found = failure("\0asm\u{1}\0\0\0");
    assert!(matches!(found.stage, Stage::Compile) && found.message.contains("not a text file"), "{found:?}");
    assert!(matches!(failure("\u{2}\u{5}\u{6}bytecode").stage, Stage::Compile));
}

#[test]
fn missing_metadata() {
    for source in ["", "module.exports = null", "module.exports = 5", "module.exports = {}", "exports.metadata = null"] {
        let found = failure(source);
        assert!(matches!(found.stage, Stage::Validation), "{source}: {found:?}");
        assert_eq!(found.message, "metadata export missing", "{source}");
        assert_eq!(found.hint.as_deref(), Some("Expose module.exports.metadata with required fields."));
    }
}

#[test]
fn metadata_of_the_wrong_shape() {
    for text in [
        "5",
        "'text'",
        "[]",
        "() => {}",
        "{ events: 'Trade' }",
        "{ config: {} }",
        "{ config: [5] }",
        "{ config: [null] }",
        "{ name: {} }",
        "{ name: Symbol('x') }",
        "{ get name() { throw new Error('boom') } }",
        "new Proxy({}, { get() { throw new TypeError('trap') } })",
        "{ events: [{}] }",
        "{ config: [{ name: 'a', type: 'int', default: { toJSON() { throw 1 } } }] }",
        "{ config: [{ name: 'a', type: 'int', default: 10n }] }",
        "{ events: new Array(100000).fill('Trade') }",
        "{ limits: 5 }",
        "{ limits: [] }",
        "{ limits: () => {} }",
        "{ limits: { memoryBytes: '32' } }",
        "{ limits: { memoryBytes: -1 } }",
        "{ limits: { memoryBytes: 1.5 } }",
        "{ limits: { memoryBytes: 2 ** 53 } }",
        "{ limits: { memoryBytes: NaN } }",
        "{ limits: { memoryBytes: 1n } }",
        "{ limits: { get memoryBytes() { throw new Error('boom') } } }",
        "{ limits: { 'a\\0b': 1 } }",
        "{ limits: new Proxy({}, { ownKeys() { throw 1 } }) }",
        "{ limits: Object.fromEntries([...Array(2000).keys()].map(n => ['k' + n, 1])) }",
    ] {
        let found = failure(&format!("module.exports = {{ metadata: {text} }}"));
        assert!(matches!(found.stage, Stage::Validation), "{text}: {found:?}");
        assert!(found.message.starts_with("metadata export invalid"), "{text}: {found:?}");
        assert_eq!(found.hint.as_deref(), Some("Ensure metadata export matches the strategies.Metadata schema."));
    }
}

#[test]
fn metadata_is_normalised() {
    let found = metadata(
        "{ name: ' Delay ', tag: ' v1 ', displayName: ' Delay ', description: ' d ', events: [' Trade ', '', 'Ticker'],
           config: [{ name: ' min ', type: ' int ', description: ' m ', default: { a: [1, 'x'] }, required: true }] }",
    );
    assert_eq!((found.name.as_str(), found.tag.as_deref(), found.display_name.as_str()), ("delay", Some("v1"), "Delay"));
    assert_eq!((found.description.as_str(), &found.events[..]), ("d", &["Trade".to_owned(), "Ticker".to_owned()][..]));
    assert_eq!(found.config.len(), 2);
    assert_eq!((found.config[0].name.as_str(), found.config[0].kind.as_str()), ("min", "int"));
    assert_eq!(found.config[0].default.as_deref(), Some(r#"{"a":[1,"x"]}"#));
    assert!(found.config[0].required && !found.additional_config);
    let dry_run = &found.config[1];
    assert_eq!((dry_run.name.as_str(), dry_run.kind.as_str(), dry_run.default.as_deref()), ("dry_run", "bool", Some("true")));
    assert_eq!(dry_run.description, "When true, strategy logs intended orders without submitting them");
    assert!(!dry_run.required);
}

#[test]
fn metadata_coercions() {
    assert_eq!(metadata("{ name: 5 }").name, "5");
    assert_eq!(metadata("{ name: 'a', tag: '  ' }").tag, None);
    assert!(metadata("{ name: 'a', additionalConfig: true }").additional_config);
    let own = metadata("{ name: 'a', config: [{ name: 'dry_run', type: 'bool', default: false }] }");
    assert_eq!((own.config.len(), own.config[0].default.as_deref()), (1, Some("false")));
    assert_eq!(metadata("{ name: 'a', config: [{ name: 'x', type: 'int' }] }").config[0].default, None);
}

#[test]
fn limits_are_told_as_they_are_written() {
    let found = metadata(
        "{ name: 'a', limits: { memoryBytes: 2 ** 24, timers: 0, unknown: 7, sleepMaxMs: null, deadlineMs: undefined } }",
    );
    let expected = [("memoryBytes", 1 << 24), ("timers", 0), ("unknown", 7)].map(|(name, value)| (name.to_owned(), value));
    assert_eq!(found.limits, expected, "names and ranges are the host's to check");
    assert_eq!(metadata("{ name: 'a' }").limits, []);
    assert_eq!(metadata("{ name: 'a', limits: null }").limits, []);
    assert_eq!(metadata("{ name: 'a', limits: {} }").limits, []);
    let inherited = metadata("{ name: 'a', limits: Object.create({ memoryBytes: 1 }) }");
    assert_eq!(inherited.limits, [], "own fields only");
    let found = failure("module.exports = { metadata: { limits: { timers: '5' } } }");
    assert_eq!(found.message, "metadata export invalid: metadata.limits.timers must be a whole number");
}

#[test]
fn metadata_is_read_once() {
    let source = "const metadata = { name: 'a', displayName: 'A', events: ['Trade'] };
        module.exports = { metadata, create() { metadata.name = 'b'; metadata.events.push('Ticker'); return {}; } };";
    let mut guest = Guest::load(source).expect("it loads");
    guest.start("{}").expect("it starts");
    let found = guest.describe().expect("usable");
    assert_eq!((found.name.as_str(), found.events.len()), ("a", 1));
}

#[test]
fn files_require_one_another() {
    let entry = "const lib = require('./lib/math.js'); const again = require('./lib/math');
        module.exports = { metadata: { name: 'a' + lib.two + (lib === again), displayName: 'A', events: ['Trade'] } };";
    let lib = "const { one } = require('../one.js'); exports.two = one + 1;";
    let files = [("main.js", entry), ("lib/math.js", lib), ("one.js", "module.exports = { one: 1 }")];
    let mut guest = Guest::load_files("main.js", &files).expect("it loads");
    assert_eq!(guest.describe().expect("usable").name, "a2true");
}

#[test]
fn cycles_see_what_is_exported_so_far() {
    let entry = "exports.early = 'e'; const b = require('./b.js');
        exports.metadata = { name: b.seen, displayName: 'A', events: ['Trade'] };";
    let files = [("a.js", entry), ("b.js", "const a = require('./a.js'); exports.seen = a.early + typeof a.metadata;")];
    let mut guest = Guest::load_files("a.js", &files).expect("it loads");
    assert_eq!(guest.describe().expect("usable").name, "eundefined");
}

#[test]
fn nothing_else_can_be_required() {
    for wanted in ["fs", "/etc/passwd", "../../etc/passwd", "./none.js", "", "lib.js", "./../../x", "https://x/y.js"] {
        let found = failure(&format!("require({wanted:?})"));
        assert!(found.message.contains("require") || found.message.contains("no file"), "{wanted}: {found:?}");
    }
    for global in ["process", "fetch", "std", "os", "Javy", "Deno", "performance", "WebAssembly", "WeakRef"] {
        let found = failure(&format!("throw new Error(typeof {global})"));
        assert_eq!(found.message, "Error: undefined", "{global}");
    }
}

#[test]
fn errors_in_a_required_file_name_it() {
    let files = [("a.js", "require('./b.js')"), ("b.js", "\n\n  var x = ;")];
    let found = Guest::load_files("a.js", &files).map(drop).expect_err("b.js is wrong");
    assert!(matches!(found.stage, Stage::Compile), "{found:?}");
    assert_eq!((found.file.as_deref(), found.line), (Some("b.js"), Some(3)), "{found:?}");
    let files = [("a.js", "require('./b.js')"), ("b.js", "\nnull.x;")];
    let found = Guest::load_files("a.js", &files).map(drop).expect_err("b.js throws");
    assert!(matches!(found.stage, Stage::Execute), "{found:?}");
    assert_eq!((found.file.as_deref(), found.line), (Some("b.js"), Some(2)), "{found:?}");
}

#[test]
fn no_import_is_called_while_loading() {
    // The harness would record the line; the real host faults.
    let source = format!("console.log('x'); console.error('y'); module.exports = {{ {METADATA}, create() {{ return {{}} }} }}");
    let mut guest = Guest::load(&source).expect("it loads");
    assert_eq!(guest.lines(), Vec::<String>::new());
    let found = failure("setTimeout(() => {}, 5)");
    assert!(found.message.contains("not available while the module loads"), "{found:?}");
}

#[test]
fn deep_sources_are_diagnosed() {
    crate::support::with_deep_stack(|| {
        for source in [
            format!("{}1{}", "(".repeat(20_000), ")".repeat(20_000)),
            format!("{}1{}", "`${".repeat(3_000), "}`".repeat(3_000)),
            format!("{}{}", "[".repeat(50_000), "]".repeat(50_000)),
            "{".repeat(50_000),
            format!("x{}", ".a".repeat(100_000)),
            format!("var a = {};", "!".repeat(50_000) + "1"),
            format!("({}1)", "x=>".repeat(20_000)),
            format!("{} 1", "if(1)".repeat(50_000)),
            format!("/{}a{}/", "(".repeat(50_000), ")".repeat(50_000)),
            "function f(){".repeat(20_000),
        ] {
            let head: String = source.chars().take(20).collect();
            if let Err(found) = Guest::load(&source) {
                assert!(matches!(found.stage, Stage::Compile | Stage::Execute), "{head}: {found:?}");
            }
        }
    });
}
