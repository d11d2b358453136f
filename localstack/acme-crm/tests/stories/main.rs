//! The CRM over HTTP, with a real Redis and a real receiver of webhooks.

mod auth;
mod by_hand;
mod command_line;
mod contacts;
mod faults;
mod lists;
mod support;
mod support_receiver;
mod webhooks;
mod webhooks_lost;
