//! The steps of the report.

use super::changed_chats::{ChangedChats, LatestChanges};
use super::large_chats::LargeChats;
use super::scan::Scan;
use super::sink::{ActivitySink, ReportError};
use crate::error::Error;
use crate::store::{ChangeSource, ContentStore, ReporterLease, TreeActivity};
use shared::chat_activity::ChatActivity;
use shared::clock::{Clock, Timestamp};
use shared::ids::{ChatId, OperationId};
use std::time::Duration;

/// How long a lease lasts after the last report. Each report renews it.
const LEASE_DURATION: Duration = Duration::from_secs(5);
/// The least overlap: for clocks that differ, and for requests that take long.
const MIN_OVERLAP: Duration = Duration::from_secs(60);
/// Statements of a transaction that may each take as long as their time-out allows.
const SLOW_STATEMENTS_PER_TRANSACTION: u32 = 3;
/// Chats of one request.
const CHATS_PER_REPORT: usize = 200;
/// The watermark before all changes, in microseconds: a server looks up an index of times after 1970 by it.
const FIRST_WATERMARK_MICROS: i64 = 1;

/// The outcome of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// All is reported, or another process does it.
    UpToDate,
    /// There may be more to report.
    More,
}

/// Reports the activity of chats, step by step.
#[derive(Debug)]
pub struct Reporter {
    store: ContentStore,
    clock: Clock,
    id: OperationId,
    overlap: Duration,
    /// The lease as it was last seen, of whomever.
    lease: ReporterLease,
    /// Whether the lease may be another one meanwhile.
    is_lease_unknown: bool,
    messages: Scan,
    branches: Scan,
    large: LargeChats,
}

impl Reporter {
    /// Opens a reporter on a store, whose statements take so long at most. The first one ever stores the watermarks: open it before
    /// anything is written.
    pub async fn open(store: ContentStore, clock: Clock, statement_timeout: Duration) -> Result<Self, Error> {
        let overlap = MIN_OVERLAP + SLOW_STATEMENTS_PER_TRANSACTION * statement_timeout;
        let (id, now) = (OperationId::generate(), clock.now());
        let first = ReporterLease {
            version: now.as_micros(),
            holder: id,
            until: now,
            // Older messages are those of chats that count as changed in the beginning.
            messages_from: now.minus(overlap),
            branches_from: Timestamp::from_micros(FIRST_WATERMARK_MICROS).unwrap_or(now),
        };
        let known = store.reporter_lease().await?;
        if known.is_none() {
            store.swap_reporter_lease(None, first).await?;
        }
        let lease = known.unwrap_or(first);
        Ok(Self {
            messages: Scan::new(ChangeSource::Messages, overlap, lease.messages_from),
            branches: Scan::new(ChangeSource::Branches, overlap, lease.branches_from),
            store,
            clock,
            id,
            overlap,
            lease,
            is_lease_unknown: true,
            large: LargeChats::default(),
        })
    }

    /// Its clock.
    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Takes the next step: reports a page of changes, unless another process holds the lease. After an error it is repeated.
    pub async fn step(&mut self, sink: &impl ActivitySink) -> Result<Progress, ReportError> {
        let now = self.clock.now();
        if self.is_lease_unknown {
            self.read_lease().await?;
        }
        if self.lease.holder != self.id && now < self.lease.until {
            self.is_lease_unknown = true;
            return Ok(Progress::UpToDate);
        }
        let messages = self.messages.read_page(&self.store, now).await?;
        let branches = self.branches.read_page(&self.store, now).await?;
        let mut changed = ChangedChats::default();
        for (scan, page) in [(&self.messages, &messages), (&self.branches, &branches)] {
            page.new.iter().for_each(|change| changed.add(scan.source(), change));
        }
        self.large.due(now).for_each(|chat| changed.add_unchanged(chat));
        if !changed.0.is_empty() {
            let Some(version) = self.take_lease(now).await? else { return Ok(Progress::More) };
            self.report(changed, version, now, sink).await?;
        }
        let has_more = messages.has_more || branches.has_more;
        self.messages.finish_page(messages);
        self.branches.finish_page(branches);
        Ok(if has_more { Progress::More } else { Progress::UpToDate })
    }

