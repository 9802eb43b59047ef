//! Runs on a host over the real tape: they are played in their order, cancelled, kept, and found again; with a disk that is slow or
//! takes nothing, and with bugs of ours.

use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::{DataFolder, Defaults, JobStatus, Jobs, JobsConfig, JobsError, Place};
use crate::backtest::tests::{Lab, MOMENTUM};
use crate::backtest::{PlayRequest, play};
use crate::base::metrics::Metrics;
use crate::base::{InstanceId, SystemClock, Timestamp};
use crate::instances::RestartConfig;
use crate::market::Instrument;
use crate::providers::paper::{Market, Origin, Recording, Source};
use crate::providers::tape::TapeError;
use crate::sandbox::Limits;
use crate::trading::RiskConfig;

fn jobs(dir: &Path, config: JobsConfig) -> Arc<Jobs> {
    let defaults = Defaults { limits: Limits::default(), risk: RiskConfig::default(), restart: RestartConfig::default() };
    Jobs::open(dir, config, defaults, Arc::new(SystemClock::new()), &Metrics::new()).unwrap()
}

fn place(jobs: &Arc<Jobs>, id: &str) -> Result<Place, JobsError> {
    jobs.place(InstanceId::new(id).unwrap())
}

fn submit(jobs: &Arc<Jobs>, id: &str, request: &PlayRequest) -> Result<JobStatus, JobsError> {
    place(jobs, id)?.submit(vec!["btcusdt-20240808".into()], request.clone()).map(|record| record.status)
}

