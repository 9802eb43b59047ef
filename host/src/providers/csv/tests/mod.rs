//! Files of every format through the whole reader: what comes out, and what is said of a file that is not as it should be.

use std::io::Write as _;

use super::*;
use crate::market::Side;
use crate::providers::tape::{Body, Record};

/// The first five hours of 2022 of a BTC perpetual, minute by minute, as its recorder wrote them.
const CANDLES: &str = include_str!("btc_perp_1m.csv");

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> CsvFile {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        CsvFile { path, symbol: None }
    }
}

fn of(file: CsvFile, symbol: &str) -> CsvFile {
    CsvFile { symbol: Some(Symbol::new(symbol).unwrap()), ..file }
}

fn open(files: &[CsvFile]) -> Result<CsvMarket, String> {
    CsvMarket::open(files, &Increments::default()).map_err(|error| error.to_string())
}

/// Time, price, quantity, side, id.
type Row = (u64, i64, i64, Side, u64);

fn rows(market: &CsvMarket, place: usize) -> Vec<Row> {
    let mut source = market.open(None).unwrap().remove(place);
    let (mut record, mut rows) = (Record::default(), Vec::new());
    while source.read(&mut record).unwrap() {
        let Body::Trade { trade_id, matched_at, price, quantity, aggressor } = record.body else { panic!("{record:?}") };
        assert_eq!((matched_at, record.venue_at), (record.received_at, record.received_at));
        rows.push((matched_at.as_nanos(), price, quantity, aggressor, trade_id));
    }
    rows
}

/// Case 46 of the old gateway: its own columns, nanoseconds.
#[test]
fn the_gateways_file_is_read() {
    let folder = Folder::new();
    let text = "timestamp,price,quantity\n1700000000000000000,20000,1\n1700000000000001000,20001,2\n";
    let market = open(&[of(folder.file("data.csv", text), "BTC-USDT")]).unwrap();
    let expected = [(1_700_000_000_000_000_000, 20_000, 1, Side::Buy, 1), (1_700_000_000_000_001_000, 20_001, 2, Side::Buy, 2)];
    assert_eq!(rows(&market, 0), expected);
    let instrument = &market.instruments()[0];
    assert_eq!((instrument.price_increment, instrument.quantity_increment), (Decimal::ONE, Decimal::ONE));
    let origin = &market.origins()[0];
    assert_eq!(origin.digest, crate::base::Digest::of(text.as_bytes()));
    assert_eq!((origin.records, origin.name.as_str()), (2, "data.csv"));
}

#[test]
fn dumps_of_binance_are_known_with_and_without_header() {
    let folder = Folder::new();
    let trades = "3700000000,61837.63000000,0.00200000,123.67,1723161254087,True,True\n3700000001,61837.64,0.5,1,1723161254088,False,True\n";
    let expected = [
        (1_723_161_254_087_000_000, 6_183_763, 2, Side::Sell, 3_700_000_000),
        (1_723_161_254_088_000_000, 6_183_764, 500, Side::Buy, 3_700_000_001),
    ];
    let headed = format!("id,price,qty,quote_qty,time,is_buyer_maker,is_best_match\n{trades}");
    let micros = trades.replace("1723161254087", "1723161254087000").replace("1723161254088", "1723161254088000");
    let aggregated = "1,61837.63,0.002,3700000000,3700000000,1723161254087,true\n2,61837.64,0.5,7,8,1723161254088,false\n";
    let plain = |text: &str| rows(&open(&[folder.file("BTCUSDT-trades-2024-08-08.csv", text)]).unwrap(), 0);
    assert_eq!(plain(trades), expected);
    assert_eq!(plain(&headed), expected);
    assert_eq!(plain(&micros), expected);
    let numbered: Vec<Row> = (1..).zip(expected).map(|(id, (at, price, lots, side, _))| (at, price, lots, side, id)).collect();
    assert_eq!(plain(aggregated), numbered);
}

#[test]
fn packed_files_are_the_same_market() {
    let folder = Folder::new();
    let text = "time,price,quantity,side\n2024-08-08T00:00:00Z,1.5,2,sell\n2024-08-08 00:00:01.25,1.25,3,BUY\n";
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(text.as_bytes()).unwrap();
    let gz = packer.finish().unwrap();
    let zst = zstd::encode_all(text.as_bytes(), 3).unwrap();
    let plain = open(&[folder.file("ETHUSDT.csv", text)]).unwrap();
    assert_eq!(rows(&plain, 0)[1], (1_723_075_201_250_000_000, 125, 3, Side::Buy, 2));
    for (name, bytes) in [("ETHUSDT.csv.gz", gz), ("ETHUSDT.csv.zst", zst)] {
        let market = open(&[folder.file(name, &bytes)]).unwrap();
        assert_eq!(rows(&market, 0), rows(&plain, 0));
        assert_eq!(market.origins()[0].digest, crate::base::Digest::of(&bytes), "of the file as it lies there");
    }
}

