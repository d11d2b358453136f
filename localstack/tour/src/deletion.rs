//! A contact deleted, gone, and brought back; and the history that tells of it.

use crate::{
    fault::{Fault, Shown, member_is},
    tour::Tour,
};

pub async fn delete(tour: &mut Tour) -> Shown {
    let (path, token) = (tour.contact_path()?, tour.token()?);
    let request = tour.api.delete(&path).with_token(token).with_header("If-Match", "\"2\"");
    let answer = tour.ask(request).await?;
    answer.has_status(204)?;
    answer.has_header("etag", "\"3\"")?;

    let gone = tour.ask(tour.api.get(&path).with_token(token)).await?;
    gone.is_problem(410)?;
    let shown = tour.ask(tour.api.get(&format!("{path}?includeDeleted=true")).with_token(token)).await?;
    shown.has_status(200)?;
    shown.text("/deletedAt")?;
    Ok("it is gone, and shown to who asks for deleted ones".into())
}

pub async fn restore(tour: &mut Tour) -> Shown {
    let (path, token) = (tour.contact_path()?, tour.token()?);
    let request = tour.api.post(&format!("{path}/restore")).with_token(token).with_header("If-Match", "\"3\"");
    let answer = tour.ask(request).await?;
    answer.has_status(200)?;
    answer.has("/version", 4)?;
    answer.has("/title", tour.contact()?["title"].clone())?;

    let back = tour.ask(tour.api.get(&path).with_token(token)).await?;
    back.has_status(200)?;
    back.has("", answer.body.clone())?;
    tour.keep_contact(answer.body);
    Ok("it is as it was, in version 4".into())
}

pub async fn read_history(tour: &mut Tour) -> Shown {
    let request = tour.api.get(&format!("{}/history", tour.contact_path()?)).with_token(tour.token()?);
    let answer = tour.ask(request).await?;
    answer.has_status(200)?;
    let events = answer.items()?;
    for event in events {
        tour.report.answered(&format!("{}  version {}  {}", event["type"], event["version"], event["changedFields"]));
    }
    let kinds: Vec<_> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    let expected = ["contact.restored", "contact.deleted", "contact.updated", "contact.created"];
    if kinds != expected {
        return Err(Fault::unexpected("the history", &expected.join(", "), &kinds.join(", ")));
    }
    member_is(&events[0], "/after", tour.contact()?.clone())?;
    Ok("everything that happened to it, newest first".into())
}
