//! Waiting for a condition.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use support::wait::eventually;
use tokio::time::Instant;

#[tokio::test]
async fn gives_the_value_as_soon_as_the_condition_holds() {
    let looks = Cell::new(0);
    let look = || {
        looks.set(looks.get() + 1);
        async { (looks.get() == 3).then(|| looks.get()) }
    };
    assert_eq!(eventually("the third look", Duration::from_secs(5), look).await, 3);
}

#[tokio::test]
async fn says_what_it_waited_for_and_what_it_saw() {
    let wait = eventually::<Result<(), _>, _>("spring", Duration::from_millis(50), || async { Err("snow") });
    let message = panic_of(wait).await;
    assert!(message.contains("50ms in vain for: spring"), "{message}");
    assert!(message.contains("seen last: \"snow\""), "{message}");
    assert!(message.contains(file!()), "{message}");
}

#[tokio::test]
async fn a_look_that_hangs_does_not_outlast_the_deadline() {
    let begin = Instant::now();
    let message = panic_of(eventually::<bool, _>("an answer", Duration::from_millis(50), std::future::pending)).await;
    assert!(message.contains("no look was finished"), "{message}");
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

async fn panic_of(wait: impl Future<Output = ()>) -> String {
    let panic = AssertUnwindSafe(wait).catch_unwind().await.expect_err("it waits for what never comes");
    panic.downcast_ref::<String>().expect("a message with values in it").clone()
}
