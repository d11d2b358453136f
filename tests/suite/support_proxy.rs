//! The proxy before the real PostgreSQL and Redis: what it counts, and what it breaks.

use std::io::ErrorKind;
use std::time::Duration;

use futures::future::{join_all, try_join_all};
use support::proxy::Proxy;
use support::services;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_postgres::{Client, NoTls};

#[tokio::test]
async fn one_statement_is_one_trip_and_preparing_it_another() {
    let (proxy, client) = postgres().await;
    let (statement, trips) = proxy.count(client.prepare("select $1::int + 1")).await;
    assert_eq!(trips, 1);
    let statement = statement.unwrap();
    let (row, trips) = proxy.count(client.query_one(&statement, &[&1])).await;
    assert_eq!((row.unwrap().get::<_, i32>(0), trips), (2, 1));
    let (_, trips) = proxy.count(client.query_one("select $1::int", &[&1])).await;
    assert_eq!(trips, 2, "prepared anew, then executed");
}

#[tokio::test]
async fn a_large_answer_is_one_trip() {
    let (proxy, client) = postgres().await;
    let statement = client.prepare("select repeat('x', 100) from generate_series(1, 50000)").await.unwrap();
    let (rows, trips) = proxy.count(client.query(&statement, &[])).await;
    assert_eq!((rows.unwrap().len(), trips), (50_000, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_is_one_trip_however_often() {
    let (proxy, client) = postgres().await;
    let statement = client.prepare("select $1::int").await.unwrap();
    for round in 0..20 {
        let query = async |number: i32| client.query_one(&statement, &[&number]).await;
        let (rows, trips) = proxy.count(try_join_all((1..=4).map(query))).await;
        assert_eq!((rows.unwrap().len(), trips), (4, 1), "round {round}");
    }
}

#[tokio::test]
async fn a_redis_pipeline_is_one_trip_and_two_commands_are_two() {
    let (proxy, url) = Proxy::before(&services::redis_url()).await;
    let client = redis::Client::open(url).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let mut pipeline = redis::pipe();
    pipeline.cmd("PING").cmd("PING").cmd("PING");
    let (pongs, trips) = proxy.count(pipeline.query_async::<Vec<String>>(&mut redis)).await;
    assert_eq!((pongs.unwrap().len(), trips), (3, 1));
    let two = async {
        redis::cmd("PING").query_async::<String>(&mut redis).await.unwrap();
        redis::cmd("PING").query_async::<String>(&mut redis).await.unwrap();
    };
    assert_eq!(proxy.count(two).await.1, 2);
}

#[tokio::test]
async fn connections_count_separately() {
    let (proxy, url) = Proxy::before(&services::database_url()).await;
    let clients = [connect(&url).await, connect(&url).await];
    let (_, trips) = proxy.count(join_all(clients.iter().map(|client| client.simple_query("select 1")))).await;
    assert_eq!(trips, 2);
}

#[tokio::test]
async fn a_goodbye_is_no_trip() {
    let (proxy, client) = postgres().await;
    let ((), trips) = proxy.count(async { drop(client) }).await;
    assert_eq!(trips, 0);
}

#[tokio::test]
async fn cut_closes_what_is_open_and_refuses_what_comes() {
    let (proxy, client) = postgres().await;
    proxy.cut().await;
    client.simple_query("select 1").await.expect_err("the connection is closed");
    let refused = TcpStream::connect(proxy.address()).await.expect_err("nobody listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    proxy.pass().await;
    TcpStream::connect(proxy.address()).await.expect("the same address is back");
}

#[tokio::test]
async fn stall_accepts_and_says_nothing_until_it_passes() {
    let (proxy, client) = postgres().await;
    proxy.stall().await;
    TcpStream::connect(proxy.address()).await.expect("it accepts");
    let query = client.simple_query("select 1");
    tokio::pin!(query);
    timeout(Duration::from_millis(100), &mut query).await.expect_err("it says nothing");
    proxy.pass().await;
    query.await.expect("what was held back goes on");
}

#[tokio::test]
async fn delay_holds_each_answer_back() {
    let (proxy, client) = postgres().await;
    proxy.delay(Duration::from_millis(50)).await;
    let begin = Instant::now();
    client.simple_query("select 1").await.unwrap();
    client.simple_query("select 1").await.unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(100), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn reset_breaks_each_connection_hard_and_once_lets_the_next_live() {
    let (proxy, _) = Proxy::before(&services::redis_url()).await;
    let mut old = TcpStream::connect(proxy.address()).await.unwrap();
    ping(&mut old).await.unwrap();
    proxy.reset().await;
    assert_eq!(ping(&mut old).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let new = TcpStream::connect(proxy.address()).await;
    assert!(match new {
        Ok(mut new) => ping(&mut new).await.is_err(),
        Err(_) => true,
    });
    proxy.pass().await;
    let mut healthy = TcpStream::connect(proxy.address()).await.unwrap();
    ping(&mut healthy).await.unwrap();
    proxy.reset_once().await;
    assert_eq!(ping(&mut healthy).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let mut next = TcpStream::connect(proxy.address()).await.unwrap();
    ping(&mut next).await.expect("the server is back");
}

#[tokio::test]
async fn an_address_is_given_on_when_it_is_free_and_not_before() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, target) = (free.local_addr().unwrap().to_string(), free.local_addr().unwrap().to_string());
    drop(free);
    // On one thread nothing of the first has ended yet when the second asks.
    for _ in 0..3 {
        drop(Proxy::on(&address, &target).await);
    }
}

async fn ping(redis: &mut TcpStream) -> std::io::Result<()> {
    redis.write_all(b"PING\r\n").await?;
    let mut pong = [0; 7];
    redis.read_exact(&mut pong).await?;
    assert_eq!(&pong, b"+PONG\r\n");
    Ok(())
}

async fn postgres() -> (Proxy, Client) {
    let (proxy, url) = Proxy::before(&services::database_url()).await;
    let client = connect(&url).await;
    (proxy, client)
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
