//! When a function is invoked, told in seconds from the start, under tokio's paused clock.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    invoke::{Invoke, InvokeError},
    origin::Origin,
    schedule::{Clock, run},
    template::{Function, Template},
};

/// How an invocation ends, and after how many seconds.
#[derive(Clone, Copy)]
enum Turn {
    Succeeds(u64),
    Fails(u64),
    IsAway,
}
use Turn::{Fails, IsAway, Succeeds};

/// A function that takes its turns in order, the last one for ever.
#[derive(Clone)]
struct Work {
    start: Instant,
    turns: Arc<[Turn]>,
    invocations: Arc<Mutex<Vec<(u64, Value)>>>,
}

impl Invoke for Work {
    async fn invoke(&self, _: &Function, body: &Value) -> Result<Bytes, InvokeError> {
        let index = {
            let mut invocations = self.invocations.lock().expect("no test panics in between");
            invocations.push((self.start.elapsed().as_secs(), body.clone()));
            invocations.len() - 1
        };
        match self.turns[index.min(self.turns.len() - 1)] {
            Succeeds(seconds) => {
                sleep(Duration::from_secs(seconds)).await;
                Ok(Bytes::new())
            }
            Fails(seconds) => {
                sleep(Duration::from_secs(seconds)).await;
                Err(InvokeError::Failed("500".into()))
            }
            IsAway => Err(InvokeError::Unreachable("connection refused".into())),
        }
    }
}

const START: &str = "2026-11-23T06:17:30.5Z";

/// Runs a function with these properties for so many seconds and returns its invocations.
async fn invocations(properties: &str, turns: &[Turn], seconds: u64) -> Vec<(u64, Value)> {
    let source = format!(
        "Resources: {{Work: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: work, {properties}}}}}}}"
    );
    let template = Template::parse(&source, &BTreeMap::new()).expect("a template");
    let start = Instant::now();
    let work = Work { start, turns: turns.into(), invocations: Arc::default() };
    let origin = Origin { account: "000000000000".into(), region: "eu-west-1".into() };
    let moment: Timestamp = START.parse().expect("a moment");
    let clock: Clock = Arc::new(move || moment + SignedDuration::try_from(start.elapsed()).expect("a short while"));
    let limit = Duration::from_secs(seconds);
    let _ = timeout(limit, run(&template, &work, &origin, clock)).await;
    work.invocations.lock().expect("no test panics in between").clone()
}

async fn times(properties: &str, turns: &[Turn], seconds: u64) -> Vec<u64> {
    let invocations = invocations(properties, turns, seconds).await;
    invocations.into_iter().map(|(time, _)| time).collect()
}

fn each_minute(more: &str) -> String {
    format!("{more} Events: {{Tick: {{Type: Schedule, Properties: {{Schedule: rate(1 minute)}}}}}}")
}

const NO_RETRIES: &str = "EventInvokeConfig: {MaximumRetryAttempts: 0},";

#[tokio::test(start_paused = true)]
async fn a_rate_fires_at_once_and_then_each_period() {
    assert_eq!(times(&each_minute(""), &[Succeeds(1)], 200).await, [0, 60, 120, 180]);
}

#[tokio::test(start_paused = true)]
async fn a_cron_expression_fires_at_its_minute() {
    let properties = "Events: {Tick: {Type: Schedule, Properties: {Schedule: 'cron(0/2 * * * ? *)'}}}";
    // From 06:17:30.5 it is 29.5 s to 06:18:00.
    assert_eq!(times(properties, &[Succeeds(1)], 300).await, [29, 149, 269]);
}

#[tokio::test(start_paused = true)]
async fn ticks_that_fall_while_it_runs_are_fired_once_when_it_ends() {
    let turns = [Succeeds(150), Succeeds(1)];
    assert_eq!(times(&each_minute(""), &turns, 250).await, [0, 150, 180, 240]);
}

