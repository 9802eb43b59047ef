//! The end of the world at every change of the disk: by fault, by death, and by kill -9 of a child that is this test again.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use super::*;

const DIR: &str = "SANDPIT_TEST_CATALOGUE_DIR";

/// In memory where there is such a place: hundreds of catalogues are made here, and a fault does not need a slow disk.
fn directory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

type Change = fn(&Catalogue) -> Result<(), CatalogueError>;

/// Each on a catalogue of `delay` with `v1` and `v2`.
const CHANGES: [(&str, Change); 10] = [
    ("upload of a new strategy", |catalogue| add_with(catalogue, "new", 1, &options("v1")).map(drop)),
    ("upload that moves tags", |catalogue| {
        let asked = AddOptions { promote_latest: true, reassign_tags: vec!["v1".to_owned()], ..options("v3") };
        add_with(catalogue, "delay", 3, &asked).map(drop)
    }),
    ("upload of several files", |catalogue| {
        let source = several(&[("delay.js", "// delay 4"), ("lib/a.js", "a"), ("b.js", "b")]);
        let new = NewRevision { source: &source, metadata: metadata("delay", Some("v4")), engine: Digest::of(b""), world: "w" };
        catalogue.add(&new, &AddOptions::default(), &cause("")).map(drop)
    }),
    ("tag on known bytes", |catalogue| add_with(catalogue, "delay", 2, &options("v9")).map(drop)),
    ("upload that replaces", |catalogue| {
        let asked = AddOptions { replaces: Some("delay:latest".parse().unwrap()), ..options("v5") };
        add_with(catalogue, "delay", 5, &asked).map(drop)
    }),
    ("move of a tag", |catalogue| assign(catalogue, "latest", 2)),
    ("new tag", |catalogue| assign(catalogue, "prod", 2)),
    ("delete of a tag", |catalogue| {
        catalogue.unassign(&name("delay"), &tag("v2"), true, Expected::Anything, &cause("")).map(drop)
    }),
    ("delete of a revision", |catalogue| catalogue.delete("delay:v1", nobody, &cause("")).map(drop)),
    ("delete of a strategy", |catalogue| catalogue.delete("delay", nobody, &cause("")).map(drop)),
];

fn assign(catalogue: &Catalogue, pointer: &str, version: u32) -> Result<(), CatalogueError> {
    let hash = source("delay", version).digest();
    catalogue.assign(&name("delay"), &tag(pointer), &hash, Expected::Anything, &cause("")).map(drop)
}

/// Points `latest` elsewhere, as a person would. Editing it again changes nothing.
fn edit(dir: &Path) {
    let file = dir.join("registry.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let line = |version| format!("\"latest\": \"{}\"", source("delay", version).digest());
    std::fs::write(file, text.replace(&line(1), &line(2))).unwrap();
}

fn prepared(dir: &Path) -> Catalogue {
    let catalogue = open(dir);
    add(&catalogue, "delay", 1, "v1");
    add(&catalogue, "delay", 2, "v2");
    catalogue.save().unwrap();
    catalogue
}

/// A picture that does not say in which directory it was taken.
fn placeless(catalogue: &Catalogue) -> String {
    picture(catalogue).to_string().replace(catalogue.directory().to_str().unwrap(), "")
}

/// The pictures without `change` and with it.
fn sides(change: Change) -> (String, String) {
    let dir = directory();
    let catalogue = prepared(dir.path());
    let before = placeless(&catalogue);
    change(&catalogue).unwrap();
    let after = placeless(&catalogue);
    assert_ne!(before, after);
    (before, after)
}

/// Runs `change` with a fault at step `at` and says whether it was done all the same. None when it has fewer steps.
fn with_fault(at: usize, dies: bool, change: Change, (before, after): &(String, String)) -> Option<bool> {
    let dir = directory();
    let catalogue = prepared(dir.path());
    catalogue.disk.faults.arm(at, dies);
    let outcome = change(&catalogue);
    // What a running host does a moment later.
    let _ = catalogue.save();
    let steps = catalogue.disk.faults.steps();
    if steps.len() <= at {
        return None;
    }
    if dies {
        // It stays dead: nothing is brought up to date on the way out.
        drop(catalogue);
    } else {
        // The disk works again: what is shown is what is there.
        let shown = placeless(&catalogue);
        assert!(shown == *before || shown == *after, "{steps:?}: neither before nor after");
        assert!(outcome.is_err() || shown == *after);
        drop(catalogue);
    }
    let reopened = open(dir.path());
    let shown = placeless(&reopened);
    assert!(shown == *before || shown == *after, "{steps:?}: neither before nor after");
    assert!(outcome.is_err() || shown == *after, "{steps:?}: acknowledged, but not there");
    if shown == *before {
        change(&reopened).unwrap();
        assert_eq!(placeless(&reopened), *after, "{steps:?}: trying again does not succeed");
    }
    let mut names = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.all(|name| !name.starts_with(".sandpit-tmp-")), "{steps:?}");
    Some(shown == *after)
}

