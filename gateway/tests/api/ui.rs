//! The page: `/ui/` and its files.

use crate::app::{TestGateway, spawn_before, spawn_configured};
use flate2::read::GzDecoder;
use gateway::config::{Config, UiConfig};
use reqwest::Method;
use shared_test_kit::{Answer, unreachable_url};
use std::io::Read as _;
use std::time::Duration;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
    trusted-types 'none'";

/// Switches the page on, whose cookie lives for an hour.
pub fn with_ui(config: &mut Config) {
    config.ui = Some(UiConfig { refresh_token_ttl: Duration::from_secs(3600) });
}

fn spawn_with_ui() -> TestGateway {
    spawn_configured(&unreachable_url(), with_ui)
}

/// What the page links to, as paths of the gateway.
async fn linked(gateway: &TestGateway) -> Vec<String> {
    let page = gateway.client.get("/ui/").await.expect(200).text;
    let links = page.split('"').filter_map(|text| text.strip_prefix("./").map(|path| format!("/ui/{path}")));
    links.collect()
}

/// A script of the page, by its path.
async fn script(gateway: &TestGateway) -> String {
    linked(gateway).await.into_iter().find(|path| path.ends_with("/vendor/preact.js")).unwrap()
}

async fn bytes(gateway: &TestGateway, path: &str, accepted: &str) -> (Answer, Vec<u8>) {
    let client = gateway.client.with_header("accept-encoding", accepted);
    let head = client.send(Method::HEAD, path, None).await.expect(200);
    (head, client.open(path).await.unwrap().bytes().await.unwrap().to_vec())
}

