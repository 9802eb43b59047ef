//! An answer that goes on: its lines are handed over as they come, for as long as the server has something to say.

use std::io::{BufRead as _, BufReader};

use super::{Client, ClientError, Request, agent};
use crate::cli::Failure;

impl Client {
    /// Asks, and hands over each line of the answer until it ends. It may go on for days, so nothing limits its time.
    pub(crate) fn follow(&self, request: &Request, mut each: impl FnMut(&str) -> Result<(), Failure>) -> Result<(), Failure> {
        let response = self.ask(&agent(None), request).map_err(|error| error.into_failure(self.output))?;
        if response.status().as_u16() != 200 {
            return self.read(response).map(drop).map_err(|error| error.into_failure(self.output));
        }
        for line in BufReader::new(response.into_body().into_reader()).lines() {
            let broken = |error: std::io::Error| ClientError::Broken { server: self.base.clone(), reason: error.to_string() };
            each(&line.map_err(|error| broken(error).into_failure(self.output))?)?;
        }
        Ok(())
    }
}
