//! The files of the page that are served now.

use super::assets::Assets;
use std::sync::{Arc, PoisonError, RwLock};

/// The files of the page, which all workers share.
pub(crate) struct AssetStore(RwLock<Arc<Assets>>);

impl AssetStore {
    /// Reads the files.
    pub(crate) fn load() -> Self {
        Self(RwLock::new(Arc::new(Assets::load())))
    }

    /// The files.
    pub(super) fn current(&self) -> Arc<Assets> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The files, read again in a debug build, so that who works on the page sees each change on reload.
    pub(super) fn reloaded(&self) -> Arc<Assets> {
        let current = self.current();
        if !cfg!(debug_assertions) {
            return current;
        }
        let read = Assets::load();
        if read.are_same(&current) {
            return current;
        }
        let read = Arc::new(read);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&read);
        read
    }
}
