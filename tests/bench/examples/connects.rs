//! A function that connects to what `CONNECTS` names, all at once and by the same libraries as Crosswalk, and answers its
//! first request when that is done: the floor of a cold start.

use std::convert::Infallible;
use std::env;
use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use lambda_http::{Body, Request, Response, service_fn};
use serde_json::Value;
use tokio::sync::watch;
use tokio_postgres::NoTls;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let (done, connected) = watch::channel(false);
    tokio::spawn(async move {
        connect().await;
        done.send_replace(true);
    });
    lambda_http::run(service_fn(|_: Request| {
        let mut connected = connected.clone();
        async move {
            // An error would mean that the connecting has panicked, and then this never answers.
            let _ = connected.wait_for(|connected| *connected).await;
            Ok::<_, Infallible>(Response::new(Body::Empty))
        }
    }))
    .await
}

async fn connect() {
    let config = crosswalk::config::aws().await;
    let secrets = Arc::new(Client::new(&config));
    let wanted = env::var("CONNECTS").expect("CONNECTS names the stores");
    let stores = wanted.split(',').map(|store| tokio::spawn(reach(store.to_owned(), Arc::clone(&secrets))));
    for store in stores.collect::<Vec<_>>() {
        store.await.expect("the store answers");
    }
}

async fn reach(store: String, secrets: Arc<Client>) {
    match store.as_str() {
        "postgresql" => postgresql(&secrets).await,
        "redis" => redis(&secrets).await,
        name => drop(secret(&secrets, name).await),
    }
}

async fn postgresql(secrets: &Client) {
    let credentials = secret(secrets, "CROSSWALK_DATABASE_SECRET").await;
    let text = |name: &str| credentials[name].as_str().expect("a text").to_owned();
    let mut config = tokio_postgres::Config::new();
    config.host(text("host")).port(credentials["port"].as_u64().and_then(|port| port.try_into().ok()).expect("a port"));
    config.dbname(text("dbname")).user(text("username")).password(text("password"));
    let (client, connection) = config.connect(NoTls).await.expect("PostgreSQL answers");
    tokio::spawn(connection);
    client.simple_query("select 1").await.expect("PostgreSQL answers");
    // Connected for as long as the instance lives.
    std::mem::forget(client);
}

async fn redis(secrets: &Client) {
    let url = secret(secrets, "CROSSWALK_REDIS_SECRET").await;
    let client = redis::Client::open(url["url"].as_str().expect("a URL")).expect("a URL of Redis");
    let mut connection = client.get_multiplexed_async_connection().await.expect("Redis answers");
    redis::cmd("PING").exec_async(&mut connection).await.expect("Redis answers");
}

/// The value of the secret whose name is in this variable.
async fn secret(secrets: &Client, variable: &str) -> Value {
    let name = env::var(variable).expect("the environment names the secret");
    let secret = secrets.get_secret_value().secret_id(name).send().await.expect("Secrets Manager answers");
    serde_json::from_str(&secret.secret_string.expect("a text")).expect("JSON")
}
