//! Records that wait for their partition's turn. There is a limit to them, and the poller is told when there is room.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{
    Notify,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

use super::{event::MOST_BYTES, record::Record};

/// Batches that may wait behind the one that is under way.
const BATCHES: usize = 4;

#[derive(Debug, Default)]
struct Level {
    records: AtomicUsize,
    bytes: AtomicUsize,
}

/// The poller's end.
#[derive(Debug)]
pub(super) struct Inlet {
    sender: UnboundedSender<Record>,
    level: Arc<Level>,
    most_records: usize,
}

/// The partition's end.
#[derive(Debug)]
pub(super) struct Outlet {
    receiver: UnboundedReceiver<Record>,
    level: Arc<Level>,
    room: Arc<Notify>,
}

/// A backlog for batches of this size. `room` is told whenever something has been taken.
pub(super) fn backlog(batch_size: usize, room: Arc<Notify>) -> (Inlet, Outlet) {
    let (sender, receiver) = unbounded_channel();
    let level = Arc::<Level>::default();
    let inlet = Inlet { sender, level: Arc::clone(&level), most_records: BATCHES * batch_size };
    (inlet, Outlet { receiver, level, room })
}

impl Inlet {
    pub(super) fn push(&self, record: Record) {
        self.level.records.fetch_add(1, Ordering::Relaxed);
        self.level.bytes.fetch_add(record.size, Ordering::Relaxed);
        // Nobody listens when the partition has just been lost; somebody else reads it then.
        let _ = self.sender.send(record);
    }

    pub(super) fn is_full(&self) -> bool {
        self.is_above(self.most_records, BATCHES * MOST_BYTES)
    }

    /// Well below full, so that a partition is not held and released for each record.
    pub(super) fn has_room(&self) -> bool {
        !self.is_above(self.most_records / 2, BATCHES * MOST_BYTES / 2)
    }

    fn is_above(&self, records: usize, bytes: usize) -> bool {
        self.level.records.load(Ordering::Relaxed) >= records || self.level.bytes.load(Ordering::Relaxed) >= bytes
    }
}

impl Outlet {
    /// Waits for the next record; `None` at the end. Cancelling loses nothing.
    pub(super) async fn next(&mut self) -> Option<Record> {
        let record = self.receiver.recv().await?;
        self.level.records.fetch_sub(1, Ordering::Relaxed);
        self.level.bytes.fetch_sub(record.size, Ordering::Relaxed);
        self.room.notify_one();
        Some(record)
    }
}
