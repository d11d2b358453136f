//! Checks a deployed Crosswalk from outside, through its public API only, and removes what it created.

mod settings;
mod signature;

use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use self::signature::signature;
use crate::{
    answer::Answer,
    api::{Api, Repeat, Request},
    fault::{Fault, Shown},
    report::Report,
};

pub use self::settings::Settings;

/// How long a step may take whose request is answered at once. The first request starts a function.
const REQUEST: Duration = Duration::from_secs(45);

/// How long a change may take from the webhook to the contact: the relay, Kafka, and a consumer that is polled.
const PROPAGATION: Duration = Duration::from_mins(2);

/// A run, and what its steps have learned.
struct Smoke {
    settings: Settings,
    api: Api,
    report: Report,
    /// In the emails, tags, ids and keys of this run: nobody else has the same.
    run: String,
    token: Option<String>,
    /// The contact that the API created.
    created: Option<String>,
    /// The contact that the webhook created.
    received: Option<String>,
    webhook: WebhookState,
}

/// What the receiver has accepted.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum WebhookState {
    NotSent,
    /// An accepted `contact.created` whose contact must be removed again.
    Created,
    Deleted,
}

/// Runs all steps. One that fails does not end the run: what was created must be removed.
pub async fn run(settings: Settings) -> ExitCode {
    let mut smoke = Smoke::new(settings);
    smoke.step("Ask for the health", Smoke::check_health).await;
    smoke.step("Get an access token", Smoke::get_token).await;
    smoke.step("Create a contact", Smoke::create).await;
    smoke.step("Read it", Smoke::read).await;
    smoke.step("Send a signed webhook: a record was created", Smoke::send_created).await;
    smoke.step("Find the contact of that record", Smoke::find_received).await;
    smoke.step("Send a signed webhook: the record was deleted", Smoke::send_deleted).await;
    smoke.step("See that its contact is deleted", Smoke::see_deleted).await;
    smoke.step("Delete the first contact", Smoke::delete).await;
    smoke.step("See that it is deleted", Smoke::see_first_deleted).await;
    smoke.step("Remove what is left of this run", Smoke::clean_up).await;
    smoke.report.end()
}

impl Smoke {
    fn new(settings: Settings) -> Self {
        let (report, api) = (Report::new(), Api::new("", settings.url.clone()));
        report.note(&format!("Crosswalk at {}, connection {}", settings.url, settings.connection));
        let run = format!("smoke-{}", Uuid::now_v7().simple());
        let webhook = WebhookState::NotSent;
        Self { settings, api, report, run, token: None, created: None, received: None, webhook }
    }

    async fn step(&mut self, title: &str, step: impl AsyncFnOnce(&mut Self) -> Shown) {
        self.report.begin_step(title);
        match step(self).await {
            Ok(shown) => self.report.passed(&shown),
            Err(fault) => self.report.failed(&fault),
        }
    }

    async fn check_health(&mut self) -> Shown {
        let answer = self.ask(self.api.get("/health"), 200).await?;
        answer.has("/database", "up")?;
        // Without Redis requests are served, more slowly and without rate limits.
        answer.has("/redis", "up")?;
        Ok("PostgreSQL and Redis answer".into())
    }

    async fn get_token(&mut self) -> Shown {
        let request = self.api.post("/oauth/token").with_credentials(&self.settings.client);
        let answer = self.ask(request.with_form(&[("grant_type", "client_credentials")]), 200).await?;
        self.token = Some(answer.text("/access_token")?.to_owned());
        Ok("the client is known, and its secret is right".into())
    }

    async fn create(&mut self) -> Shown {
        let contact = json!({
            "firstName": "Smoke", "lastName": "Test", "email": self.email("api"), "tags": [self.run],
        });
        let request = self.api.post("/contacts").with_token(self.token()?).with_json(&contact);
        // A request whose answer was lost is sent again. The key makes it the same contact.
        let answer = self.ask(request.with_header("Idempotency-Key", &self.run), 201).await?;
        let id = answer.text("/id")?.to_owned();
        let shown = format!("contact {id}");
        self.created = Some(id);
        Ok(shown)
    }

    async fn read(&mut self) -> Shown {
        let answer = self.ask(self.get_contact(self.created()?)?, 200).await?;
        answer.has("/email", self.email("api"))?;
        Ok("it is what was created".into())
    }

    async fn send_created(&mut self) -> Shown {
        // Without a token the contact could neither be found nor removed.
        self.token()?;
        let now = Timestamp::now().to_string();
        let record = json!({
            "id": self.run,
            "acme_first_name": "Smoke",
            "acme_last_name": "Test",
            "acme_email": self.email("webhook"),
            "acme_tags": [self.run],
            "acme_status": "Lead",
            "acme_created_at": now,
            "acme_updated_at": now,
            "acme_version": 1,
        });
        self.send_webhook("contact.created", &record).await?;
        self.webhook = WebhookState::Created;
        Ok("the signature is right, and the webhook is accepted".into())
    }

