//! What a function's answer says about its records, where `ReportBatchItemFailures` asks for it.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html>

use serde::Deserialize;

use super::{batch::Batch, event::Partition};

/// What is to be done again.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Done,
    /// Everything from this offset on.
    From(i64),
    /// Everything, for the answer can't be followed.
    Unusable(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    batch_item_failures: Option<Vec<Failure>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: Identifier,
}

#[derive(Deserialize)]
struct Identifier {
    partition: String,
    offset: i64,
}

pub(super) fn verdict(answer: &[u8], partition: &Partition, batch: &Batch) -> Verdict {
    if answer.trim_ascii().is_empty() {
        return Verdict::Done;
    }
    let reply: Option<Reply> = match serde_json::from_slice(answer) {
        Ok(reply) => reply,
        Err(error) => return Verdict::Unusable(format!("the answer is not {{batchItemFailures: […]}}: {error}")),
    };
    let failures = reply.and_then(|reply| reply.batch_item_failures).unwrap_or_default();
    let ours = partition.to_string();
    for Failure { item_identifier: Identifier { partition, offset } } in &failures {
        if *partition != ours || !batch.contains(*offset) {
            return Verdict::Unusable(format!("{partition} at offset {offset}, which the answer names, was not sent"));
        }
    }
    let lowest = failures.iter().map(|failure| failure.item_identifier.offset).min();
    lowest.map_or(Verdict::Done, Verdict::From)
}