#[test]
fn a_candle_is_four_trades_of_which_nothing_comes_early() {
    let folder = Folder::new();
    let market = open(&[of(folder.file("btc_perp_1m.csv", CANDLES), "BTC-USD")]).unwrap();
    assert_eq!(market.candles(), Some(Duration::from_secs(60)));
    let rows = rows(&market, 0);
    let lines: Vec<Vec<&str>> = CANDLES.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 4 * lines.len());
    let steps = |text: &str, scale: u32| Decimal::from_str_exact(text).unwrap() * Decimal::from(10_u64.pow(scale));
    let (mut ups, mut downs) = (0, 0);
    for (line, trades) in lines.iter().zip(rows.chunks(4)) {
        let begin = Timestamp::from_rfc3339(&format!("{}Z", line[0].replace(' ', "T"))).unwrap().as_nanos();
        let times: Vec<u64> = trades.iter().map(|trade| trade.0 - begin).collect();
        assert_eq!(times, [0, 20_000_000_000, 40_000_000_000, 59_999_000_000]);
        let tick = market.instruments()[0].price_precision();
        let [open, high, low, close] = [1, 2, 3, 4].map(|place| steps(line[place], tick));
        let path = if close >= open { [open, low, high, close] } else { [open, high, low, close] };
        if close >= open {
            ups += 1
        } else {
            downs += 1
        }
        assert_eq!(trades.iter().map(|trade| Decimal::from(trade.1)).collect::<Vec<_>>(), path, "{line:?}");
        let volume: i64 = trades.iter().map(|trade| trade.2).sum();
        assert_eq!(Decimal::from(volume), steps(line[5], market.instruments()[0].quantity_precision()).trunc());
    }
    assert!(ups > 50 && downs > 50);
}

#[test]
fn klines_without_volume_are_left_out() {
    let folder = Folder::new();
    let kline = |open: u64, volume: &str| format!("{open},100,110,90,105,{volume},{},0,0,0,0,0\n", open + 59_999);
    let text = [kline(1_723_161_240_000, "8"), kline(1_723_161_300_000, "0"), kline(1_723_161_360_000, "2")].concat();
    let market = open(&[folder.file("BTCUSDT-1m.csv", text)]).unwrap();
    let rows = rows(&market, 0);
    assert_eq!(rows.iter().map(|row| row.2).collect::<Vec<_>>(), [2, 2, 2, 2, 1, 1, 1, 1], "at least one lot each");
    assert_eq!(market.origins()[0].records, 8);
    let single = open(&[folder.file("BTCUSDT-1m.csv", kline(1_723_161_240_000, "8"))]).unwrap();
    assert_eq!(single.candles(), Some(Duration::from_secs(60)), "it says when it ends");
}

#[test]
fn one_file_has_many_symbols_and_one_symbol_many_files() {
    let folder = Folder::new();
    let first = folder
        .file("a.csv", "time,price,qty,symbol\n1723161254,10,1,BTC-USDT\n1723161255,20.5,2,ethusdt\n1723161256,11,3,btcusdt\n");
    let second = folder.file("BTCUSDT-later.csv", "time,price,qty\n1723161257,12.25,4\n");
    let market = open(&[second, first.clone()]).unwrap();
    let symbols: Vec<_> = market.instruments().into_iter().map(|instrument| instrument.symbol.to_string()).collect();
    assert_eq!(symbols, ["BTC-USDT", "ETH-USDT"]);
    let prices: Vec<_> = rows(&market, 0).iter().map(|row| row.1).collect();
    assert_eq!(prices, [1000, 1100, 1225], "in the order of time, in one tick");
    assert_eq!(rows(&market, 1).len(), 1);
    assert_eq!(market.origins().len(), 3, "one per file and symbol");
    let only = open(&[of(first.clone(), "ETH-USDT")]).unwrap();
    assert_eq!(only.instruments().len(), 1);
    let error = open(&[first, folder.file("BTCUSDT-2.csv", "time,price,qty\n1723161255,12.25,4\n")]).unwrap_err();
    assert!(error.contains("files of one symbol must follow each other"), "{error}");
}

