//! What can be wrong with a template. Each message names the place in it.

use std::{io, path::PathBuf};

use crate::schedule::ExpressionError;

/// The result of reading a template.
pub type Result<T, E = TemplateError> = std::result::Result<T, E>;

/// Why a template can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The file isn't there or isn't readable.
    #[error("the template {} can't be read; name it with --template", path.display())]
    Unreadable {
        /// The file that was asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It isn't YAML.
    #[error("the template is not valid YAML")]
    Malformed(#[from] saphyr::ScanError),
    /// A member that is needed is absent.
    #[error("{at} is missing")]
    Missing {
        /// The place in the template.
        at: String,
    },
    /// A value has another form than it must have.
    #[error("{at} is not {expected}")]
    WrongForm {
        /// The place in the template.
        at: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A number, or what should be one, is not in its range.
    #[error("{at} is {found}; it must be a whole number from {least} to {most}")]
    OutOfRange {
        /// The place in the template.
        at: String,
        /// What stands there.
        found: String,
        /// The lowest number allowed.
        least: u32,
        /// The highest number allowed.
        most: u32,
    },
    /// A value only `CloudFormation` could work out.
    #[error(
        "{at} uses {function}; only a plain value, !Ref of a parameter, !Sub of parameters, or !If of a condition of \
         those can be read without deploying"
    )]
    Intrinsic {
        /// The place in the template.
        at: String,
        /// The intrinsic function, as written.
        function: String,
    },
    /// A reference to something without a value.
    #[error("{at} refers to {parameter}, which has no default; give it with --parameter {parameter}=VALUE")]
    NoValue {
        /// The place in the template.
        at: String,
        /// The name referred to.
        parameter: String,
    },
    /// A condition that isn't one, or that hangs on itself or on one that isn't there.
    #[error("{at} is not a condition; it must be !Equals, !Not, !And, !Or or the name of another condition")]
    BadCondition {
        /// The place in the template.
        at: String,
    },
    /// Records that failed would come round for ever.
    #[error("{at} is {topic}, which is a topic of the same event; Lambda refuses that")]
    OwnDestination {
        /// The place in the template.
        at: String,
        /// The topic.
        topic: String,
    },
    /// A value was given for a parameter that the template doesn't have.
    #[error("the template has no parameter {name}")]
    UnknownParameter {
        /// The name that was given.
        name: String,
    },
    /// Neither a `CodeUri` nor a `Binary` names what to run.
    #[error("{resource} has no CodeUri whose last folder names its binary, such as target/lambda/get-contact/")]
    NoBinary {
        /// The function's logical id.
        resource: String,
    },
    /// Locally a function is its binary, so two can't share one.
    #[error("{first} and {second} are both the binary {name}; give each a binary of its own")]
    SharedBinary {
        /// The function that came first.
        first: String,
        /// The function that came later.
        second: String,
        /// The binary's name.
        name: String,
    },
    /// A route with a path and no method, or the other way round.
    #[error("{at} is missing; give both Path and Method, or neither for the $default route")]
    HalfRoute {
        /// The member that is absent.
        at: String,
    },
    /// A method that HTTP APIs don't have.
    #[error("{at} is {method}; it must be one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS and ANY")]
    UnknownMethod {
        /// The place in the template.
        at: String,
        /// What stands there.
        method: String,
    },
    /// A path that doesn't start with a slash, or whose braces don't match.
    #[error("{at} is {path}; a path looks like /contacts/{{id}}, with {{name+}} as its last segment for any rest")]
    BadPath {
        /// The place in the template.
        at: String,
        /// What stands there.
        path: String,
    },
    /// Two events ask for one route.
    #[error("{first} and {second} both take {route}")]
    SharedRoute {
        /// The event that came first.
        first: String,
        /// The event that came later.
        second: String,
        /// The route, such as `GET /contacts`.
        route: String,
    },
    /// One path is written with two sets of parameter names, which no router takes.
    #[error("{first} and {second} name the parameters of one path differently")]
    ParameterNames {
        /// The path as it came first.
        first: String,
        /// The path as it came later.
        second: String,
    },
    /// An expression that is neither `rate(…)` nor `cron(…)` of `EventBridge`.
    #[error("{at} can't be followed")]
    BadSchedule {
        /// The place in the template.
        at: String,
        /// What is wrong with the expression.
        source: ExpressionError,
    },
    /// An event's input that isn't JSON, which Lambda would refuse.
    #[error("{at} is not JSON")]
    BadInput {
        /// The place in the template.
        at: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}
