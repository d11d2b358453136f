//! The Runtime API, with a real function under it that does what it is told.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use support::runtime_api::{Function, FunctionError, Launch, Signal};
use support::wait::eventually;
use tokio::time::{Instant, timeout};

const NOTHING: [(&str, &str); 0] = [];

#[tokio::test]
async fn hands_over_the_event_with_its_context_and_brings_the_answer() {
    let probe = Function::start("examples/probe", [("GIVEN", "1")]).await;
    let answer = probe.invoke(&json!({"echo": ["ü", 1]})).await.unwrap();
    assert_eq!(answer["echo"], json!(["ü", 1]));
    assert_eq!(answer["functionArn"], "arn:aws:lambda:us-east-1:000000000000:function:probe");
    assert!(answer["traceId"].as_str().unwrap().starts_with("Root=1-"), "{answer}");
    let remaining = answer["remainingMs"].as_u64().unwrap();
    assert!((25_000..=30_000).contains(&remaining), "the deadline is real: {remaining} ms are left of 30 s");
    let again = probe.invoke(&json!({})).await.unwrap();
    assert_eq!(again["pid"], answer["pid"], "one process serves many invocations");
    assert_ne!(again["requestId"], answer["requestId"]);
}

#[tokio::test]
async fn the_functions_environment_is_what_it_was_given_and_what_lambda_sets() {
    let probe = Function::start("examples/probe", [("GIVEN", "1")]).await;
    let answer = probe.invoke(&json!({})).await.unwrap();
    let names: Vec<&str> = answer["environment"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(names.contains(&"GIVEN"));
    assert!(
        names.iter().all(|name| *name == "GIVEN" || name.starts_with("AWS_LAMBDA_") || *name == "_X_AMZN_TRACE_ID"),
        "{names:?}"
    );
}

#[tokio::test]
async fn an_error_of_the_function_keeps_its_words_and_its_process() {
    let probe = Function::start("examples/probe", NOTHING).await;
    let error = probe.invoke(&json!({"fail": "no reason"})).await.unwrap_err();
    assert!(matches!(&error, FunctionError::Reported { message, .. } if message == "no reason"), "{error}");
    probe.invoke(&json!({})).await.expect("the process goes on");
}

#[tokio::test]
async fn what_is_in_flight_fails_when_the_process_ends() {
    let probe = Function::start("examples/probe", NOTHING).await;
    assert_eq!(probe.invoke(&json!({"exit": 3})).await, Err(FunctionError::Exited("exit status: 3".to_owned())));
    let after = probe.invoke(&json!({})).await.unwrap_err();
    assert!(matches!(after, FunctionError::Exited(_)), "nobody is left to answer: {after}");
}

#[tokio::test]
async fn a_kill_fails_what_is_in_flight_and_a_restart_answers_what_comes_then() {
    let probe = Function::start("examples/probe", NOTHING).await;
    let first = pid(&probe).await;
    let hanging = tokio::spawn(probe.invoke(&json!({"hang": true})));
    seen_in_log(&probe, "hang").await;
    let statuses = probe.kill().await;
    assert_eq!(statuses[0].signal(), Some(Signal::KILL.as_raw()));
    assert!(matches!(hanging.await.unwrap(), Err(FunctionError::Exited(_))));
    probe.restart().await;
    assert_ne!(pid(&probe).await, first);
}

#[tokio::test]
async fn a_function_restarts_of_itself_when_told_so() {
    let probe = launch().restart_on_exit().start().await;
    let first = pid(&probe).await;
    for _ in 0..3 {
        let dying = probe.invoke(&json!({"exit": 1}));
        // Already in the queue, so the successor must find it there.
        let waiting = probe.invoke(&json!({}));
        assert!(dying.await.is_err());
        assert_ne!(waiting.await.unwrap()["pid"], first);
    }
}

#[tokio::test]
async fn a_frozen_process_answers_when_it_is_thawed() {
    let probe = Function::start("examples/probe", NOTHING).await;
    for _ in 0..3 {
        probe.freeze().await;
        let answer = probe.invoke(&json!({"echo": 1}));
        tokio::pin!(answer);
        timeout(Duration::from_millis(100), &mut answer).await.expect_err("it stands still");
        probe.thaw();
        assert_eq!(answer.await.unwrap()["echo"], 1);
    }
}

#[tokio::test]
async fn an_invocation_past_its_limit_costs_the_process_its_life() {
    let limit = Duration::from_millis(300);
    let probe = launch().time_limit(limit).restart_on_exit().start().await;
    assert_eq!(probe.invoke(&json!({"hang": true})).await, Err(FunctionError::TimedOut(limit)));
    probe.invoke(&json!({})).await.expect("a new process took over");
}

#[tokio::test]
async fn instances_share_the_invocations() {
    let probe = launch().instances(3).start().await;
    let hanging: Vec<_> = (0..2).map(|_| tokio::spawn(probe.invoke(&json!({"hang": true})))).collect();
    let answers = join_all((0..10).map(|_| probe.invoke(&json!({})))).await;
    assert!(answers.iter().all(Result::is_ok), "one instance is free: {answers:?}");
    probe.kill().await;
    for invocation in hanging {
        assert!(matches!(invocation.await.unwrap(), Err(FunctionError::Exited(_))));
    }
}

#[tokio::test]
async fn a_start_that_fails_says_why() {
    let error = launch().environment([("PROBE_REFUSES_TO_START", "out of tea")]).try_start().await.err().unwrap();
    assert!(error.reason.contains("exit status: 1"), "{error}");
    assert!(error.log.contains("out of tea"), "{error}");
}

#[tokio::test]
async fn processes_end_with_the_test_even_when_frozen() {
    let probe = Function::start("examples/probe", NOTHING).await;
    let pid = probe.pids()[0];
    probe.freeze().await;
    drop(probe);
    let gone = || async { !std::path::Path::new(&format!("/proc/{pid}")).exists() };
    eventually("the process to be gone", Duration::from_secs(5), gone).await;
}

#[tokio::test]
#[should_panic(expected = "cargo build --workspace --bins")]
async fn a_missing_binary_says_how_to_build_it() {
    Function::start("no-such-function", NOTHING).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invocation_costs_little() {
    let probe = Function::start("examples/probe", NOTHING).await;
    pid(&probe).await;
    let begin = Instant::now();
    for _ in 0..200 {
        probe.invoke(&json!({})).await.unwrap();
    }
    let each = begin.elapsed() / 200;
    assert!(
        each < Duration::from_millis(10),
        "{each:?}, which is time for a delayed acknowledgement or a poll that sleeps"
    );
    eprintln!("{each:?} an invocation, {:?} to start", probe.start_times());
}

fn launch() -> Launch {
    Function::launch("examples/probe")
}

async fn pid(probe: &Function) -> Value {
    probe.invoke(&json!({})).await.unwrap()["pid"].clone()
}

async fn seen_in_log(probe: &Function, text: &str) {
    let seen = || async { if probe.log().contains(text) { Ok(()) } else { Err(probe.log()) } };
    eventually(&format!("{text:?} in the log"), Duration::from_secs(5), seen).await;
}
