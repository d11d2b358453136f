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
    pub report: Report,
    /// Where the topic ended when the tour began.
    pub bookmark: Result<Bookmark, Fault>,
    token: Option<String>,
    contact: Option<Value>,
    /// What the batch's contacts are tagged with.
    tag: Option<String>,
}

impl Tour {
    pub async fn begin(settings: Settings) -> Self {
        let report = Report::new();
        report.begin(&settings.url, &settings.brokers);
        let bookmark = Bookmark::at_the_end(&settings.brokers).await;
        Self { api: Api::new(settings.url.clone()), settings, report, bookmark, token: None, contact: None, tag: None }
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
}