async fn over(jobs: &Jobs, id: &str) -> super::JobRecord {
    for _ in 0..1_200 {
        let record = jobs.get(id).unwrap();
        if record.status.is_over() {
            return record;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{id} is not over: {:?}", jobs.get(id));
}

#[tokio::test]
async fn runs_are_played_kept_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let config = JobsConfig { queue: 2, keep: 2, ..JobsConfig::default() };
    let request = Lab::new().request(MOMENTUM, json!({ "dry_run": false, "order_size": "0.001" })).await;
    let expected = serde_json::to_value(play(request.clone()).unwrap()).unwrap();
    let host = jobs(folder.path(), config.clone());
    submit(&host, "a", &request).unwrap();
    while host.get("a").unwrap().status == JobStatus::Queued {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    submit(&host, "b", &request).unwrap();
    submit(&host, "c", &request).unwrap();
    assert!(matches!(submit(&host, "d", &request), Err(JobsError::Full(2))));
    assert!(matches!(submit(&host, "b", &request), Err(JobsError::Exists(_))));
    assert!(matches!(host.remove("b"), Err(JobsError::NotOver(_, JobStatus::Queued))));
    assert_eq!(host.cancel("c").unwrap().status, JobStatus::Cancelled, "it had not begun");

    let done = over(&host, "a").await;
    assert_eq!((done.status, done.progress.records), (JobStatus::Done, done.progress.total));
    assert_eq!(host.report(&done.id).unwrap(), expected);
    over(&host, "b").await;
    // Of three that are over two are kept: the one that ended first went, though it was asked for last.
    assert!(matches!(host.get("c"), Err(JobsError::NotFound(_))));
    let (page, total) = host.list(0, 1);
    assert_eq!((page[0].id.as_str(), total), ("b", 2), "newest first");
    host.stop();

    let next = jobs(folder.path(), config);
    assert_eq!(next.list(0, 9).0.iter().map(|record| record.status).collect::<Vec<_>>(), [JobStatus::Done; 2]);
    next.remove("b").unwrap();
    assert!(next.report(&InstanceId::new("b").unwrap()).is_none());
    next.stop();
}

#[tokio::test]
async fn what_the_host_was_in_the_middle_of_has_failed() {
    let folder = tempfile::tempdir().unwrap();
    let request = Lab::new().request(MOMENTUM, json!({})).await;
    let host = jobs(folder.path(), JobsConfig::default());
    submit(&host, "a", &request).unwrap();
    submit(&host, "b", &request).unwrap();
    host.stop();
    assert!(matches!(submit(&host, "c", &request), Err(JobsError::Stopping)));
    let next = jobs(folder.path(), JobsConfig::default());
    for record in next.list(0, 9).0 {
        let code = record.error.as_ref().map(|error| error.code.as_str());
        assert_eq!((record.status, code), (JobStatus::Failed, Some("host_restarted")), "{record:?}");
    }
    next.stop();
}

/// The tape, with something that happens when it is opened to be played.
struct Odd(Arc<dyn Recording>, Box<dyn Fn() + Send + Sync>);

impl Market for Odd {
    fn instruments(&self) -> Vec<Instrument> {
        self.0.instruments()
    }

    fn start(&self) -> Timestamp {
        self.0.start()
    }

    fn open(&self, begin: Option<Timestamp>) -> Result<Vec<Box<dyn Source>>, TapeError> {
        self.1();
        self.0.open(begin)
    }
}

impl Recording for Odd {
    fn origins(&self) -> Vec<Origin> {
        self.0.origins()
    }
}

fn odd(request: &PlayRequest, at_open: impl Fn() + Send + Sync + 'static) -> PlayRequest {
    let mut request = request.clone();
    request.venues[0].market = Arc::new(Odd(Arc::clone(&request.venues[0].market), Box::new(at_open)));
    request
}

/// A run that goes on when it is told to, or when nobody can tell it any more.
fn held(request: &PlayRequest) -> (PlayRequest, Sender<()>) {
    let (go, wait) = channel();
    let wait = Mutex::new(wait);
    (odd(request, move || wait.lock().unwrap().recv().unwrap_or_default()), go)
}

async fn running(jobs: &Jobs, id: &str) {
    while jobs.get(id).unwrap().status == JobStatus::Queued {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn failed_with(record: &super::JobRecord) -> Option<&str> {
    assert_eq!(record.status, JobStatus::Failed, "{record:?}");
    record.error.as_ref().map(|error| error.code.as_str())
}

#[tokio::test]
async fn a_run_ends_though_its_report_cannot_be_written_or_the_host_panics() {
    let folder = tempfile::tempdir().unwrap();
    let request = Lab::new().request(MOMENTUM, json!({})).await;
    let host = jobs(folder.path(), JobsConfig::default());
    // Where its report has to go is something that no file can replace.
    let taken = folder.path().join("backtests/a.report.json.zst");
    std::fs::create_dir_all(taken.join("full")).unwrap();
    submit(&host, "a", &request).unwrap();
    submit(&host, "b", &odd(&request, || panic!("a bug of ours"))).unwrap();
    submit(&host, "c", &request).unwrap();

    let failed = over(&host, "a").await;
    assert_eq!(failed_with(&failed), Some("not_written"));
    let message = failed.error.unwrap().message;
    assert!(message.contains("make room") && !message.contains(folder.path().to_str().unwrap()), "{message}");
    assert!(failed.ended_at.is_some() && failed.results_hash.is_none());
    assert!(!folder.path().join("backtests/a.report.json.zst.draft").exists(), "what was not written takes no room");
    assert_eq!(failed_with(&over(&host, "b").await), Some("host_bug"));
    assert_eq!(over(&host, "c").await.status, JobStatus::Done, "the one thread plays on");
    assert_eq!(host.cancel("a").unwrap().status, JobStatus::Failed);
    std::fs::remove_dir_all(taken).unwrap();
    host.remove("a").unwrap();
    host.stop();
}

#[tokio::test]
async fn those_that_ended_first_go_and_never_the_one_that_has_just_ended() {
    let folder = tempfile::tempdir().unwrap();
    let request = Lab::new().request(MOMENTUM, json!({})).await;
    let host = jobs(folder.path(), JobsConfig { keep: 1, ..JobsConfig::default() });
    let (first, go) = held(&request);
    submit(&host, "a", &first).unwrap();
    running(&host, "a").await;
    submit(&host, "b", &request).unwrap();
    submit(&host, "c", &request).unwrap();
    host.cancel("c").unwrap();
    host.cancel("b").unwrap();
    assert_eq!(host.get("b").unwrap().status, JobStatus::Cancelled);
    assert!(matches!(host.get("c"), Err(JobsError::NotFound(_))));
    drop(go);
    assert_eq!(over(&host, "a").await.status, JobStatus::Done);
    while host.list(0, 9).1 > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(host.report(&host.get("a").unwrap().id).is_some());
    host.stop();
}

/// What `look` finds while `work` waits for a disk that does nothing; then the disk breaks, and what came of the work.
fn on_a_stuck_disk<T: Send, L: Send + 'static>(
    draft: &Path,
    work: impl FnOnce() -> T + Send,
    look: impl FnOnce() -> L + Send + 'static,
) -> (T, L) {
    // Whoever opens a pipe to write waits until somebody reads, and no pipe can be synced.
    assert!(Command::new("mkfifo").arg(draft).status().unwrap().success());
    thread::scope(|scope| {
        let work = scope.spawn(work);
        thread::sleep(Duration::from_millis(200));
        assert!(!work.is_finished(), "it did not wait for the disk");
        let (tell, told) = channel();
        thread::spawn(move || tell.send(look()));
        let seen = told.recv_timeout(Duration::from_secs(10));
        std::fs::read(draft).unwrap();
        (work.join().unwrap(), seen.expect("looking waited for the disk"))
    })
}

#[tokio::test]
async fn who_only_looks_does_not_wait_for_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let request = Lab::new().request(MOMENTUM, json!({})).await;
    let host = jobs(folder.path(), JobsConfig::default());
    let (first, go) = held(&request);
    submit(&host, "a", &first).unwrap();
    running(&host, "a").await;
    let draft = folder.path().join("backtests/b.about.json.draft");
    let (looker, other) = (Arc::clone(&host), Arc::clone(&host));

    // What is not on the disk yet is not shown, but nobody else gets its id.
    let look = move || (looker.list(0, 9).1, place(&looker, "b").err());
    let (submitted, (total, refused)) = on_a_stuck_disk(&draft, || submit(&host, "b", &request), look);
    assert!(matches!(submitted, Err(JobsError::Disk(_))), "{submitted:?}");
    assert!(matches!((total, refused), (1, Some(JobsError::Exists(_)))));
    assert_eq!(host.list(0, 9).1, 1, "nothing is on record");

    submit(&host, "b", &request).unwrap();
    let look = move || other.get("b").unwrap().status;
    let (cancelled, seen) = on_a_stuck_disk(&draft, || host.cancel("b"), look);
    assert!(matches!((cancelled, seen), (Err(JobsError::Disk(_)), JobStatus::Queued)));
    assert_eq!(failed_with(&host.get("b").unwrap()), Some("not_written"), "it is over all the same");
    drop(go);
    assert_eq!(over(&host, "a").await.status, JobStatus::Done);
    assert_eq!(host.get("b").unwrap().started_at, None);
    host.stop();
}

#[tokio::test]
async fn data_is_looked_at_by_those_who_have_a_place_and_in_turn() {
    let folder = tempfile::tempdir().unwrap();
    let host = jobs(folder.path(), JobsConfig { queue: 2, ..JobsConfig::default() });
    let pieces = DataFolder::pieces(&["btcusdt-20240808".to_owned()]).unwrap();
    let first = place(&host, "a").unwrap();
    let second = place(&host, "b").unwrap();
    assert!(matches!(place(&host, "b"), Err(JobsError::Exists(_))));
    assert!(matches!(place(&host, "c"), Err(JobsError::Full(2))));
    drop(second);
    let second = place(&host, "c").unwrap();

    // As many at a time as runs: one.
    let turn = Arc::clone(&host.surveys).acquire_owned().await.unwrap();
    let looking = first.open_data(pieces.clone());
    tokio::pin!(looking);
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut looking).await.is_err());
    drop(turn);
    assert_eq!(looking.await.unwrap().len(), 1);
    assert_eq!(first.open_data(pieces.clone()).await.unwrap().len(), 1, "a turn is given back");
    let missing = DataFolder::pieces(&["missing.tape".to_owned()]).unwrap();
    assert!(matches!(first.open_data(missing).await, Err(JobsError::Data(_))));
    host.stop();
    assert!(matches!(second.open_data(pieces).await, Err(JobsError::Stopping)));
    assert!(matches!(place(&host, "d"), Err(JobsError::Stopping)));
}
