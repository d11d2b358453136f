//! Whether a tenant's contacts and its CRM's records are the same, and whether each step on the way was made once. What is
//! wrong is told in words, for whoever counts more than one thing.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio_postgres::Client;

use crate::crm::Crm;

/// What a contact and its record are compared by, in our words and in theirs.
const FIELDS: [(&str, &str); 4] = [
    ("first_name", "acme_first_name"),
    ("last_name", "acme_last_name"),
    ("title", "acme_title"),
    ("notes", "acme_notes"),
];

/// What differs: each living contact is to be a record of the CRM that says the same, and each record a contact.
///
/// # Panics
///
/// When PostgreSQL refuses, or the CRM does not answer.
pub async fn differences(sql: &Client, crm: &Crm) -> Vec<String> {
    let look = "select l.remote_id, l.base, to_jsonb(c) from contacts c left join links l \
                on l.tenant_id = c.tenant_id and l.contact_id = c.id where c.deleted_at is null order by c.id";
    let rows = sql.query(look, &[]).await.unwrap_or_else(|error| panic!("{look}: {error}"));
    let records = crm.records().await.into_iter();
    let mut records: BTreeMap<_, _> = records.map(|record| (record["id"].to_string(), record)).collect();
    let mut differences = Vec::new();
    for row in rows {
        let (remote_id, base, contact): (Option<String>, Option<Value>, Value) = (row.get(0), row.get(1), row.get(2));
        let id = &contact["id"];
        let record = remote_id.and_then(|id| records.remove(&Value::String(id).to_string()));
        let Some(record) = record else {
            differences.push(format!("the contact {id} is no record of the CRM's"));
            continue;
        };
        if base.as_ref() != Some(&record) {
            differences.push(format!("of the contact {id} we know the record {base:?}, and it is {record}"));
        }
        for (ours, theirs) in FIELDS {
            if contact[ours] != record[theirs] {
                let (ours, theirs) = (&contact[ours], &record[theirs]);
                differences.push(format!("the contact {id} says {ours}, and its record {theirs}"));
            }
        }
    }
    differences.extend(records.keys().map(|id| format!("the record {id} is no living contact")));
    differences
}

/// The contacts whose events are not their versions, one by one, each made from the one before.
///
/// # Panics
///
/// When PostgreSQL refuses.
pub async fn out_of_order(sql: &Client) -> Vec<String> {
    let look = "with steps as (select contact_id, version, before, row_number() over step as number, \
                    lag(after) over step as previous from contact_events window step as (partition by contact_id order by id)), \
                ends as (select contact_id, count(*) as number from contact_events group by 1) \
                select 'version ' || version || ' of ' || contact_id || ' is its event ' || number \
                    || case when before is distinct from previous then ', and not made from the one before' else '' end \
                from steps where version <> number or before is distinct from previous \
                union all \
                select id || ' has the version ' || version || ' and ' || coalesce(number, 0) || ' events' \
                from contacts left join ends on contact_id = id where version is distinct from number";
    let rows = sql.query(look, &[]).await.unwrap_or_else(|error| panic!("{look}: {error}"));
    rows.iter().map(|row| row.get(0)).collect()
}
