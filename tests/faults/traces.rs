//! One trace goes from a request to the CRM and from the CRM to a contact, through functions that are processes of their own;
//! and whoever collects traces can't hold anybody up.

use std::time::Duration;

use axum::http::Request;
use bytes::Bytes;
use serde_json::Value;
use support::app::{Api, Setup, ada, grace};
use support::collector::{Collector, Manner, Span};
use support::crm::{Crm, typed};
use support::gateway;
use support::runtime_api::Function;
use support::two_way::TwoWay;
use support::wait::eventually;
use tokio::time::Instant;

const SOON: Duration = Duration::from_secs(20);

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_is_one_trace_from_the_request_to_the_crm() {
    let collector = Collector::start(Manner::Takes).await;
    let test = Setup::default().setting("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()).start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    let function = Function::start("create-contact", test.environment.clone()).await;
    let (status, contact) = create(&function, &api, &format!("00-{TRACE}-{CALLER}-01")).await;
    assert_eq!(status, 201);
    way.links_in_sync().await;

    let is = |name: &'static str| move |span: &&Span| span.name == name;
    let request = one(&collector, TRACE, is("POST /contacts")).await;
    assert_eq!((request.parent.as_str(), request.service.as_str()), (CALLER, "create-contact"));
    let about = |span: &Span, name: &str| span.attributes.get(name).cloned().unwrap_or_default();
    assert_eq!(about(&request, "http.route"), "/contacts");
    assert_eq!(about(&request, "http.request.method"), "POST");
    assert_eq!(about(&request, "http.response.status_code"), "201");
    assert!(!about(&request, "faas.invocation_id").is_empty());
    for store in ["postgresql", "redis"] {
        let asked = collector.spans(TRACE).into_iter().find(|span| span.name == store).unwrap();
        assert_eq!((&asked.parent, about(&asked, "db.system.name").as_str()), (&request.id, store));
    }

    let publish = format!("publish {}", way.contacts.name());
    let published = one(&collector, TRACE, |span| span.name == publish && span.parent == request.id).await;
    assert_eq!(published.service, "relay-outbox");
    assert_eq!(about(&published, "messaging.destination.name"), way.contacts.name());
    let process = format!("process {}", way.contacts.name());
    let processed = one(&collector, TRACE, |span| span.name == process && span.parent == published.id).await;
    assert_eq!(processed.service, "consume-contact-events");
    // To look for the record, and to make it.
    let made = one(&collector, TRACE, |span| {
        span.name == "POST" && span.parent == processed.id && about(span, "http.response.status_code") == "201"
    });
    let made = made.await;
    assert_eq!(about(&made, "server.address"), "127.0.0.1");
    let asked = crm.traces();
    assert!(asked.contains(&format!("00-{TRACE}-{}-01", made.id)), "{asked:?}");
    assert!(asked.iter().all(|trace| trace.contains(TRACE)), "{asked:?}");
    let stored = &test.events(contact["id"].as_str().unwrap()).await[0]["traceparent"];
    assert_eq!(stored, &format!("00-{TRACE}-{}-01", request.id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_one_trace_from_its_arrival_to_the_contacts_event() {
    let collector = Collector::start(Manner::Takes).await;
    let test = Setup::default().setting("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()).start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    crm.create(&typed("Ada")).await;
    way.at_rest(&[&crm]).await;

    let arrivals = || async { collector.named("POST /webhooks/{connection}").pop() };
    let arrived = eventually("the webhook's span", SOON, arrivals).await;
    assert_eq!(arrived.parent, "", "nobody else has begun the trace");
    let mut parent = arrived;
    for (topic, service) in [(&way.webhooks, "consume-webhook-events"), (&way.contacts, "consume-contact-events")] {
        for (word, service) in [("publish", "relay-outbox"), ("process", service)] {
            let name = format!("{word} {}", topic.name());
            let next = one(&collector, &parent.trace, |span| span.name == name && span.parent == parent.id).await;
            assert_eq!(next.service, service);
            parent = next;
        }
    }
}

#[tokio::test]
async fn our_own_sampler_decides_whatever_the_caller_samples() {
    for (sampler, flag) in [("parentbased_always_off", "-00"), ("parentbased_always_on", "-01")] {
        let collector = Collector::start(Manner::Takes).await;
        let setup = Setup::default().setting("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url());
        let test = setup.setting("OTEL_TRACES_SAMPLER", sampler).start().await;
        let api = test.api().await;
        let function = Function::start("create-contact", test.environment.clone()).await;
        for caller in ["00", "01"] {
            let (status, contact) = create(&function, &api, &format!("00-{TRACE}-{CALLER}-{caller}")).await;
            assert_eq!(status, 201);
            let events = test.events(contact["id"].as_str().unwrap()).await;
            let stored = events[0]["traceparent"].as_str().unwrap();
            assert!(stored.starts_with(&format!("00-{TRACE}-")) && stored.ends_with(flag), "{caller}: {stored}");
        }
        let is_kept = flag == "-01";
        assert_eq!(collector.named("POST /contacts").len(), if is_kept { 2 } else { 0 }, "{sampler}");
        assert_eq!(collector.requests() > 0, is_kept, "{sampler}");
    }
}

#[tokio::test]
async fn a_collector_that_fails_costs_one_request_a_moment_and_changes_no_answer() {
    // Nobody listens where this one was.
    let away = Collector::start(Manner::Takes).await.url().to_owned();
    let [failing, hanging] = [Collector::start(Manner::Fails).await, Collector::start(Manner::Hangs).await];
    for url in [away.as_str(), failing.url(), hanging.url()] {
        let test = Setup::default().setting("OTEL_EXPORTER_OTLP_ENDPOINT", url).start().await;
        let api = test.api().await;
        let function = Function::start("create-contact", test.environment.clone()).await;
        // Connected, and statements prepared.
        assert_eq!(create(&function, &api, "").await.0, 201);
        let began = Instant::now();
        for _ in 0..10 {
            assert_eq!(create(&function, &api, "").await.0, 201);
        }
        // Each of them would wait if all did; what one may wait by OpenTelemetry's own default is ten seconds.
        assert!(began.elapsed() < Duration::from_secs(2), "{:?} with {url}", began.elapsed());
        let told = || async { function.log().contains("spans were lost") };
        eventually("the loss to be told", SOON, told).await;
    }
    // An answer that says nothing may be asked for once more at once.
    assert!((1..=3).contains(&failing.requests()), "{}", failing.requests());
    assert_eq!(hanging.requests(), 1);
}

#[tokio::test]
async fn the_environment_says_whose_spans_they_are_and_examples_of_answers_are_none() {
    let collector = Collector::start(Manner::Takes).await;
    let setup = Setup::default().setting("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url());
    let test = setup.setting("OTEL_RESOURCE_ATTRIBUTES", "service.name=description").start().await;
    let function = Function::start("serve-docs", test.environment.clone()).await;
    let request = Request::get("/openapi.json").body(Bytes::new()).unwrap();
    assert_eq!(gateway::call(&function, "GET /openapi.json", &request).await.unwrap().status(), 200);
    let look = || async { collector.named("GET /openapi.json").pop() };
    assert_eq!(eventually("the span of the request", SOON, look).await.service, "description");
    // What none has sent has no route.
    assert_eq!(collector.named("GET").len(), 0);
}

/// The span of a trace that is so.
async fn one(collector: &Collector, trace: &str, is: impl Fn(&&Span) -> bool) -> Span {
    let look = || async {
        let spans = collector.spans(trace);
        spans.iter().find(&is).cloned().ok_or_else(|| spans.iter().map(|it| it.name.clone()).collect::<Vec<_>>())
    };
    eventually("a span of the trace", SOON, look).await
}

async fn create(function: &Function, api: &Api<'_>, trace: &str) -> (u16, Value) {
    let contact = if trace.is_empty() { grace() } else { ada() };
    let request = Request::post("/contacts").header("authorization", format!("Bearer {}", api.token));
    let request = request.header("content-type", "application/json").header("traceparent", trace);
    let request = request.body(Bytes::from(contact.to_string())).unwrap();
    let response = gateway::call(function, "POST /contacts", &request).await.unwrap();
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
}