#[test]
fn a_change_is_done_or_not_done_wherever_it_breaks() {
    let mut points = 0;
    for (what, change) in CHANGES {
        let sides = sides(change);
        for dies in [false, true] {
            let outcomes: Vec<bool> = (0..).map_while(|at| with_fault(at, dies, change, &sides)).collect();
            points += outcomes.len();
            assert!(outcomes.len() >= 5, "{what}: only {} points", outcomes.len());
            assert!(outcomes.contains(&false) && outcomes.contains(&true), "{what}: both sides of the change are seen");
            assert!(outcomes.is_sorted(), "{what}: once done it stays done: {outcomes:?}");
        }
    }
    println!("ended the world at {points} points of {} changes", CHANGES.len());
}

#[test]
fn an_edit_by_hand_is_taken_in_once_wherever_it_breaks() {
    let mut points = 0;
    for at in 0.. {
        let dir = directory();
        let catalogue = prepared(dir.path());
        edit(dir.path());
        catalogue.disk.faults.arm(at, true);
        let outcome = catalogue.reload().and_then(|()| catalogue.save());
        let steps = catalogue.disk.faults.steps();
        drop(catalogue);
        let catalogue = open(dir.path());
        picture(&catalogue);
        let moved = source("delay", 2).digest();
        assert_eq!(catalogue.resolve("delay").unwrap().hash, moved, "{steps:?}");
        let history = catalogue.history(&name("delay"), &tag("latest")).unwrap();
        assert_eq!((history.len(), history[0].action, history[0].to), (2, Action::Edit, Some(moved)), "{steps:?}");
        if steps.len() <= at {
            assert!(outcome.is_ok());
            break;
        }
        points += 1;
    }
    assert!(points >= 5, "only {points} points");
    println!("ended the world at {points} points of a refresh");
}

#[test]
fn seeding_that_broke_off_is_made_good() {
    static BUILTIN: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/../strategies");
    let seeded = |catalogue: &Catalogue| catalogue.list(&ListFilter::default()).total;
    let whole = {
        let dir = directory();
        let catalogue = open_unjudged(dir.path(), Access::Write).unwrap();
        catalogue.seed(&BUILTIN).unwrap();
        catalogue.disk.faults.disarm();
        seeded(&catalogue)
    };
    let mut at = 0;
    loop {
        let dir = directory();
        let catalogue = open_unjudged(dir.path(), Access::Write).unwrap();
        catalogue.disk.faults.arm(at, true);
        let outcome = catalogue.seed(&BUILTIN);
        let steps = catalogue.disk.faults.disarm();
        drop(catalogue);
        let catalogue = open_unjudged(dir.path(), Access::Write).unwrap();
        assert!(seeded(&catalogue) == 0 || seeded(&catalogue) == whole, "step {at}");
        catalogue.seed(&BUILTIN).unwrap();
        assert_eq!(seeded(&catalogue), whole, "step {at}");
        assert!(!catalogue.disk.is_seeding());
        if steps.len() <= at {
            assert!(outcome.is_ok());
            break;
        }
        at += 7;
    }
}

/// The child: uploads until it is killed, and prints each number once it is acknowledged.
#[test]
#[ignore = "started by the test below"]
fn child_that_uploads() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let catalogue = open(Path::new(&dir));
    for n in 0.. {
        add(&catalogue, "delay", n, &format!("v{n}"));
        writeln!(std::io::stdout().lock(), "\nok {n}").unwrap();
    }
}

#[test]
fn acknowledged_uploads_survive_kill_9() {
    for delay_us in [0, 300, 900, 1_700, 4_000] {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["catalogue::tests::crash::child_that_uploads", "--exact", "--ignored", "--nocapture"]);
        let mut process = command.env(DIR, dir.path()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        lines.by_ref().filter(|line| line.starts_with("ok ")).take(10).for_each(drop);
        std::thread::sleep(std::time::Duration::from_micros(delay_us));
        process.kill().unwrap();
        process.wait().unwrap();
        // The last line may be torn.
        let said: Vec<String> = lines.collect();
        let told =
            said.iter().rev().skip(1).filter_map(|line| line.strip_prefix("ok ")?.parse::<usize>().ok()).max().unwrap_or(9);
        let catalogue = open(dir.path());
        picture(&catalogue);
        let revisions = catalogue.summary("delay").unwrap().revisions.len();
        assert!(
            revisions == told + 1 || revisions == told + 2 || revisions == told + 3,
            "{revisions} there, {told} was the last number told"
        );
        for n in 0..=told {
            let hash = source("delay", u32::try_from(n).unwrap()).digest();
            assert_eq!(catalogue.resolve(&format!("delay:v{n}")).unwrap().hash, hash);
        }
    }
}
