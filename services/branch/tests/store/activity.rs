//! The report of activity to the chat service.

use crate::kit::{Chat, Kit, rename};
use branch::activity::{ActivitySink, Progress, ReportError, Reporter};
use branch::store::ContentStore;
use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use reqwest::StatusCode;
use shared::chat_activity::ChatActivity;
use shared::clock::{Clock, Timestamp};
use shared::ids::{BranchId, ChatId};
use shared::service::Service;
use shared_test_kit::TestDatabase;
use shared_web::service_client::CallError;
use shared_web::timeouts::ServerTimeouts;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

/// The fate of a report that is sent to a chat service.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Arrives,
    IsLost,
    LosesItsAnswer,
}

/// A chat service, which joins reports as the real one does.
pub struct ChatService {
    known: Mutex<HashMap<ChatId, ChatActivity>>,
    reports: Mutex<Vec<ChatActivity>>,
    fate: Mutex<Fate>,
}

impl ChatService {
    pub fn new() -> Self {
        Self { known: Mutex::default(), reports: Mutex::default(), fate: Mutex::new(Fate::Arrives) }
    }

    fn of(&self, chat: &Chat) -> ChatActivity {
        self.known.lock().unwrap()[&chat.id]
    }

    /// The reports since the last call.
    pub fn take_reports(&self) -> Vec<ChatActivity> {
        std::mem::take(&mut self.reports.lock().unwrap())
    }

    fn set(&self, fate: Fate) {
        *self.fate.lock().unwrap() = fate;
    }
}

impl ActivitySink for ChatService {
    async fn report(&self, chats: &[ChatActivity]) -> Result<(), CallError> {
        let fate = *self.fate.lock().unwrap();
        if fate != Fate::IsLost {
            self.reports.lock().unwrap().extend(chats);
            let mut known = self.known.lock().unwrap();
            for report in chats {
                let joined = known.entry(report.chat_id).or_insert(*report);
                *joined = joined.join(*report);
            }
        }
        match fate {
            Fate::Arrives => Ok(()),
            Fate::IsLost | Fate::LosesItsAnswer => {
                Err(CallError::Unexpected { called: Service::Chat, status: StatusCode::BAD_GATEWAY })
            }
        }
    }
}

async fn reporter(kit: &Kit) -> Reporter {
    reporter_on(&kit.store, &kit.clock).await
}

pub async fn reporter_on(store: &ContentStore, clock: &Clock) -> Reporter {
    Reporter::open(store.clone(), clock.clone(), ServerTimeouts::default().statement).await.unwrap()
}

/// Takes steps until all is reported.
pub async fn catch_up(reporter: &mut Reporter, service: &ChatService) {
    while reporter.step(service).await.unwrap() == Progress::More {}
}

/// The activity of a chat that is compared: the active branch, the number of messages, the times of the last message and the last change.
pub type Shown = (BranchId, u32, Option<Timestamp>, Timestamp);

pub fn shown(service: &ChatService, chat: &Chat) -> Shown {
    let ChatActivity { active_branch_id, message_count, last_message_at, changed_at, .. } = service.of(chat);
    (active_branch_id, message_count, last_message_at, changed_at)
}

pub async fn every_change_of_a_chat_is_reported(kit: &Kit) {
    let (service, mut reporter) = (ChatService::new(), reporter(kit).await);
    let (chat, other) = (kit.chat().await, kit.chat().await);
    let trunk = chat.trunk();
    other.say(other.trunk(), "other").await;
    let first = chat.say(trunk, "1").await;
    catch_up(&mut reporter, &service).await;
    assert_eq!(shown(&service, &chat), (trunk, 1, Some(first.created_at), first.created_at));
    service.take_reports();

    let mut expect = async |expected: Shown, change: &str| {
        catch_up(&mut reporter, &service).await;
        assert_eq!(shown(&service, &chat), expected, "{change}");
        let reports = service.take_reports();
        assert_eq!(reports.iter().map(|report| report.chat_id).collect::<Vec<_>>(), [chat.id], "{change}");
        kit.clock.advance(Duration::from_secs(1));
        kit.clock.now()
    };
    kit.clock.advance(Duration::from_secs(1));
    let now = kit.clock.now();
    let fork = chat.fork(first.id).await;
    let said_at = Some(first.created_at);
    let now = expect((trunk, 1, said_at, now), "an empty fork").await;
    let second = chat.say(fork, "2").await;
    assert_eq!(second.created_at, now);
    let now = expect((trunk, 2, Some(now), now), "an append to a branch").await;
    kit.store.activate(chat.owner, trunk, fork).await.unwrap();
    let said_at = Some(second.created_at);
    let now = expect((fork, 2, said_at, now), "a switch").await;
    chat.update(fork, &rename(Some("name"))).await;
    let now = expect((fork, 2, said_at, now), "a name").await;
    chat.update(fork, &rename(None)).await;
    let now = expect((fork, 2, said_at, now), "no name").await;
    let mut edit = chat.regenerate(second.id);
    edit.activate = true;
    let version = kit.store.edit_message(edit).await.unwrap().object;
    let edited = version.branch;
    expect((edited, 3, Some(version.created_at), now), "an edit").await;
    let picked = kit.store.cherry_pick(&chat.pick(&[first.id, second.id], trunk)).await.unwrap().object;
    let last_at = picked.messages.last().unwrap().created_at;
    expect((edited, 5, Some(last_at), last_at), "a cherry-pick").await;
    let now = kit.clock.now();
    kit.store.delete_branch(chat.owner, picked.branch.branch.id, false).await.unwrap();
    // The time of the last message stays, though that is deleted.
    let now = expect((edited, 3, Some(last_at), now), "a deletion").await;
    kit.store.delete_branch(chat.owner, fork, true).await.unwrap();
    expect((edited, 2, Some(last_at), now), "a deletion of a sibling").await;
    let now = kit.clock.now();
    kit.store.delete_branch(chat.owner, edited, false).await.unwrap();
    expect((trunk, 1, Some(last_at), now), "a deletion of the active branch").await;

    kit.store.delete_chat(chat.owner, chat.id).await.unwrap();
    catch_up(&mut reporter, &service).await;
    kit.clock.advance(Duration::from_secs(3600));
    catch_up(&mut reporter, &service).await;
    assert_eq!(service.take_reports(), []);
    assert_eq!(service.of(&other).message_count, 1);
}

