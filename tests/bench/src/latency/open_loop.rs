//! Requests that begin by the clock: a slow answer makes none of them wait, and so hides nothing.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::join_all;
use serde_json::Value;
use support::gateway;
use support::runtime_api::Function;
use tokio::time::{Instant as Tick, sleep_until};

/// A request that was answered.
pub struct Answered {
    /// When it was begun.
    pub begun: Instant,
    /// When the answer was there.
    pub ended: Instant,
    answer: Bytes,
}

/// Invokes the function with each of these events, so many a second.
///
/// # Panics
///
/// When an answer fails to come.
pub async fn at_rate(function: &Function, events: Vec<Bytes>, per_second: usize) -> Vec<Answered> {
    let per_second = u32::try_from(per_second).expect("no rate is that high");
    let (start, period) = (Tick::now(), Duration::from_secs(1) / per_second);
    let mut requests = Vec::with_capacity(events.len());
    for (number, event) in (0..).zip(events) {
        sleep_until(start + period * number).await;
        let begun = Instant::now();
        let answer = function.invoke_bytes(event);
        requests.push(tokio::spawn(async move {
            let answer = answer.await.unwrap_or_else(|error| panic!("no answer: {error}"));
            Answered { begun, ended: Instant::now(), answer }
        }));
    }
    let answered = join_all(requests).await.into_iter();
    answered.map(|request| request.expect("a request doesn't panic")).collect()
}

impl Answered {
    /// The answer's body, which is not read while others are timed.
    ///
    /// # Panics
    ///
    /// When the status is another.
    pub fn expect(&self, status: u16) -> Value {
        let answer = serde_json::from_slice(&self.answer).expect("the answer is JSON");
        let (head, body) = gateway::response(&answer).into_parts();
        assert_eq!(head.status, status, "{}", body.escape_ascii());
        serde_json::from_slice(&body).expect("the body is JSON")
    }
}
