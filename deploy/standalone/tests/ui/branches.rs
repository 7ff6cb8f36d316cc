//! The tree, and what is done with branches.

use crate::app::User;
use crate::browser::DESKTOP;
use crate::driver::Driver;
use crate::scene::{eventually, signed_in};
use crate::tab::Tab;
use fantoccini::key::Key;
use serde_json::{Value, json};

pub async fn a_branch_is_named_found_in_the_tree_and_compared(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let chat = tab.branch_at_first(&user).await;
        tab.has_messages(1).await;
        tab.ask_and_wait("elsewhere").await;

        tab.click("link", "Tree").await;
        tab.element("treeitem", "Another way...").await;
        tab.click("treeitem", "first...").await;
        tab.shows("second!").await;
        tab.click("treeitem", "Another way...").await;
        tab.shows("elsewhere").await;
        // It is the active one for other devices, too.
        let active = async || {
            let found = user.get(&format!("/chats/get-chat/{chat}")).await.expect(200).json();
            found["active_branch_id"].as_str().unwrap().to_owned()
        };
        eventually("the branch is the active one", async || active().await != chat).await;
        let active = active().await;

        // The link that names both.
        let url = format!("/ui/#/chat/{chat}/compare/{chat}/{active}");
        tab.go(&url).await;
        tab.shows("Both begin with the same message.").await;
        tab.shows("second!").await;
        tab.click("button", "Swap sides").await;
        tab.shows("1 message of its own").await;
    })
    .await;
}

/// A chat with a trunk of one message and a branch, which has two branches of its own.
async fn chat_of_branches(user: &User) -> (String, Vec<String>) {
    let chat = user.chat("Trees").await;
    let first = user.say(&chat, "first").await["response_id"].clone();
    let mut branches = Vec::new();
    for (at, name) in [(&chat, "Figs"), (&chat, "Oaks")] {
        let body = json!({"original_chat_id": at, "branch_from_response_id": first, "name": name});
        let branch = user.post("/branches/create-branch", &body).await.expect(201).json();
        branches.push(branch["branch_id"].as_str().unwrap().to_owned());
    }
    user.say(&branches[0], "second").await;
    (chat, branches)
}

/// The names of the living branches, sorted.
async fn names(user: &User, chat: &str) -> Vec<Value> {
    let tree = user.get(&format!("/branches/get-branches?chat_id={chat}")).await.expect(200).json();
    let mut names: Vec<_> =
        tree["branches"].as_array().unwrap().iter().map(|branch| branch["name"].clone()).collect();
    names.sort_by_key(ToString::to_string);
    names
}

impl Tab {
    async fn choose_of_branch(&self, branch: &str, choice: &str) {
        self.run("const row = find('treeitem', arguments[0]); (row.querySelector('.tree-menu summary') ?? row.querySelector('.tree-menu')).click();", vec![json!(branch)]).await;
        self.click("menuitem", choice).await;
    }

    /// Clicks on what is in the dialog that is open.
    pub async fn click_in_dialog(&self, role: &str, name: &str) {
        self.element("dialog", "...").await;
        self.click(role, name).await;
    }
}

pub async fn a_branch_is_renamed_archived_deleted_and_restored(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let (chat, _) = chat_of_branches(&user).await;
        tab.go(&format!("/ui/#/chat/{chat}/tree")).await;
        tab.element("treeitem", "Oaks...").await;
        tab.choose_of_branch("Oaks...", "Rename...").await;
        tab.fill("Name...", "Elms").await;
        tab.click("button", "Save").await;
        tab.element("treeitem", "Elms...").await;
        assert_eq!(names(&user, &chat).await, [json!("Elms"), json!("Figs"), Value::Null]);

        tab.choose_of_branch("Elms...", "Archive").await;
        tab.gone("treeitem", "Elms...").await;
        tab.click("button", "Undo").await;
        tab.element("treeitem", "Elms...").await;

        tab.choose_of_branch("Figs...", "Delete").await;
        tab.gone("treeitem", "Figs...").await;
        assert_eq!(names(&user, &chat).await, [json!("Elms"), Value::Null]);
        tab.click("link", "Deleted branches").await;
        tab.click("button", "Restore...").await;
        tab.go(&format!("/ui/#/chat/{chat}/tree")).await;
        tab.element("treeitem", "Figs...").await;
        assert_eq!(names(&user, &chat).await.len(), 3);
    })
    .await;
}

