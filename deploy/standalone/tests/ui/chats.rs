//! The list of chats.

use crate::browser::{DESKTOP, PHONE};
use crate::driver::Driver;
use crate::scene::signed_in;
use fantoccini::key::Key;
use serde_json::json;

pub async fn a_chat_is_named_pinned_tagged_archived_and_found(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let chat = user.chat("Trees").await;
        user.chat("Bakeries").await;
        tab.element("link", "Trees...").await;
        tab.choose("Actions for Trees", "Rename").await;
        tab.fill("Name of the chat", "Figs").await;
        tab.press_key(Key::Enter).await;
        tab.element("link", "Figs...").await;
        tab.choose("Actions for Figs", "Pin").await;
        tab.element("heading", "Pinned").await;
        tab.choose("Actions for Figs", "Tags...").await;
        tab.element("dialog", "...").await;
        tab.press("garden").await;
        tab.press_key(Key::Enter).await;
        tab.click("button", "Save").await;
        tab.shows("garden").await;
        let named = user.get(&format!("/chats/get-chat/{chat}")).await.expect(200).json();
        assert_eq!(
            (&named["name"], &named["pinned"], &named["tags"]),
            (&json!("Figs"), &json!(true), &json!(["garden"]))
        );
        tab.fill("Search chats by name", "bak").await;
        tab.gone("link", "Figs...").await;
        tab.element("link", "Bakeries...").await;
        tab.fill("Search chats by name", "").await;
        tab.element("link", "Figs...").await;
        tab.choose("Actions for Bakeries", "Archive").await;
        tab.gone("link", "Bakeries...").await;
        tab.click("button", "Undo").await;
        tab.element("link", "Bakeries...").await;
    })
    .await;
}

pub async fn a_menu_stays_open_when_the_first_chat_is_pinned_elsewhere(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let pinned = user.chat("Trees").await;
        user.chat("Bakeries").await;
        tab.element("link", "Trees...").await;
        tab.click("button", "Actions for Bakeries").await;
        tab.element("menuitem", "Archive").await;
        user.put(&format!("/chats/update-chat/{pinned}"), &json!({"pinned": true})).await.expect(200);
        tab.element("heading", "Pinned").await;
        tab.click("menuitem", "Archive").await;
        tab.gone("link", "Bakeries...").await;
    })
    .await;
}

pub async fn a_chat_begins_with_its_first_question(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        tab.click("button", "New chat").await;
        tab.until("document.activeElement === find('textbox', 'Your question')", Vec::new()).await;
        let chats = async || user.get("/chats/get-chat").await.expect(200).json();
        assert_eq!(chats().await, json!([]));
        tab.ask_and_wait(
            "Why do **figs** grow on trees that strangle other trees in the forests of the tropics",
        )
        .await;
        // Cut after a word, and without the signs of Markdown.
        tab.element("link", "Why do figs grow on trees that strangle other trees in the…...").await;
        assert_eq!(chats().await.as_array().unwrap().len(), 1);
    })
    .await;
}

pub async fn the_first_page_of_a_phone_has_no_link_to_itself(driver: &Driver) {
    signed_in(driver, PHONE, async |tab, _| {
        tab.shows("Ask something, then").await;
        tab.gone("link", "‹ Chats").await;
        tab.click("button", "New chat").await;
        tab.click("link", "‹ Chats").await;
        tab.gone("link", "‹ Chats").await;
        tab.shows("Ask something, then").await;
    })
    .await;
}

pub async fn a_chat_is_deleted_and_comes_back(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let chat = user.chat("Trees").await;
        user.say(&chat, "one").await;
        tab.open_chat(&chat).await;
        tab.choose("Actions for Trees", "Delete").await;
        tab.gone("link", "Trees...").await;
        tab.click("button", "Undo").await;
        tab.element("link", "Trees...").await;
        tab.choose("Actions for Trees", "Delete").await;
        tab.gone("link", "Trees...").await;
        tab.click("link", "Deleted chats").await;
        tab.click("button", "Restore Trees").await;
        tab.element("link", "Trees...").await;
        tab.choose("Actions for Trees", "Delete").await;
        tab.go("/ui/#/deleted").await;
        tab.click("button", "Destroy Trees for good").await;
        tab.click("button", "Destroy for good").await;
        tab.shows("No chat is deleted.").await;
        user.get(&format!("/chats/get-chat/{chat}")).await.expect(404);
    })
    .await;
}

