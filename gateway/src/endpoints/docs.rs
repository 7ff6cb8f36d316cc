//! `/docs`: Swagger UI from files in the binary, so that it works without internet access.

use super::cache_validator::CacheValidator;
use crate::downstream::client_ip::TrustedProxies;
use crate::downstream::compression::accepts_gzip;
use crate::downstream::server_url::path_prefix;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ContentType, LOCATION, VARY};
use actix_web::web::{self, Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use flate2::read::GzDecoder;
use shared_web::problem::Problem;
use shared_web::server::route_not_found;
use std::borrow::Cow;
use std::io::Read as _;
use std::sync::Arc;
use utoipa_swagger_ui::Config;

/// Our own page: the relative paths of Swagger UI's need a slash at the end of `/docs`.
const PAGE: &str = include_str!("docs.html");

/// Our own file, which says what the page shows.
const INITIALIZER: (&str, &str) = ("swagger-initializer.js", include_str!("initializer.js"));

/// A browser caches a file for one hour.
const FILE_CACHE_CONTROL: &str = "public, max-age=3600";

/// Content Security Policy: nothing is loaded from elsewhere. Swagger UI sets styles in its elements and has pictures in its
/// styles.
const CSP: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/// GET `/` without the page: redirects to `/docs`. The path is relative, so that a prefix before it stays.
pub(super) async fn get_root() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((LOCATION, "docs")).finish()
}

/// GET `/docs`.
pub(super) async fn get_docs(request: HttpRequest, trusted: Data<TrustedProxies>) -> HttpResponse {
    let page = PAGE.replace("\"/docs/", &format!("\"{}/docs/", path_prefix(&request, &trusted)));
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, CSP))
        .body(page)
}

/// GET `/docs/{file}`.
pub(super) async fn get_docs_file(request: HttpRequest, file: Path<String>) -> Result<HttpResponse, Problem> {
    let file = find(&file)?.ok_or_else(route_not_found)?;
    let validator = CacheValidator::of(&file.bytes, FILE_CACHE_CONTROL);
    let is_unchanged = validator.matches(&request);
    let mut response = if is_unchanged { validator.not_modified() } else { validator.ok() };
    if file.is_gzipped {
        response.insert_header((VARY, "Accept-Encoding"));
    }
    if is_unchanged {
        return Ok(response.finish());
    }
    response.content_type(file.content_type);
    if !file.is_gzipped {
        return Ok(response.body(file.bytes));
    }
    if accepts_gzip(request.headers()) {
        return Ok(response.insert_header((CONTENT_ENCODING, "gzip")).body(file.bytes));
    }
    let bytes = web::block(move || decompress(&file.bytes)).await.map_err(Problem::internal)?;
    Ok(response.body(bytes.map_err(Problem::internal)?))
}

/// A file in the binary.
struct File {
    content_type: String,
    bytes: Bytes,
    is_gzipped: bool,
}

fn find(name: &str) -> Result<Option<File>, Problem> {
    let found = utoipa_swagger_ui::serve(name, Arc::new(Config::from("")));
    let Some(file) = found.map_err(Problem::internal)? else { return Ok(None) };
    if name == INITIALIZER.0 {
        let bytes = Bytes::from_static(INITIALIZER.1.as_bytes());
        return Ok(Some(File { content_type: file.content_type, bytes, is_gzipped: false }));
    }
    let bytes = match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    Ok(Some(File { content_type: file.content_type, bytes, is_gzipped: file.gzpipped }))
}

fn decompress(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain)?;
    Ok(plain)
}
