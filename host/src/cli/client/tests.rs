//! How the client tells what went wrong, against a socket that answers as a host does, or not.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;

use super::*;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn client(base: String) -> Client {
    let credentials = Credentials { token: AdminToken::new(TOKEN), origin: "the token is from here".to_owned() };
    Client::new(base, credentials, Some("me".to_owned()), Duration::from_secs(5), Output::default())
}

/// Answers one request with these bytes, and gives what was asked.
fn answering(answer: String) -> (Client, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut part = [0; 4096];
        loop {
            let length = stream.read(&mut part).unwrap();
            request.extend_from_slice(&part[..length]);
            let text = String::from_utf8_lossy(&request).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let lower = head.to_ascii_lowercase();
            let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                stream.write_all(answer.as_bytes()).unwrap();
                return text;
            }
        }
    });
    (client(base), asked)
}

fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn message(failure: Failure) -> (u8, String) {
    match failure {
        Failure::Usage(message) => (2, message),
        Failure::Failed(message) => (1, message),
        Failure::Answered => panic!("it was to be told as text"),
    }
}

#[test]
fn a_request_carries_token_actor_precondition_and_body() {
    let (client, asked) = answering(http("200 OK", r#"{"status":"tag_assigned"}"#));
    let request = Request::new(Method::Put, ["strategies", "modules", "a", "tags", "t"]);
    let request = request.with_body(json!({ "hash": "h" })).if_still(Some("sha256:ab"));
    assert_eq!(client.json(&request).unwrap()["status"], "tag_assigned");
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("PUT /strategies/modules/a/tags/t HTTP/1.1\r\n"), "{asked}");
    let lower = asked.to_ascii_lowercase();
    for line in [
        &format!("authorization: bearer {TOKEN}"),
        "sandpit-actor: me",
        "if-match: \"sha256:ab\"",
        "content-type: application/json",
    ] {
        assert!(lower.contains(&format!("{line}\r\n")), "{line}: {asked}");
    }
    assert!(asked.ends_with("\r\n\r\n{\"hash\":\"h\"}"), "{asked}");
}

#[test]
fn a_refusal_is_told_with_code_facts_and_request() {
    let body = json!({
        "status": "error", "error": "revision_in_use", "message": "it is \u{1b}[31min use", "requestId": "r-1",
        "details": { "usage": [{ "hash": "sha256:ab", "instances": ["a", { "id": "b" }] }] },
    });
    let (client, asked) = answering(http("409 Conflict", &body.to_string()));
    let failure = client.json(&Request::new(Method::Delete, ["m"])).unwrap_err();
    let expected = "it is \\u{1b}[31min use (409 revision_in_use)\n  sha256:ab is used by a, b\n  request r-1";
    assert_eq!(message(failure), (1, expected.to_owned()));
    asked.join().unwrap();

    let body = json!({ "status": "error", "error": "tag_moved", "message": "moved", "details": { "tag": "prod", "n": 1 } });
    let text = Refusal::parse(409, body.to_string().as_bytes()).unwrap().text();
    assert_eq!(text, "moved (409 tag_moved)\n  tag prod\n  n 1");
}

#[test]
fn a_token_that_does_not_fit_is_told_by_its_origin_only() {
    let body = r#"{"status":"error","error":"unauthorized","message":"the token is wrong","requestId":"r-2"}"#;
    let (client, asked) = answering(http("401 Unauthorized", body));
    let (code, text) = message(client.json(&Request::get(["m"])).unwrap_err());
    assert_eq!((code, text.as_str()), (1, "the token is wrong (401 unauthorized)\n  the token is from here\n  request r-2"));
    asked.join().unwrap();
}

#[test]
fn nobody_there_is_told_with_the_address() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (code, text) = message(client(format!("http://{free}")).json(&Request::get(["m"])).unwrap_err());
    assert_eq!(code, 2, "{text}");
    assert!(text.contains(&format!("http://{free}")) && text.contains("sandpit serve"), "{text}");
}

#[test]
fn others_than_a_host_are_told_from_one() {
    let foreign = [
        http("502 Bad Gateway", "<html>"),
        http("200 OK", "<html>"),
        http("404 Not Found", r#"{"error":"x"}"#),
        "HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
    ];
    for answer in foreign {
        let (client, asked) = answering(answer.clone());
        let (code, text) = message(client.json(&Request::get(["m"])).unwrap_err());
        assert!(code == 1 && text.contains("is no Sandpit"), "{answer}: {text}");
        asked.join().unwrap();
    }
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned();
    let (client, asked) = answering(cut);
    let (code, text) = message(client.json(&Request::get(["m"])).unwrap_err());
    assert!(code == 1 && text.contains("look before you repeat"), "{text}");
    asked.join().unwrap();
}