pub async fn a_report_that_fails_is_repeated_until_it_arrives(kit: &Kit) {
    let (service, mut reporter) = (ChatService::new(), reporter(kit).await);
    let chat = kit.chat().await;
    chat.say(chat.trunk(), "1").await;
    for fate in [Fate::IsLost, Fate::LosesItsAnswer, Fate::IsLost] {
        service.set(fate);
        let step = reporter.step(&service).await;
        assert!(matches!(step, Err(ReportError::Sink(CallError::Unexpected { .. }))), "{step:?}");
    }
    let other = kit.chat().await;
    other.say(other.trunk(), "2").await;
    // Longer than an overlap.
    kit.clock.advance(Duration::from_secs(3600));
    assert!(reporter.step(&service).await.is_err());
    service.set(Fate::Arrives);
    catch_up(&mut reporter, &service).await;
    for chat in [&chat, &other] {
        assert_eq!(service.of(chat).message_count, 1);
    }
    service.take_reports();
    catch_up(&mut reporter, &service).await;
    assert_eq!(service.take_reports(), []);
}

pub async fn a_reporter_that_crashes_is_replaced_and_nothing_is_lost(kit: &Kit) {
    let service = ChatService::new();
    let chat = kit.chat().await;
    let mut messages = 0;
    // Before anything was reported, with a report on its way, with one that has arrived, and after a step.
    for fate in [None, Some(Fate::IsLost), Some(Fate::LosesItsAnswer), Some(Fate::Arrives)] {
        let mut dying = reporter(kit).await;
        chat.say(chat.trunk(), "q").await;
        messages += 1;
        if let Some(fate) = fate {
            service.set(fate);
            assert_eq!(dying.step(&service).await.is_ok(), fate == Fate::Arrives);
        }
        drop(dying);
        service.set(Fate::Arrives);
        // The lease of the one that has died is over.
        kit.clock.advance(Duration::from_secs(6));
        let before = service.known.lock().unwrap().get(&chat.id).map(|known| known.version);
        let mut next = reporter_on(&kit.replica().await, &kit.clock).await;
        catch_up(&mut next, &service).await;
        let known = service.of(&chat);
        assert_eq!(known.message_count, messages);
        assert!(before < Some(known.version), "a later report has a higher version");
        kit.clock.advance(Duration::from_secs(6));
    }
}

pub async fn of_several_reporters_one_reports(kit: &Kit) {
    let service = ChatService::new();
    let (mut one, mut two) = (reporter(kit).await, reporter_on(&kit.replica().await, &kit.clock).await);
    let chat = kit.chat().await;
    for _ in 0..3 {
        chat.say(chat.trunk(), "q").await;
        kit.clock.advance(Duration::from_secs(1));
        catch_up(&mut one, &service).await;
        assert_eq!(service.take_reports().len(), 1);
        catch_up(&mut two, &service).await;
        assert_eq!(service.take_reports(), [], "the other one has the lease");
    }
    // Now it is the other one that goes on, and the first one that waits.
    kit.clock.advance(Duration::from_secs(6));
    chat.say(chat.trunk(), "q").await;
    catch_up(&mut two, &service).await;
    assert_eq!(service.take_reports().len(), 1);
    catch_up(&mut one, &service).await;
    assert_eq!(service.take_reports(), []);
    assert_eq!(service.of(&chat).message_count, 4);
    // Both at once: whoever comes first, all is reported, and versions rise.
    for number in 5..10 {
        kit.clock.advance(Duration::from_secs(6));
        chat.say(chat.trunk(), "q").await;
        let (one, two) = tokio::join!(one.step(&service), two.step(&service));
        one.unwrap();
        two.unwrap();
        let reports = service.take_reports();
        assert!((1..=2).contains(&reports.len()), "{reports:?}");
        assert_eq!(service.of(&chat).message_count, number);
    }
}