#[tokio::test(start_paused = true)]
async fn reserved_concurrency_lets_shifts_overlap_up_to_that_number() {
    let properties = each_minute("ReservedConcurrentExecutions: 3,");
    assert_eq!(times(&properties, &[Succeeds(130)], 250).await, [0, 60, 120, 180, 240]);
    // The fourth waits for the end of the first.
    assert_eq!(times(&properties, &[Succeeds(200)], 230).await, [0, 60, 120, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_reserved_concurrency_of_none_fires_nothing() {
    let properties = each_minute("ReservedConcurrentExecutions: 0,");
    assert!(times(&properties, &[Succeeds(1)], 200).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_tried_again_after_one_and_after_two_minutes() {
    let daily = "Events: {Tick: {Type: Schedule, Properties: {Schedule: rate(1 day)}}}";
    assert_eq!(times(daily, &[Fails(5)], 3600).await, [0, 65, 190]);
    assert_eq!(times(daily, &[Fails(5), Succeeds(1)], 3600).await, [0, 65]);
}

#[tokio::test(start_paused = true)]
async fn the_function_is_free_for_the_next_tick_while_a_retry_waits() {
    let turns = [Fails(1), Succeeds(1)];
    assert_eq!(times(&each_minute(""), &turns, 100).await, [0, 60, 61]);
}

#[tokio::test(start_paused = true)]
async fn no_retries_where_the_template_wants_none() {
    assert_eq!(times(&each_minute(NO_RETRIES), &[Fails(1)], 150).await, [0, 60, 120]);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_grew_too_old_is_dropped() {
    let hourly = |age: &str| {
        format!(
            "EventInvokeConfig: {{MaximumEventAgeInSeconds: {age}}}, \
             Events: {{Tick: {{Type: Schedule, Properties: {{Schedule: rate(1 hour)}}}}}}"
        )
    };
    // The first retry comes after 60 s and a failure's 5.
    assert_eq!(times(&hourly("60"), &[Fails(5)], 600).await, [0]);
    assert_eq!(times(&hourly("70"), &[Fails(5)], 600).await, [0, 65]);
    // The second tick waits 400 s for its turn.
    assert_eq!(times(&hourly("399"), &[Succeeds(4000)], 7000).await, [0]);
    assert_eq!(times(&hourly("401"), &[Succeeds(4000)], 7000).await, [0, 4000]);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_away_costs_the_tick_and_no_more() {
    let turns = [IsAway, IsAway, Succeeds(1)];
    assert_eq!(times(&each_minute(""), &turns, 200).await, [0, 60, 120, 180]);
}

#[tokio::test(start_paused = true)]
async fn two_schedules_of_one_function_share_its_concurrency() {
    let properties = "Events: {\
        One: {Type: Schedule, Properties: {Schedule: rate(1 hour)}}, \
        Two: {Type: Schedule, Properties: {Schedule: rate(1 hour)}}}";
    assert_eq!(times(properties, &[Succeeds(100)], 3000).await, [0, 100]);
}

#[tokio::test(start_paused = true)]
async fn the_function_gets_a_scheduled_event() {
    let invocations = invocations(&each_minute(""), &[Succeeds(1)], 30).await;
    let mut event = invocations[0].1.clone();
    let id = event["id"].take();
    uuid::Uuid::parse_str(id.as_str().expect("a text")).expect("a UUID");
    assert_eq!(
        event,
        json!({
            "version": "0",
            "id": null,
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "000000000000",
            "time": "2026-11-23T06:17:30Z",
            "region": "eu-west-1",
            "resources": ["arn:aws:events:eu-west-1:000000000000:rule/WorkTick"],
            "detail": {},
        })
    );
}

#[tokio::test(start_paused = true)]
async fn or_the_input_of_its_schedule() {
    let properties = "Events: {Tick: {Type: Schedule, Properties: \
                      {Schedule: rate(1 minute), Input: '{\"purge\": true}'}}}";
    let invocations = invocations(properties, &[Succeeds(1)], 30).await;
    assert_eq!(invocations[0].1, json!({"purge": true}));
}
