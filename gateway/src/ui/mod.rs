//! The page: the files of `gateway/ui/`, which are in the binary, and served as they are.

mod asset;
pub(crate) mod asset_store;
mod assets;
pub(crate) mod endpoints;
mod imports;
pub(crate) mod trailing_slash;
