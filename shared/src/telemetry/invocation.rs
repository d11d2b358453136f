//! One invocation, and what is noted of it on the way. Whoever notes something needs no handle: it goes to the invocation
//! whose work it is part of, and outside of one to nobody.

use std::any::type_name;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task_local;

use super::{Measure, Span, Store, TraceParent, metrics};

task_local! {
    static CURRENT: Arc<Invocation>;
}

/// An invocation.
#[derive(Debug)]
pub struct Invocation {
    /// The function's own name, such as `get-contact`.
    pub function: String,
    began: Instant,
    /// What round trips are spans of, if they are to be any.
    trace: Option<TraceParent>,
    trips: [AtomicU64; 2],
    observed: Mutex<Vec<(Measure, Vec<f64>)>>,
}

/// Counts something in the invocation that is under way; 0 says that there was none, where nothing would say so too.
#[expect(clippy::cast_precision_loss, reason = "nobody counts so far")]
pub fn count(measure: Measure, number: u64) {
    let _ = CURRENT.try_with(|current| current.add(measure, number as f64));
}

/// Notes how long something took.
pub fn observe(measure: Measure, took: Duration) {
    let _ = CURRENT.try_with(|current| current.push(measure, milliseconds(took)));
}

/// Tells what was observed so far, for an invocation that lasts: what comes after is told after.
pub fn tell() {
    let _ = CURRENT.try_with(|current| current.tell());
}

impl Invocation {
    /// One that begins now; its span, if it is one.
    pub fn begin(function: String, span: Option<&Span>) -> Arc<Self> {
        let trace = span.filter(|span| span.is_wanted()).and_then(Span::context).cloned();
        Arc::new(Self { function, trace, began: Instant::now(), trips: Default::default(), observed: Mutex::default() })
    }

    /// Does work that belongs to it.
    pub async fn during<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> T {
        CURRENT.scope(Arc::clone(self), work).await
    }

    /// How often it has waited for a store.
    pub fn trips(&self, store: Store) -> u64 {
        self.trips[store as usize].load(Ordering::Relaxed)
    }

    /// How long it has lasted, in milliseconds.
    pub fn elapsed_ms(&self) -> f64 {
        milliseconds(self.began.elapsed())
    }

    /// Notes the end of a request, which was answered with this status.
    pub fn answered(&self, status: u16) {
        self.push(Measure::Requests, 1.0);
        self.push(Measure::Latency, self.elapsed_ms());
        self.push(Measure::ClientErrors, f64::from(u8::from((400..500).contains(&status))));
        self.push(Measure::ServerErrors, f64::from(u8::from(status >= 500)));
    }

    /// Tells what was observed.
    pub fn tell(&self) {
        metrics::write(&self.function, &std::mem::take(&mut *self.observed()));
    }

    fn add(&self, measure: Measure, number: f64) {
        let mut observed = self.observed();
        match observed.iter_mut().find(|(other, _)| *other == measure) {
            Some((_, values)) => values[0] += number,
            None => observed.push((measure, vec![number])),
        }
    }

    fn push(&self, measure: Measure, value: f64) {
        let mut observed = self.observed();
        match observed.iter_mut().find(|(other, _)| *other == measure) {
            Some((_, values)) => values.push(value),
            None => observed.push((measure, vec![value])),
        }
    }

    fn observed(&self) -> MutexGuard<'_, Vec<(Measure, Vec<f64>)>> {
        self.observed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a round trip. It is a span of its own where the invocation is one.
    pub(super) fn note_trip(store: Store) -> Option<Span> {
        let note = |current: &Arc<Self>| {
            current.trips[store as usize].fetch_add(1, Ordering::Relaxed);
            let mut span = Span::client(store.system(), Some(current.trace.clone()?));
            span.set("db.system.name", store.system());
            Some(span)
        };
        // An error says that nobody's work is being done.
        CURRENT.try_with(note).ok().flatten()
    }
}

/// To the microsecond.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// The name of the function whose `handle` this is: its package's, as it is in `functions/` and in the template.
pub fn name_of<H>() -> String {
    type_name::<H>().split("::").next().unwrap_or_default().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::{Invocation, Store, name_of};
    use crate::telemetry::{trip, trip_if_waiting};

    #[tokio::test]
    async fn a_round_trip_is_counted_for_the_invocation_that_makes_it() {
        let [one, other] = ["one", "other"].map(|name| Invocation::begin(name.to_owned(), None));
        let ready = async {};
        let work = async {
            trip(Store::Redis, async {}).await;
            trip_if_waiting(Store::PostgreSql, ready).await;
            trip_if_waiting(Store::PostgreSql, tokio::task::yield_now()).await;
        };
        tokio::join!(one.during(work), other.during(trip(Store::Redis, async {})));
        trip(Store::Redis, async {}).await;
        let counts = |it: &Invocation| (it.trips(Store::Redis), it.trips(Store::PostgreSql));
        assert_eq!((counts(&one), counts(&other)), ((1, 1), (1, 0)));
    }

    #[test]
    fn a_function_has_the_name_of_its_package() {
        fn of<H>(_: H) -> String {
            name_of::<H>()
        }
        assert_eq!(of(serde_json::to_string::<()>), "serde-json");
    }
}
