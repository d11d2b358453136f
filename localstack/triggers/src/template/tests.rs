//! Templates as people write them, right and wrong.

mod conditions;
mod kafka;

use std::{collections::BTreeMap, error::Error, time::Duration};

use super::{AsyncInvocation, Method, Template, TemplateError};
use crate::schedule::Expression;

/// A template of one function, `Work`, with these lines as its properties.
fn work(properties: &str) -> String {
    let properties = properties.replace('\n', "\n      ");
    format!(
        "Resources:\n  Work:\n    Type: AWS::Serverless::Function\n    Properties:\n      \
         CodeUri: work/\n      {properties}\n"
    )
}

fn parse(source: &str) -> Result<Template, TemplateError> {
    Template::parse(source, &BTreeMap::new())
}

/// The message of the error and of its causes.
fn fault(source: &str) -> String {
    let error = parse(source).expect_err("the template is wrong");
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn event(kind: &str, properties: &str) -> String {
    work(&format!("Events: {{It: {{Type: {kind}, Properties: {{{properties}}}}}}}"))
}

#[test]
fn a_function_is_named_by_its_binary() {
    for (lines, name) in [
        ("CodeUri: target/lambda/get-contact/", "get-contact"),
        ("CodeUri: target/lambda/get-contact", "get-contact"),
        ("CodeUri: get-contact", "get-contact"),
    ] {
        let source = work("").replace("CodeUri: work/", lines);
        assert!(parse(&source).expect("a template").functions().contains_key(name), "{lines}");
    }
    let built = work("") + "    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: built}}\n";
    assert!(parse(&built).expect("a template").functions().contains_key("built"));
}

#[test]
fn a_function_without_a_binary_is_named_in_the_message() {
    for code in ["CodeUri: .", "CodeUri: ../", "MemorySize: 128"] {
        let source = work("").replace("CodeUri: work/", code);
        assert!(fault(&source).starts_with("Work has no CodeUri"), "{code}");
    }
}

#[test]
fn two_functions_can_not_be_one_binary() {
    let second = "  Other: {Type: AWS::Serverless::Function, Properties: {CodeUri: a/work}}\n";
    assert_eq!(fault(&(work("") + second)), "Work and Other are both the binary work; give each a binary of its own");
}

#[test]
fn limits_come_from_the_function_then_the_globals_then_lambda() {
    let alone = parse(&work("")).expect("a template");
    let work_alone = &alone.functions()["work"];
    assert_eq!(work_alone.timeout, Duration::from_secs(3));
    assert_eq!(work_alone.reserved_concurrency, None);
    assert_eq!(work_alone.asynchronous, AsyncInvocation { retries: 2, max_age: Duration::from_hours(6) });

    let globals = "Globals: {Function: {Timeout: 20, EventInvokeConfig: {MaximumRetryAttempts: 1, \
                   MaximumEventAgeInSeconds: 90}}}\n";
    let own = work("ReservedConcurrentExecutions: 3\nEventInvokeConfig: {MaximumRetryAttempts: 0}");
    let mixed = parse(&(globals.to_owned() + &own)).expect("a template");
    let work_mixed = &mixed.functions()["work"];
    assert_eq!(work_mixed.timeout, Duration::from_secs(20));
    assert_eq!(work_mixed.reserved_concurrency, Some(3));
    assert_eq!(work_mixed.asynchronous, AsyncInvocation { retries: 0, max_age: Duration::from_secs(90) });
}

#[test]
fn numbers_keep_to_the_limits_of_lambda() {
    assert_eq!(
        fault(&work("Timeout: 901")),
        "Resources.Work.Properties.Timeout is 901; it must be a whole number from 1 to 900"
    );
    assert!(fault(&work("EventInvokeConfig: {MaximumRetryAttempts: 3}")).contains("from 0 to 2"));
    assert!(fault(&work("EventInvokeConfig: {MaximumEventAgeInSeconds: 59}")).contains("from 60"));
}

#[test]
fn a_reference_takes_the_value_given_then_the_default() {
    let source = "Parameters: {Seconds: {Type: Number, Default: 7}}\n".to_owned() + &work("Timeout: !Ref Seconds");
    let timeout = |given: &[(&str, &str)]| {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Template::parse(&source, &given.collect()).map(|it| it.functions()["work"].timeout)
    };
    assert_eq!(timeout(&[]).expect("the default"), Duration::from_secs(7));
    assert_eq!(timeout(&[("Seconds", "9")]).expect("given"), Duration::from_secs(9));
    assert_eq!(
        timeout(&[("Secs", "9")]).expect_err("a misspelt name").to_string(),
        "the template has no parameter Secs"
    );
    let long_form = work("Timeout: {Ref: Seconds}");
    assert_eq!(
        fault(&long_form),
        "Resources.Work.Properties.Timeout refers to Seconds, which has no default; \
         give it with --parameter Seconds=VALUE"
    );
}

#[test]
fn what_only_cloudformation_can_work_out_is_refused_where_it_matters() {
    assert!(fault(&work("Timeout: !FindInMap [A, B, C]")).contains("Timeout uses !FindInMap"));
    assert!(fault(&work("Timeout: {'Fn::If': [A, 1, 2]}")).contains("Timeout uses Fn::If"));
    assert!(parse(&work("Description: !Sub '${AWS::Region}'")).is_ok());
}

#[test]
fn a_reference_to_no_value_is_an_absent_member() {
    let template = parse(&work("Timeout: !Ref AWS::NoValue")).expect("a template");
    assert_eq!(template.functions()["work"].timeout, Duration::from_secs(3));
}

#[test]
fn routes_are_read_in_the_order_of_the_template() {
    let template = parse(&work(
        "Events:\n  Whole: {Type: HttpApi}\n  Read: {Type: HttpApi, Properties: {Method: get, Path: '/a/{b}'}}\n  \
         Any: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: ANY, Path: '/files/{rest+}'}}",
    ))
    .expect("a template");
    let routes: Vec<_> =
        template.routes().iter().map(|route| (route.method, route.path.as_str(), route.function.as_str())).collect();
    assert_eq!(
        routes,
        [(Method::Any, "$default", "work"), (Method::Get, "/a/{b}", "work"), (Method::Any, "/files/{rest+}", "work"),]
    );
}

#[test]
fn a_wrong_route_names_its_event() {
    let at = "Resources.Work.Properties.Events.It.Properties";
    let fault = |properties: &str| fault(&event("HttpApi", properties));
    assert!(fault("Path: /a").starts_with(&format!("{at}.Method is missing")));
    assert!(fault("Method: GET").starts_with(&format!("{at}.Path is missing")));
    assert!(fault("Method: FETCH, Path: /a").starts_with(&format!("{at}.Method is FETCH")));
    for path in ["a", "'/a/{'", "'/{a+}/b'", "'/a{b}'", "'/{}'"] {
        let message = fault(&format!("Method: GET, Path: {path}"));
        assert!(message.starts_with(&format!("{at}.Path is")), "{path}: {message}");
    }
}

#[test]
fn a_route_is_taken_once() {
    let twice = |first: &str, second: &str| {
        let event = |route: &str| {
            let (method, path) = route.split_once(' ').expect("method and path");
            format!("{{Type: HttpApi, Properties: {{Method: {method}, Path: '{path}'}}}}")
        };
        work(&format!("Events:\n  One: {}\n  Two: {}", event(first), event(second)))
    };
    assert_eq!(
        fault(&twice("GET /a", "get /a")),
        "Resources.Work.Properties.Events.One and Resources.Work.Properties.Events.Two both take GET /a"
    );
    assert_eq!(
        fault(&twice("GET /a/{b}", "PUT /a/{c}")),
        "/a/{b} and /a/{c} name the parameters of one path differently"
    );
    assert!(parse(&twice("ANY /a", "GET /a")).is_ok());
    assert!(parse(&twice("GET /a/{b}", "GET /a/{c}/d")).is_ok());
}

#[test]
fn a_schedule_has_its_rule_and_its_input() {
    let template = parse(&event("Schedule", "Schedule: rate(5 minutes)")).expect("a template");
    let schedules: Vec<_> = template.functions()["work"].schedules().collect();
    assert_eq!(schedules[0].rule, "WorkIt");
    assert!(matches!(schedules[0].expression, Expression::Rate(period) if period.as_secs() == 300));
    assert_eq!(schedules[0].input, None);

    let source = event("Schedule", r#"Schedule: rate(1 day), Name: nightly, Input: '{"a": 1}'"#);
    let template = parse(&source).expect("a template");
    let schedules: Vec<_> = template.functions()["work"].schedules().collect();
    assert_eq!(schedules[0].rule, "nightly");
    assert_eq!(schedules[0].input, Some(serde_json::json!({"a": 1})));
}

#[test]
fn a_schedule_switched_off_does_not_count() {
    for off in ["Enabled: false", "State: DISABLED"] {
        let source = event("Schedule", &format!("Schedule: rate(1 day), {off}"));
        let template = parse(&source).expect("a template");
        assert_eq!(template.functions()["work"].schedules().count(), 0, "{off}");
    }
}

#[test]
fn a_wrong_schedule_names_its_event() {
    assert_eq!(
        fault(&event("Schedule", "Schedule: rate(1 minutes)")),
        "Resources.Work.Properties.Events.It.Properties.Schedule can't be followed: rate(1 minutes) is not a rate; \
         write rate(1 minute) or rate(5 minutes), in minutes, hours or days"
    );
    assert!(fault(&event("Schedule", "Enabled: true")).contains("Properties.Schedule is missing"));
    let input = fault(&event("Schedule", "Schedule: rate(1 day), Input: 'a: b'"));
    assert!(input.starts_with("Resources.Work.Properties.Events.It.Properties.Input is not JSON"));
}

#[test]
fn what_is_not_honoured_is_told() {
    let source = "Globals: {HttpApi: {CorsConfiguration: '*'}}\n".to_owned()
        + &work(
            "EventInvokeConfig: {MaximumRetryAttempts: 0, DestinationConfig: {}}\nEvents:\n  \
             Queue: {Type: SQS, Properties: {}}\n  \
             Clock: {Type: Schedule, Properties: {Schedule: rate(1 day), RetryPolicy: {}}}\n  \
             Web: {Type: HttpApi, Properties: {Method: GET, Path: /a, Auth: {}}}",
        )
        + "  Rule: {Type: AWS::Events::Rule}\n";
    assert_eq!(
        parse(&source).expect("a template").ignored(),
        [
            "Globals.HttpApi.CorsConfiguration is not honoured here",
            "Resources.Rule is of type AWS::Events::Rule, which nothing here fires",
            "Resources.Work.Properties.Events.Queue is of type SQS, which nothing here fires",
            "Resources.Work.Properties.Events.Clock.Properties.RetryPolicy is not honoured here",
            "Resources.Work.Properties.Events.Web.Properties.Auth is not honoured here",
            "Resources.Work.Properties.EventInvokeConfig.DestinationConfig is not honoured here",
        ]
    );
}

#[test]
fn what_is_no_template_is_refused() {
    assert!(fault("a: [").starts_with("the template is not valid YAML"));
    assert_eq!(fault(""), "Resources is missing");
    assert_eq!(fault("Resources: [1]"), "Resources is not a mapping");
    assert_eq!(fault("Resources: {A: {}}"), "Resources.A.Type is missing");
    let missing = Template::read("no-such-template.yaml").expect_err("there is no such file");
    assert_eq!(missing.to_string(), "the template no-such-template.yaml can't be read; name it with --template");
}
