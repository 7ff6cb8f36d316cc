//! `/docs`, without internet access.

use crate::app::spawn_before;
use reqwest::Method;
use shared_test_kit::{Answer, unreachable_url};

#[tokio::test]
async fn docs_and_its_files_are_served_and_name_no_other_server() {
    let gateway = spawn_before(&unreachable_url());
    for page in ["/docs", "/docs/"] {
        let answer = gateway.client.get(page).await.expect(200);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert!(answer.header("content-security-policy").starts_with("default-src 'self'"));
        assert!(!answer.text.contains("http") && !answer.text.contains("\"//"), "{}", answer.text);
    }
    let page = gateway.client.get("/docs").await.text;
    let linked: Vec<_> =
        page.split(['"']).filter(|text| text.starts_with('/') && text.contains('.')).collect();
    assert_eq!(linked.len(), 6, "{linked:?}");
    for file in linked {
        let answer = gateway.client.get(file).await.expect(200);
        let kind = answer.header("content-type");
        let expected = match file.rsplit('.').next().unwrap() {
            "css" => "text/css",
            "js" => "text/javascript",
            other => other,
        };
        assert!(kind.contains(expected), "{file}: {kind}");
    }
}

#[tokio::test]
async fn docs_reads_this_gateways_document_and_uses_no_external_validator() {
    let gateway = spawn_before(&unreachable_url());
    let script = gateway.client.get("/docs/swagger-initializer.js").await.expect(200).text;
    assert!(script.contains("\"url\": root + \"/openapi.json\""), "{script}");
    assert!(script.contains("document.currentScript.src"), "{script}");
    assert!(script.contains("\"validatorUrl\": \"none\""), "{script}");
    assert!(!script.contains("://"), "{script}");
}

#[tokio::test]
async fn the_root_redirects_to_docs() {
    let gateway = spawn_before(&unreachable_url());
    for method in [Method::GET, Method::HEAD] {
        let answer = gateway.client.send(method, "/", None).await.expect(307);
        // Behind a proxy that takes a prefix from the paths, the page is below it as well.
        assert_eq!(answer.header("location"), "docs");
    }
    assert_eq!(gateway.client.delete("/").await.expect(405).header("allow"), "GET, HEAD");
}

#[tokio::test]
async fn files_are_sent_compressed_and_only_if_changed() {
    let gateway = spawn_before(&unreachable_url());
    for file in ["/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"] {
        let plain = gateway.client.get(file).await.expect(200);
        assert_eq!(plain.header("content-encoding"), "");
        let gzip = gateway.client.with_header("accept-encoding", "gzip").get(file).await.expect(200);
        assert_eq!((gzip.header("content-encoding"), gzip.header("vary")), ("gzip", "Accept-Encoding"));
        let length = |answer: &Answer| answer.header("content-length").parse::<usize>().unwrap();
        assert!(length(&gzip) * 3 < length(&plain), "{file}: {} of {}", length(&gzip), length(&plain));
        let tag = plain.header("etag");
        assert!(!tag.is_empty() && tag == gzip.header("etag"), "{tag}");
        let known = gateway.client.with_header("if-none-match", tag).get(file).await.expect(304);
        assert_eq!((known.header("etag"), known.text.as_str()), (tag, ""));
    }
}

#[tokio::test]
async fn an_unknown_file_is_a_404_in_the_error_format_of_the_api() {
    let gateway = spawn_before(&unreachable_url());
    for file in ["/docs/nothing.js", "/docs/a/b"] {
        assert_eq!(gateway.client.get(file).await.expect(404).code(), "not_found");
    }
    assert_eq!(gateway.client.delete("/docs").await.expect(405).header("allow"), "GET, HEAD");
}
