//! What hangs on parameters: conditions, and the values and functions that hang on those.

use std::{collections::BTreeMap, time::Duration};

use super::{fault, parse, work};
use crate::template::{Template, TemplateError};

const PARAMETERS: &str = "Parameters: {Stage: {Type: String, Default: test}, Size: {Type: Number}}\n";

/// Whether the condition holds in this stage; an error where that can't be known.
fn holds(condition: &str, stage: &str) -> Result<bool, TemplateError> {
    let conditions = format!("Conditions: {{It: {condition}, IsTest: !Equals [!Ref Stage, test]}}\n");
    let source = PARAMETERS.to_owned() + &conditions + &work("Timeout: !If [It, 2, 1]");
    let given = BTreeMap::from([("Stage".to_owned(), stage.to_owned())]);
    let template = Template::parse(&source, &given)?;
    Ok(template.functions()["work"].timeout == Duration::from_secs(2))
}

#[test]
fn conditions_are_worked_out_from_parameters_and_plain_values() {
    for (condition, in_test, elsewhere) in [
        ("!Equals [!Ref Stage, test]", true, false),
        ("{'Fn::Equals': [test, {Ref: Stage}]}", true, false),
        ("!Equals [1, '1']", true, true),
        ("!Not [!Equals [!Ref Stage, test]]", false, true),
        ("!And [!Condition IsTest, !Equals [a, a]]", true, false),
        ("!Or [{Condition: IsTest}, !Equals [a, b]]", true, false),
        ("!Or [!Condition IsTest, !Not [!Condition IsTest], !Equals [a, b]]", true, true),
        ("!Equals [!Sub '${Stage}-1', test-1]", true, false),
        // What is decided doesn't hang on what is not known.
        ("!And [!Equals [a, b], !Equals [!Ref Size, 1]]", false, false),
        ("!Or [!Equals [!Ref Size, 1], !Equals [a, a]]", true, true),
    ] {
        assert_eq!(holds(condition, "test").expect(condition), in_test, "{condition}");
        assert_eq!(holds(condition, "live").expect(condition), elsewhere, "{condition}");
    }
}

#[test]
fn a_condition_that_is_not_known_matters_where_it_is_asked_for() {
    for condition in ["!Equals [!Ref Size, 1]", "!Not [!Equals [!Ref AWS::Region, x]]"] {
        let error = holds(condition, "test").expect_err(condition).to_string();
        assert!(error.contains("Timeout uses !If"), "{error}");
        let source = format!("{PARAMETERS}Conditions: {{It: {condition}}}\n");
        assert!(parse(&(source + &work("Description: !If [It, a, b]"))).is_ok());
    }
}

#[test]
fn what_is_no_condition_is_named() {
    for condition in
        ["yes", "!Equals [a]", "!Not [a]", "!And [!Condition IsTest]", "!Condition Other", "!Not [!Condition It]"]
    {
        let error = holds(condition, "test").expect_err(condition).to_string();
        assert!(error.starts_with("Conditions.It"), "{error}");
        assert!(error.contains("is not a condition"), "{error}");
    }
}

#[test]
fn a_branch_may_be_anything_even_nothing() {
    let conditions = "Conditions: {Yes: !Equals [a, a], No: !Equals [a, b]}\n".to_owned();
    let timeout = |lines: &str| {
        let template = parse(&(conditions.clone() + &work(lines))).expect("a template");
        template.functions()["work"].timeout.as_secs()
    };
    assert_eq!(timeout("Timeout: !If [Yes, 7, !Ref Unknown]"), 7);
    assert_eq!(timeout("Timeout: !If [No, 7, !If [Yes, 8, 9]]"), 8);
    assert_eq!(timeout("Timeout: !If [No, 7, !Ref AWS::NoValue]"), 3);
    assert_eq!(timeout("Timeout: {'Fn::If': [Yes, 7, 8]}"), 7);
    let retries = parse(&(conditions.clone() + &work("EventInvokeConfig: !If [Yes, {MaximumRetryAttempts: 1}, x]")));
    assert_eq!(retries.expect("a template").functions()["work"].asynchronous.retries, 1);
}

#[test]
fn a_function_whose_condition_does_not_hold_is_not_there() {
    let conditions = "Conditions: {Yes: !Equals [a, a], No: !Equals [a, b], Open: !Equals [a, !GetAtt A.B]}\n";
    let conditional = |name: &str| conditions.to_owned() + &work("") + &format!("    Condition: {name}\n");
    let functions = |name: &str| parse(&conditional(name)).expect("a template").functions().len();
    assert_eq!((functions("Yes"), functions("No"), functions("Open")), (1, 0, 1));
    let open = parse(&conditional("Open")).expect("a template");
    assert_eq!(open.ignored(), ["Resources.Work.Condition is not honoured here"]);
}

#[test]
fn names_in_a_text_are_replaced() {
    let source = PARAMETERS.to_owned() + &work("CodeUri: x").replace("CodeUri: work/", "Handler: x");
    let source = source.replace("CodeUri: x", "CodeUri: !Sub 'target/${Stage}'");
    assert!(parse(&source).expect("a template").functions().contains_key("test"));
    assert!(fault(&source.replace("${Stage}", "${Size}")).contains("refers to Size, which has no default"));
}
