//! The accept loop. `axum::serve` has no timeouts, so connections are driven by hyper directly: HTTP/1.1 only, with limits
//! on time, headers and number. Must not know the routes.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::base::lifecycle::Lifecycle;

use super::config::{ApiConfig, ApiLimits};

/// How long to wait when the machine has no descriptor left for a further connection.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// A bound address that is not served yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Binds `config.listen`; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub async fn bind(config: &ApiConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The address that was bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then lets open requests finish for at most `limits.shutdown_ms`.
    pub async fn serve(self, router: Router, limits: &ApiLimits, lifecycle: &Lifecycle, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(limits.connections_max));
        let connection = Connection::new(router, limits, stop.clone());
        loop {
            // A place is taken before the connection: whoever finds none waits in the kernel's queue.
            let place = tokio::select! {
                () = stop.cancelled() => break,
                place = Arc::clone(&places).acquire_owned() => place,
            };
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let connection = connection.clone();
                    lifecycle.spawn(async move {
                        connection.drive(stream).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            }
        }
        drop(self.listener);
        let all = u32::try_from(limits.connections_max).unwrap_or(u32::MAX);
        let drained = tokio::time::timeout(limits.shutdown(), places.acquire_many(all)).await;
        if drained.is_err() {
            tracing::warn!(grace_ms = limits.shutdown_ms, "some requests were cut off at shutdown");
        }
    }
}

/// What every connection needs.
#[derive(Clone)]
struct Connection {
    router: Router,
    http: http1::Builder,
    grace: Duration,
    stop: CancellationToken,
}

impl Connection {
    fn new(router: Router, limits: &ApiLimits, stop: CancellationToken) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(limits.header_read())
            .max_headers(limits.headers_max)
            .max_buf_size(limits.head_bytes);
        Self { router, http, grace: limits.shutdown(), stop }
    }

    async fn drive(self, stream: TcpStream) {
        // Answers are written at once; waiting to fill packets would only add delay.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(self.router);
        let mut connection = pin!(self.http.serve_connection(TokioIo::new(stream), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                match tokio::time::timeout(self.grace, connection).await {
                    Ok(ended) => ended,
                    Err(_) => return,
                }
            }
        };
        if let Err(error) = ended {
            // Clients break off all the time; that is their business.
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    async fn started(limits: ApiLimits) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let config = ApiConfig { listen: "127.0.0.1:0".parse().unwrap(), ..ApiConfig::default() };
        let server = Server::bind(&config).await.unwrap();
        let (address, lifecycle, stop) = (server.address(), Lifecycle::new(), CancellationToken::new());
        let slow = async || {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "done"
        };
        let router = Router::new().route("/", get(async || "ok")).route("/slow", get(slow));
        let (token, tasks) = (stop.clone(), lifecycle.clone());
        let task = lifecycle.spawn(async move { server.serve(router, &limits, &tasks, token).await });
        (address, stop, task)
    }

    /// Sends `bytes`, then reads until the server closes or `within` is over.
    async fn exchange(address: SocketAddr, bytes: &[u8], within: Duration) -> Option<String> {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(within, stream.read_to_end(&mut answer)).await;
        read.is_ok().then(|| String::from_utf8_lossy(&answer).into_owned())
    }

    #[tokio::test]
    async fn idle_and_half_requests_are_closed_in_time() {
        let (address, stop, task) = started(ApiLimits { header_read_ms: 200, ..ApiLimits::default() }).await;
        for begun in [&b""[..], b"G", b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"] {
            let answer = exchange(address, begun, Duration::from_secs(3)).await;
            assert!(answer.is_some(), "still open after {:?}", String::from_utf8_lossy(begun));
        }
        stop.cancel();
        task.await.unwrap();
    }

    #[tokio::test]
    async fn too_many_headers_and_too_long_heads_are_refused() {
        let (address, stop, task) = started(ApiLimits { header_read_ms: 500, ..ApiLimits::default() }).await;
        let many: String = (0..150).map(|n| format!("x-{n}: 1\r\n")).collect();
        let long = "x".repeat(100_000);
        for (head, status) in [
            (format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"), "431"),
            (format!("GET / HTTP/1.1\r\nHost: a\r\nx: {long}\r\n\r\n"), "431"),
            (format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"), "4"),
        ] {
            // A reset before the answer is read is a refusal too; what must not happen is an answer of 200.
            if let Some(answer) = exchange(address, head.as_bytes(), Duration::from_secs(3)).await {
                assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
            }
        }
        stop.cancel();
        task.await.unwrap();
    }

    #[tokio::test]
    async fn requests_that_run_are_finished_at_shutdown() {
        let (address, stop, task) = started(ApiLimits::default()).await;
        let request = b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let running = Lifecycle::new().spawn(async move { exchange(address, request, Duration::from_secs(3)).await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.cancel();
        assert!(running.await.unwrap().is_some_and(|answer| answer.ends_with("done")));
        task.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err(), "the address is free again");
    }

    #[tokio::test]
    async fn one_connection_more_than_the_limit_waits() {
        let (address, stop, task) = started(ApiLimits { connections_max: 1, header_read_ms: 400, ..ApiLimits::default() }).await;
        let first = TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        assert!(exchange(address, request, Duration::from_millis(150)).await.is_none(), "no place while the first is open");
        drop(first);
        assert!(exchange(address, request, Duration::from_secs(3)).await.is_some_and(|answer| answer.ends_with("ok")));
        stop.cancel();
        task.await.unwrap();
    }
}
