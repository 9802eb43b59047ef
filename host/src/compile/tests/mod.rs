//! The sandbox and the compiler with the real engine: what authors may rely on, and what a hostile one cannot do.

mod contract;
mod figures;
mod guests;
mod lab;
mod limits;
