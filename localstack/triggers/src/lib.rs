//! Plays the parts of AWS around a SAM template's functions that `cargo lambda watch` leaves out.
//!
//! The template is the one source of all of it: [`router`] makes the routing table `cargo lambda watch` takes,
//! [`schedule`] calls functions at their times through the Invoke API, and [`mapping`] calls them with the records of
//! Kafka topics. What triggers a function locally is therefore what triggers it when deployed. Each kind of trigger has a file in [`template`] that reads it and a
//! module that plays it.

pub mod invoke;
pub mod mapping;
pub mod origin;
pub mod router;
pub mod schedule;
pub mod template;
