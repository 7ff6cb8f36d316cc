//! `/ui/` and the files below it.

use super::asset::{Asset, ContentCoding, Representation};
use super::asset_store::AssetStore;
use super::trailing_slash;
use crate::endpoints::cache_validator::CacheValidator;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, LOCATION,
    PERMISSIONS_POLICY, VARY,
};
use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use shared_web::problem::Problem;
use shared_web::server::{public, route_not_found};
use std::sync::Arc;

/// A browser keeps a file as long as it likes: its URL names its version.
const FILE_CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// Content Security Policy of the page: nothing is loaded from or sent to another origin, no script stands in the page, and no text becomes
/// markup or code (Trusted Types without any policy).
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
    trusted-types 'none'";

/// The features of browsers that the page never uses.
const PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

static OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// The URL table of the page.
pub(crate) fn configure(app: &mut ServiceConfig) {
    app.service(public("/").get(get_root))
        .service(public("/ui").get(get_page))
        .service(public("/ui/{fingerprint}/{file:.*}").get(get_file));
}

/// GET `/`: redirects to the page. The path is relative, so that a prefix before it stays.
async fn get_root() -> HttpResponse {
    redirect_to_page()
}

fn redirect_to_page() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((LOCATION, "ui/")).finish()
}

/// GET `/ui/`: the page; GET `/ui`: redirects there, as its relative URLs need the slash.
async fn get_page(request: HttpRequest, store: Data<AssetStore>) -> Result<HttpResponse, Problem> {
    if !trailing_slash::was_there(&request) {
        return Ok(redirect_to_page());
    }
    let assets = web::block(move || store.reloaded()).await.map_err(Problem::internal)?;
    let page = assets.page.as_ref().ok_or_else(route_not_found)?;
    let validator = CacheValidator::of(&page.bytes, "no-cache");
    let is_unchanged = validator.matches(&request);
    let mut response = if is_unchanged { validator.not_modified() } else { validator.ok() };
    response
        .insert_header((CONTENT_SECURITY_POLICY, CSP))
        .insert_header((PERMISSIONS_POLICY, PERMISSIONS))
        .insert_header((OPENER_POLICY.clone(), "same-origin"));
    if is_unchanged {
        return Ok(response.insert_header((VARY, "Accept-Encoding")).finish());
    }
    send(&request, page, response).await
}

/// GET `/ui/{fingerprint}/{file}`. An unknown file may be one of another version: nobody keeps that answer.
async fn get_file(
    request: HttpRequest,
    path: Path<(String, String)>,
    store: Data<AssetStore>,
) -> Result<HttpResponse, Problem> {
    let (fingerprint, name) = path.into_inner();
    let assets = store.current();
    let file = assets
        .file(&fingerprint, &name)
        .ok_or_else(|| route_not_found().with_header(CACHE_CONTROL, HeaderValue::from_static("no-store")))?;
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, FILE_CACHE_CONTROL));
    send(&request, file, response).await
}

/// Sends a file, compressed where the client accepts that.
async fn send(
    request: &HttpRequest,
    asset: &Arc<Asset>,
    mut response: HttpResponseBuilder,
) -> Result<HttpResponse, Problem> {
    response.content_type(asset.media_type).insert_header((VARY, "Accept-Encoding"));
    let representation = match ContentCoding::accepted(request.headers()) {
        None => asset.identity(),
        Some(coding) => compressed(asset, coding).await?,
    };
    if let Some(coding) = representation.coding {
        response.insert_header((CONTENT_ENCODING, coding.name()));
    }
    Ok(response.body(representation.bytes))
}

async fn compressed(asset: &Arc<Asset>, coding: ContentCoding) -> Result<Representation, Problem> {
    if let Some(compressed) = asset.compressed(coding) {
        return Ok(compressed);
    }
    let asset = Arc::clone(asset);
    web::block(move || asset.compress(coding)).await.map_err(Problem::internal)
}
