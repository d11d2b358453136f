//! Secrets Manager's part in a rotation: it asks a function for one step after the other, and again where one failed.

use lambda_http::lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use uuid::Uuid;

/// The steps, in their order.
pub const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

/// The rotation of a secret to one new version.
pub struct Rotation {
    secret: String,
    version: String,
}

impl Rotation {
    /// One that nothing was done for yet.
    pub fn of(secret: impl Into<String>) -> Self {
        Self { secret: secret.into(), version: Uuid::new_v4().to_string() }
    }

    /// What the function gets for a step.
    pub fn event(&self, step: &str) -> Value {
        json!({"SecretId": self.secret, "ClientRequestToken": self.version, "Step": step})
    }

    /// The same, as the runtime hands it over.
    pub fn asks(&self, step: &str) -> LambdaEvent<Value> {
        LambdaEvent::new(self.event(step), Context::default())
    }
}
