//! Where events say they come from.

/// The account and the region that events name.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The AWS account, twelve digits.
    pub account: String,
    /// The AWS region.
    pub region: String,
}
