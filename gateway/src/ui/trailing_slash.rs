//! Whether the path of the page has its slash, which relative URLs need. The server removes it before a request is routed.

use actix_web::{HttpMessage as _, HttpRequest};

/// The page's path.
const PAGE: &str = "/ui/";

/// A request whose path had a slash at its end.
struct TrailingSlash;

/// Records the slash of the page's path, before the server removes it.
pub(crate) fn record(request: &HttpRequest) {
    if request.path() == PAGE {
        request.extensions_mut().insert(TrailingSlash);
    }
}

/// Whether a request was recorded.
pub(super) fn was_there(request: &HttpRequest) -> bool {
    request.extensions().contains::<TrailingSlash>()
}
