//! What happens to an instance as its follower hears it: nothing lost, nothing twice, and told so when that cannot be.

use std::time::Duration;

use crate::support::{Answer, TestApp, eventually};
use serde_json::{Value, json};

/// One event of a stream.
#[derive(Clone, Debug, PartialEq)]
struct Message {
    event: String,
    id: String,
    data: Value,
}

/// Someone who follows.
struct Follower {
    response: reqwest::Response,
    read: String,
    last: String,
}

impl Follower {
    async fn open(app: &TestApp, id: &str, query: &str, last: Option<&str>) -> Self {
        let mut request = app.client.request(reqwest::Method::GET, &format!("/strategy/instances/{id}/events{query}"));
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut follower = Self { response, read: String::new(), last: String::new() };
        // The first words carry a place at least: from here on nothing is missed.
        while follower.last.is_empty() && !follower.read.contains("\n\n") {
            follower.more().await;
        }
        follower
    }

    async fn more(&mut self) -> bool {
        let chunk = tokio::time::timeout(Duration::from_secs(20), self.response.chunk()).await;
        let chunk = chunk.unwrap_or_else(|_| panic!("nothing comes; unread: {:?}", self.read)).unwrap();
        chunk.map(|bytes| self.read.push_str(std::str::from_utf8(&bytes).unwrap())).is_some()
    }

    /// The next event; none when the stream has ended.
    async fn next(&mut self) -> Option<Message> {
        loop {
            while let Some((block, rest)) = self.read.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.read = rest;
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                if let Some(id) = field("id: ") {
                    self.last = id;
                }
                if let (Some(event), Some(data)) = (field("event: "), field("data: ")) {
                    return Some(Message { event, id: self.last.clone(), data: serde_json::from_str(&data).unwrap() });
                }
            }
            if !self.more().await {
                return None;
            }
        }
    }

    async fn take(&mut self, count: usize) -> Vec<Message> {
        let mut taken = Vec::new();
        while taken.len() < count {
            taken.push(self.next().await.expect("the stream goes on"));
        }
        taken
    }

    async fn until(&mut self, what: &str, holds: impl Fn(&Message) -> bool) -> Vec<Message> {
        let mut taken = Vec::new();
        for _ in 0..20_000 {
            let message = self.next().await.unwrap_or_else(|| panic!("the stream ended before: {what}"));
            let found = holds(&message);
            taken.push(message);
            if found {
                return taken;
            }
        }
        panic!("not in 20,000 events: {what}");
    }
}

fn number(id: &str) -> u64 {
    id.rsplit_once('-').unwrap().1.parse().unwrap()
}

