//! The parts of a content: texts, and images, which a provider may fetch by itself.

use reqwest::Url;
use serde_json::Value;

/// How the data URI of an image begins.
const IMAGE_DATA: &str = "data:image/";
/// Names that lead to the network of the deployment.
const PRIVATE_SUFFIXES: [&str; 6] = [".localhost", ".local", ".internal", ".lan", ".home", ".arpa"];

/// Whether a value is an image as a part of a content.
pub fn is_image(part: &Value) -> bool {
    matches!(kind(part), Some("image_url" | "input_image"))
}

/// The URL of an image, if models may be given it.
///
/// A model's server fetches it from where it stands, in the network of the deployment: so an address in place of a name, a name without
/// a dot, and a URL that parsers may read in two ways are refused.
pub fn image_url(part: &Value) -> Option<&str> {
    let url = part.get("image_url")?;
    let url = url.as_str().or_else(|| url.get("url")?.as_str())?;
    (url.starts_with(IMAGE_DATA) || is_public(url)).then_some(url)
}

fn is_public(url: &str) -> bool {
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'@'));
    let parsed = Url::parse(url).ok().filter(|parsed| is_plain && parsed.scheme() == "https");
    parsed.as_ref().and_then(Url::domain).is_some_and(|name| {
        let name = name.trim_end_matches('.');
        name.contains('.') && !PRIVATE_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
    })
}

/// Whether all parts of the contents of these items are texts or images that models may be given.
pub fn are_supported(items: &Value) -> bool {
    items.as_array().is_none_or(|items| items.iter().all(is_supported_item))
}

fn is_supported_item(item: &Value) -> bool {
    match (item.get("content"), kind(item)) {
        (Some(Value::Array(parts)), _) => parts.iter().all(is_supported_part),
        (Some(Value::Object(_)), _) => false,
        // A text; or no content, as items of tools have it. What else has none is a bare part.
        (Some(_), _)
        | (
            None,
            Some("function" | "function_call" | "function_call_output" | "reasoning" | "item_reference"),
        ) => true,
        (None, Some(_)) => is_supported_part(item),
        (None, None) => item.get("role").is_some() || item.get("function").is_some(),
    }
}

fn is_supported_part(part: &Value) -> bool {
    match kind(part) {
        Some("text" | "input_text" | "output_text" | "refusal") => true,
        Some("image_url" | "input_image") => image_url(part).is_some(),
        _ => false,
    }
}

fn kind(value: &Value) -> Option<&str> {
    value.get("type")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn images_are_data_or_of_a_public_name() {
        let is_given = |url: &str| {
            let part = json!({"type": "image_url", "image_url": {"url": url}});
            assert_eq!(image_url(&part), image_url(&json!({"type": "input_image", "image_url": url})));
            image_url(&part).is_some()
        };
        for url in
            ["data:image/png;base64,AAAA", "https://example.com/a.png?b=c", "https://example.com:8443/"]
        {
            assert!(is_given(url), "{url}");
        }
        for url in [
            "http://example.com/a.png",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://branch/",
            "https://localhost/",
            "https://metadata.google.internal/",
            "https://a.local./",
            "https://example.com@10.0.0.1/",
            "https://10.0.0.1\\.example.com/",
            "https://example.com/ a",
            "file:///etc/passwd",
            "ftp://example.com/",
            "data:text/html,x",
            "",
        ] {
            assert!(!is_given(url), "{url}");
        }
    }

    #[test]
    fn items_have_texts_and_images_alone() {
        for item in [
            json!({"role": "tool", "tool_call_id": "a", "content": "4"}),
            json!({"role": "assistant", "tool_calls": []}),
            json!({"role": "user", "content": [{"type": "input_text", "text": "a"}]}),
            json!({"type": "function_call_output", "call_id": "a", "output": "1"}),
            json!({"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}),
            json!({"type": "input_image", "image_url": "https://example.com/a.png"}),
        ] {
            assert!(are_supported(&json!([item])), "{item}");
        }
        for item in [
            json!({"role": "user", "content": [{"type": "video_url", "video_url": {"url": "http://10.0.0.1/"}}]}),
            json!({"role": "user", "content": [{"type": "text", "text": "a"}, {"image_url": {"url": "http://10.0.0.1/"}}]}),
            json!({"role": "user", "content": {"type": "image_url", "image_url": {"url": "http://10.0.0.1/"}}}),
            json!({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://10.0.0.1/"}}]}),
            json!({"type": "input_file", "file_url": "http://10.0.0.1/"}),
            json!({"image_url": {"url": "http://10.0.0.1/"}}),
        ] {
            assert!(!are_supported(&json!([item])), "{item}");
        }
    }
}