    async fn read_lease(&mut self) -> Result<(), Error> {
        let known = self.lease.version;
        self.lease = self.store.reporter_lease().await?.unwrap_or(self.lease);
        self.is_lease_unknown = false;
        if self.lease.version != known && self.lease.holder != self.id {
            self.messages.restart(self.lease.messages_from);
            self.branches.restart(self.lease.branches_from);
        }
        Ok(())
    }

    /// Takes or renews the lease, and stores the watermarks. Returns a version for what is read from now on; `None` if another
    /// process came first.
    async fn take_lease(&mut self, now: Timestamp) -> Result<Option<i64>, Error> {
        let expected = self.lease.version;
        // The next holder must see the changes that stale counts leave out.
        let stale = self.large.stale_since().map(|since| since.minus(self.overlap));
        let held_back = |watermark: Timestamp| stale.map_or(watermark, |stale| stale.min(watermark));
        let lease = ReporterLease {
            version: expected.saturating_add(1).max(now.as_micros()),
            holder: self.id,
            until: now.plus(LEASE_DURATION),
            messages_from: held_back(self.messages.watermark),
            branches_from: held_back(self.branches.watermark),
        };
        if self.store.swap_reporter_lease(Some(expected), lease).await? {
            self.lease = lease;
            return Ok(Some(lease.version));
        }
        self.is_lease_unknown = true;
        Ok(None)
    }

    async fn report(
        &mut self,
        changed: ChangedChats,
        version: i64,
        now: Timestamp,
        sink: &impl ActivitySink,
    ) -> Result<(), ReportError> {
        let changed: Vec<_> = changed.0.into_iter().collect();
        for chunk in changed.chunks(CHATS_PER_REPORT) {
            let ids = chunk.iter().map(|(chat, _)| *chat);
            let (waiting, counted): (Vec<_>, Vec<_>) = ids.partition(|chat| self.large.waits(*chat, now));
            let mut trees = self.store.tree_activity(&counted).await?;
            self.large.record(&counted, &trees, now);
            trees.extend(self.estimate(&waiting, chunk, now).await?);
            let activity = trees.into_iter().map(|tree| activity(tree, latest_of(chunk, tree.chat), version));
            let activity: Vec<_> = activity.collect();
            if !activity.is_empty() {
                sink.report(&activity).await?;
            }
            self.large.settle(&counted);
        }
        Ok(())
    }

    /// The activity of large chats whose messages are not to be counted yet.
    async fn estimate(
        &mut self,
        waiting: &[ChatId],
        changed: &[(ChatId, LatestChanges)],
        now: Timestamp,
    ) -> Result<Vec<TreeActivity>, Error> {
        if waiting.is_empty() {
            return Ok(Vec::new());
        }
        let active = self.store.active_branches(waiting).await?;
        let estimate = |(chat, active)| self.large.estimate(chat, active, latest_of(changed, chat), now);
        Ok(active.into_iter().filter_map(estimate).collect())
    }
}

/// The latest changes of one of these chats, which are ordered by id.
fn latest_of(changed: &[(ChatId, LatestChanges)], chat: ChatId) -> LatestChanges {
    let index = changed.binary_search_by_key(&chat, |(chat, _)| *chat).ok();
    index.and_then(|index| changed.get(index)).map_or_else(LatestChanges::default, |(_, latest)| *latest)
}

fn activity(tree: TreeActivity, latest: LatestChanges, version: i64) -> ChatActivity {
    ChatActivity {
        chat_id: tree.chat,
        version,
        active_branch_id: tree.active,
        message_count: u32::try_from(tree.messages).unwrap_or(u32::MAX),
        last_message_at: tree.last_message_at,
        changed_at: latest.changed_at.map_or(tree.changed_at, |at| at.max(tree.changed_at)),
    }
}
