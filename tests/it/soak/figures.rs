//! The figures of a soak: what the host counts, and what its process uses.

use std::collections::BTreeMap;
use std::time::Duration;

use sandpit::market::ReportState;
use tokio::time::Instant;

use super::Plan;
use super::seen::{Record, withheld};
use super::told::Told;
use crate::support::Client;

/// What `/metrics` showed at a moment.
pub(super) struct Metrics(String);

impl Metrics {
    pub(super) async fn of(client: &Client) -> Self {
        Self(client.get("/metrics").await.text)
    }

    fn rows<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, f64)> {
        let of_it = move |line: &&str| line.split(['{', ' ']).next() == Some(name);
        self.0
            .lines()
            .filter(of_it)
            .filter_map(|line| line.rsplit_once(' '))
            .filter_map(|(name, value)| Some((name, value.parse().ok()?)))
    }

    /// The sum of all series whose labels contain `part`.
    pub(super) fn sum(&self, name: &str, part: &str) -> f64 {
        self.rows(name).filter(|(series, _)| series.contains(part)).map(|(_, value)| value).sum()
    }

    /// The sum of all series that have these labels.
    pub(super) fn sum_of(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |series: &str| labels.iter().all(|(label, value)| series.contains(&format!("{label}=\"{value}\"")));
        self.rows(name).filter(|(series, _)| has(series)).map(|(_, value)| value).sum()
    }

    /// Values above 0 by one label.
    fn by(&self, name: &str, label: &str) -> BTreeMap<String, f64> {
        let mut all = BTreeMap::new();
        for (series, value) in self.rows(name).filter(|(_, value)| *value > 0.0) {
            let after = series.split_once(&format!("{label}=\"")).and_then(|(_, rest)| rest.split_once('"'));
            *all.entry(after.map_or("", |(value, _)| value).to_owned()).or_default() += value;
        }
        all
    }
}

/// How often memory is looked at.
const BEAT: Duration = Duration::from_secs(1);

/// What may be gained after the first minute: a share of what was there, or so many MiB where that is more.
const GROWTH: (f64, f64) = (0.05, 16.0);

/// What the process used while the strategies traded.
pub(super) struct Pulse {
    /// Resident MiB, one per second.
    memory: Vec<f64>,
    /// Cores.
    used: f64,
    /// Threads that could have run and had no core, on average: what else the machine did.
    starved: f64,
    time: Duration,
}

impl Pulse {
    pub(super) async fn feel(pid: u32, time: Duration) -> Self {
        let (begun, ran, waited) = (Instant::now(), processor_seconds(pid), waited_seconds(pid));
        let mut beats = tokio::time::interval(BEAT);
        let mut memory = Vec::new();
        beats.tick().await;
        while begun.elapsed() < time {
            beats.tick().await;
            memory.push(resident(pid));
        }
        let time = begun.elapsed();
        let average = |seconds: f64| seconds / time.as_secs_f64();
        Self { memory, used: average(processor_seconds(pid) - ran), starved: average(waited_seconds(pid) - waited), time }
    }

    /// The median of the seconds from one to another.
    fn resident(&self, from: usize, to: usize) -> f64 {
        let mut some = self.memory[from.min(self.memory.len() - 1)..to.min(self.memory.len())].to_vec();
        some.sort_by(f64::total_cmp);
        some[some.len() / 2]
    }

    /// As the second minute begins, and at the end; none when there was no third minute.
    fn growth(&self) -> Option<(f64, f64)> {
        let seconds = self.memory.len();
        (seconds >= 150).then(|| (self.resident(60, 75), self.resident(seconds - 30, seconds)))
    }

    pub(super) fn assert_flat(&self) {
        let Some((then, now)) = self.growth() else { return };
        let allowed = (then * GROWTH.0).max(GROWTH.1);
        assert!(now - then <= allowed, "memory grew from {then:.0} to {now:.0} MiB after the first minute: {:.0?}", self.memory);
    }
}

fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the host lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

/// User and system time. Linux counts in hundredths of a second.
fn processor_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the host lives");
    let after_the_name = stat.rsplit_once(") ").unwrap().1;
    after_the_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

/// What all threads that live now have waited for a core.
fn waited_seconds(pid: u32) -> f64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the host lives");
    let schedules = threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok());
    schedules.filter_map(|schedule| schedule.split_whitespace().nth(1)?.parse::<f64>().ok()).sum::<f64>() / 1e9
}

