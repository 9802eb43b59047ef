//! Tags that move, and the record of it.

use std::time::Duration;

use super::*;

/// A catalogue whose clock the test moves.
fn timed(path: &Path) -> (Catalogue, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_000)));
    (Catalogue::open(path, Access::Write, config(), clock.clone()).unwrap(), clock)
}

fn moves(catalogue: &Catalogue, pointer: &str) -> Vec<(u64, Action, Option<Digest>, Option<Digest>)> {
    let history = catalogue.history(&name("delay"), &tag(pointer)).unwrap();
    history.into_iter().map(|one| (one.generation, one.action, one.from, one.to)).collect()
}

#[test]
fn a_tag_moves_and_its_way_is_on_record() {
    let dir = tempfile::tempdir().unwrap();
    let (catalogue, clock) = timed(dir.path());
    let one = add(&catalogue, "delay", 1, "v1").hash;
    let two = add(&catalogue, "delay", 2, "v2").hash;
    let (delay, prod) = (name("delay"), tag("prod"));
    let at = |seconds: u64| Timestamp::from_millis(seconds * 1_000);
    clock.advance_to(at(10));
    let first = catalogue.assign(&delay, &prod, &one, Expected::Nothing, &cause("first")).unwrap();
    assert_eq!((first.previous, first.generation), (None, Some(3)));
    clock.advance_to(at(20));
    let who = Cause { actor: Some("ann".to_owned()), request_id: Some("r-1".to_owned()), ..cause("better") };
    let second = catalogue.assign(&delay, &prod, &two, Expected::Revision(one), &who).unwrap();
    assert_eq!((second.previous, second.generation), (Some(one), Some(4)));
    let again = catalogue.assign(&delay, &prod, &two, Expected::Anything, &cause("")).unwrap();
    assert_eq!((again.previous, again.generation), (Some(two), None), "nothing moved, nothing is on record");
    clock.advance_to(at(30));
    let gone = catalogue.unassign(&delay, &prod, false, Expected::Revision(two), &cause("")).unwrap();
    assert_eq!((gone.hash, gone.generation), (Some(two), Some(5)));

    drop(catalogue);
    let (catalogue, _) = timed(dir.path());
    let expected =
        [(5, Action::Delete, Some(two), None), (4, Action::Assign, Some(one), Some(two)), (3, Action::Assign, None, Some(one))];
    assert_eq!(moves(&catalogue, "prod"), expected, "also after a restart, and after its deletion");
    let history = catalogue.history(&delay, &prod).unwrap();
    assert_eq!((history[1].at, &*history[1].cause), (at(20), &who));
    assert_eq!(moves(&catalogue, "latest"), [(1, Action::Upload, None, Some(one))]);

    let then = |selector: &str, seconds: u64| catalogue.resolve_at(selector, at(seconds));
    assert_eq!(then("delay:prod", 10).unwrap().hash, one);
    assert_eq!(then("delay:prod", 19).unwrap().hash, one);
    assert_eq!(then("delay:prod", 25).unwrap().hash, two);
    assert_eq!(then("delay", 25).unwrap().hash, one);
    assert_eq!(then(&two.to_string(), 0).unwrap().hash, two, "a hash means the same at any time");
    for (selector, seconds) in [("delay:prod", 9), ("delay:prod", 30), ("delay:never", 30)] {
        assert_eq!(then(selector, seconds).unwrap_err().code(), "tag_not_found", "{selector} at {seconds}");
    }
    assert_eq!(then("zzz", 30).unwrap_err().code(), "strategy_not_found");
    assert_eq!(catalogue.history(&delay, &tag("never")).unwrap_err().code(), "tag_not_found");
    assert_eq!(catalogue.history(&name("zzz"), &prod).unwrap_err().code(), "strategy_not_found");
}

