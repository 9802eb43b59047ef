//! 64 clients upload and move tags for ten seconds: every answer fits one order of all that happened, the history of the tags is
//! that order, and nothing is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{Client, TestApp};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

const CLIENTS: u64 = 64;
const LASTS: Duration = Duration::from_secs(10);
const STRATEGIES: [&str; 3] = ["storm-a", "storm-b", "storm-c"];
const TAGS: [&str; 4] = ["latest", "prod", "canary", "v1"];

/// Where the tags of a strategy point.
type Tags = BTreeMap<String, String>;

/// One request and its answer.
struct Done {
    began: Instant,
    ended: Instant,
    strategy: &'static str,
    what: What,
}

/// What an answer said of the tags.
enum What {
    /// Change number `generation`: tags that went from one hash to another.
    Changed { generation: u64, moves: Vec<(String, Option<String>, Option<String>)> },
    /// So the tag pointed at some time during the request; nowhere when absent.
    Pointed { tag: String, to: Option<String> },
    /// So all tags pointed at one time during the request.
    Shown(Tags),
    /// Turned away; nothing can be said.
    Busy,
}

/// A small generator of one's own for every client: the same requests in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        // Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014): SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

fn source(strategy: &str, version: &str) -> String {
    format!(
        r#"module.exports = {{ metadata: {{ name: "{strategy}", tag: "{version}", displayName: "Storm", events: ["Trade"] }}, create: () => ({{}}) }};"#
    )
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn tags_of(value: &Value) -> Tags {
    value.as_object().unwrap().iter().map(|(tag, hash)| (tag.clone(), hash.as_str().unwrap().to_owned())).collect()
}

/// What all clients share: the revisions that are known to be there.
#[derive(Default)]
struct Known(Mutex<BTreeMap<&'static str, Vec<String>>>);

impl Known {
    fn add(&self, strategy: &'static str, hash: &str) {
        self.0.lock().unwrap().entry(strategy).or_default().push(hash.to_owned());
    }

    fn of(&self, strategy: &str) -> Vec<String> {
        self.0.lock().unwrap()[strategy].clone()
    }
}

struct Storm {
    client: Client,
    known: Arc<Known>,
    number: u64,
    dice: Dice,
}

impl Storm {
    async fn rage(mut self, until: Instant) -> Vec<Done> {
        let mut done = Vec::new();
        while Instant::now() < until {
            let strategy = STRATEGIES[self.dice.below(STRATEGIES.len())];
            let began = Instant::now();
            let what = match self.dice.below(100) {
                0..=7 => self.upload(strategy, done.len()).await,
                8..=69 => self.assign(strategy).await,
                70..=79 => self.delete(strategy).await,
                _ => self.look(strategy).await,
            };
            done.push(Done { began, ended: Instant::now(), strategy, what });
        }
        done
    }

    async fn upload(&mut self, strategy: &'static str, nth: usize) -> What {
        let body = json!({ "source": source(strategy, &format!("c{}-{nth}", self.number)), "reassignTags": ["prod"] });
        let answer = self.client.post("/strategies/modules", body).await;
        if answer.status == 429 {
            answer.refused(429, "too_many_uploads");
            return What::Busy;
        }
        let answer = answer.expect(201);
        let hash = answer["module"]["hash"].as_str().unwrap();
        self.known.add(strategy, hash);
        let moved = answer["module"]["movedTags"].as_array().unwrap().iter();
        let moves = moved.map(|step| (text(&step["tag"]).unwrap(), text(&step["previous"]), Some(hash.to_owned())));
        What::Changed { generation: answer["generation"].as_u64().unwrap(), moves: moves.collect() }
    }

    /// Half of the time only if the tag is where the client saw it last.
    async fn assign(&mut self, strategy: &'static str) -> What {
        let tag = TAGS[self.dice.below(TAGS.len())];
        let hashes = self.known.of(strategy);
        let hash = self.dice.of(&hashes).clone();
        let request = self.client.request(Method::PUT, &format!("/strategies/modules/{strategy}/tags/{tag}"));
        let request = request.json(&json!({ "hash": hash, "reason": format!("client {}", self.number) }));
        let careful = self.dice.below(2) == 0;
        let request = if careful { request.header("if-match", format!("\"{}\"", self.dice.of(&hashes))) } else { request };
        let answer = self.client.send(request).await;
        if careful && answer.status == 409 {
            let details = answer.refused(409, "tag_moved")["details"].clone();
            return What::Pointed { tag: tag.to_owned(), to: text(&details["actual"]) };
        }
        let answer = answer.expect(200);
        match answer["generation"].as_u64() {
            None => What::Pointed { tag: tag.to_owned(), to: Some(hash) },
            Some(generation) => {
                What::Changed { generation, moves: vec![(tag.to_owned(), text(&answer["previousHash"]), Some(hash))] }
            }
        }
    }

    async fn delete(&mut self, strategy: &'static str) -> What {
        let answer = self.client.delete(&format!("/strategies/modules/{strategy}/tags/canary?allowOrphan=true")).await;
        if answer.status == 400 {
            answer.refused(400, "tag_not_found");
            return What::Pointed { tag: "canary".to_owned(), to: None };
        }
        let answer = answer.expect(200);
        let moves = vec![("canary".to_owned(), text(&answer["hash"]), None)];
        What::Changed { generation: answer["generation"].as_u64().unwrap(), moves }
    }

    async fn look(&mut self, strategy: &'static str) -> What {
        let module = self.client.get(&format!("/strategies/modules/{strategy}")).await.expect(200);
        What::Shown(tags_of(&module["tagAliases"]))
    }
}

/// One line of the history: strategy, tag, from, to.
type Move = (String, String, Option<String>, Option<String>);

/// The moves of all tags as the control plane tells them, by generation.
async fn history(client: &Client, tags: &BTreeSet<(&str, String)>) -> BTreeMap<u64, Vec<Move>> {
    let mut moves: BTreeMap<u64, Vec<Move>> = BTreeMap::new();
    for (strategy, tag) in tags {
        let mut newer: Option<Value> = None;
        let mut before = String::new();
        loop {
            let page =
                client.get(&format!("/strategies/modules/{strategy}/tags/{tag}/history?limit=1000{before}")).await.expect(200);
            for event in page["history"].as_array().unwrap() {
                if let Some(newer) = &newer {
                    assert_eq!(newer["from"], event["to"], "{strategy}:{tag}: what one move leaves is where the next begins");
                    assert!(
                        newer["generation"].as_u64() > event["generation"].as_u64()
                            && newer["at"].as_str() >= event["at"].as_str()
                    );
                }
                let step = ((*strategy).to_owned(), tag.clone(), text(&event["from"]), text(&event["to"]));
                moves.entry(event["generation"].as_u64().unwrap()).or_default().push(step);
                newer = Some(event.clone());
            }
            let Some(next) = page["next"].as_u64() else { break };
            before = format!("&before={next}");
        }
        assert_eq!(newer.unwrap()["from"], Value::Null, "{strategy}:{tag}: in the beginning it was not there");
    }
    moves
}

/// A change as its client knows it.
type Changes<'a> = BTreeMap<u64, (&'a Done, BTreeSet<Move>)>;

/// What was acknowledged, by generation.
fn changes(all: &[Done]) -> Changes<'_> {
    let mut changes = BTreeMap::new();
    for done in all {
        if let What::Changed { generation, moves } = &done.what {
            let moves = moves.iter().map(|(tag, from, to)| (done.strategy.to_owned(), tag.clone(), from.clone(), to.clone()));
            assert!(changes.insert(*generation, (done, moves.collect())).is_none(), "two changes have the number {generation}");
        }
    }
    changes
}

