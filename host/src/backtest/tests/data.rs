//! Data as people name it, opened and played.

use super::*;
use crate::backtest::data::{DataSpec, open};
use crate::base::ProviderName;
use crate::providers::csv::Increments;
use crate::providers::paper::decoded;

const CANDLES: &str = include_str!("../../providers/csv/tests/btc_perp_1m.csv");

fn spec(text: &str) -> DataSpec {
    text.parse().unwrap()
}

#[test]
fn specs_follow_their_grammar() {
    let parts = |text: &str| {
        let DataSpec { provider, symbol, name } = spec(text);
        (provider.map_or(String::new(), |name| name.to_string()), symbol.map_or(String::new(), |symbol| symbol.to_string()), name)
    };
    let own = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    assert_eq!(parts("btcusdt-20240808"), own("", "", "btcusdt-20240808"));
    assert_eq!(parts("BTC-USDT=a/b.csv"), own("", "BTC-USDT", "a/b.csv"));
    assert_eq!(parts("kraken:btcusdt=x=y.csv"), own("kraken", "BTC-USDT", "x=y.csv"));
    assert_eq!(parts("kraken:/tmp/a.csv"), own("kraken", "", "/tmp/a.csv"));
    assert_eq!(parts("./a:b.csv"), own("", "", "./a:b.csv"));
    for (wrong, said) in [("BTC=a.csv", "no symbol"), ("kraken:", "no file"), ("Not A Name:a.csv", "no name of a provider")] {
        let error = wrong.parse::<DataSpec>().unwrap_err().to_string();
        assert!(error.contains(said) && error.contains("BTC-USDT=data.csv.gz"), "{error}");
    }
    let error = open(&[spec("nothing.xyz")], &Increments::default()).err().unwrap().to_string();
    assert!(error.contains("nothing.xyz") && error.contains(".csv.zst"), "{error}");
    let error = open(&[spec("ETH-USDT=btcusdt-20240808")], &Increments::default()).err().unwrap().to_string();
    assert_eq!(error, "btcusdt-20240808 is a tape of BTC-USDT, not of ETH-USDT: leave out `ETH-USDT=`");
}

#[test]
fn a_path_with_an_equals_sign_that_is_a_file_is_that_file() {
    let files = ["data/date=2024-08-08/BTCUSDT.csv", "date=2024-08-08/BTCUSDT.csv"];
    let parse = |text: &str| DataSpec::parse(text, |path| files.contains(&path));
    for file in files {
        for (text, provider) in [(file.to_owned(), None), (format!("kraken:{file}"), Some("kraken"))] {
            let spec = parse(&text).unwrap();
            assert_eq!((spec.provider.as_ref().map(ProviderName::as_str), spec.symbol, spec.name), (provider, None, file.into()));
        }
        let spec = parse(&format!("BTC/USDT={file}")).unwrap();
        assert_eq!((spec.symbol.unwrap().as_str(), spec.name), ("BTC-USDT", file.to_owned()));
    }
    assert_eq!(parse("btc/usdt=a/b.csv").unwrap(), spec("btc/usdt=a/b.csv"), "it is no file");
    // On this machine, with a real one.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("BTC-USDT=t.csv");
    std::fs::write(&path, "").unwrap();
    assert_eq!(DataSpec::of_this_machine(path.to_str().unwrap()).unwrap().name, path.to_str().unwrap());
}

#[test]
fn an_error_without_folders_has_none() {
    let path = format!("/srv/{}/market-data/gone.tape", "very-long/".repeat(30));
    let error = open(&[spec(&path)], &Increments::default()).err().unwrap();
    assert!(error.to_string().contains("/srv/"), "{error}");
    let error = error.without_folders().to_string();
    assert!(error.starts_with("gone.tape: tape `gone.tape` is neither") && !error.contains('/'), "{error}");
}

/// Buys at the end of each tenth candle; counts trades and candles.
const WATCHER: &str = r#"
module.exports = {
  metadata: { name: "watcher", tag: "v1", displayName: "Watcher", events: ["Trade", "KlineSummary"] },
  create({ runtime, helpers }) {
    let trades = 0, candles = 0;
    return {
      onTrade() { trades += 1; },
      onKlineSummary(ctx, evt, bar) {
        candles += 1;
        if (candles === 1) helpers.log([bar.openPrice, bar.highPrice, bar.lowPrice, bar.closePrice, bar.volume].join(" "));
        if (candles % 10 === 0) runtime.submitMarketOrder(evt.provider, "BUY", "0.01");
      },
      onStop() { helpers.log(trades, candles); },
    };
  },
};
"#;

#[tokio::test]
async fn candles_are_played_beside_a_tape_and_decoded_ones_alike() {
    let lab = Lab::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("candles.csv");
    std::fs::write(&path, CANDLES).unwrap();
    let increments = Increments::default();
    let venues = open(&[spec(&format!("perp:BTC-USD={}", path.display()))], &increments).unwrap();
    let mut request = lab.request(WATCHER, json!({ "dry_run": false })).await;
    request.venues = venues;
    let report = play(request.clone()).unwrap();
    let rows = CANDLES.lines().count() - 1;
    let texts: Vec<_> = report.log.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts[0], "46319 46385 46319 46377 2300413.7295", "the bar is the candle of the file");
    assert_eq!(texts[1], format!("{} {}", rows * 4, rows - 1), "the last one's end is never told");
    let reasons: Vec<_> = report.orders.iter().filter_map(|order| order.reason.clone()).collect();
    assert_eq!((report.fills.len(), reasons), ((rows - 1) / 10, Vec::new()));
    let mut kept = request.clone();
    for most_bytes in [100, 1 << 20] {
        kept.venues[0].market = decoded(Arc::clone(&request.venues[0].market), most_bytes).unwrap();
        let again = play(kept.clone()).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), serde_json::to_string(&report).unwrap());
    }
    let mut both = request;
    both.venues = open(&[spec("btcusdt-20240808"), spec(&format!("BTC-USD={}", path.display()))], &increments).unwrap();
    let report = play(both).unwrap();
    assert_eq!(report.data.len(), 2);
    let trades = Tape::open("btcusdt-20240808").unwrap().header().records.trades;
    assert_eq!(report.events.delivered["Trade"], trades + 4 * rows as u64);
}
