//! A CRM of a test's own: the simulator over HTTP, with an account that a tenant has connected.

use std::time::Duration;

use acme_crm::{Faults, Running, Settings, Simulator, Webhook};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::app::Api;
use crate::{log, services};

/// What is asked of the CRM by a test is answered within this time, whatever the faults.
const PATIENCE: Duration = Duration::from_secs(20);

/// Fast enough that no test waits for a pause.
const CALLS_A_SECOND: u32 = 10_000;

/// A CRM account that is connected to a tenant. Each test talks to it as the CRM's own users do.
pub struct Crm {
    /// The connection's id.
    pub connection: String,
    /// What its webhooks are signed with.
    pub webhook_secret: String,
    tenant: String,
    settings: Settings,
    running: Option<Running>,
    address: String,
    http: Client,
}

impl Crm {
    /// Starts a CRM and connects it to the client's tenant.
    ///
    /// # Panics
    ///
    /// When its Redis is not there.
    pub async fn connect(api: &Api<'_>) -> Self {
        let connection = format!("cn_{}", Uuid::now_v7().simple());
        let mut settings = Settings::new(services::crm_redis_url(), connection.clone());
        (settings.requests_per_second, settings.burst) = (CALLS_A_SECOND, CALLS_A_SECOND);
        settings.retry.first = Duration::from_millis(50);
        settings.retry.most = Duration::from_millis(500);
        settings.retry.tries = 200;
        let webhook_secret = Uuid::now_v7().simple().to_string();
        log::never(&webhook_secret);
        let running = start(settings.clone(), "127.0.0.1:0").await;
        let url = running.url();
        let address = url.trim_start_matches("http://").to_owned();
        let (test, tenant) = (api.test, api.client.tenant.clone());
        let secret = json!({
            "username": settings.username, "password": settings.password, "webhookSecret": webhook_secret,
        });
        test.secrets.put(&connection, &secret).await;
        let name = test.secrets.name(&connection);
        let sql = "insert into connections (tenant_id, id, crm, base_url, secret_name) values ($1, $2, 'acme', $3, $4)";
        let made = test.sql.execute(sql, &[&tenant, &connection, &url, &name]).await;
        made.unwrap_or_else(|error| panic!("no connection: {error:?}"));
        let http = Client::builder().timeout(PATIENCE).build().expect("a client without TLS needs nothing");
        Self { connection, webhook_secret, tenant, settings, running: Some(running), address, http }
    }

    /// From now on changes are told to this receiver.
    pub fn tell(&mut self, receiver: &str) {
        let webhook =
            Webhook { url: format!("{receiver}/webhooks/{}", self.connection), secret: self.webhook_secret.clone() };
        self.settings.webhook = Some(webhook.clone());
        if let Some(running) = &self.running {
            running.set_webhook(webhook);
        }
    }

    /// Sets whose change is kept where both sides have one.
    pub async fn policy(&self, api: &Api<'_>, policy: &str) {
        let (tenant, id) = (&self.tenant, &self.connection);
        let sql =
            format!("update connections set conflict_policy = '{policy}' where (tenant_id, id) = ('{tenant}', '{id}')");
        api.test.execute(&sql).await;
    }

    /// From now on these faults are in force, and no others.
    pub fn faults(&self, faults: Faults) {
        if let Some(running) = &self.running {
            running.set_faults(faults);
        }
    }

    /// The trace contexts of what it was asked.
    pub fn traces(&self) -> Vec<String> {
        self.running.as_ref().map(Running::traces).unwrap_or_default()
    }

    /// Stops it: nobody listens at its address any more.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    /// Starts it again, with all that it had.
    ///
    /// # Panics
    ///
    /// When somebody else listens at its address.
    pub async fn start_again(&mut self) {
        self.running = Some(start(self.settings.clone(), &self.address).await);
    }

    /// Somebody makes a record.
    pub async fn create(&self, record: &Value) -> Value {
        self.ask(Method::POST, "/contacts", Some(record)).await
    }

    /// Somebody changes members of a record.
    pub async fn patch(&self, id: &str, part: &Value) -> Value {
        self.ask(Method::PATCH, &format!("/contacts/{id}"), Some(part)).await
    }

    /// Somebody deletes a record.
    pub async fn delete(&self, id: &str) {
        self.ask(Method::DELETE, &format!("/contacts/{id}"), None).await;
    }

