//! `sandpit serve`: the host with its control plane, until it is asked to stop.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

use super::Failure;
use super::output::Output;
use crate::app::App;
use crate::app::pulse::{Pulse, Reading};
use crate::base::duration;
use crate::config::{self, Config, Flags, LogFormat};
use crate::telemetry::{self, Traces};

/// Serves the control plane on 127.0.0.1:8880.
///
/// The first start fills the data directory: the built-in strategies, the provider `binance-paper` with the tapes of
/// BTC-USDT and ETH-USDT in a loop, and an admin token in `<data-dir>/admin.token`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A TOML file; keys are those of docs/config.md.
    #[arg(long, value_name = "FILE", env = "SANDPIT_CONFIG")]
    config: Option<PathBuf>,
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Where database, cache and token are [default: .sandpit in the working folder].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where the strategies are [default: strategies in the data directory].
    #[arg(long, value_name = "DIR")]
    strategies: Option<PathBuf>,
    /// Also launch `momentum` on BTC-USDT and `marketmaking` on ETH-USDT, with paper orders.
    #[arg(long)]
    demo: bool,
    /// Stop after this long, such as 60s; exit code 1 when no events came or no orders were sent.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    exit_after: Option<Duration>,
    /// How log lines are written.
    #[arg(long, value_enum)]
    log_format: Option<LogFormat>,
}

/// Between two lines about what goes on.
const EVERY: Duration = Duration::from_secs(60);

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let flags = Flags {
        file: args.config,
        listen: args.listen,
        data_dir: args.data_dir,
        strategies_dir: args.strategies,
        log_format: args.log_format,
    };
    let config = config::load(&flags).map_err(Failure::usage)?;
    let traces = trace(&config).map_err(Failure::Usage)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?;
    let served = runtime.block_on(serve(config, args.demo, args.exit_after, Output::default()));
    if let Some(traces) = traces {
        traces.end();
    }
    served
}

async fn serve(config: Config, demo: bool, exit_after: Option<Duration>, output: Output) -> Result<(), Failure> {
    let app = App::start(config).await.map_err(Failure::failed)?;
    let restored = app.restored().clone();
    if restored.known > 0 {
        output.note(&format!("{} instances restored, {} run again", restored.known, restored.started));
    }
    for (id, reason) in &restored.failed {
        output.note(&format!("instance {id} does not run: {reason}"));
    }
    if demo && let Err(error) = app.launch_demo().await {
        app.stop().await;
        return Err(Failure::failed(error));
    }
    output.text(&format!("Sandpit serves {}", output.bold(&app.url())));
    let reading = live(&app, exit_after, output).await;
    let clean = app.stop().await;
    if exit_after.is_some() && (reading.events == 0 || reading.orders == 0) {
        return Err(Failure::Failed("no events came or no orders were sent".to_owned()));
    }
    if clean { Ok(()) } else { Err(Failure::Failed("the shutdown did not finish in time".to_owned())) }
}

/// Prints a line per minute until a signal or the time that was set; gives the last reading.
async fn live(app: &App, exit_after: Option<Duration>, output: Output) -> Reading {
    let pulse = Pulse::new(app);
    let mut minute = tokio::time::interval_at(tokio::time::Instant::now() + EVERY, EVERY);
    let end = async {
        match exit_after {
            Some(wait) => tokio::time::sleep(wait).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(end);
    let stopped = stop_signal();
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            biased;
            () = &mut stopped => break,
            () = &mut end => break,
            _ = minute.tick() => output.text(&pulse.line(app)),
        }
    }
    output.text(&pulse.line(app));
    pulse.read(app)
}

/// Completes at SIGINT or SIGTERM.
async fn stop_signal() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        tracing::error!("signals cannot be received: stop the process with SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping");
}

/// Lines to stderr, and traces to a collector where there is one.
fn trace(config: &Config) -> Result<Option<Traces>, String> {
    let filter = EnvFilter::try_new(&config.log.filter).map_err(|error| format!("log.filter: {error}"))?;
    let colours = std::io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    let lines = match config.log.format {
        LogFormat::Human => lines.with_target(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let (sent, traces) = telemetry::layer(&config.telemetry).map_err(|error| error.to_string())?.unzip();
    let set = tracing_subscriber::registry().with(lines.with_filter(filter)).with(sent).try_init();
    set.map(|()| traces).map_err(|error| format!("the log cannot be set up: {error}"))
}
