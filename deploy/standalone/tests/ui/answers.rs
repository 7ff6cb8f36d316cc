//! Asking, and what becomes of answers.

use crate::browser::{DESKTOP, PHONE};
use crate::driver::Driver;
use crate::scene::signed_in;
use fantoccini::key::Key;
use serde_json::json;

pub async fn an_answer_streams_and_survives_a_reload(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let chat = user.chat("Trees").await;
        tab.open_chat(&chat).await;
        tab.ask("[[delay:60]][[repeat:12]] alpha beta gamma delta epsilon zeta eta theta iota kappa").await;
        tab.shows("alpha beta gamma delta").await;
        tab.element("button", "Stop the answer").await;
        tab.shows("Test model: it repeats your question. No AI is connected yet").await;
        // The reason why nothing can be asked is shown until the answer has ended.
        tab.ask("too early").await;
        tab.shows("An answer is being written. Stop it").await;
        tab.fill("Your question", "").await;
        tab.client.refresh().await.unwrap();
        tab.element("button", "Stop the answer").await;
        tab.element("button", "Regenerate the answer").await;
        tab.hides("An answer is being written. Stop it").await;
        let stored = user.line(&format!("chat_id={chat}")).await;
        let response =
            stored[0]["response"].as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        tab.shows(&response).await;
        // Nothing comes twice.
        tab.until(
            "squeezed(document.querySelector('.response').innerText) === args[0]",
            vec![json!(response)],
        )
        .await;
        assert_eq!(stored.len(), 1);
    })
    .await;
}

pub async fn an_answer_is_stopped_and_regenerated_as_another_version(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let chat = user.chat("Trees").await;
        tab.open_chat(&chat).await;
        tab.ask("[[delay:50]][[repeat:500]] root").await;
        tab.shows("root root root").await;
        tab.click("button", "Stop the answer").await;
        tab.click("button", "Regenerate the answer").await;
        tab.click("button", "Stop the answer").await;
        tab.shows("Answer 2 / 2").await;
        tab.click("button", "Previous version").await;
        tab.shows("1 / 2").await;
        tab.click("button", "Next version").await;
        tab.shows("2 / 2").await;
        let first = user
            .get(&format!(
                "/messages/get-versions?response_id={}",
                first_id(&user.line(&format!("chat_id={chat}")).await)
            ))
            .await;
        assert_eq!(first.expect(200).json().as_array().unwrap().len(), 2);
    })
    .await;
}

fn first_id(line: &[serde_json::Value]) -> &str {
    line[0]["response_id"].as_str().unwrap()
}

pub async fn a_question_is_edited_as_another_version(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let chat = user.chat("Trees").await;
        tab.open_chat(&chat).await;
        tab.ask_and_wait("what is a fig").await;
        tab.ask_and_wait("and a banyan").await;
        tab.click("button", "Edit the question").await;
        tab.fill("The question", "what is an oak").await;
        tab.press_key(Key::Enter).await;
        tab.shows("2 / 2").await;
        tab.shows("what is an oak").await;
        tab.hides("and a banyan").await;
        tab.shows("Question 2 / 2").await;
        tab.shows("Your later questions stay with version 1.").await;
        tab.element("button", "Go back").await;
        // Back where one was: at the end of the other side.
        tab.element("button", "Previous version").await;
        tab.click("button", "Previous version").await;
        tab.shows("and a banyan").await;
        tab.shows("1 / 2").await;
    })
    .await;
}

/// All that an editor has is where it can be seen and touched.
const EDITOR_IS_WHOLE: &str = "count('.editor :is(textarea, button)') === 3 && [...document.querySelectorAll('.editor :is(textarea, button)')].every(isUncovered)";

pub async fn an_editor_is_whole_where_its_question_was_at_the_lower_edge(driver: &Driver) {
    signed_in(driver, PHONE, async |tab, user| {
        let chat = user.chat("Trees").await;
        let mut ids = Vec::new();
        for number in 0..12 {
            ids.push(user.say(&chat, &format!("question {number}")).await["response_id"].clone());
        }
        tab.open_chat(&chat).await;
        tab.shows("question 11!").await;
        let question = "document.querySelector(`#m-${arguments[0]} .asked`)";
        let to_edge = format!(
            "const line = document.querySelector('.line');
            line.scrollBy(0, {question}.getBoundingClientRect().bottom - line.getBoundingClientRect().bottom);"
        );
        tab.run(&to_edge, vec![ids[6].clone()]).await;
        tab.element("button", "To the end").await;
        tab.run(&format!("{question}.querySelector('button').click();"), vec![ids[6].clone()]).await;
        tab.element("textbox", "The question").await;
        tab.until(EDITOR_IS_WHOLE, Vec::new()).await;
        // It grows with what is written.
        tab.press(&" and more words".repeat(20)).await;
        tab.until(EDITOR_IS_WHOLE, Vec::new()).await;
    })
    .await;
}

const MARKDOWN: &str = "# Figs

- *one*
- **two**

```rust
fn main() {}
```

| a | b |
|---|---|
| 1 | 2 |

<script>window.hacked = true</script><img src=x onerror='window.hacked = true'>

[good](https://example.org/) [bad](javascript:window.hacked=true) ![picture](https://example.org/p.png)";

pub async fn markdown_is_shown_and_is_never_html(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let chat = user.chat("Trees").await;
        let body = json!({"chat_id": chat, "question": "<b>bold</b>", "response": MARKDOWN});
        user.post("/messages/add-message", &body).await.expect(201);
        tab.open_chat(&chat).await;
        tab.shows("<b>bold</b>").await;
        tab.until(
            "document.querySelector('.response li strong') && document.querySelector('.response pre code')",
            Vec::new(),
        )
        .await;
        tab.shows("<script>window.hacked = true</script>").await;
        let links = tab
            .run(
                "return [...document.querySelectorAll('.response a')].map((a) => [a.href, a.rel]);",
                Vec::new(),
            )
            .await;
        let links = links.as_array().unwrap();
        assert!(
            links.iter().all(|link| link[0].as_str().unwrap().starts_with("https://example.org/")),
            "{links:?}"
        );
        assert!(links.iter().all(|link| link[1] == "noopener noreferrer"), "{links:?}");
        assert_eq!(
            tab.run("return window.hacked === undefined && count('.response img') === 0;", Vec::new()).await,
            json!(true)
        );
    })
    .await;
}
