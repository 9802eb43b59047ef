//! A page of a real run, and of one whose strategy would rather be markup.

use serde_json::json;

use super::html;
use crate::backtest::play;
use crate::backtest::receipt::{Found, Receipt};
use crate::backtest::report::PlayReport;
use crate::backtest::tests::{Lab, MOMENTUM};

/// Logs, throws and answers with markup.
const HOSTILE: &str = r#"
module.exports = {
  metadata: { name: "hostile", tag: "v1", displayName: "<b>", events: ["Trade"], config: [{ name: "text", type: "string", default: "</pre><img src=x onerror=alert(1)>" }] },
  create({ helpers }) {
    let told = false;
    return { onTrade() {
      if (!told) { told = true; helpers.log("</pre><script>alert(1)</script>\u202e"); }
      throw new Error("<iframe src=//example.org>");
    } };
  },
};
"#;

async fn page(source: &str, config: serde_json::Value) -> (PlayReport, String) {
    let request = Lab::new().request(source, config).await;
    let inputs = request.inputs();
    let report = play(request).unwrap();
    let found = Found { strategy: "<s>".into(), strategies: None, data: Vec::new() };
    let page = html(&report, &Receipt::new(inputs, found, &report));
    (report, page)
}

#[tokio::test]
async fn a_page_has_charts_numbers_and_round_trips_and_asks_nobody() {
    let config = json!({ "dry_run": false, "momentum_threshold": 0.005, "order_size": "0.001" });
    let (report, page) = page(MOMENTUM, config).await;
    let trips = report.measured.round_trips.len();
    assert!(trips > 3);
    let tables: Vec<&str> = page.split("<tbody>").collect();
    assert_eq!(tables[1].split("</tbody>").next().unwrap().matches("<tr>").count(), trips);
    assert_eq!(page.matches("<svg").count(), 3, "equity, drawdown and the price");
    // Fills of one place in the drawing are one marker.
    let marked = page.matches("class=\"buy\"").count() + page.matches("class=\"sell\"").count();
    assert!((trips..=report.fills.len()).contains(&marked), "{marked} markers");
    assert!(
        page.contains("default-src 'none'")
            && page.contains(&report.measured.numbers["USDT"].net.round_dp(8).normalize().to_string())
    );
    let own = page.replace("http://www.w3.org/2000/svg", "");
    for outside in ["http:", "https:", "url(", "@import", "<script", "<link", "<img", "src=", "NaN"] {
        assert!(!own.contains(outside), "{outside}");
    }
}

#[tokio::test]
async fn what_a_strategy_says_stays_text() {
    let (report, page) = page(HOSTILE, json!({})).await;
    assert!(report.exception_count > 0 && !report.log.is_empty());
    assert!(page.contains("&lt;/pre&gt;&lt;script&gt;alert(1)") && page.contains("&lt;iframe") && page.contains("&lt;img"));
    for tag in ["<script", "<img", "<iframe", "<s>", "<b>", "\u{202e}"] {
        assert!(!page.contains(tag), "{tag}");
    }
}
