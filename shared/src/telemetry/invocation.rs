//! One invocation, and what is noted of it on the way. Whoever notes something needs no handle: it goes to the invocation
//! whose work it is part of, and outside of one to nobody.

use std::any::type_name;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task_local;

use super::Store;

task_local! {
    static CURRENT: Arc<Invocation>;
}

/// An invocation.
#[derive(Debug)]
pub struct Invocation {
    /// The function's own name, such as `get-contact`.
    pub function: String,
    began: Instant,
    trips: [AtomicU64; 2],
}

impl Invocation {
    /// One that begins now.
    pub fn begin(function: String) -> Arc<Self> {
        Arc::new(Self { function, began: Instant::now(), trips: Default::default() })
    }

    /// Does work that belongs to it.
    pub async fn during<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> T {
        CURRENT.scope(Arc::clone(self), work).await
    }

    /// How often it has waited for a store.
    pub fn trips(&self, store: Store) -> u64 {
        self.trips[store as usize].load(Ordering::Relaxed)
    }

    /// How long it has lasted.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The same in milliseconds, to the microsecond.
    pub fn elapsed_ms(&self) -> f64 {
        (self.elapsed().as_secs_f64() * 1e6).round() / 1e3
    }

    pub(super) fn note_trip(store: Store) {
        // An error says that nobody's work is being done.
        let _ = CURRENT.try_with(|current| current.trips[store as usize].fetch_add(1, Ordering::Relaxed));
    }
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
        let [one, other] = ["one", "other"].map(|name| Invocation::begin(name.to_owned()));
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
