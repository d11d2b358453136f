//! A CRM account that tells and is never asked: it signs its webhooks itself, and what they say is the test's own.

use acme_crm::signature;
use crosswalk::error::Result;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{Answer, Api, Ask, TestApp};
use crate::remote::Remote;
use crate::{log, msk};

/// The topic that the tests' records say they come from.
pub const TOPIC: &str = "crosswalk.webhooks";

/// An account that is connected to a tenant.
pub struct Account<'a> {
    /// The connection, as a client of the tenant uses it.
    pub remote: Remote<'a>,
    /// What its webhooks are signed with.
    pub secret: String,
}

impl<'a> Account<'a> {
    /// Connects one to the client's tenant.
    pub async fn connect(api: &'a Api<'a>) -> Self {
        let connection = format!("cn_{}", Uuid::now_v7().simple());
        let remote = Remote::connect(api, &connection).await;
        let account = Self { remote, secret: Uuid::now_v7().simple().to_string() };
        log::never(&account.secret);
        account.store(json!({"webhookSecret": account.secret})).await;
        let name = api.test.secrets.name(&connection);
        api.test.execute(&format!("update connections set secret_name = '{name}' where id = '{connection}'")).await;
        account
    }

    /// Stores the account's secret, with these members.
    pub async fn store(&self, members: Value) {
        let mut secret = json!({"username": "crosswalk", "password": "crosswalk"});
        for (name, value) in members.as_object().into_iter().flatten() {
            secret[name] = value.clone();
        }
        self.test().secrets.put(&self.remote.connection, &secret).await;
    }

    /// Where its webhooks go.
    pub fn path(&self) -> String {
        format!("/webhooks/{}", self.remote.connection)
    }

    /// A webhook with this body, signed now.
    pub fn signed(&self, body: &[u8]) -> Ask {
        let at = Timestamp::now().to_string();
        self.claiming(&at, &signature(&self.secret, &at, body), body).header("content-type", "application/json")
    }

    /// A webhook that says that it was sent then and has this signature.
    pub fn claiming(&self, at: &str, signature: &str, body: &[u8]) -> Ask {
        let ask = self.test().ask("POST", &self.path()).at(self.remote.api.app.clone());
        ask.header("x-acme-timestamp", at).header("x-acme-signature", signature).body(body.to_vec())
    }

    /// Sends a webhook.
    pub async fn send(&self, webhook: &Value) -> Answer {
        self.signed(webhook.to_string().as_bytes()).send().await
    }

    /// Tells of a change: this event of this type, with this data. Answers our name of it.
    pub async fn tell(&self, kind: &str, event_id: &str, data: &Value) -> String {
        self.send(&webhook(kind, event_id, data)).await.expect(202).id()
    }

    /// What became of a webhook: its state, and why.
    pub async fn outcome(&self, event_id: &str) -> (String, Option<String>) {
        let row = self.remote.webhook_row(event_id).await;
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        (text("state").unwrap_or_default(), text("failure"))
    }

    fn test(&self) -> &'a TestApp {
        self.remote.api.test
    }
}

impl TestApp {
    /// Has the consumer work these webhooks, in one batch.
    pub async fn work(&self, ce_ids: &[String]) -> Result<Value> {
        let records: Vec<_> = ce_ids.iter().map(|id| msk::of_webhook(id)).collect();
        consume_webhook_events::handle(&self.app, msk::event(TOPIC, &records)).await
    }

    /// Has the consumer work these webhooks, in one batch, and expects that none is to come again.
    ///
    /// # Panics
    ///
    /// When it fails, or one is.
    pub async fn worked(&self, ce_ids: &[String]) {
        let reply = self.work(ce_ids).await.unwrap_or_else(|error| panic!("it failed: {}", error.chain()));
        assert_eq!(reply, json!({"batchItemFailures": []}));
    }
}

/// The body of a webhook.
pub fn webhook(kind: &str, event_id: &str, data: &Value) -> Value {
    json!({"event": kind, "id": event_id, "timestamp": "2026-01-01T00:00:00Z", "data": data})
}

/// The data of a deletion.
pub fn deletion(remote_id: &str, at: &str) -> Value {
    json!({"id": remote_id, "deletedAt": at})
}
