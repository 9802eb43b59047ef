//! With `telemetry.otlpEndpoint` set the real binary sends metrics and traces to a collector; here a listener that takes whatever
//! comes and looks at it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::support::eventually;
use crate::support::process::Host;
use serde_json::json;

type Received = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Keeps path and body of every request.
fn collector() -> (SocketAddr, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, received) = (listener.local_addr().unwrap(), Received::default());
    let kept = Arc::clone(&received);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, kept) = (stream.unwrap(), Arc::clone(&kept));
            std::thread::spawn(move || while take(&stream, &kept).is_some() {});
        }
    });
    (address, received)
}

/// One request of a connection; none when it is over.
fn take(mut stream: &TcpStream, kept: &Received) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    kept.lock().unwrap().push((path, body));
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").ok()
}

fn has(received: &Received, path: &str, text: &str) -> bool {
    let received = received.lock().unwrap();
    let found = |body: &[u8]| body.windows(text.len()).any(|part| part == text.as_bytes());
    received.iter().any(|(to, body)| to == path && found(body))
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_and_traces_reach_a_collector() {
    let (address, received) = collector();
    let dir = tempfile::tempdir().unwrap();
    let config = format!(
        "[telemetry]\notlpEndpoint = \"http://{address}\"\nserviceName = \"sandpit-test\"\nenvironment = \"staging\"\nmetricsIntervalMs = 1000\n"
    );
    let host = Host::start(dir.path(), &config).await;
    let body =
        json!({ "id": "i1", "strategy": { "identifier": "noop" }, "scope": { "binance-paper": { "symbols": ["BTC-USDT"] } } });
    host.client.post("/strategy/instances", body).await.expect(201);
    let answer = host.client.act("/strategy/instances/i1/start").await;
    let request_id = answer.header("x-request-id").unwrap().to_owned();
    answer.expect(200);
    eventually("metrics arrive, with their labels and the name of the service", async || {
        let names = ["sandpit_instances", "running", "sandpit_event_latency_seconds", "sandpit-test", "staging"];
        names.into_iter().all(|text| has(&received, "/v1/metrics", text)).then_some(())
    })
    .await;
    eventually("the start arrives as a trace, with the id of its request and its route", async || {
        let parts = ["sandpit-test", "start instance", "/strategy/instances/{id}/start", &request_id];
        parts.into_iter().all(|text| has(&received, "/v1/traces", text)).then_some(())
    })
    .await;
    assert!(!has(&received, "/v1/traces", &host.token) && !has(&received, "/v1/metrics", &host.token), "the token stays here");
}