fn source(path: &str) -> Vec<u8> {
    let name = path.splitn(4, '/').last().unwrap();
    std::fs::read(format!("{}/ui/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[tokio::test]
async fn the_root_redirects_to_the_page_and_the_page_to_its_slash() {
    let gateway = spawn_with_ui();
    for path in ["/", "/ui"] {
        for method in [Method::GET, Method::HEAD] {
            let answer = gateway.client.send(method, path, None).await.expect(307);
            // Behind a proxy that takes a prefix from the paths, the page is below it as well.
            assert_eq!(answer.header("location"), "ui/", "{path}");
        }
        assert_eq!(gateway.client.delete(path).await.expect(405).header("allow"), "GET, HEAD");
    }
    gateway.client.get("/docs").await.expect(200);
}

#[tokio::test]
async fn the_page_has_its_policies_and_is_validated_by_its_tag() {
    let gateway = spawn_with_ui();
    let page = gateway.client.get("/ui/?a=b").await.expect(200);
    let tag = page.header("etag").to_owned();
    let known = gateway.client.with_header("if-none-match", &tag).get("/ui/").await.expect(304);
    assert_eq!(known.text, "");
    for answer in [&page, &known] {
        for (name, value) in [
            ("content-security-policy", POLICY),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "no-cache"),
            ("vary", "Accept-Encoding"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("etag", &tag),
        ] {
            assert_eq!(answer.header(name), value);
        }
        assert!(answer.header("permissions-policy").contains("camera=()"));
    }
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    gateway.client.with_header("if-none-match", "\"another\"").get("/ui/").await.expect(200);
}

#[tokio::test]
async fn the_page_refers_to_its_files_and_to_no_other_server() {
    let gateway = spawn_with_ui();
    let page = gateway.client.get("/ui/").await.text;
    assert!(!page.contains("http") && !page.contains("\"//") && !page.contains("\"/"), "{page}");
    let linked = linked(&gateway).await;
    assert!(linked.len() > 5, "{linked:?}");
    for path in linked {
        let file = gateway.client.get(&path).await.expect(200);
        let expected = match path.rsplit('.').next().unwrap() {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            other => other,
        };
        assert_eq!(file.header("content-type"), expected, "{path}");
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable", "{path}");
        assert_eq!(file.header("x-content-type-options"), "nosniff", "{path}");
        assert!(file.text.as_bytes() == source(&path), "{path}");
    }
}

#[tokio::test]
async fn files_are_sent_compressed_to_clients_that_accept_it() {
    let gateway = spawn_with_ui();
    let path = script(&gateway).await;
    let plain = source(&path);
    for (accepted, coding) in [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("identity", ""),
        ("zstd", ""),
    ] {
        // The second answer is what was compressed for the first.
        for _ in 0..2 {
            let (head, sent) = bytes(&gateway, &path, accepted).await;
            assert_eq!(
                (head.header("content-encoding"), head.header("vary")),
                (coding, "Accept-Encoding"),
                "{accepted}"
            );
            assert_eq!(head.header("content-length"), sent.len().to_string(), "{accepted}");
            let mut decoded = Vec::new();
            match coding {
                "br" => drop(brotli::Decompressor::new(&*sent, 4096).read_to_end(&mut decoded).unwrap()),
                "gzip" => drop(GzDecoder::new(&*sent).read_to_end(&mut decoded).unwrap()),
                _ => decoded.clone_from(&sent),
            }
            assert!(decoded == plain, "{accepted}");
            assert!(coding.is_empty() || sent.len() * 2 < plain.len(), "{accepted}: {}", sent.len());
        }
    }
}

#[tokio::test]
async fn a_file_of_another_version_and_an_unknown_file_are_a_404_that_nobody_keeps() {
    let gateway = spawn_with_ui();
    let path = script(&gateway).await;
    let fingerprint = path.split('/').nth(2).unwrap();
    for path in [
        "/ui/0123456789abcdef/vendor/preact.js".to_owned(),
        "/ui/nothing".to_owned(),
        format!("/ui/{fingerprint}"),
        format!("/ui/{fingerprint}/nothing.js"),
        format!("/ui/{fingerprint}/index.html"),
        format!("/ui/{fingerprint}/tsconfig.json"),
        format!("/ui/{fingerprint}/vendor/README.md"),
        format!("/ui/{fingerprint}/vendor/htm.d.ts"),
    ] {
        let answer = gateway.client.get(&path).await.expect(404);
        assert_eq!(answer.code(), "not_found", "{path}");
        assert!(answer.header("cache-control") != "public, max-age=31536000, immutable", "{path}");
    }
    let old = gateway.client.get("/ui/0123456789abcdef/main.js").await.expect(404);
    assert_eq!(old.header("cache-control"), "no-store");
    for path in [format!("/ui/{fingerprint}/../main.js"), format!("/ui/{fingerprint}/%2e%2e/main.js")] {
        assert!(gateway.client.get(&path).await.status.is_client_error(), "{path}");
    }
}

#[tokio::test]
async fn without_the_page_its_paths_are_a_404_and_the_root_leads_to_docs() {
    let gateway = spawn_before(&unreachable_url());
    assert_eq!(gateway.client.get("/").await.expect(307).header("location"), "docs");
    for path in ["/ui", "/ui/", "/ui/0123456789abcdef/main.js"] {
        assert_eq!(gateway.client.get(path).await.expect(404).code(), "not_found", "{path}");
    }
    for path in ["/ui/session/login", "/ui/session/refresh", "/ui/session/logout"] {
        let page = gateway.client.with_header("sec-fetch-site", "same-origin");
        assert_eq!(page.post(path, &serde_json::json!({})).await.expect(404).code(), "not_found", "{path}");
    }
}

#[tokio::test]
async fn the_policies_of_all_else_stay_as_strict() {
    let gateway = spawn_with_ui();
    for (path, status) in
        [("/nothing", 404), ("/ui/nothing/at-all", 404), ("/health", 200), ("/api/v1/auth/me", 401)]
    {
        let answer = gateway.client.get(path).await.expect(status);
        let policy = answer.header("content-security-policy");
        assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'", "{path}");
        assert_eq!(answer.header("set-cookie"), "", "{path}");
    }
    let docs = gateway.client.get("/docs").await.expect(200);
    assert!(docs.header("content-security-policy").starts_with("default-src 'self'"));
}
