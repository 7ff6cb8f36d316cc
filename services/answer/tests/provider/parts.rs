//! Parts of contents: images go with the question, and cost what an image does; nothing else is sent.

use crate::support::models;
use crate::tool_turns::{message, sent};
use answer::context::Context;
use serde_json::json;

#[test]
fn images_are_parts_of_the_question() {
    let items = json!([{"type": "input_image", "image_url": "https://example.com/i.png", "detail": "low"}]);
    let expected = json!({"role": "user", "content": [
        {"type": "text", "text": "what is it?"},
        {"type": "image_url", "image_url": {"url": "https://example.com/i.png", "detail": "low"}},
    ]});
    assert_eq!(sent(&[], "what is it?", Some(&items)).0, [expected]);
    let message = json!([{"type": "message", "id": "m1", "role": "user", "content": [{"type": "input_text", "text": "a"}]}]);
    let expected = json!({"role": "user", "content": [{"type": "text", "text": "a"}]});
    assert_eq!(sent(&[], "", Some(&message)).0, [expected]);
}

#[test]
fn only_texts_and_images_with_a_public_name_are_sent() {
    let items = json!([
        {"type": "video_url", "video_url": {"url": "http://10.0.0.1/"}},
        {"type": "image_url", "image_url": {"url": "http://10.0.0.1/"}},
        {"role": "user", "audio": {"url": "http://10.0.0.1/"}, "content": [
            {"type": "text", "text": "a", "url": "http://10.0.0.1/"},
            {"type": "image_url", "image_url": {"url": "https://10.0.0.1/"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA", "detail": "low"}},
        ]},
    ]);
    let image = json!({"url": "data:image/png;base64,AA", "detail": "low"});
    let expected = [
        json!({"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": image}]}),
        json!({"role": "user", "content": "next"}),
    ];
    assert_eq!(sent(&[], "next", Some(&items)).0, expected);
}

#[test]
fn a_model_that_takes_no_images_is_told_that_there_was_one() {
    let items = json!([{"type": "input_image", "image_url": "https://example.com/i.png"}]);
    let line = [message("what is it?", Some(items), "a fig", None)];
    let content = json!([{"type": "text", "text": "what is it?"}, {"type": "text", "text": "[image]"}]);
    assert_eq!(sent(&line, "next", None).0[0], json!({"role": "user", "content": content}));
}

#[test]
fn an_image_costs_no_more_the_larger_its_data_is() {
    let image = format!("data:image/png;base64,{}", "A".repeat(4 << 20));
    let items = json!([{"type": "image_url", "image_url": {"url": image}}]);
    let model = models("[[models]]\nname = \"m\"\nbase_url = \"http://h/v1\"\ncontext_window = 8000\n");
    let models = model.unwrap();
    let mut context = Context::new(models.find(None).unwrap(), None, "q", Some(&items));
    assert!(context.push(message("q", None, "r", None)));
}

#[test]
fn a_text_that_looks_like_an_image_costs_what_a_text_does() {
    let long = format!("data:{}", "A".repeat(9_000));
    for item in [json!({"role": "user", "content": long}), json!({"type": "text", "text": long})] {
        let line = [message("q", Some(json!([item])), "r", None)];
        assert_eq!(sent(&line, "next", None).1, 1, "{item}");
    }
}

#[test]
fn a_line_is_kept_up_to_16_mib_however_large_the_window_is() {
    let models =
        models("[[models]]\nname = \"m\"\nbase_url = \"http://h/v1\"\ncontext_window = 100000000\n").unwrap();
    let long = message(&"x".repeat(1 << 20), None, &"y".repeat(1 << 20), None);
    let mut model = models.find(None).unwrap().clone();
    for (max_line_bytes, kept) in [(model.max_line_bytes, 8), (4 << 20, 2)] {
        model.max_line_bytes = max_line_bytes;
        let mut context = Context::new(&model, None, "q", None);
        assert_eq!((0..20).take_while(|_| context.push(long.clone())).count(), kept);
    }
}
