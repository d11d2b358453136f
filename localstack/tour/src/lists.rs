//! Many contacts: made by a batch, and listed page by page.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    fault::{Fault, Shown},
    tour::Tour,
};

pub async fn send_a_batch(tour: &mut Tour) -> Shown {
    let tag = format!("tour-{}", Uuid::now_v7().simple());
    let contact = |first: &str, last: &str, email: &str| json!({"firstName": first, "lastName": last, "email": email, "tags": [tag]});
    let body = json!({"items": [
        contact("Katherine", "Johnson", "katherine.johnson@example.com"),
        contact("Dorothy", "Vaughan", "no address"),
        contact("Mary", "Jackson", "mary.jackson@example.com"),
        {"id": Uuid::now_v7(), "firstName": "Annie", "lastName": "Easley", "email": "annie.easley@example.com"},
        contact("Christine", "Darden", "christine.darden@example.com"),
    ]});
    let answer = tour.ask(tour.api.post("/contacts/batch").with_token(tour.token()?).with_json(&body)).await?;
    answer.has_status(207)?;
    for item in answer.items()? {
        let error = item.get("error").map_or_else(String::new, |error| format!("  {}", error["detail"]));
        tour.report.answered(&format!("{}: {}{error}", item["index"], item["status"]));
    }
    for (index, status) in [201, 422, 201, 404, 201].into_iter().enumerate() {
        answer.has(&format!("/items/{index}/status"), status)?;
    }
    answer.has("/items/1/error/errors/0/pointer", "/items/1/email")?;
    tour.keep_tag(tag);
    Ok("three are made; the two with faults are left out, and each is told why".into())
}

pub async fn page_through(tour: &mut Tour) -> Shown {
    let (path, token) = (format!("/contacts?tag={}&sort=lastName&limit=2", tour.tag()?), tour.token()?);
    let first = tour.ask(tour.api.get(&path).with_token(token)).await?;
    first.has_status(200)?;
    let next = first.text("/next")?;

    let second = tour.ask(tour.api.get(&format!("{path}&cursor={next}")).with_token(token)).await?;
    second.has_status(200)?;
    second.has("/next", Value::Null)?;

    let names: Vec<_> = [first.items()?, second.items()?].concat().iter().map(|it| it["lastName"].clone()).collect();
    if names != ["Darden", "Jackson", "Johnson"] {
        return Err(Fault::unexpected("the names", &"Darden, Jackson, Johnson", &json!(names)));
    }
    let elsewhere = tour.ask(tour.api.get(&format!("/contacts?cursor={next}")).with_token(token)).await?;
    elsewhere.is_problem(400)?;
    Ok("two and one, in order; the cursor is good for this list alone".into())
}
