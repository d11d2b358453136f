//! Events: what others hear of a contact, in the order it happened.

use serde_json::Value;

use crate::{
    fault::{Fault, Shown, member_is},
    topic::{Event, TOPIC},
    tour::Tour,
};

/// What a `CloudEvents` 1.0 message carries in its headers here, beside the data.
const ATTRIBUTES: [&str; 6] = ["ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_tenantid"];

pub async fn read_back(tour: &mut Tour) -> Shown {
    let id = tour.contact_id()?;
    let bookmark = tour.bookmark.as_ref().map_err(Clone::clone)?;
    tour.report.asked(&format!("{TOPIC} from where it ended when the tour began, key {id}"));
    let events = bookmark.events_since(id, 4).await?;
    for event in &events {
        let (kind, version) = (event.header("ce_type"), &event.value["version"]);
        tour.report.answered(&format!("{kind}  version {version}  changed {}", event.value["changedFields"]));
    }
    let [created, updated, deleted, restored] = events.as_slice() else {
        return Err(Fault::unexpected("the number of events", &4, &events.len()));
    };
    is_event(created, "contact.created", 1)?;
    member_is(&created.value, "/before", Value::Null)?;
    member_is(&created.value, "/after/id", id)?;

    is_event(updated, "contact.updated", 2)?;
    member_is(&updated.value, "/before/title", created.value["after"]["title"].clone())?;
    member_is(&updated.value, "/after/title", tour.contact()?["title"].clone())?;
    member_is(&updated.value, "/changedFields", vec!["title"])?;

    is_event(deleted, "contact.deleted", 3)?;
    is_event(restored, "contact.restored", 4)?;
    member_is(&restored.value, "/before", deleted.value["after"].clone())?;
    member_is(&restored.value, "/after", tour.contact()?.clone())?;
    Ok("created, updated, deleted and restored, as it happened".into())
}

fn is_event(event: &Event, kind: &str, version: u32) -> Result<(), Fault> {
    for attribute in ATTRIBUTES {
        if event.header(attribute).is_empty() {
            return Err(Fault::unexpected(format!("the header {attribute}"), &"there", &"absent"));
        }
    }
    if event.header("ce_type") != kind {
        return Err(Fault::unexpected("the header ce_type", &kind, &event.header("ce_type")));
    }
    member_is(&event.value, "/version", version)
}
