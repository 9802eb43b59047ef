//! kill -9 and a full disk, in a child process that is this test binary again.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use super::*;

const DIR: &str = "SANDPIT_TEST_CRASH_DIR";

/// The child: writes orders until it is killed, and prints each number once it is acknowledged.
#[tokio::test]
#[ignore = "started by the tests below"]
async fn child_that_writes_orders() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let store = open(Path::new(&dir)).await;
    for n in 0_u64.. {
        let then: Then = Box::new(move |result| match result {
            Ok(()) => writeln!(std::io::stdout().lock(), "\nok {n}").unwrap(),
            Err(error) => writeln!(std::io::stdout().lock(), "\nfailed {n} {}", error.code()).unwrap(),
        });
        let order = order("paper", &format!("o{n}"), "i1");
        let fill = WriteOp::InsertExecution(Box::new(execution(&order, &format!("e{n}"))));
        store.writer().write(vec![insert(&order), fill], Some(then)).unwrap();
        if n % 8 == 0 {
            store.writer().flush().await.unwrap();
        }
        if let Err(error) = store.healthy() {
            println!("\nunhealthy {}", error.code());
            store.close(Duration::from_secs(10)).await;
            return;
        }
    }
}

fn child(dir: &Path, shell: &str) -> Command {
    let mut command = Command::new("sh");
    let test = "store::tests::crash::child_that_writes_orders";
    command.args(["-c", &format!("{shell} exec \"$0\" \"$@\"")]);
    command.arg(std::env::current_exe().unwrap()).args([test, "--exact", "--ignored", "--nocapture"]);
    command.env(DIR, dir).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

async fn numbers_on_record(dir: &Path) -> Vec<u64> {
    let store = open(dir).await;
    let fills = store.executions_after(0, 1_000_000).await.unwrap();
    let orders = store.orders(&OrderFilter { limit: 1_000_000, ..by_instance("i1") }).await.unwrap();
    assert_eq!(fills.len(), orders.len(), "an order and its execution were one unit");
    fills.iter().map(|row| row.fill.execution_id[1..].parse().unwrap()).collect()
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    for acknowledged in [1, 40, 333] {
        let dir = tempfile::tempdir().unwrap();
        let mut process = child(dir.path(), "").spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut last = None;
        for line in lines.by_ref().filter(|line| line.starts_with("ok ")).take(acknowledged) {
            last = line[3..].parse::<u64>().ok();
        }
        process.kill().unwrap();
        process.wait().unwrap();
        // What it said before it died counts as well; its last line may be torn.
        let tail: Vec<String> = lines.collect();
        for line in tail.iter().rev().skip(1).filter_map(|line| line.strip_prefix("ok ")) {
            last = last.max(line.parse().ok());
        }
        let on_record = numbers_on_record(dir.path()).await;
        let last = last.unwrap();
        assert!(on_record.len() as u64 > last, "{} rows, but {last} was acknowledged", on_record.len());
        assert_eq!(on_record, (0..on_record.len() as u64).collect::<Vec<_>>(), "in order, without a hole");
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_loses_nothing_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    // Files of at most 1 MB (2000 blocks): the write fails as on a full disk, and with the signal ignored the process lives on.
    let output = child(dir.path(), "ulimit -f 2000; trap '' XFSZ;").output().unwrap();
    assert!(output.status.success(), "the child ends by itself");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("unhealthy store_unavailable"), "{text}");
    assert!(text.lines().any(|line| line.starts_with("failed ") && line.ends_with("store_unavailable")), "{text}");
    let told_ok: Vec<u64> = text.lines().filter_map(|line| line.strip_prefix("ok ")).map(|n| n.parse().unwrap()).collect();
    assert!(told_ok.len() > 20, "{text}");
    assert_eq!(numbers_on_record(dir.path()).await, told_ok, "exactly what was acknowledged is on record");
}
