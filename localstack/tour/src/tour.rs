//! The tour itself: its steps in order, and what they hand on to each other.

use std::process::ExitCode;

use serde_json::Value;

use crate::{
    answer::Answer,
    api::{Api, Request},
    fault::{Fault, Shown},
    report::Report,
    settings::Settings,
    topic::Bookmark,
};

/// What the steps share. What a step brings is empty until it has passed.
pub struct Tour {
    pub settings: Settings,
    pub api: Api,
    pub crm: Api,
    pub report: Report,
    /// Where the topic ended when the tour began.
    pub bookmark: Result<Bookmark, Fault>,
    token: Option<String>,
    contact: Option<Value>,
    /// What the batch's contacts are tagged with.
    tag: Option<String>,
    crm_token: Option<String>,
    pair: Option<Pair>,
}

/// A record in the CRM, and the contact here that is the same.
#[derive(Clone)]
pub struct Pair {
    pub record: String,
    pub contact: String,
}

impl Tour {
    pub async fn begin(settings: Settings) -> Self {
        let report = Report::new();
        report.begin(&settings.url, &settings.brokers, &settings.crm_url);
        let bookmark = Bookmark::at_the_end(&settings.brokers).await;
        let (api, crm) = (Api::new("", settings.url.clone()), Api::new("AcmeCRM: ", settings.crm_url.clone()));
        let (token, contact, tag, crm_token, pair) = (None, None, None, None, None);
        Self { settings, api, crm, report, bookmark, token, contact, tag, crm_token, pair }
    }

    /// Takes one step and ticks it. A step that fails doesn't end the tour: those that need it fail in their turn.
    pub async fn step(&mut self, title: &str, step: impl AsyncFnOnce(&mut Self) -> Shown) {
        self.report.begin_step(title);
        match step(self).await {
            Ok(shown) => self.report.passed(&shown),
            Err(fault) => self.report.failed(&fault),
        }
    }

    pub fn end(self) -> ExitCode {
        self.report.end()
    }

    /// Sends a request and shows both sides.
    pub async fn ask(&self, request: Request) -> Result<Answer, Fault> {
        request.send(&self.report).await
    }

    /// Sends a request until its answer is as it should be: what happens on the other side takes its time.
    pub async fn ask_until(
        &self,
        request: Request,
        as_it_should_be: impl Fn(&Answer) -> Result<(), Fault>,
    ) -> Result<Answer, Fault> {
        request.send_until(&self.report, as_it_should_be).await
    }

    pub fn keep_token(&mut self, token: &str) {
        self.token = Some(token.to_owned());
    }

    pub fn token(&self) -> Result<&str, Fault> {
        self.token.as_deref().ok_or(Fault::Needs("an access token"))
    }

    /// Keeps the contact as the API last told it.
    pub fn keep_contact(&mut self, contact: Value) {
        self.contact = Some(contact);
    }

    pub fn contact(&self) -> Result<&Value, Fault> {
        self.contact.as_ref().ok_or(Fault::Needs("a contact"))
    }

    pub fn contact_id(&self) -> Result<&str, Fault> {
        self.contact()?["id"].as_str().ok_or(Fault::Needs("the contact's id"))
    }

    pub fn keep_tag(&mut self, tag: String) {
        self.tag = Some(tag);
    }

    pub fn tag(&self) -> Result<&str, Fault> {
        self.tag.as_deref().ok_or(Fault::Needs("a tag"))
    }

    /// The path of the contact.
    pub fn contact_path(&self) -> Result<String, Fault> {
        Ok(format!("/contacts/{}", self.contact_id()?))
    }

    pub fn keep_crm_token(&mut self, token: String) {
        self.crm_token = Some(token);
    }

    pub fn crm_token(&self) -> Result<&str, Fault> {
        self.crm_token.as_deref().ok_or(Fault::Needs("a token of the CRM"))
    }

    pub fn keep_pair(&mut self, pair: Pair) {
        self.pair = Some(pair);
    }

    pub fn pair(&self) -> Result<&Pair, Fault> {
        self.pair.as_ref().ok_or(Fault::Needs("a record of the CRM and its contact"))
    }
}

impl Pair {
    /// The path of the contact.
    pub fn contact_path(&self) -> String {
        format!("/contacts/{}", self.contact)
    }

    /// The path of the record, in the CRM.
    pub fn record_path(&self) -> String {
        format!("/contacts/{}", self.record)
    }
}