async fn refused(app: &TestApp, query: &str, last: Option<&str>) -> Answer {
    let mut request = app.client.request(reqwest::Method::GET, &format!("/strategy/instances/i1/events{query}"));
    if let Some(last) = last {
        request = request.header("Last-Event-ID", last);
    }
    app.client.send(request).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_hears_everything_in_order_and_once() {
    let app = TestApp::start().await;
    app.client.upload_guest("canary").await;
    app.client.create("i1", "canary", json!({ "every": 10 })).await;
    let mut whole = Follower::open(&app, "i1", "", None).await;
    let mut orders = Follower::open(&app, "i1", "?kinds=order,execution", None).await;
    app.client.start("i1").await;
    app.play();
    eventually("executions", async || {
        let listing = app.client.get("/strategy/instances/i1/executions").await.expect(200);
        (listing["count"].as_u64() >= Some(5)).then_some(())
    })
    .await;
    app.client.stop("i1").await;
    let heard = whole.until("the end of its life", |message| message.data["status"] == "stopped").await;
    let numbers: Vec<_> = heard.iter().map(|message| number(&message.id)).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    let statuses: Vec<_> = heard.iter().filter(|m| m.event == "status").map(|m| m.data["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["starting", "running", "stopping", "stopped"]);
    assert!(heard.iter().any(|m| m.event == "log" && m.data["text"].as_str().unwrap().starts_with("heard {")), "{heard:#?}");

    // The same facts as in the lists, under the same keys.
    let listing = app.client.get("/strategy/instances/i1/executions?limit=500").await.expect(200);
    let mut rows = listing["executions"].as_array().unwrap().clone();
    rows.reverse();
    rows.iter_mut().for_each(|row| drop(row.as_object_mut().unwrap().remove("createdAt")));
    let executions: Vec<_> = heard.iter().filter(|m| m.event == "execution").map(|m| m.data.clone()).collect();
    assert_eq!(executions, rows);
    let listing = app.client.get("/strategy/instances/i1/orders?limit=500").await.expect(200);
    for row in listing["orders"].as_array().unwrap() {
        let last = heard.iter().rfind(|m| m.event == "order" && m.data["id"] == row["id"]);
        let Some(last) = last else { panic!("no word of {row}") };
        for (key, value) in last.data.as_object().unwrap() {
            assert!(key == "reportedTime" || row[key] == *value, "{key}: {value} and {row:#}");
        }
    }
    // A filtered stream is a part of the whole, with the same ids.
    let part: Vec<_> = heard.iter().filter(|m| m.event == "order" || m.event == "execution").cloned().collect();
    assert_eq!(orders.take(part.len()).await, part);

    // Whoever comes back goes on where it was, by header or by query.
    let at = heard[heard.len() / 3].id.clone();
    let rest = heard[heard.len() / 3 + 1..].to_vec();
    assert_eq!(Follower::open(&app, "i1", "", Some(&at)).await.take(rest.len()).await, rest);
    let query = format!("?lastEventId={at}");
    assert_eq!(Follower::open(&app, "i1", &query, None).await.take(rest.len()).await, rest);
}

#[tokio::test]
async fn what_is_gone_is_said() {
    let app = TestApp::builder().feed(4, 8).start().await;
    app.client.create("i1", "noop", json!({})).await;
    let first = Follower::open(&app, "i1", "", None).await;
    let place = first.read.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    app.client.start("i1").await;
    app.client.stop("i1").await;
    app.client.start("i1").await;
    let mut late = Follower::open(&app, "i1", "", Some(&place)).await;
    let messages = late.take(5).await;
    assert_eq!((messages[0].event.as_str(), &messages[0].data["reason"]), ("reset", &json!("overrun")), "{messages:#?}");
    assert_eq!(messages[0].data["oldest"], messages[1].id.as_str());
    assert_eq!(number(&messages[4].id), number(&messages[1].id) + 3, "all that is kept follows");
    assert_eq!(messages[4].data["status"], "running");
    let mut stranger = Follower::open(&app, "i1", "?lastEventId=0-17", None).await;
    let told = stranger.take(2).await;
    assert_eq!((told[0].event.as_str(), &told[0].data["reason"]), ("reset", &json!("unknown")), "{told:#?}");
    assert_eq!(told[1], messages[1]);
}

#[tokio::test]
async fn wrong_questions_and_too_many_are_refused() {
    let app = TestApp::builder().feed(100, 1).start().await;
    app.client.get("/strategy/instances/i1/events").await.refused(404, "instance_not_found");
    app.client.create("i1", "noop", json!({})).await;
    for query in ["?kinds=orders", "?kinds=", "?kinds=order,,log", "?lastEventId=7", "?lastEventId=x-1", "?lastEventId=1-x"] {
        refused(&app, query, None).await.refused(400, "invalid_parameter");
    }
    refused(&app, "?follow=1", None).await.refused(400, "unknown_parameter");
    refused(&app, "", Some("no place")).await.refused(400, "invalid_parameter");
    let one = Follower::open(&app, "i1", "", None).await;
    let answer = refused(&app, "", None).await;
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(answer.refused(429, "too_many_streams")["message"].as_str().unwrap().contains("instances.feed.streams"));
    drop(one);
    eventually("its place is free again", async || {
        let request = app.client.request(reqwest::Method::GET, "/strategy/instances/i1/events");
        (request.send().await.unwrap().status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn streams_outlive_the_time_limit_of_requests_and_end_with_what_they_follow() {
    let app = TestApp::builder().request_ms(400).start().await;
    for id in ["i1", "i2"] {
        app.client.create(id, "noop", json!({})).await;
    }
    let mut first = Follower::open(&app, "i1", "?kinds=status", None).await;
    let mut second = Follower::open(&app, "i2", "", None).await;
    tokio::time::sleep(Duration::from_millis(900)).await;
    app.client.start("i1").await;
    assert_eq!(first.take(2).await[1].data["status"], "running");
    app.client.delete("/strategy/instances/i1").await.expect(200);
    let last = first.until("the end", |message| message.event == "end").await.pop().unwrap();
    assert_eq!(last.data, json!({ "reason": "deleted" }));
    assert!(first.next().await.is_none(), "nothing comes after the end");

    let begun = tokio::time::Instant::now();
    let (ended, last) = tokio::join!(app.stop(), second.until("the end", |message| message.event == "end"));
    assert_eq!(last.last().unwrap().data, json!({ "reason": "host_stops" }));
    assert!(ended, "everything ended within its grace");
    assert!(begun.elapsed() < Duration::from_secs(2), "nobody waited for a follower");
}

#[tokio::test]
async fn faults_providers_and_denials_are_news_too() {
    let app = TestApp::builder().quick_restarts(2).start().await;
    app.client.upload_guest("fault-on-demand").await;
    app.client.upload_guest("order-flood").await;
    app.client.create("i1", "fault-on-demand", json!({})).await;
    app.client.create("i2", "order-flood", json!({})).await;
    let mut faults = Follower::open(&app, "i1", "?kinds=fault,provider", None).await;
    let mut denials = Follower::open(&app, "i2", "?kinds=denial,risk", None).await;
    app.client.start("i1").await;
    app.client.start("i2").await;
    let provider = crate::support::app::PROVIDER.parse().unwrap();
    app.instances().provider_changed(&provider, sandpit::trading::ProviderStatus::Stopped, Some("asked to"));
    app.play();
    let told = faults.until("quarantine", |message| message.data["code"] == "quarantine").await;
    assert_eq!(told[0].event, "provider");
    assert_eq!((&told[0].data["status"], &told[0].data["reason"]), (&json!("stopped"), &json!("asked to")));
    let codes: Vec<_> = told[1..].iter().map(|m| m.data["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["fuel_exhausted", "restart", "fuel_exhausted", "quarantine"]);
    assert!(told[1].data["blame"] == "guest" && told[1].data["at"].is_string(), "{told:#?}");
    let denied = denials.until("a denial", |message| message.event == "denial").await.pop().unwrap();
    assert_eq!(denied.data["strategyInstance"], "i2");
    assert!(denied.data["code"].is_string() && denied.data["clientOrderId"].is_string(), "{denied:#?}");
    denials.until("a risk event", |message| message.event == "risk" && message.data["breachType"].is_string()).await;
}
