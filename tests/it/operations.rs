//! `docs/operations.md` as it is written: its shell blocks run from top to bottom in one folder against a real host, and say
//! what the page says they say.

use std::fmt::Write as _;

use crate::support::cli::Cli;
use crate::support::process::Host;
use crate::support::root;

/// A shell block and the words of the text block that follows it.
#[derive(Debug, Default)]
struct Step {
    line: usize,
    script: String,
    expected: Vec<String>,
}

/// The steps below one heading. They share a shell, so that a variable set in one is there in the next.
#[derive(Debug)]
struct Section {
    title: String,
    steps: Vec<Step>,
}

fn sections(page: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut fence: Option<&str> = None;
    // A text block belongs to the shell block right before it.
    let mut answers = false;
    for (index, line) in page.lines().enumerate() {
        match (fence, line.strip_prefix("```")) {
            (None, Some(kind)) => {
                fence = Some(kind);
                if kind == "sh" {
                    let section = sections.last_mut().expect("a heading comes before the first block");
                    section.steps.push(Step { line: index + 1, ..Step::default() });
                }
                assert!(kind != "text" || answers, "line {}: a text block without a shell block before it", index + 1);
            }
            (Some(kind), Some(_)) => {
                answers = kind == "sh";
                fence = None;
            }
            (Some("sh"), None) => {
                let step = sections.last_mut().and_then(|section| section.steps.last_mut()).unwrap();
                writeln!(step.script, "{line}").unwrap();
            }
            (Some("text"), None) => {
                let step = sections.last_mut().and_then(|section| section.steps.last_mut()).unwrap();
                step.expected.push(line.to_owned());
            }
            (Some(_), None) => {}
            (None, None) => {
                answers = answers && line.trim().is_empty();
                if let Some(title) = line.strip_prefix("## ") {
                    sections.push(Section { title: title.to_owned(), steps: Vec::new() });
                }
            }
        }
    }
    sections.retain(|section| !section.steps.is_empty());
    sections
}

/// Whether some line of `output` has the words of `expected` in this order.
pub(crate) fn says(output: &str, expected: &str) -> bool {
    let in_order = |line: &str| {
        let mut rest = line;
        expected.split_whitespace().all(|word| match rest.split_once(word) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    };
    output.lines().any(in_order)
}

const MARK: &str = "=== the block of line ";

/// Runs one section and gives the output of each of its blocks.
async fn run(cli: &Cli, section: &Section) -> Vec<String> {
    let mut script = "exec 2>&1\n".to_owned();
    for step in &section.steps {
        write!(script, "echo '{MARK}{}'\n{}", step.line, step.script).unwrap();
    }
    let said = cli.bash(&script).await;
    println!("--- {}\n{}", section.title, said.stdout);
    assert_eq!(said.code, 0, "{}: the block that was reached last failed:\n{}{}", section.title, said.stdout, said.stderr);
    said.stdout.split(MARK).skip(1).map(str::to_owned).collect()
}

#[tokio::test]
#[ignore = "needs bash, curl and diff: `cargo xtask test` runs it where they are"]
async fn the_page_runs_as_it_is_written() {
    let page = std::fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let sections = sections(&page);
    let titles: Vec<&str> = sections.iter().map(|section| section.title.as_str()).collect();
    for workflow in ["Promote a new revision", "Scan for drift", "Roll back", "Retire a revision"] {
        assert!(titles.contains(&workflow), "{workflow} is none of {titles:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join(".sandpit");
    std::fs::create_dir(&data).unwrap();
    let host = Host::start(&data, "").await;
    let cli = Cli::new(host.address, &host.token, folder.path());
    for section in &sections {
        let outputs = run(&cli, section).await;
        assert_eq!(outputs.len(), section.steps.len(), "{}", section.title);
        for (step, output) in section.steps.iter().zip(&outputs) {
            for expected in &step.expected {
                assert!(says(output, expected), "docs/operations.md:{}: `{expected}` is not in:\n{output}", step.line);
            }
        }
    }
}

#[test]
fn a_page_is_read_as_it_looks() {
    let page = "## One\n```sh\na\nb\n```\n```text\nx  y\n```\n## Two\nwords\n```\nno step\n```\n## Three\n```sh\nc\n```\n";
    let sections = sections(page);
    let steps: Vec<(&str, usize, &str, &[String])> = sections
        .iter()
        .flat_map(|section| {
            let title = section.title.as_str();
            section.steps.iter().map(move |step| (title, step.line, step.script.as_str(), step.expected.as_slice()))
        })
        .collect();
    assert_eq!(steps, [("One", 2, "a\nb\n", ["x  y".to_owned()].as_slice()), ("Three", 15, "c\n", [].as_slice())]);
    assert!(says("1\n a x, b  y", "x y") && !says("y x", "x y") && !says("x\ny", "x y"));
}