pub async fn an_undo_is_offered_as_long_as_it_can_act(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        user.chat("Trees").await;
        tab.element("link", "Trees...").await;
        tab.choose("Actions for Trees", "Archive").await;
        tab.element("button", "Undo").await;
        // It cannot be taken out of the archive any more, but be restored.
        tab.click("button", "Archived").await;
        tab.choose("Actions for Trees", "Delete").await;
        tab.shows("It can be restored until").await;
        tab.hides("Archived \u{201c}").await;
        tab.click("link", "Deleted chats").await;
        tab.click("button", "Restore Trees").await;
        tab.shows("Restored").await;
        tab.gone("button", "Undo").await;
        // Nobody else who signs in sees it.
        tab.sign_out().await;
        tab.hides("Restored").await;
    })
    .await;
}

pub async fn the_first_chat_that_is_found_opens(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let chat = user.chat("Bakeries").await;
        user.chat("Trees").await;
        tab.element("link", "Trees...").await;
        tab.fill("Search chats by name", "bak").await;
        tab.press_key(Key::Enter).await;
        tab.until("location.hash.includes(args[0])", vec![json!(chat)]).await;
    })
    .await;
}

pub async fn the_open_chat_has_a_menu(driver: &Driver) {
    signed_in(driver, PHONE, async |tab, user| {
        let chat = user.chat("Trees").await;
        let first = user.say(&chat, "first").await;
        let branch = user.fork(&chat, &first["response_id"]).await;
        user.say(&branch, "elsewhere").await;
        tab.open_chat(&chat).await;
        tab.choose("Actions for this chat", "Rename").await;
        tab.fill("Name...", "Figs").await;
        tab.click("button", "Save").await;
        tab.element("heading", "Figs").await;
        // The comparison has no button of its own on a phone.
        tab.choose("Actions for this chat", "Compare this branch with...").await;
        tab.click_in_dialog("button", "elsewhere...").await;
        tab.shows("Both begin with the same message.").await;
        tab.click("link", "Back to the chat").await;
        tab.choose("Actions for this chat", "Delete").await;
        tab.click("button", "Undo").await;
        tab.element("heading", "Figs").await;
    })
    .await;
}

pub async fn the_list_tells_at_once_when_something_was_said(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let chat = user.chat("Trees").await;
        user.say(&chat, "first").await;
        tab.open_chat(&chat).await;
        tab.has_messages(1).await;
        tab.element("link", "Trees...").await;
        let time = "document.querySelector('.chat-row time').dateTime";
        let before = tab.run(&format!("return {time};"), Vec::new()).await;
        tab.ask_and_wait("second").await;
        // The server tells of it up to two seconds later.
        let now = tab.run(&format!("return {time};"), Vec::new()).await;
        assert_ne!(now, before);
    })
    .await;
}

pub async fn a_chat_has_no_instructions(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let chat = user.chat("Trees").await;
        let instructions = async || {
            let found = user.get(&format!("/chats/get-chat/{chat}")).await.expect(200).json();
            found["settings"]["instructions"].clone()
        };
        tab.go(&format!("/ui/#/chat/{chat}/settings")).await;
        for (choice, stored) in [("None", json!("")), ("The default of this server", json!(null))] {
            tab.element("combobox", "Instructions").await.select_by_label(choice).await.unwrap();
            tab.click("button", "Save").await;
            tab.shows("Saved: instructions").await;
            assert_eq!(instructions().await, stored);
        }
    })
    .await;
}