    async fn find_received(&mut self) -> Shown {
        if self.webhook == WebhookState::NotSent {
            return Err(Fault::Needs("an accepted webhook"));
        }
        let path = format!("/contacts?connection={}&remoteId={}", self.settings.connection, self.run);
        let request = self.api.get(&path).with_token(self.token()?);
        let listed = |answer: &Answer| answer.has_status(200).and_then(|()| answer.text("/items/0/id").map(drop));
        let answer = request.send_within(&self.report, PROPAGATION, Repeat::UntilAsExpected, listed).await?;
        answer.has("/items/0/email", self.email("webhook"))?;
        let id = answer.text("/items/0/id")?.to_owned();
        let shown = format!("the webhook became contact {id}");
        self.received = Some(id);
        Ok(shown)
    }

    async fn send_deleted(&mut self) -> Shown {
        if self.webhook == WebhookState::NotSent {
            return Err(Fault::Needs("an accepted webhook"));
        }
        let record = json!({"id": self.run, "deletedAt": Timestamp::now().to_string()});
        self.send_webhook("contact.deleted", &record).await?;
        self.webhook = WebhookState::Deleted;
        Ok("the webhook is accepted".into())
    }

    async fn see_deleted(&mut self) -> Shown {
        let id = self.received.as_deref().ok_or(Fault::Needs("the webhook's contact"))?;
        if self.webhook != WebhookState::Deleted {
            return Err(Fault::Needs("an accepted webhook of the deletion"));
        }
        let gone = |answer: &Answer| answer.is_problem(410);
        let request = self.get_contact(id)?;
        request.send_within(&self.report, PROPAGATION, Repeat::UntilAsExpected, gone).await?;
        Ok("the deletion arrived".into())
    }

    async fn delete(&mut self) -> Shown {
        self.delete_contact(self.created()?).await?;
        Ok("deleted".into())
    }

    async fn see_first_deleted(&mut self) -> Shown {
        let answer = self.ask(self.get_contact(self.created()?)?, 410).await?;
        answer.is_problem(410)?;
        Ok("it is gone".into())
    }

    /// Also for a run in which a step before failed. A contact whose id is not known is found by its tag.
    async fn clean_up(&mut self) -> Shown {
        let token = self.token.clone().ok_or(Fault::Needs("an access token"))?;
        if self.webhook == WebhookState::Created {
            self.send_deleted().await?;
        }
        let request = self.api.get(&format!("/contacts?tag={}&limit=200", self.run)).with_token(&token);
        let answer = self.ask(request, 200).await?;
        let ids: Vec<_> = answer.items()?.iter().filter_map(|contact| contact["id"].as_str()).collect();
        for id in &ids {
            self.delete_contact(id).await?;
        }
        Ok(if ids.is_empty() { "nothing was left".into() } else { format!("deleted {}", ids.join(", ")) })
    }

    /// Sends a webhook as the CRM does. The id is the same when it is sent again, and then it is counted once.
    async fn send_webhook(&self, kind: &str, record: &Value) -> Result<(), Fault> {
        let timestamp = Timestamp::now().to_string();
        let id = format!("{}-{kind}", self.run);
        let body = json!({"event": kind, "id": id, "timestamp": timestamp, "data": record});
        let signature = signature(&self.settings.webhook_secret, &timestamp, body.to_string().as_bytes());
        let request = self.api.post(&format!("/webhooks/{}", self.settings.connection)).with_json(&body);
        let request =
            request.with_header("X-Acme-Timestamp", &timestamp).with_hidden_header("X-Acme-Signature", &signature);
        let accepted = |answer: &Answer| match answer.status {
            StatusCode::OK | StatusCode::ACCEPTED => Ok(()),
            _ => answer.has_status(202),
        };
        request.send_within(&self.report, REQUEST, Repeat::WhileUnavailable, accepted).await.map(drop)
    }

    /// A deletion whose answer was lost finds the contact deleted when it is sent again.
    async fn delete_contact(&self, id: &str) -> Result<(), Fault> {
        let request = self.api.delete(&format!("/contacts/{id}")).with_token(self.token()?);
        let deleted = |answer: &Answer| match answer.status {
            StatusCode::GONE => Ok(()),
            _ => answer.has_status(204),
        };
        let request = request.with_header("If-Match", "*");
        request.send_within(&self.report, REQUEST, Repeat::WhileUnavailable, deleted).await.map(drop)
    }

    fn get_contact(&self, id: &str) -> Result<Request, Fault> {
        Ok(self.api.get(&format!("/contacts/{id}")).with_token(self.token()?))
    }

    async fn ask(&self, request: Request, status: u16) -> Result<Answer, Fault> {
        let expected = |answer: &Answer| answer.has_status(status);
        request.send_within(&self.report, REQUEST, Repeat::WhileUnavailable, expected).await
    }

    fn email(&self, source: &str) -> String {
        format!("{}.{source}@example.com", self.run)
    }

    fn token(&self) -> Result<&str, Fault> {
        self.token.as_deref().ok_or(Fault::Needs("an access token"))
    }

    fn created(&self) -> Result<&str, Fault> {
        self.created.as_deref().ok_or(Fault::Needs("a contact"))
    }
}