#[test]
fn increments_that_are_given_must_fit() {
    let folder = Folder::new();
    let file = folder.file("BTCUSDT.csv", "time,price,qty\n1723161254,10.5,1\n1723161255,11,2\n");
    let symbol = Symbol::new("BTC-USDT").unwrap();
    let with = |tick: &str, lot: &str| Increments {
        ticks: BTreeMap::from([(symbol.clone(), tick.parse().unwrap())]),
        lots: BTreeMap::from([(symbol.clone(), lot.parse().unwrap())]),
    };
    let market = CsvMarket::open(std::slice::from_ref(&file), &with("0.25", "0.001")).unwrap();
    assert_eq!(rows(&market, 0).iter().map(|row| (row.1, row.2)).collect::<Vec<_>>(), [(42, 1000), (44, 2000)]);
    let error = CsvMarket::open(&[file], &with("1", "1")).unwrap_err().to_string();
    assert!(error.starts_with("BTCUSDT.csv, line 2, column `price`: `10.5` is not allowed"), "{error}");
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let folder = Folder::new();
    let head = "timestamp,price,quantity\n";
    for (text, expected) in [
        (String::new(), "BTCUSDT.csv: it is empty"),
        (head.to_owned(), "BTCUSDT.csv: no row with a quantity above 0"),
        (
            format!("{head}1700000000000000000,20000,1\n1700000000000000000,abc,1\n"),
            "line 3, column `price`: `abc` is not allowed: write plain digits",
        ),
        (format!("{head}1700000000000000000,1e3,1\n"), "line 2, column `price`: `1e3`"),
        (format!("{head}1700000000000000000,-1,1\n"), "line 2, column `price`: `-1`"),
        (format!("{head}1700000000000000000,1,0\n"), "line 2, column `quantity`: `0`"),
        (
            format!("{head}1700000000000,1,1\n"),
            "column `timestamp`: `1700000000000` is not allowed: `timestamp` beside `price` is whole nanoseconds",
        ),
        (format!("{head}1700000000000000002,1,1\n1700000000000000001,1,1\n"), "line 3: BTC-USDT goes back to"),
        (format!("{head}1700000000000000000,1\n"), "line 2: it has 2 values where there are 3 columns"),
        ("1700000000000000000,1,1\n".to_owned(), "which is neither a header nor a row of a known dump: write a header"),
        ("time,prize,qty\n1,1,1\n".to_owned(), "no column `price` in `time,prize,qty`"),
        ("time,price,price,qty\n1,1,1,1\n".to_owned(), "two columns are called `price`"),
        ("PK\u{3}\u{4}zip".to_owned(), "it is a zip archive: unpack it first"),
        ("time,price,qty,side\n1723161254,1,1,up\n".to_owned(), "column `side`: `up` is not allowed: write buy or sell"),
        ("time,price,qty\n1723161254,0.123456789012,1\n1723161255,61837,1\n".to_owned(), "give --tick BTC-USDT="),
        (
            "time,open,high,low,close,volume\n1723161240,10,9,8,10,1\n".to_owned(),
            "column `high`: `9` is not allowed: the high of a candle",
        ),
        ("time,open,high,low,close,volume\n1723161240,10,10,8,10,1\n".to_owned(), "one candle alone does not say how long it is"),
        ("time,open,high,low,close,volume\n0,1,1,1,1,1\n60,1,1,1,1,1\n150,1,1,1,1,1\n".to_owned(), "not evenly spaced"),
    ] {
        let error = open(&[folder.file("BTCUSDT.csv", &text)]).unwrap_err();
        assert!(error.contains(expected), "{error}\n{expected}");
    }
    let error = open(&[folder.file("data.csv", format!("{head}1700000000000000000,1,1\n"))]).unwrap_err();
    assert!(error.contains("write SYMBOL=FILE, such as BTC-USDT=trades.csv"), "{error}");
    let error = open(&[CsvFile { path: folder.0.path().join("none.csv"), symbol: None }]).unwrap_err();
    assert!(error.starts_with("none.csv: "), "{error}");
}

#[test]
fn a_file_that_changes_is_not_played() {
    let folder = Folder::new();
    let file = folder.file("BTCUSDT.csv", "time,price,qty\n1723161254,10.5,1\n");
    let market = open(std::slice::from_ref(&file)).unwrap();
    std::fs::write(&file.path, "time,price,qty\n1723161254,10.5,1\n1723161255,10.5,1\n").unwrap();
    let error = market.open(None).unwrap().remove(0).read(&mut Record::default()).unwrap_err().to_string();
    assert_eq!(error, "BTCUSDT.csv: it changed since it was surveyed");
}