pub async fn messages_with_times_of_other_clocks_are_reported(kit: &Kit) {
    let (service, mut reporter) = (ChatService::new(), reporter(kit).await);
    let (ahead, behind) = (kit.chat().await, kit.chat().await);
    kit.clock.advance(Duration::from_secs(3600));
    ahead.say(ahead.trunk(), "an hour ahead").await;
    kit.clock.set_back(Duration::from_secs(3600));
    catch_up(&mut reporter, &service).await;
    assert_eq!(service.of(&ahead).message_count, 1);
    // Its time is after that of the message before.
    ahead.say(ahead.trunk(), "now").await;
    catch_up(&mut reporter, &service).await;
    assert_eq!(service.of(&ahead).message_count, 2);

    kit.clock.set_back(Duration::from_secs(30));
    behind.say(behind.trunk(), "half a minute behind").await;
    kit.clock.advance(Duration::from_secs(30));
    catch_up(&mut reporter, &service).await;
    assert_eq!(service.of(&behind).message_count, 1);
    // The clock of all is set back.
    kit.clock.advance(Duration::from_secs(7200));
    catch_up(&mut reporter, &service).await;
    kit.clock.set_back(Duration::from_secs(7200));
    behind.say(behind.trunk(), "again").await;
    catch_up(&mut reporter, &service).await;
    assert_eq!(service.of(&behind).message_count, 2);
}

pub async fn messages_of_a_chat_with_many_branches_are_counted_later(kit: &Kit) {
    let (service, mut reporter) = (ChatService::new(), reporter(kit).await);
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let fork = chat.fork_many(first.id, 1_001).await[0];
    // The branches are more than a page of changes.
    assert_eq!(reporter.step(&service).await.unwrap(), Progress::More);
    catch_up(&mut reporter, &service).await;
    assert_eq!(service.of(&chat).message_count, 1);

    kit.clock.advance(Duration::from_secs(1));
    let second = chat.say(fork, "2").await;
    kit.store.activate(chat.owner, chat.trunk(), fork).await.unwrap();
    catch_up(&mut reporter, &service).await;
    let at = second.created_at;
    assert_eq!(shown(&service, &chat), (fork, 1, Some(at), at));
    // A reporter that comes after a crash counts at once.
    kit.clock.advance(Duration::from_secs(6));
    let counted = ChatService::new();
    catch_up(&mut reporter_on(&kit.replica().await, &kit.clock).await, &counted).await;
    assert_eq!(shown(&counted, &chat), (fork, 2, Some(at), at));

    kit.clock.advance(Duration::from_secs(24));
    catch_up(&mut reporter, &service).await;
    assert_eq!(shown(&service, &chat), (fork, 2, Some(at), at));
}

pub async fn a_fork_of_an_older_version_is_reported(kit: &Kit) {
    let (service, mut reporter) = (ChatService::new(), reporter(kit).await);
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    chat.fork(first.id).await;
    catch_up(&mut reporter, &service).await;
    service.take_reports();
    kit.clock.advance(Duration::from_secs(1));
    let columns =
        "root_chat_id, owner_id, parent_branch_id, forked_from, fork_depth, level, place, head_depth";
    let fork = |schema: &str, id: &str, time: &str| {
        format!(
            "INSERT INTO {schema}branches (branch_id, {columns}, created_at) \
             SELECT {id}, {columns}, {time} FROM {schema}branches WHERE level = 1"
        )
    };
    let now = kit.clock.now();
    if let TestDatabase::Sqlite(folder) = kit.database() {
        let file = folder.path().join("branch");
        let mut connection = diesel::SqliteConnection::establish(file.to_str().unwrap()).unwrap();
        let time = now.as_micros().to_string();
        connection.batch_execute(&fork("", "randomblob(16)", &time)).unwrap();
    } else {
        let database = kit.database().connect_postgres().await.unwrap();
        let time = format!("TIMESTAMPTZ '{now}'");
        database.batch_execute(&fork("branch.", "gen_random_uuid()", &time)).await.unwrap();
    }

    catch_up(&mut reporter, &service).await;

    assert_eq!(service.take_reports().len(), 1);
    assert_eq!(shown(&service, &chat), (chat.trunk(), 1, Some(first.created_at), now));
}
