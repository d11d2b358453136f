//! Contacts: written, read, changed, and refused where a request is wrong.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    fault::{Fault, Shown},
    tour::Tour,
};

pub async fn create(tour: &mut Tour) -> Shown {
    let body = grace_hopper();
    let request = tour.api.post("/contacts").with_token(tour.token()?).with_json(&body);
    let answer = tour.ask(request).await?;
    answer.has_status(201)?;
    answer.has_header("etag", "\"1\"")?;
    answer.has("/version", 1)?;
    answer.has("/email", body["email"].clone())?;
    let id = answer.text("/id")?.to_owned();
    answer.has_header("location", &format!("/contacts/{id}"))?;
    tour.keep_contact(answer.body);
    Ok(format!("contact {id} in version 1"))
}

pub async fn read(tour: &mut Tour) -> Shown {
    let answer = tour.ask(tour.api.get(&tour.contact_path()?).with_token(tour.token()?)).await?;
    answer.has_status(200)?;
    answer.has_header("etag", "\"1\"")?;
    answer.has("", tour.contact()?.clone())?;
    Ok("what was written is what is read".into())
}

pub async fn read_from_the_cache(tour: &mut Tour) -> Shown {
    let answer = tour.ask(tour.api.get(&tour.contact_path()?).with_token(tour.token()?)).await?;
    answer.has_status(200)?;
    answer.has_header("x-cache", "hit")?;
    answer.has("", tour.contact()?.clone())?;
    Ok("the same, from Redis; PostgreSQL was not asked".into())
}

pub async fn patch(tour: &mut Tour) -> Shown {
    let patch = json!({"title": "Director of Automatic Programming"});
    let request = tour.api.patch(&tour.contact_path()?).with_token(tour.token()?);
    let answer = tour.ask(request.with_header("If-Match", "\"1\"").with_patch(&patch)).await?;
    answer.has_status(200)?;
    answer.has_header("etag", "\"2\"")?;
    answer.has("/version", 2)?;
    answer.has("/title", patch["title"].clone())?;
    answer.has("/company", tour.contact()?["company"].clone())?;
    tour.keep_contact(answer.body);
    Ok("the title is new, the rest is as it was: version 2".into())
}

pub async fn patch_a_stale_version(tour: &mut Tour) -> Shown {
    let (path, token) = (tour.contact_path()?, tour.token()?);

    let by_body = json!({"version": 1, "title": "Ensign"});
    let answer = tour.ask(tour.api.patch(&path).with_token(token).with_patch(&by_body)).await?;
    answer.is_problem(409)?;
    answer.has("/currentVersion", 2)?;

    let by_header = tour.api.patch(&path).with_token(token).with_header("If-Match", "\"1\"");
    let answer = tour.ask(by_header.with_patch(&json!({"title": "Ensign"}))).await?;
    answer.is_problem(412)?;
    Ok("both are refused, and the answer to the first tells the version to start from: 2".into())
}

pub async fn create_with_faults(tour: &mut Tour) -> Shown {
    let body = json!({
        "firstName": "",
        "email": "no address",
        "status": "asleep",
        "tags": "compilers",
    });
    let request = tour.api.post("/contacts").with_token(tour.token()?).with_json(&body);
    let answer = tour.ask(request).await?;
    answer.is_problem(422)?;

    let none = Vec::new();
    let faults = answer.body["errors"].as_array().unwrap_or(&none);
    for fault in faults {
        let part = |name: &str| fault[name].as_str().unwrap_or("nothing");
        tour.report.answered(&format!("{:<12}{:<18}{}", part("pointer"), part("code"), part("detail")));
    }
    for pointer in ["/firstName", "/lastName", "/email", "/status", "/tags"] {
        is_told(faults, pointer)?;
    }
    Ok(format!("all {} faults in one answer, each with its place", faults.len()))
}

/// Checks that there is a fault at the place, and that it is told in full.
fn is_told(faults: &[Value], pointer: &str) -> Result<(), Fault> {
    let fault = faults.iter().find(|fault| fault["pointer"] == pointer);
    match fault {
        Some(fault) if fault["code"].is_string() && fault["detail"].is_string() => Ok(()),
        other => {
            let found = other.map_or_else(|| "absent".to_owned(), Value::to_string);
            Err(Fault::unexpected(format!("the fault at {pointer}"), &"told with code and detail", &found))
        }
    }
}

/// A contact that no tour made before.
fn grace_hopper() -> Value {
    json!({
        "firstName": "Grace",
        "lastName": "Hopper",
        "email": format!("grace.hopper+{}@example.com", Uuid::now_v7().simple()),
        "company": "Eckert-Mauchly Computer Corporation",
        "title": "Senior Mathematician",
        "tags": ["compilers"],
    })
}