pub async fn a_version_keeps_the_name_of_its_branch(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let (chat, branches) = chat_of_branches(&user).await;
        tab.go(&format!("/ui/#/chat/{chat}/branch/{}", branches[0])).await;
        tab.has_messages(2).await;
        tab.shows("Branch: Figs").await;
        tab.run(
            "[...document.querySelectorAll('[aria-label=\"Regenerate the answer\"]')].at(-1).click();",
            Vec::new(),
        )
        .await;
        tab.shows("Branch: Figs, version 2").await;
        tab.shows("Answer 2 / 2").await;
        eventually("the branch has its name", async || {
            names(&user, &chat).await.contains(&json!("Figs, version 2"))
        })
        .await;
        // A version on that branch, of a later message, is told apart from it.
        tab.ask_and_wait("third").await;
        tab.run(
            "[...document.querySelectorAll('[aria-label=\"Regenerate the answer\"]')].at(-1).click();",
            Vec::new(),
        )
        .await;
        tab.shows("Branch: Figs, version 2, version 2 of message 3").await;
        eventually("both versions have names of their own", async || {
            let names = names(&user, &chat).await;
            ["Figs, version 2", "Figs, version 2, version 2 of message 3"]
                .iter()
                .all(|name| names.contains(&json!(name)))
        })
        .await;
        tab.has_messages(3).await;
        // A question that the named branch shares with the first one is no version of what was named.
        tab.click("button", "Edit the question").await;
        tab.fill("The question", "what is an oak").await;
        tab.click("button", "Ask").await;
        tab.shows("Version 2: what is an oak").await;
    })
    .await;
}

pub async fn messages_are_copied_and_a_chat_is_forked(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let (chat, branches) = chat_of_branches(&user).await;
        tab.go(&format!("/ui/#/chat/{chat}/branch/{}", branches[0])).await;
        tab.has_messages(2).await;
        tab.run(
            "document.querySelectorAll('article.message')[1].querySelector('.menu summary').click();",
            Vec::new(),
        )
        .await;
        tab.click("menuitem", "Copy onto another branch...").await;
        tab.element("dialog", "...").await;
        tab.until("find('radio', 'Oaks...')", Vec::new()).await;
        tab.click("radio", "Oaks...").await;
        tab.click("button", "Copy...").await;
        tab.gone("dialog", "...").await;
        tab.shows("second!").await;
        let copies = user.get(&format!("/branches/get-branches?chat_id={chat}")).await.expect(200).json();
        assert_eq!(copies["branches"].as_array().unwrap().len(), 4);

        tab.run(
            "document.querySelectorAll('article.message')[1].querySelector('.menu summary').click();",
            Vec::new(),
        )
        .await;
        tab.click("menuitem", "Fork to a new chat").await;
        tab.until("!location.hash.includes(args[0])", vec![json!(chat)]).await;
        tab.has_messages(2).await;
        let chats = user.get("/chats/get-chat").await.expect(200).json();
        assert_eq!(chats.as_array().unwrap().len(), 2);
    })
    .await;
}

impl Tab {
    /// Presses Enter on an element.
    async fn enter(&self, role: &str, name: &str) {
        self.element(role, name).await;
        self.run("find(arguments[0], arguments[1]).focus();", vec![role.into(), name.into()]).await;
        self.press_key(Key::Enter).await;
    }

    /// Waits until an element has the focus.
    async fn has_focus(&self, role: &str, name: &str) {
        let is_focused = "document.activeElement === find(args[0], args[1])";
        self.until(is_focused, vec![role.into(), name.into()]).await;
    }
}

