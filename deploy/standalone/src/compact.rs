//! `banyan compact`: rewrites the SQLite files of the data folder without deleted rows.

use crate::data_dir::DataDir;
use shared::error::StartError;
use shared_store::{compact, is_missing};
use std::path::Path;

/// Rewrites every file of a folder that no process uses. Returns a line for each.
pub fn compact_data_dir(path: &Path) -> Result<Vec<String>, StartError> {
    let failed = |error| StartError::Io(format!("{}: cannot be read", path.display()), error);
    if is_missing(path) {
        return Err(failed(std::io::ErrorKind::NotFound.into()));
    }
    let data_dir = DataDir::open(path)?;
    let databases = data_dir.databases().map_err(failed)?;
    let compacted = databases.iter().map(|file| {
        let (before, after) = compact(file)?;
        Ok(format!("{}: {after} bytes, {before} before", file.display()))
    });
    compacted.collect()
}
