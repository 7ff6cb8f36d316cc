//! A mutex for each key: the writers of a row wait here, before they take a connection of the pool.
//!
//! A writer that waits for a row lock in the database holds a connection meanwhile. With a mutex in front of the pool, a row with many
//! writers holds one connection in each process.

use crate::error::StoreError;
use crate::pool_timeout::POOL_TIMEOUT;
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OwnedMutexGuard;

/// A fair (FIFO) mutex for each key. Keys that are neither locked nor waited for take no memory. Cheap to clone.
#[derive(Debug)]
pub struct KeyedMutex<K>(Arc<Mutex<HashMap<K, Entry>>>);

#[derive(Debug, Default)]
struct Entry {
    mutex: Arc<tokio::sync::Mutex<()>>,
    /// How many tasks hold it or wait for it.
    users: usize,
}

/// The lock of a key within this process, until it is dropped.
#[derive(Debug)]
pub struct KeyGuard<K: Copy + Eq + Hash> {
    // Unlocked before the entry is removed: a new task must not find another mutex.
    _guard: OwnedMutexGuard<()>,
    _user: User<K>,
}

/// A task that holds the mutex of a key or waits for it. Dropping it, also while it waits, removes an unused entry.
#[derive(Debug)]
struct User<K: Copy + Eq + Hash> {
    entries: KeyedMutex<K>,
    key: K,
    mutex: Arc<tokio::sync::Mutex<()>>,
}

impl<K: Copy + Eq + Hash> KeyedMutex<K> {
    /// Locks a key, in the order of the calls. It fails with [`StoreError::Locked`] after the time-out of the pool.
    pub async fn lock(&self, key: K) -> Result<KeyGuard<K>, StoreError> {
        let user = self.enter(key);
        let lock = Arc::clone(&user.mutex).lock_owned();
        match tokio::time::timeout(POOL_TIMEOUT, lock).await {
            Ok(guard) => Ok(KeyGuard { _guard: guard, _user: user }),
            Err(_) => Err(StoreError::Locked("others wrote the same row for too long".into())),
        }
    }

    fn enter(&self, key: K) -> User<K> {
        let mut entries = self.entries();
        let entry = entries.entry(key).or_default();
        entry.users += 1;
        User { entries: self.clone(), key, mutex: Arc::clone(&entry.mutex) }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<K, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Clone for KeyedMutex<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Default for KeyedMutex<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Copy + Eq + Hash> Drop for User<K> {
    fn drop(&mut self) {
        let mut entries = self.entries.entries();
        if let Some(entry) = entries.get_mut(&self.key) {
            entry.users -= 1;
            if entry.users == 0 {
                entries.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use proptest::prelude::*;
    use std::collections::VecDeque;
    use std::pin::Pin;

    type Waiting = Pin<Box<dyn Future<Output = Result<KeyGuard<u8>, StoreError>>>>;

    fn waiting(mutex: &KeyedMutex<u8>, key: u8) -> Waiting {
        let mutex = mutex.clone();
        Box::pin(async move { mutex.lock(key).await })
    }

    #[tokio::test]
    async fn a_locked_key_does_not_block_another_key() {
        let mutex = KeyedMutex::default();
        let one = mutex.lock(1).await.unwrap();
        let mut second = waiting(&mutex, 1);
        assert!(second.as_mut().now_or_never().is_none());
        drop(mutex.lock(2).await.unwrap());
        drop(one);
        drop(second.await.unwrap());
        assert!(mutex.entries().is_empty());
    }

    #[derive(Debug, Clone)]
    enum Step {
        Ask,
        Leave(usize),
        Unlock,
    }

    proptest! {
        /// Tasks get the lock in order, one at a time, while others give up; and no entry is left.
        #[test]
        fn waiting_is_fair_and_leaves_no_entry_behind(steps in prop::collection::vec(prop_oneof![
            4 => Just(Step::Ask),
            2 => any::<usize>().prop_map(Step::Leave),
            3 => Just(Step::Unlock),
        ], 1..60)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let _entered = runtime.enter();
            let mutex = KeyedMutex::default();
            let (mut queue, mut holder) = (VecDeque::<Waiting>::new(), None);
            for step in steps {
                match step {
                    Step::Ask => queue.push_back(waiting(&mutex, 7)),
                    Step::Leave(place) => drop(queue.remove(place % (queue.len() + 1))),
                    Step::Unlock => holder = None,
                }
                let mut left = VecDeque::new();
                while let Some(mut one) = queue.pop_front() {
                    match one.as_mut().now_or_never() {
                        Some(guard) => {
                            prop_assert!(holder.is_none() && left.is_empty());
                            holder = Some(guard.unwrap());
                        }
                        None => left.push_back(one),
                    }
                }
                queue = left;
                prop_assert!(holder.is_some() || queue.is_empty());
            }
            drop((queue, holder));
            prop_assert!(mutex.entries().is_empty());
        }
    }
}
