//! The times of runs.

use std::time::Duration;

/// How often things are done, and how long others are waited for. A test shortens them.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How long an owner has authority after its last flush.
    pub lease: Duration,
    /// A silent model is flushed without a chunk this often.
    pub heartbeat: Duration,
    /// Between two flushes of a model that talks.
    pub flush: Duration,
    /// Between two polls of whether own runs shall stop.
    pub stop_poll: Duration,
    /// Between two polls of the chunks of runs that other replicas own.
    pub follow_poll: Duration,
    /// Between two polls of the queue.
    pub queue_poll: Duration,
    /// How long a run is left to the replica that has received it.
    pub queue_grace: Duration,
    /// Between two polls for leases that are over; up to a fifth more, at random.
    pub reap_poll: Duration,
    /// How long a sealed run is left to its owner, and between two attempts to store it.
    pub store_grace: Duration,
    /// Between two polls of whether stored answers are deleted.
    pub deletion_poll: Duration,
    /// How long a run may take.
    pub max_run: Duration,
    /// Between two comments on a silent stream.
    pub comment: Duration,
    /// How long a stream stays open.
    pub max_stream: Duration,
    /// How long a stream waits for the message of a run that has ended.
    pub max_store_wait: Duration,
    /// How long a run that stops on a disconnect goes on without a stream.
    pub disconnect_grace: Duration,
    /// How long a request to stop waits for the end.
    pub stop_wait: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let (seconds, millis) = (Duration::from_secs, Duration::from_millis);
        Self {
            lease: seconds(30),
            heartbeat: seconds(10),
            flush: millis(150),
            stop_poll: millis(300),
            follow_poll: millis(200),
            queue_poll: seconds(1),
            queue_grace: seconds(2),
            reap_poll: seconds(5),
            store_grace: seconds(5),
            deletion_poll: seconds(5),
            max_run: seconds(30 * 60),
            comment: seconds(15),
            max_stream: seconds(10 * 60),
            max_store_wait: seconds(20),
            disconnect_grace: seconds(10),
            stop_wait: seconds(1),
        }
    }
}
