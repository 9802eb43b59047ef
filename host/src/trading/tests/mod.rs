//! Tests of the desk against a real small venue.
