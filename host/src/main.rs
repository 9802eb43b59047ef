//! The binary `sandpit`.

fn main() {}
