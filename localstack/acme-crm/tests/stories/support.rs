//! A CRM of one test, and a client of it.

use std::env;
use std::time::Duration;

use acme_crm::{Faults, Retry, Running, Settings, Simulator, Webhook};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::support_receiver::{Receiver, SECRET};

/// Long enough for a machine that is busy compiling.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Where the tests' Redis is. A test without it fails, for a test that is skipped proves nothing.
pub fn redis_url() -> String {
    let named = |name| env::var(name).ok();
    named("CRM_REDIS_URL").or_else(|| named("REDIS_URL")).expect(
        "neither CRM_REDIS_URL nor REDIS_URL is set. Run `make test`; or start the services with \
         `localstack/local.sh services up`, and then `. .local/services.env` before `cargo test`",
    )
}

/// Settings of a CRM of its own that is quick to try again and slow to say that it is too much.
pub fn settings() -> Settings {
    Settings {
        requests_per_second: 10_000,
        burst: 10_000,
        retry: Retry { first: Duration::from_millis(10), most: Duration::from_millis(50), ..Retry::default() },
        ..Settings::new(redis_url(), format!("test-{}", Uuid::now_v7().simple()))
    }
}

/// A running CRM, somebody who has logged in, and the keys to be removed at the end.
pub struct Crm {
    pub running: Running,
    pub settings: Settings,
    http: Client,
    token: String,
    /// Held for what happens when it is dropped.
    keys: Keys,
}

impl Crm {
    /// One that tells nobody.
    pub async fn alone() -> Self {
        Self::with(settings()).await
    }

    /// One that tells a receiver.
    pub async fn telling(receiver: &Receiver) -> Self {
        Self::with(Settings { webhook: Some(receiver.webhook()), ..settings() }).await
    }

    pub async fn with(settings: Settings) -> Self {
        let keys = Keys { url: settings.redis_url.clone(), prefix: settings.prefix.clone() };
        Self::start(settings, keys).await
    }

    /// It is killed, and one with the same data takes its place.
    pub async fn restarted(self) -> Self {
        let Self { running, settings, keys, .. } = self;
        drop(running);
        Self::start(settings, keys).await
    }

    async fn start(settings: Settings, keys: Keys) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let running = Simulator::start(settings.clone(), listener).await.expect("a CRM");
        // A connection that is kept would be one that a test closes under another's feet.
        let http = Client::builder().no_proxy().pool_max_idle_per_host(0).build().expect("a client");
        let mut crm = Self { running, settings, http, token: String::new(), keys };
        let (status, answer) = crm.login("crosswalk", "crosswalk").await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["token"].as_str().expect("a token").clone_into(&mut crm.token);
        crm
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    pub async fn login(&self, username: &str, password: &str) -> (StatusCode, Value) {
        let body = json!({"username": username, "password": password});
        answer(self.bare(Method::POST, "/auth/login").json(&body).send().await.expect("an answer")).await
    }

    /// A request without a token.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.running.url()))
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        answer(self.request(Method::GET, path).send().await.expect("an answer")).await
    }

    pub async fn send(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        answer(self.request(method, path).json(body).send().await.expect("an answer")).await
    }

    /// Makes a contact.
    pub async fn create(&self, members: &Value) -> Value {
        let (status, record) = self.send(Method::POST, "/contacts", members).await;
        assert_eq!(status, StatusCode::CREATED, "{record}");
        record
    }

    /// Changes members of a contact.
    pub async fn patch(&self, id: &str, members: &Value) -> Value {
        let (status, record) = self.send(Method::PATCH, &format!("/contacts/{id}"), members).await;
        assert_eq!(status, StatusCode::OK, "{record}");
        record
    }

    pub async fn delete(&self, id: &str) {
        let (status, answer) = self.send(Method::DELETE, &format!("/contacts/{id}"), &Value::Null).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
    }

    pub async fn count(&self) -> u64 {
        self.get("/simulator/contacts/count").await.1["count"].as_u64().expect("a number")
    }

    /// The deliveries that a query finds, newest first.
    pub async fn deliveries(&self, query: &str) -> Vec<Value> {
        let (status, answer) = self.get(&format!("/simulator/deliveries?{query}")).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["items"].as_array().expect("a list").clone()
    }

    /// Waits until nothing is left to be sent.
    pub async fn settled(&self) {
        eventually("no delivery is pending", async || self.deliveries("state=pending").await.is_empty()).await;
    }

    /// Puts faults in force, over HTTP.
    pub async fn fault(&self, faults: &Value) {
        let (status, answer) = self.send(Method::PUT, "/simulator/faults", faults).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }

    pub fn no_faults(&self) {
        self.running.set_faults(Faults::default());
    }
}

/// The webhook of a receiver at this address.
pub fn webhook(url: &str) -> Webhook {
    Webhook { url: url.to_owned(), secret: SECRET.to_owned() }
}

pub fn ada() -> Value {
    json!({"acme_first_name": "Ada", "acme_last_name": "Lovelace", "acme_email": "ada@example.com"})
}

/// Ada with these members as well.
pub fn ada_with(members: Value) -> Value {
    let mut ada = ada();
    let Value::Object(members) = members else { panic!("{members}") };
    ada.as_object_mut().expect("an object").extend(members);
    ada
}

pub fn id(record: &Value) -> &str {
    record["id"].as_str().expect("an id")
}

/// A status, and a body of JSON if there is one.
pub async fn answer(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// Looks again and again until something is so.
pub async fn eventually(what: &str, look: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !look().await {
        assert!(Instant::now() < deadline, "waited in vain for: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// The keys of a CRM, which go with it.
struct Keys {
    url: String,
    prefix: String,
}

impl Drop for Keys {
    fn drop(&mut self) {
        let remove = || -> redis::RedisResult<()> {
            let mut connection = redis::Client::open(self.url.as_str())?.get_connection()?;
            let keys: Vec<String> = redis::cmd("KEYS").arg(format!("{{{}}}:*", self.prefix)).query(&mut connection)?;
            if keys.is_empty() { Ok(()) } else { redis::cmd("DEL").arg(keys).query(&mut connection) }
        };
        // What is left behind disturbs nobody; the next test has another prefix.
        let _ = remove();
    }
}
