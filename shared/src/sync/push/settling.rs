//! Settling one task: what becomes of its link, and of the contact.

use jiff::Timestamp;

use super::transition::{Next, after_news, next, refused};
use super::{Done, Task};
use crate::app::App;
use crate::contact::RemoteKey;
use crate::db::links::Link;
use crate::error::{Error, Result};
use crate::mapping::{Change, News};
use crate::sync::arrival::Arrival;
use crate::sync::scene::Scene;

/// The settling of one task.
pub(super) struct Settling<'a> {
    pub(super) app: &'a App,
    pub(super) one: &'a Done,
    pub(super) scene: &'a mut Scene,
    pub(super) now: Timestamp,
}

impl Settling<'_> {
    pub(super) fn settle(mut self, news: Option<&Result<Arrival<'_>>>) {
        let Task { connection, plan, .. } = &self.one.task;
        let (Some(contact), Some(link)) = self.scene.pair(self.one.contact(), &connection.id) else { return };
        let (contact, link) = (contact.clone(), link.clone());
        // News, or somebody after our time was over, may have seen to it. What the CRM showed is news all the same.
        let is_ours = link.claimed_until == plan.link.claimed_until;
        let settings = &self.app.config.crms;
        match next(plan, self.one.reply.clone(), &contact, link.clone(), self.now, settings) {
            Next::Told { .. } if !is_ours => {
                if let Some(Ok(arrival)) = news {
                    // What is told that can't be worked was noted by whoever has the link.
                    drop(self.scene.tell(arrival, self.now, &self.app.rules));
                }
            }
            _ if !is_ours => {}
            Next::Is(link) => self.scene.put(*link),
            Next::Buried(link) => {
                self.bury();
                self.scene.put(*link);
            }
            Next::Told { link, written, .. } => {
                self.scene.put((*link).clone());
                match news {
                    Some(Ok(arrival)) => self.tell(arrival, *link, written),
                    Some(Err(error)) => self.refuse(*link, error),
                    None => {}
                }
            }
            Next::ToldGone(link, at) => {
                self.scene.put((*link).clone());
                let arrival = gone(self.app, &self.one.task, &link, at);
                if let Some(arrival) = arrival {
                    self.tell(&arrival, *link, false);
                }
            }
        }
    }

    fn tell(&mut self, arrival: &Arrival<'_>, link: Link, written: bool) {
        let connection = &self.one.task.connection.id;
        match self.scene.tell(arrival, self.now, &self.app.rules) {
            Err(error) => self.refuse(link, &error),
            Ok(_) if self.scene.contact_of(&arrival.key).is_some_and(|contact| contact != self.one.contact()) => {
                let another = Error::Malformed("it is another contact's".to_owned());
                self.refuse(link, &another);
            }
            Ok(_) => {
                if let (_, Some(link)) = self.scene.pair(self.one.contact(), connection) {
                    let link = after_news(&self.one.task.plan, link.clone(), written, self.now, &self.app.config.crms);
                    self.scene.put(link);
                }
            }
        }
    }

    fn refuse(&mut self, link: Link, error: &Error) {
        self.scene.put(refused(&self.one.task.plan, link, &error.reason()));
    }

    fn bury(&mut self) {
        let Task { connection, plan, .. } = &self.one.task;
        if let Some(remote_id) = plan.link.remote_id.clone() {
            self.scene.bury(RemoteKey { connection: connection.id.clone(), remote_id }, self.now);
        }
    }
}

/// The record was not there any more at this time.
fn gone<'a>(app: &App, task: &'a Task, link: &Link, at: Timestamp) -> Option<Arrival<'a>> {
    let change = Change { remote_id: link.remote_id.clone()?, news: News::Deleted(at) };
    Arrival::of(&task.tenant, &task.connection, change, &app.rules).ok()
}
