//! x
mod ledger; pub mod report; mod book_keeping;
