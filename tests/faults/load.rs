//! Writers that keep the relay at work, before or while something happens to it.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use serde_json::json;
use support::app::{Api, ada};

/// Changes the contact from each of these versions to the next.
pub async fn change(api: &Api<'_>, id: &str, versions: RangeInclusive<i64>) {
    for version in versions {
        api.patch(id, version, &json!({"notes": version.to_string()})).await.expect(200);
    }
}

/// Lets so many writers each change a contact of its own again and again, until the work is done.
pub async fn while_writing<T>(api: &Api<'_>, writers: usize, work: impl Future<Output = T>) -> T {
    let done = AtomicBool::new(false);
    let work = async {
        let outcome = work.await;
        done.store(true, Ordering::Relaxed);
        outcome
    };
    let (_, outcome) = tokio::join!(join_all((0..writers).map(|_| write(api, &done))), work);
    outcome
}

async fn write(api: &Api<'_>, done: &AtomicBool) {
    let id = api.create(&ada()).await.expect(201).id();
    let mut version = 1;
    while !done.load(Ordering::Relaxed) {
        change(api, &id, version..=version).await;
        version += 1;
    }
}
