//! Lambda shuts an instance down with SIGTERM: it ends its PostgreSQL sessions and exits within 500 ms.

use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use support::app::{Setup, TestApp};
use support::kafka::Topic;
use support::msk;
use support::relay::Relays;
use support::runtime_api::{Function, Signal};
use support::services;
use support::wait::eventually;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

const SOON: Duration = Duration::from_secs(20);

/// Passes bytes to PostgreSQL and back, and hides that the client has closed its connection, as a network may. Only a
/// Terminate message ends a session behind it.
async fn postgres_without_fin() -> SocketAddr {
    let url = Url::parse(&services::database_url()).unwrap();
    let target = (url.host_str().unwrap().to_owned(), url.port().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(target.clone()).await.unwrap();
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = server.into_split();
            tokio::spawn(async move {
                let mut buffer = [0; 8192];
                while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
                    to_server.write_all(&buffer[..length]).await.unwrap();
                }
                std::future::pending::<()>().await;
            });
            tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
        }
    });
    address
}

/// An application whose in-process instance has no session left, so that those of a function can be counted.
async fn start() -> TestApp {
    let address = postgres_without_fin().await;
    let test = Setup::default().database_at(&address.ip().to_string(), address.port()).start().await;
    test.app.close().await;
    sessions(&test, 0).await;
    test
}

async fn sessions(test: &TestApp, count: i64) {
    let look = || async {
        let open = test.backends("true").await;
        if open == count { Ok(()) } else { Err(open) }
    };
    eventually(&format!("{count} sessions"), SOON, look).await;
}

/// Sends SIGTERM and returns how long the process took to end.
async fn shut_down(function: &Function) -> Duration {
    let begun = Instant::now();
    let (exits, ()) = tokio::join!(function.exited(), async { function.signal(Signal::TERM) });
    let codes: Vec<_> = exits.iter().map(ExitStatus::code).collect();
    assert_eq!(codes, [Some(0)], "{}", function.log());
    begun.elapsed()
}

#[tokio::test]
async fn sigterm_ends_the_session_of_a_route() {
    let test = start().await;
    let function = Function::start("check-health", test.environment.clone()).await;
    sessions(&test, 1).await;
    shut_down(&function).await;
    sessions(&test, 0).await;
}

#[tokio::test]
async fn sigterm_ends_both_sessions_of_the_relay() {
    let (test, topic) = (start().await, Topic::create().await);
    let relay = Relays::of(&test, &topic).setting("CROSSWALK_SHIFT_SECONDS", "1").start().await;
    relay.shift().await.unwrap();
    sessions(&test, 2).await;
    shut_down(&relay.function).await;
    sessions(&test, 0).await;
}

#[tokio::test]
async fn statement_that_hangs_does_not_delay_the_end() {
    let test = start().await;
    let function = Function::start("consume-webhook-events", test.environment.clone()).await;
    let blocker = test.database.connect().await;
    blocker.batch_execute("begin; lock table parked_records").await.unwrap();
    let batch = msk::event("crosswalk.webhooks", &[msk::record("key", b"not json", &[])]);
    let answer = function.invoke(&batch.payload);
    test.waits_for_a_lock().await;
    let took = shut_down(&function).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    answer.await.unwrap_err();
}

/// Registering an extension costs a request at start, and a function without stores has nothing to close.
#[tokio::test]
async fn function_without_stores_leaves_sigterm_to_the_kernel() {
    let function = Function::start("serve-docs", [("CROSSWALK_LOG", "info")]).await;
    let (exits, ()) = tokio::join!(function.exited(), async { function.signal(Signal::TERM) });
    assert_eq!(exits[0].signal(), Some(15));
}