/// The history holds exactly what was acknowledged, in one order that no client can contradict.
fn is_one_order(changes: &Changes<'_>, told: &BTreeMap<u64, Vec<Move>>) {
    assert_eq!(told.keys().collect::<Vec<_>>(), changes.keys().collect::<Vec<_>>(), "acknowledged, and on record");
    let mut latest_begin: Option<Instant> = None;
    for (generation, (done, moves)) in changes {
        assert_eq!(*moves, told[generation].iter().cloned().collect::<BTreeSet<_>>(), "change {generation}");
        assert!(
            latest_begin.is_none_or(|began| done.ended >= began),
            "change {generation} ended before one that precedes it began"
        );
        latest_begin = latest_begin.max(Some(done.began));
    }
}

/// The tags of each strategy after each change of it.
fn states(moves: &BTreeMap<u64, Vec<Move>>) -> BTreeMap<&str, BTreeMap<u64, Tags>> {
    let mut states: BTreeMap<&str, BTreeMap<u64, Tags>> = BTreeMap::new();
    for (generation, moves) in moves {
        for (strategy, tag, _, to) in moves {
            let of_strategy = states.entry(strategy).or_default();
            let mut now = of_strategy.last_key_value().map(|(_, tags)| tags.clone()).unwrap_or_default();
            match to {
                Some(to) => now.insert(tag.clone(), to.clone()),
                None => now.remove(tag),
            };
            of_strategy.insert(*generation, now);
        }
    }
    states
}

