//! Runs on a host over the real tape: they are played in their order, cancelled, kept, and found again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{Defaults, JobStatus, Jobs, JobsConfig, JobsError};
use crate::backtest::tests::{Lab, MOMENTUM};
use crate::backtest::{PlayRequest, play};
use crate::base::metrics::Metrics;
use crate::base::{InstanceId, SystemClock};
use crate::instances::RestartConfig;
use crate::sandbox::Limits;
use crate::trading::RiskConfig;

fn jobs(dir: &Path, config: JobsConfig) -> Arc<Jobs> {
    let defaults = Defaults { limits: Limits::default(), risk: RiskConfig::default(), restart: RestartConfig::default() };
    Jobs::open(dir, config, defaults, Arc::new(SystemClock::new()), &Metrics::new()).unwrap()
}

fn submit(jobs: &Jobs, id: &str, request: &PlayRequest) -> Result<JobStatus, JobsError> {
    jobs.submit(InstanceId::new(id).unwrap(), vec!["btcusdt-20240808".into()], request.clone()).map(|record| record.status)
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
    // Before the host begins: the first report goes as soon as the second run is over.
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
    // Of three that are over two are kept: the oldest went.
    assert!(matches!(host.get("a"), Err(JobsError::NotFound(_))));
    let (page, total) = host.list(0, 1);
    assert_eq!((page[0].id.as_str(), total), ("c", 2), "newest first");
    host.stop();

    let next = jobs(folder.path(), config);
    assert_eq!(next.list(0, 9).0.iter().map(|record| record.status).collect::<Vec<_>>(), [JobStatus::Cancelled, JobStatus::Done]);
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
