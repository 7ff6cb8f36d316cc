//! Texts of all kinds and sizes.

use crate::kit::{Kit, metadata};
use branch::domain::{Order, Question, Response};
use branch::store::{ListRequest, MessageRequest};
use shared::validation::TextField as _;

pub async fn unusual_texts_are_stored_unchanged(kit: &Kit) {
    let chat = kit.chat().await;
    let texts = [
        "",
        " ",
        "😀🌳\u{10FFFF}",
        "$where",
        "a.b",
        "{\"$set\": 1}",
        "\r\n\t\u{1}\u{7f}",
        "e\u{301}é\u{feff}",
    ];
    let json = [
        "{}",
        "{ }",
        r#"{"$a":1e400,"b.c":-0.0,"":[1.10],"":null,"z":1,"a":2,"😀":"\ud83d\ude00"}"#,
        r#"{"$oid":"x","$numberLong":"1","_id":{"$date":0}, "n": 123456789012345678901234567890}"#,
    ];
    for (number, text) in texts.iter().enumerate() {
        let mut new = chat.message(chat.trunk(), text);
        new.response = Response::parse(format!("{text}!")).unwrap();
        new.metadata = metadata(json[number % json.len()]);
        let made = kit.store.append(new.clone()).await.unwrap().object;
        let read =
            kit.store.read_message(MessageRequest::in_own_chat(chat.owner, made.id)).await.unwrap().unwrap();
        assert_eq!(read, made);
        assert_eq!((read.question.as_str(), read.response), (*text, format!("{text}!")));
        assert_eq!(read.metadata, json[number % json.len()]);
    }
    assert_eq!(chat.line(chat.trunk()).await, texts);
}

pub async fn the_largest_texts_fit_and_a_page_holds_eight_mib(kit: &Kit) {
    let chat = kit.chat().await;
    let large = "é".repeat(1 << 19);
    for number in 0..9 {
        let mut new = chat.message(chat.trunk(), &large);
        if number != 8 {
            new.response = Response::parse(large.clone()).unwrap();
        }
        new.question = Question::parse(large.clone()).unwrap();
        new.metadata = metadata(&format!(r#"{{"a":"{}"}}"#, "x".repeat((16 << 10) - 8)));
        kit.store.append(new.clone()).await.unwrap();
    }
    for (order, sizes) in [(Order::Asc, [4, 4, 1]), (Order::Desc, [4, 4, 1])] {
        let mut request = chat.page(chat.trunk());
        request.order = order;
        let mut found = Vec::new();
        loop {
            let page = kit.store.read_page(&request).await.unwrap().messages;
            found.push(page.items.len());
            for message in page.items {
                assert_eq!((message.question.len(), message.metadata.len()), (1 << 20, 16 << 10));
            }
            let Some(next) = page.next else { break };
            request.start = Some(next);
        }
        assert_eq!(found, sizes, "{order:?}");
    }
    let first = kit.store.list_messages(&ListRequest::newest(chat.owner, None, 200)).await.unwrap();
    assert_eq!(first.items.len(), 4);
    assert!(first.next.is_some());
}