/// What was read, refused or found done already was so at some moment between request and answer. Gives how often each happened.
fn was_so(all: &[Done], changes: &Changes<'_>, states: &BTreeMap<&str, BTreeMap<u64, Tags>>) -> (u32, u32, u32) {
    let first = *changes.keys().next().unwrap();
    // The changes that may have been seen: after the last that was over before, up to the first that came after.
    let fits = |done: &Done, fit: &dyn Fn(&Tags) -> bool| {
        let before = changes.iter().filter(|(_, (other, _))| other.ended < done.began).map(|(generation, _)| *generation).max();
        let after = changes.iter().filter(|(_, (other, _))| other.began > done.ended).map(|(generation, _)| *generation).min();
        let (low, high) = (before.unwrap_or(first - 1), after.map_or(u64::MAX, |after| after - 1));
        let of_strategy = &states[done.strategy];
        let at_low = of_strategy.range(..=low).next_back().map(|(_, tags)| tags);
        let since = of_strategy.iter().filter(|(generation, _)| **generation > low && **generation <= high).map(|(_, tags)| tags);
        at_low.into_iter().chain(since).any(fit)
    };
    let (mut looks, mut pointed, mut busy) = (0, 0, 0);
    for done in all {
        match &done.what {
            What::Changed { .. } => {}
            What::Busy => busy += 1,
            What::Pointed { tag, to } => {
                pointed += 1;
                assert!(fits(done, &|tags| tags.get(tag) == to.as_ref()), "{}:{tag} never was at {to:?}", done.strategy);
            }
            What::Shown(shown) => {
                looks += 1;
                assert!(fits(done, &|tags| tags == shown), "{}: shown as it never was: {shown:?}", done.strategy);
            }
        }
    }
    (looks, pointed, busy)
}

/// In the end all say the same: modules, export, the file.
async fn all_agree(app: &TestApp, known: &Known, states: &BTreeMap<&str, BTreeMap<u64, Tags>>) {
    let export = app.client.get("/strategies/registry").await.expect(200);
    assert_eq!(export["problems"], json!([]));
    for strategy in STRATEGIES {
        let module = app.client.get(&format!("/strategies/modules/{strategy}")).await.expect(200);
        assert_eq!(tags_of(&module["tagAliases"]), *states[strategy].last_key_value().unwrap().1);
        assert_eq!(export["registry"][strategy]["tags"], module["tagAliases"]);
        let listed: BTreeSet<&str> =
            module["revisions"].as_array().unwrap().iter().map(|one| one["hash"].as_str().unwrap()).collect();
        let expected = known.of(strategy);
        assert_eq!(listed, expected.iter().map(String::as_str).collect(), "every acknowledged upload is there, and no other");
        for hash in expected {
            let answer = app.client.get(&format!("/strategies/modules/{hash}/source")).await;
            assert!(answer.status == 200 && answer.text.contains(strategy));
        }
    }
    let file = std::fs::read(app.strategies_dir().join("registry.json")).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    assert_eq!(file, export["registry"], "registry.json is what the control plane says");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_of_a_storm_fits_one_order() {
    let app = TestApp::start().await;
    let known = Arc::new(Known::default());
    for strategy in STRATEGIES {
        for version in ["v1", "v2"] {
            let answer = app.client.post("/strategies/modules", json!({ "source": source(strategy, version) })).await.expect(201);
            known.add(strategy, answer["module"]["hash"].as_str().unwrap());
        }
    }
    let until = Instant::now() + LASTS;
    let mut storms = tokio::task::JoinSet::new();
    for number in 0..CLIENTS {
        let storm = Storm { client: app.client.clone(), known: Arc::clone(&known), number, dice: Dice(number) };
        storms.spawn(storm.rage(until));
    }
    let all: Vec<Done> = storms.join_all().await.into_iter().flatten().collect();

    let changes = changes(&all);
    let made = changes.values().flat_map(|(_, moves)| moves);
    let mut tags: BTreeSet<(&str, String)> =
        made.map(|(strategy, tag, ..)| (*STRATEGIES.iter().find(|name| *name == strategy).unwrap(), tag.clone())).collect();
    tags.extend(STRATEGIES.iter().flat_map(|strategy| ["latest", "v1", "v2"].map(|tag| (*strategy, tag.to_owned()))));
    let moves = history(&app.client, &tags).await;
    let first = *changes.keys().next().unwrap();
    is_one_order(&changes, &moves.clone().split_off(&first));
    let states = states(&moves);
    let (looks, pointed, busy) = was_so(&all, &changes, &states);
    all_agree(&app, &known, &states).await;

    let uploads = known.0.lock().unwrap().values().map(Vec::len).sum::<usize>() - 6;
    let (requests, changes) = (all.len(), changes.len());
    println!(
        "{CLIENTS} clients, {requests} requests: {changes} changes ({uploads} uploads), {looks} looks, {pointed} pointers, {busy} busy"
    );
    assert!(changes > 200 && looks > 50 && pointed > 20 && uploads > 3, "too little happened to say anything");
}
