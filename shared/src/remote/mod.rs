//! CRMs, reached over HTTP: logged in once for all instances, no oftener than they like to be asked, and never for longer than
//! we can wait.

mod failure;
mod guard;
mod http;
mod pass;
mod session;

pub use failure::Failure;
pub use session::{Remote, Session};
