//! Lists in parts: which part is asked for, where it ends, and where the next one begins.

mod cursor;
mod page;
mod position;

pub use cursor::MAX_CURSOR;
pub use page::{Page, Window};
pub use position::{ConnectionId, RowNumber, StoredTime, Version};
