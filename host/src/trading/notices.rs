//! What an instance is told about its orders: denials, reports, risk events; each with its record and its count.

use std::collections::BTreeMap;

use crate::base::Timestamp;
use crate::bus::locked;
use crate::market::{Event, ExecutionReport, OrderRequest, Payload, ReportState, RiskControl, RiskStatus, Symbol};
use crate::trading::denial::KILL_SWITCH;
use crate::trading::lane::{Book, Lane};
use crate::trading::risk::{Guard, Refused};
use crate::trading::trader::Trader;
use crate::trading::{Denial, Desk};

/// A risk event in the making.
pub(super) struct RiskNews<'a> {
    pub(super) symbol: &'a Symbol,
    pub(super) status: RiskStatus,
    pub(super) breach_type: &'static str,
    pub(super) reason: String,
    pub(super) metrics: BTreeMap<String, String>,
    /// By the provider's clock.
    pub(super) at: Timestamp,
    /// As the guest sees time.
    pub(super) seen_at: Timestamp,
}

impl Desk {
    /// Counts a denial, and tells and records it as long as its instance has notices left for this second.
    pub(super) fn deny(&self, lane: &Lane, book: &mut Book, trader: &Trader, (request, denial): &Refused, seen_at: Timestamp) {
        let code = denial.code;
        self.count(request, "denied");
        self.metrics.denials.with_label_values(&[code.as_str()]).inc();
        let at = request.requested_at;
        let noticed = book.line_mut(&request.instance).notices.take(at).is_ok();
        let count = |guard: &mut Guard| guard.breach(&trader.limits, &lane.name, at, code.as_str());
        let engaged = code.counts_as_breach() && self.guarded(trader, noticed, count);
        if engaged {
            self.metrics.stops.with_label_values(&["breaches"]).inc();
            tracing::warn!(instance = %trader.instance(), code = code.as_str(), "stopped by its risk breaches");
        }
        if noticed {
            self.record_denial(book, trader, request, denial);
            let report = ExecutionReport {
                client_order_id: request.client_order_id.clone(),
                venue_order_id: Default::default(),
                state: ReportState::Rejected,
                filled_quantity: Default::default(),
                leaves_quantity: Default::default(),
                average_price: Default::default(),
                fill: None,
                time: seen_at,
                reason: Some(denial.to_string().into()),
            };
            // A guest that is behind asked at a time before that of reports it has been sent: what it hears does not go back.
            self.post_report(lane, book, request.clone(), report, lane.now().map_or(at, |now| now.max(at)));
        } else {
            self.metrics.unreported_denials.inc();
        }
        if let Some(breach_type) = code.breach_type().filter(|_| noticed || engaged) {
            let (reason, metrics) = (denial.message.clone(), denial.metrics.clone());
            let status = RiskStatus::Triggered;
            self.post_risk(
                lane,
                book,
                trader,
                RiskNews { symbol: &request.symbol, status, breach_type, reason, metrics, at, seen_at },
            );
        }
    }

    fn record_denial(&self, book: &mut Book, trader: &Trader, request: &OrderRequest, denial: &Denial) {
        let Some(journal) = &self.journal else { return self.log_denial(request, denial) };
        if let Err(error) = journal.denied(request, trader.author(), denial) {
            self.metrics.journal_failures.inc();
            tracing::warn!(order = %request.client_order_id, %error, "denied order not recorded");
        }
        self.keep_denial(book, request, denial);
    }

    /// Of an order that is on record already: it was approved, and could not be sent all the same.
    pub(super) fn deny_late(&self, lane: &Lane, request: &OrderRequest, denial: &Denial) {
        self.metrics.denials.with_label_values(&[denial.code.as_str()]).inc();
        self.keep_denial(&mut locked(&lane.book), request, denial);
    }

    fn keep_denial(&self, book: &mut Book, request: &OrderRequest, denial: &Denial) {
        self.log_denial(request, denial);
        let Some(journal) = &self.journal else { return };
        let prune = book.line_mut(&request.instance).count_denial();
        if let Err(error) = journal.denial(request, denial, prune) {
            self.metrics.journal_failures.inc();
            tracing::warn!(order = %request.client_order_id, %error, "denial not recorded");
        }
    }

    fn log_denial(&self, request: &OrderRequest, denial: &Denial) {
        if let Some(log) = self.denial_log.get() {
            log(request, denial);
        }
    }

    /// Puts a report into the owner's mailbox. Called under the lane's lock, so that reports keep the venue's order.
    pub(super) fn post_report(
        &self,
        lane: &Lane,
        book: &mut Book,
        request: OrderRequest,
        report: ExecutionReport,
        at: Timestamp,
    ) {
        let holding = book.line_mut(&request.instance).holding(&request.symbol);
        holding.reports += 1;
        let (instance, time) = (request.instance.clone(), report.time);
        let event = Event {
            provider: lane.name.clone(),
            symbol: Some(request.symbol.clone()),
            sequence: holding.reports,
            ingest_time: at,
            emit_time: time,
            payload: Payload::ExecReport(Box::new((request, report))),
        };
        self.post(&instance, event);
    }

    /// Puts a risk event into the instance's mailbox.
    pub(super) fn post_risk(&self, lane: &Lane, book: &mut Book, trader: &Trader, news: RiskNews<'_>) {
        let holding = book.line_mut(trader.instance()).holding(news.symbol);
        holding.risk_events += 1;
        let host = locked(&self.host_stop).is_some();
        let guard = locked(&trader.ward.guard);
        let block = guard.block();
        let control = RiskControl {
            instance: trader.instance().clone(),
            status: news.status,
            reason: news.reason,
            breach_type: news.breach_type,
            metrics: news.metrics,
            kill_switch_engaged: host || block.is_some(),
            circuit_breaker_open: block.is_some_and(|block| block.until.is_some()),
            time: news.seen_at,
        };
        drop(guard);
        let event = Event {
            provider: lane.name.clone(),
            symbol: Some(news.symbol.clone()),
            sequence: holding.risk_events,
            ingest_time: news.at,
            emit_time: news.seen_at,
            payload: Payload::RiskControl(Box::new(control)),
        };
        self.post(trader.instance(), event);
    }

    /// Tells an instance that an operator stopped it.
    pub(super) fn note_stop(&self, trader: &Trader, reason: &str) {
        tracing::warn!(instance = %trader.instance(), reason, "kill switch engaged by an operator");
        self.note(trader, RiskStatus::Triggered, reason);
    }

    /// Tells an instance that it may trade again.
    pub(super) fn note_clear(&self, trader: &Trader, reason: &str) {
        tracing::info!(instance = %trader.instance(), reason, "kill switch reset");
        self.note(trader, RiskStatus::Cleared, reason);
    }

    /// Under the name of the instance's first provider and symbol: the kill switch is the instance's, not a symbol's.
    fn note(&self, trader: &Trader, status: RiskStatus, reason: &str) {
        let Ok((provider, symbol)) = trader.resolve(None, None) else { return };
        let lane = self.lane(provider);
        let at = lane.now().unwrap_or_default();
        let news = RiskNews {
            symbol,
            status,
            breach_type: KILL_SWITCH,
            reason: reason.to_owned(),
            metrics: BTreeMap::new(),
            at,
            seen_at: at,
        };
        self.post_risk(&lane, &mut locked(&lane.book), trader, news);
    }
}
