//! The life of a run.

shared_store::text_enum! {
    /// The state of a run.
    ///
    /// ```text
    ///              claim                     seal                      store
    ///   queued ------------> running ------------------> sealed ------------------> stored
    ///     |  ^                |    |                       |  ^                         |
    ///     |  |  lease over,   |    |      lease over       |  | branch is down:         | a day later
    ///     |  +----------------+    +-----------------------+  +-- again, by any         v
    ///     |    nothing shown,         else: interrupted          replica            (no row)
    ///     |    first attempt                                                            ^
    ///     +------------------------------------------------> sealed (stopped)           | a day later
    ///                                                                                   |
    ///   queued, running, sealed ---- the chat or the branch is deleted ----> dropped ---+
    /// ```
    ///
    /// Who changes what:
    ///
    /// - The owner is the replica that has claimed a run. It alone writes chunks, and it alone seals, each time on the condition that the
    ///   run still has its epoch, the `seq` that it has written itself, and the state `running`. A claim and each loss of the lease raise
    ///   the epoch, so nothing that an owner of before does has an effect.
    /// - The lease is 30 s by the database's clock. Each flush renews it; a silent model is flushed without a chunk every 10 s.
    /// - A run whose lease is over is queued again only where nothing was shown and it was the first attempt; so nobody sees a token
    ///   twice. Else it ends as `interrupted`, with all that was flushed.
    /// - What is sealed does not change any more. Any replica may store it, as storing is idempotent.
    /// - A stop is a mark on the run (`stop_requested`), which the owner reads with each flush, and polls (`Timing::stop_poll`). A queued run is sealed at once.
    pub enum RunState {
        /// It waits for an owner.
        Queued = "queued",
        /// A replica has claimed it.
        Running = "running",
        /// It has ended, and is not stored yet.
        Sealed = "sealed",
        /// It is a message.
        Stored = "stored",
        /// It has no message, as its chat or branch was deleted.
        Dropped = "dropped",
    }
}

impl RunState {
    /// Whether it will change.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Sealed)
    }
}

shared_store::text_enum! {
    /// Where the message goes.
    pub enum Placement {
        /// To the branch, as long as its head is the parent.
        Append = "append",
        /// To a new branch at the parent.
        Fork = "fork",
    }
}