#[test]
fn what_would_lose_or_mix_up_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let one = add(&catalogue, "delay", 1, "v1").hash;
    let two = add(&catalogue, "delay", 2, "v2").hash;
    let other = add(&catalogue, "other", 1, "v1").hash;
    let delay = name("delay");
    let before = picture(&catalogue);
    let assign = |name: &StrategyName, pointer: &str, hash: Digest, expected: Expected| {
        catalogue.assign(name, &tag(pointer), &hash, expected, &cause("")).unwrap_err().code()
    };
    let unassign = |pointer: &str, allowed: bool, expected: Expected| {
        catalogue.unassign(&delay, &tag(pointer), allowed, expected, &cause("")).unwrap_err().code()
    };
    let any = Expected::Anything;
    assert_eq!(assign(&delay, "v2", one, Expected::Nothing), "tag_moved", "somebody has made it meanwhile");
    assert_eq!(assign(&name("zzz"), "prod", one, any), "strategy_not_found");
    assert_eq!(assign(&delay, "prod", Digest::of(b"unknown"), any), "revision_not_found");
    assert_eq!(assign(&delay, "prod", other, any), "revision_not_found", "of another strategy");
    assert_eq!(assign(&delay, "latest", two, Expected::Revision(two)), "tag_moved");
    assert_eq!(
        assign(&delay, "new", two, Expected::Revision(two)),
        "tag_moved",
        "it does not point there, it does not point at all"
    );
    for latest in ["latest", "LATEST", "Latest"] {
        assert_eq!(unassign(latest, true, any), "latest_protected");
    }
    assert_eq!(unassign("zz", false, any), "tag_not_found");
    assert_eq!(unassign("v2", false, any), "would_orphan");
    assert_eq!(unassign("v1", false, Expected::Revision(two)), "tag_moved");
    assert_eq!(picture(&catalogue), before);

    catalogue.unassign(&delay, &tag("v1"), false, any, &cause("")).expect("latest is still on it");
    catalogue.unassign(&delay, &tag("v2"), true, any, &cause("")).unwrap();
    assert_eq!(catalogue.resolve(&format!("delay@{two}")).unwrap().hash, two, "an orphan is callable by its hash");
    let spelled = catalogue.assign(&delay, &tag("LaTeSt"), &two, Expected::Anything, &cause("")).unwrap();
    assert_eq!((spelled.tag.as_str(), catalogue.resolve("delay").unwrap().hash), ("latest", two));
}

#[test]
fn a_replacement_takes_over_the_tags_it_was_found_by() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let one = add_with(&catalogue, "delay", 1, &AddOptions { aliases: vec!["prod".to_owned()], ..options("v1") }).unwrap().hash;
    add(&catalogue, "delay", 2, "v2");
    let tags = |catalogue: &Catalogue, hash: Digest| {
        let tags = catalogue.tags(&name("delay")).unwrap().into_iter().filter(|(_, target, _)| *target == hash);
        tags.map(|(tag, ..)| tag.to_string()).collect::<Vec<_>>().join(" ")
    };
    let replace = |version: u32, own: &str, selector: &str| {
        let asked = AddOptions { replaces: Some(selector.parse().unwrap()), ..options(own) };
        add_with(&catalogue, "delay", version, &asked)
    };
    let three = replace(3, "v3", "delay:prod").unwrap().hash;
    assert_eq!((tags(&catalogue, one), tags(&catalogue, three)), ("latest v1".to_owned(), "prod v3".to_owned()));
    let four = replace(4, "v4", "delay").unwrap().hash;
    assert_eq!((tags(&catalogue, one), tags(&catalogue, four)), ("v1".to_owned(), "latest v4".to_owned()));
    let five = replace(5, "v5", &format!("delay@{three}")).unwrap().hash;
    assert_eq!((tags(&catalogue, three), tags(&catalogue, five)), (String::new(), "prod v3 v5".to_owned()));
    add(&catalogue, "other", 1, "v1");
    assert_eq!(replace(6, "v6", "other").unwrap_err().code(), "name_mismatch");
    assert_eq!(replace(6, "v6", "delay:zz").unwrap_err().code(), "tag_not_found");
}

#[test]
fn the_clock_may_go_back_and_the_record_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let (catalogue, clock) = timed(dir.path());
    clock.advance_to(Timestamp::from_millis(90_000));
    let hash = add(&catalogue, "delay", 1, "v1").hash;
    drop(catalogue);
    let (catalogue, clock) = timed(dir.path());
    assert!(clock.now() < Timestamp::from_millis(90_000));
    catalogue.assign(&name("delay"), &tag("prod"), &hash, Expected::Anything, &cause("")).unwrap();
    assert_eq!(catalogue.history(&name("delay"), &tag("prod")).unwrap()[0].at, Timestamp::from_millis(90_000));
}

#[test]
fn whoever_launches_and_whoever_deletes_see_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let hash = add(&catalogue, "delay", 1, "v1").hash;
    let used = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let deleted = catalogue.delete(
            "delay",
            |_| {
                // Between the question and the deletion somebody launches: registers, then asks.
                used.store(true, Ordering::SeqCst);
                scope.spawn(|| assert_eq!(catalogue.confirm(&hash).unwrap_err().code(), "revision_not_found"));
                std::thread::sleep(Duration::from_millis(50));
                Vec::new()
            },
            &cause(""),
        );
        assert_eq!(deleted.unwrap().hashes, [hash]);
    });
    assert!(used.load(Ordering::SeqCst));
}
