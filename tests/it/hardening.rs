//! The control plane against clients that mean harm, over real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::TestApp;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Sends `bytes` and reads until the host closes; none when it is still open after 4 s.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(4), stream.read_to_end(&mut answer)).await;
    read.is_ok().then(|| String::from_utf8_lossy(&answer).into_owned())
}

fn head(method: &str, path: &str, token: &str, more: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{more}\r\n").into_bytes()
}

#[tokio::test]
async fn slow_and_idle_connections_are_closed() {
    let app = TestApp::builder().header_read_ms(300).start().await;
    for begun in [&b""[..], b"G", b"GET /healthz HTTP/1.1\r\nHost: local", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"] {
        let answer = exchange(app.address, begun).await;
        assert!(answer.is_some(), "open after 4 s: {:?}", String::from_utf8_lossy(begun));
    }
    app.client.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn a_declared_giant_is_refused_without_being_read() {
    let app = TestApp::start().await;
    let head = head("POST", "/strategies/modules", &app.token, "Content-Type: application/json\r\nContent-Length: 104857600\r\n");
    let answer = exchange(app.address, &head).await.expect("closed, as the body was never read");
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("\"body_too_large\""), "{answer}");
}

#[tokio::test]
async fn an_undeclared_giant_is_refused_at_the_limit() {
    let app = TestApp::start().await;
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream
        .write_all(&head(
            "POST",
            "/strategies/modules",
            &app.token,
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n",
        ))
        .await
        .unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    for _ in 0..32 {
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break; // refused and closed
        }
    }
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(4), stream.read(&mut answer)).await.expect("an answer within 4 s");
    // When the host closed first, the answer may be lost to the reset that follows what we still sent.
    if let Ok(length) = read {
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        assert!(length == 0 || answer.starts_with("HTTP/1.1 413 "), "{answer}");
    }
    app.client.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn a_body_that_drips_runs_out_of_time() {
    let app = TestApp::builder().body_read_ms(300).start().await;
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let head = head("POST", "/strategies/modules", &app.token, "Content-Type: application/json\r\nContent-Length: 1000\r\n");
    stream.write_all(&head).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let drip = async {
        while writer.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        std::future::pending::<()>().await
    };
    let mut answer = vec![0; 4096];
    let length = tokio::select! {
        read = tokio::time::timeout(Duration::from_secs(4), reader.read(&mut answer)) => read.unwrap().unwrap(),
        () = drip => unreachable!(),
    };
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"request_timeout\""), "{answer}");
}

#[tokio::test]
async fn heads_have_a_size() {
    let app = TestApp::start().await;
    let many: String = (0..150).map(|n| format!("x-{n}: 1\r\n")).collect();
    let answer = exchange(app.address, &head("GET", "/healthz", &app.token, &many)).await.expect("closed");
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    app.client.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing() {
    let app = TestApp::start().await;
    let upload = |header: &'static str, value: &'static str| {
        let request = app.client.request(Method::POST, "/strategies/modules").header(header, value);
        app.client.send(request.json(&json!({ "source": "x" })))
    };
    upload("origin", "https://evil.example").await.refused(403, "cross_site");
    upload("origin", "null").await.refused(403, "cross_site");
    upload("sec-fetch-site", "cross-site").await.refused(403, "cross_site");
    upload("sec-fetch-site", "same-site").await.refused(403, "cross_site");
    upload("sec-fetch-site", "same-origin").await.refused(422, "strategy_validation_failed");
    let delete = app.client.request(Method::DELETE, "/strategies/modules/noop").header("origin", "https://evil.example");
    app.client.send(delete).await.refused(403, "cross_site");
    app.client.get("/strategies/modules/noop").await.expect(200);
}

#[tokio::test]
async fn a_name_that_was_rebound_to_us_is_not_ours() {
    let app = TestApp::start().await;
    for host in ["evil.example", "evil.example:8880", "localhost.evil.example", "127.0.0.1.evil.example"] {
        let request =
            app.client.request(Method::GET, "/strategies").header("host", host).header("origin", format!("http://{host}"));
        app.client.send(request).await.refused(421, "host_not_allowed");
    }
    for host in ["localhost", "127.0.0.1:1", "[::1]:8880"] {
        app.client.send(app.client.request(Method::GET, "/strategies").header("host", host)).await.expect(200);
    }
    let two = format!(
        "GET /strategies HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nAuthorization: Bearer {}\r\n\r\n",
        app.token
    );
    let none = format!("GET /strategies HTTP/1.1\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n", app.token);
    let absolute = format!(
        "GET http://evil.example/strategies HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        app.token
    );
    for request in [two.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"), none, absolute] {
        let answer = exchange(app.address, request.as_bytes()).await.expect("closed");
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
}

#[tokio::test]
async fn no_answer_invites_other_sites() {
    let app = TestApp::start().await;
    let preflight = app
        .client
        .request(Method::OPTIONS, "/strategies/modules")
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST");
    let answer = app.client.send(preflight).await;
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{answer:#?}");
    for path in ["/healthz", "/strategies", "/nothing", "/strategies/modules/noop/source"] {
        let answer = app.client.send(app.client.request(Method::GET, path).header("origin", "https://evil.example")).await;
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{answer:#?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:#?}");
    }
}

#[tokio::test]
async fn forms_cannot_send_what_json_can() {
    let app = TestApp::start().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let request =
            app.client.request(Method::POST, "/strategies/modules").header("content-type", kind).body("{\"source\":\"x\"}");
        app.client.send(request).await.refused(415, "unsupported_media_type");
    }
    let bare = app.client.request(Method::POST, "/strategies/modules").body("{\"source\":\"x\"}");
    app.client.send(bare).await.refused(415, "unsupported_media_type");
}

#[tokio::test]
async fn more_uploads_than_can_wait_are_told_to_come_back() {
    let app = TestApp::builder().compile_queue(1).start().await;
    let mut uploads = tokio::task::JoinSet::new();
    for n in 0..12 {
        let client = app.client.clone();
        let source = format!("// {n}\n{}", crate::support::guest::source("canary"));
        uploads.spawn(async move { client.post("/strategies/modules", json!({ "source": source })).await });
    }
    let mut refused = 0;
    for answer in uploads.join_all().await {
        if answer.status == 429 {
            assert_eq!(answer.header("retry-after"), Some("1"));
            answer.refused(429, "too_many_uploads");
            refused += 1;
        } else {
            assert_eq!(answer.status, 201, "{answer:#?}");
        }
    }
    assert!((1..=10).contains(&refused), "{refused} of 12 were refused with one place and a queue of one");
    app.client.get("/healthz").await.expect(200);
}