    /// A record as it is.
    pub async fn record(&self, id: &str) -> Value {
        self.ask(Method::GET, &format!("/contacts/{id}"), None).await
    }

    /// All records.
    ///
    /// # Panics
    ///
    /// When the CRM answers with something else than pages.
    pub async fn records(&self) -> Vec<Value> {
        let (mut records, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.ask(Method::GET, &format!("/contacts?limit=200{cursor}"), None).await;
            records.extend(page["items"].as_array().unwrap_or_else(|| panic!("no page: {page}")).iter().cloned());
            let Some(next) = page["next"].as_str() else { return records };
            cursor = format!("&cursor={next}");
        }
    }

    /// The records that carry the id of a contact of ours.
    ///
    /// # Panics
    ///
    /// When the CRM answers with something else than a page.
    pub async fn records_of(&self, contact: &str) -> Vec<Value> {
        let page = self.ask(Method::GET, &format!("/contacts?external_id={contact}"), None).await;
        page["items"].as_array().unwrap_or_else(|| panic!("no page: {page}")).clone()
    }

    /// How often a route was asked, such as `POST /contacts`.
    pub async fn asked(&self, route: &str) -> u64 {
        self.steer(Method::GET, "/simulator/requests", None).await[route].as_u64().unwrap_or_default()
    }

    /// How many webhooks are still to be delivered.
    pub async fn pending(&self) -> usize {
        let pending = self.steer(Method::GET, "/simulator/deliveries?state=pending", None).await;
        pending.as_array().or_else(|| pending["items"].as_array()).map_or(usize::MAX, Vec::len)
    }

    /// All webhooks so far: the event's id, and whether it is `pending`, `delivered` or `failed`.
    ///
    /// # Panics
    ///
    /// When the CRM answers with something else than a list.
    pub async fn deliveries(&self) -> Vec<(String, String)> {
        let all = self.steer(Method::GET, "/simulator/deliveries?limit=1000000", None).await;
        let all = all["items"].as_array().unwrap_or_else(|| panic!("no list: {all}"));
        let text = |delivery: &Value, name: &str| delivery[name].as_str().unwrap_or_default().to_owned();
        all.iter().map(|delivery| (text(delivery, "id"), text(delivery, "state"))).collect()
    }

    /// Sends a webhook by hand and waits for what it is told.
    pub async fn send(&self, webhook: &Value) -> Value {
        self.steer(Method::POST, "/simulator/webhooks?wait=true", Some(webhook)).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let token = self.login().await;
        self.request(method, path, body, Some(&token)).await
    }

    async fn steer(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        self.request(method, path, body, None).await
    }

    async fn login(&self) -> String {
        let credentials = json!({"username": self.settings.username, "password": self.settings.password});
        let pass = self.request(Method::POST, "/auth/login", Some(&credentials), None).await;
        pass["token"].as_str().unwrap_or_else(|| panic!("no token: {pass}")).to_owned()
    }

    async fn request(&self, method: Method, path: &str, body: Option<&Value>, token: Option<&str>) -> Value {
        let url = format!("http://{}{path}", self.address);
        let mut request = self.http.request(method.clone(), &url);
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap_or_else(|error| panic!("{method} {url}: {error}"));
        let status = answer.status();
        let text = answer.text().await.unwrap_or_else(|error| panic!("{method} {url}: {error}"));
        assert!(status.is_success(), "{method} {url}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

impl Api<'_> {
    /// The one contact of the tenant, with its links.
    ///
    /// # Panics
    ///
    /// When there are more, or none.
    pub async fn only_contact(&self) -> Value {
        let contacts = self.pages("/contacts?include=links").await;
        let [contact] = contacts.as_slice() else { panic!("not one contact: {contacts:?}") };
        contact.clone()
    }
}

/// A record as somebody types it into the CRM.
pub fn typed(first: &str) -> Value {
    json!({
        "acme_first_name": first,
        "acme_last_name": "Lovelace",
        "acme_email": format!("{}@example.com", first.to_lowercase()),
        "acme_status": "Active",
    })
}

async fn start(settings: Settings, address: &str) -> Running {
    let listener = TcpListener::bind(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
    Simulator::start(settings, listener).await.unwrap_or_else(|error| panic!("no CRM: {error}"))
}