pub async fn the_focus_stays_beside_what_goes(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let (chat, branches) = chat_of_branches(&user).await;
        tab.go(&format!("/ui/#/chat/{chat}/compare/{chat}/{}", branches[0])).await;
        tab.shows("Both begin with").await;
        tab.enter("button", "Change the right branch").await;
        // Neither of the two that are compared is offered.
        tab.element("button", "Oaks...").await;
        tab.gone("button", "Figs...").await;
        tab.enter("button", "Oaks...").await;
        tab.shows("No messages of its own").await;
        tab.has_focus("button", "Change the right branch").await;

        let (chat, branches) = chat_of_branches(&user).await;
        for branch in &branches {
            user.delete(&format!("/branches/delete-branch/{branch}")).await.expect(200);
        }
        tab.go(&format!("/ui/#/chat/{chat}/deleted")).await;
        tab.enter("button", "Restore Oaks").await;
        tab.has_focus("button", "Restore Figs").await;
    })
    .await;
}

pub async fn a_panel_that_replaces_another_takes_the_focus(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let (chat, _) = chat_of_branches(&user).await;
        tab.go(&format!("/ui/#/chat/{chat}/settings")).await;
        tab.has_focus("heading", "Settings").await;
        tab.enter("button", "Actions for this chat").await;
        tab.enter("link", "Deleted branches").await;
        tab.has_focus("heading", "Deleted branches").await;
        // The link to the tree, as the next one.
        tab.press_key(Key::Tab).await;
        tab.press_key(Key::Enter).await;
        tab.element("treeitem", "Oaks...").await;
        tab.until("document.activeElement.closest('.panel') !== null", Vec::new()).await;
    })
    .await;
}

pub async fn a_link_to_a_panel_leads_to_its_heading(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let (chat, branches) = chat_of_branches(&user).await;
        let compare = format!("compare/{chat}/{}", branches[0]);
        for (panel, heading) in [("tree", "Tree"), (compare.as_str(), "Compare"), ("settings", "Settings")] {
            tab.go(&format!("/ui/#/chat/{chat}/{panel}")).await;
            tab.client.refresh().await.unwrap();
            // The field may come before the panel, or after it.
            tab.until("document.querySelector('[data-typed]') !== null", Vec::new()).await;
            tab.has_focus("heading", heading).await;
        }
    })
    .await;
}

pub async fn the_comparison_shows_markdown(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let (chat, branches) = chat_of_branches(&user).await;
        let response = "A *strangler* grows [down](https://example.com).\n\n- roots\n- <b>trunks</b>\n\n[No](javascript:alert(1))";
        let body = json!({"chat_id": branches[1], "question": "Is it a *tree*?", "response": response});
        user.post("/messages/add-message", &body).await.expect(201);
        tab.go(&format!("/ui/#/chat/{chat}/compare/{chat}/{}", branches[1])).await;
        // The question is as it was written, and the response as in the line: Markdown, but no HTML, and no link that runs.
        tab.shows("Is it a *tree*?").await;
        tab.shows("A strangler grows down.").await;
        tab.shows("<b>trunks</b>").await;
        tab.element("link", "down").await;
        let found = tab
            .run(
                "const all = document.querySelector('.compare-right .markdown'); return ['em', 'li', 'b', 'a'].map((name) => all.querySelectorAll(name).length);",
                Vec::new(),
            )
            .await;
        assert_eq!(found, json!([1, 2, 0, 1]));
    })
    .await;
}

pub async fn the_comparison_leads_back_to_the_tree(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let (chat, _) = chat_of_branches(&user).await;
        tab.go(&format!("/ui/#/chat/{chat}/tree")).await;
        tab.element("treeitem", "Oaks...").await;
        tab.choose_of_branch("Oaks...", "Compare with the branch shown").await;
        tab.shows("Both begin with").await;
        tab.click("link", "Close the comparison").await;
        tab.element("treeitem", "Oaks...").await;
    })
    .await;
}

pub async fn versions_are_told_apart_in_the_tree(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let chat = user.chat("Trees").await;
        let first = user.say(&chat, "how does one cook rice for two").await["response_id"].clone();
        for (question, response) in [("two", "again"), ("three", "more")] {
            let question = format!("how does one cook rice for {question}");
            let body = json!({"response_id": first, "question": question, "response": response});
            user.post("/messages/edit-message", &body).await.expect(201);
        }
        tab.go(&format!("/ui/#/chat/{chat}/tree")).await;
        tab.shows("Answer 2 of 3").await;
        tab.shows("Version 3 of 3").await;
        tab.element("treeitem", "\u{2026} for three...").await;
    })
    .await;
}