/// The bound of the bucket of a histogram below which that share of what was counted between two moments lies.
fn quantile(name: &str, [before, after]: [&Metrics; 2], share: f64) -> String {
    let bucket = format!("{name}_bucket");
    let (before, after) = (before.by(&bucket, "le"), after.by(&bucket, "le"));
    let count = |bound: &str| after[bound] - before.get(bound).copied().unwrap_or(0.0);
    let mut bounds: Vec<(f64, &String)> = after
        .keys()
        .filter_map(|bound| Some((if bound == "+Inf" { f64::INFINITY } else { bound.parse().ok()? }, bound)))
        .collect();
    bounds.sort_by(|one, two| one.0.total_cmp(&two.0));
    let wanted = count("+Inf") * share;
    let found = bounds.iter().find(|(_, bound)| count(bound) >= wanted);
    found.map_or("none".to_owned(), |(seconds, _)| format!("<= {} ms", seconds * 1e3))
}

fn listed(values: &BTreeMap<String, f64>) -> String {
    let shown = values.iter().map(|(name, value)| format!("{name} {value}"));
    if values.is_empty() { "none".to_owned() } else { shown.collect::<Vec<_>>().join(", ") }
}

pub(super) fn print(
    plan: &Plan,
    pulse: &Pulse,
    metrics: [&Metrics; 3],
    (told, record): (&BTreeMap<&'static str, Told>, &Record),
) {
    let [before, during, after] = metrics;
    let gained = |name: &str| during.sum(name, "") - before.sum(name, "");
    let seconds = pulse.time.as_secs_f64();
    let per_second = |count: f64| format!("{count:.0} ({:.0} per second)", count / seconds);
    let of_venues = |count: &dyn Fn(&Told) -> usize| {
        let each: Vec<String> = told.iter().map(|(name, told)| format!("{name} {}", count(told))).collect();
        format!("{} ({})", told.values().map(count).sum::<usize>(), each.join(", "))
    };
    let ended = |told: &Told, state| told.last().filter(|(_, last)| last.state == state).count();
    let memory = match pulse.growth() {
        Some((then, now)) => format!("{then:.0} MiB as the second minute began, {now:.0} MiB in the last half minute"),
        None => format!("{:.0} MiB at the end; too short to judge", pulse.memory.last().copied().unwrap_or_default()),
    };
    let latency = |name, share| quantile(name, [before, during], share);
    for (name, figure) in [
        ("instances", plan.instances.to_string()),
        ("time, speed", format!("{seconds:.0} s at {}x", plan.speed)),
        ("events published", per_second(gained("sandpit_bus_events_total"))),
        ("handlers run", per_second(gained("sandpit_events_delivered_total"))),
        ("market events dropped", listed(&after.by("sandpit_bus_dropped_total", "kind"))),
        ("orders at the venues", of_venues(&|told| told.orders.len())),
        ("reports of the venues", of_venues(&|told| told.reports.len())),
        ("fills", of_venues(&|told| told.fills().count())),
        ("ended filled", of_venues(&|told| ended(told, ReportState::Filled))),
        ("ended cancelled", of_venues(&|told| ended(told, ReportState::Cancelled))),
        ("ended rejected", of_venues(&|told| ended(told, ReportState::Rejected))),
        ("ended expired", of_venues(&|told| ended(told, ReportState::Expired))),
        ("approved and not sent", record.orders.values().filter(|row| withheld(row)).count().to_string()),
        ("denials", listed(&after.by("sandpit_denials_total", "code"))),
        ("outages", listed(&after.by("sandpit_provider_disconnects_total", "provider"))),
        ("event to end of handler, p50", latency("sandpit_event_latency_seconds", 0.5)),
        ("event to end of handler, p99", latency("sandpit_event_latency_seconds", 0.99)),
        ("handler alone, p50", latency("sandpit_handler_seconds", 0.5)),
        ("handler alone, p99", latency("sandpit_handler_seconds", 0.99)),
        ("resident memory", memory),
        ("processor", format!("{:.2} cores; on average {:.2} threads had to wait for one", pulse.used, pulse.starved)),
    ] {
        println!("| {name:<30} | {figure} |");
    }
}
