//! Events made by hand, good ones and bad ones.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Delivery;
use super::delivery::{Forgery, event_id};
use super::send::{cause, send};
use crate::crm::Crm;
use crate::problem::{Fault, Problem};
use crate::settings::Webhook;
use crate::time;

/// What is to be sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ByHand {
    event: Option<String>,
    data: Option<Value>,
    id: Option<String>,
    /// Anything, since it may be meant to be wrong.
    timestamp: Option<Value>,
    /// In place of the right one.
    signature: Option<String>,
    /// In place of now; it is signed.
    signature_timestamp: Option<String>,
    /// To sign with, in place of the right one.
    secret: Option<String>,
    /// The body as it is, in place of an event.
    raw: Option<String>,
}

impl ByHand {
    pub(crate) fn into_delivery(self) -> Result<Delivery, Problem> {
        let forgery = Forgery {
            signature: self.signature,
            signature_timestamp: self.signature_timestamp,
            secret: self.secret,
            raw: self.raw.is_some(),
        };
        let id = self.id.unwrap_or_else(event_id);
        let at = time::text(time::after(None));
        let record = self.data.as_ref().and_then(|data| data["id"].as_str()).unwrap_or_default().to_owned();
        let delivery = if let Some(raw) = self.raw {
            Delivery::queued(id, self.event.unwrap_or_default(), record, at, raw)
        } else {
            let missing =
                |field: &str| Problem::Invalid(vec![Fault { field: field.to_owned(), message: "is required, or raw" }]);
            let event = self.event.ok_or_else(|| missing("event"))?;
            let data = self.data.ok_or_else(|| missing("data"))?;
            let timestamp = self.timestamp.unwrap_or_else(|| at.clone().into());
            let body = json!({"event": event, "id": id, "timestamp": timestamp, "data": data});
            Delivery::queued(id, event, record, at, body.to_string())
        };
        Ok(Delivery { forgery, ..delivery })
    }
}

/// Sends one now, whatever is queued or held back, and tells what the receiver said.
pub(crate) async fn send_once(crm: &Crm, webhook: &Webhook, delivery: &Delivery) -> Value {
    match send(&crm.client, webhook, delivery).await {
        Ok(response) => {
            let status = response.status().as_u16();
            let text = response.text().await.unwrap_or_default();
            let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
            json!({"status": status, "body": body})
        }
        Err(error) => json!({"status": null, "body": null, "error": cause(&error)}),
    }
}
