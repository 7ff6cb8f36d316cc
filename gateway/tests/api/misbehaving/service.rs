//! What a service does with the one request to which it responds badly.

use super::script::{Script, Step};
use crate::raw;
use crate::wire::{Wire, upstream};
use reqwest::Url;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// The path of the request that is answered by the script.
pub const POISONED: &str = "/api/v1/chats/poisoned";

pub struct Service {
    pub url: Url,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// The requests that were read whole, with their bodies.
    seen: Mutex<Vec<String>>,
    /// How many scripts are being followed.
    playing: watch::Sender<usize>,
    has_answered_user: watch::Sender<bool>,
    connections: Mutex<usize>,
}

impl Service {
    pub async fn start(script: &Script) -> Self {
        let state = Arc::<State>::default();
        let (script, serving) = (script.clone(), Arc::clone(&state));
        let url = upstream(move |wire| {
            let (script, state) = (script.clone(), Arc::clone(&serving));
            async move { serve(wire, &script, &state).await }
        })
        .await;
        Self { url, state }
    }

    /// Resets the state: no part of the script has been sent.
    pub fn reset(&self) {
        self.state.has_answered_user.send_replace(false);
    }

    /// Records that the user has the answer, and waits until the whole script is sent.
    pub async fn finish_script(&self) {
        self.state.has_answered_user.send_replace(true);
        self.state.playing.subscribe().wait_for(|&playing| playing == 0).await.unwrap();
    }

    /// How often a request was read.
    pub fn count(&self, request: &str) -> usize {
        self.state.seen.lock().unwrap().iter().filter(|seen| *seen == request).count()
    }
}

async fn serve(mut wire: Wire, script: &Script, state: &State) {
    let number = {
        let mut connections = state.connections.lock().unwrap();
        *connections += 1;
        *connections
    };
    while let Some(head) = wire.try_until("\r\n\r\n").await {
        let line = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
        let is_poisoned = line.ends_with(POISONED);
        if is_poisoned && script.ignores_body {
            state.playing.send_modify(|playing| *playing += 1);
        } else {
            let Some(body) = raw::body(&mut wire, &head).await else { return };
            let request = format!("{line} {body}");
            state.seen.lock().unwrap().push(request.clone());
            if !is_poisoned {
                let length = request.len();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nX-Connection: {number}\r\nContent-Length: {length}\r\n\r\n{request}"
                );
                if !wire.try_say(answer.as_bytes()).await {
                    return;
                }
                continue;
            }
            state.playing.send_modify(|playing| *playing += 1);
        }
        let goes_on = follow(&mut wire, script, state).await;
        if !goes_on {
            // Its end is a part of the script.
            drop(wire);
            state.playing.send_modify(|playing| *playing -= 1);
            return;
        }
        state.playing.send_modify(|playing| *playing -= 1);
    }
}

/// Follows the script; whether the connection goes on after it.
async fn follow(wire: &mut Wire, script: &Script, state: &State) -> bool {
    for step in &script.steps {
        let is_heard = match step {
            Step::Say(bytes) => wire.try_say(bytes).await,
            Step::Trickle(bytes) => trickle(wire, bytes).await,
            Step::Repeat(bytes) => {
                while wire.try_say(bytes).await {}
                false
            }
            Step::AwaitAnswer => {
                state.has_answered_user.subscribe().wait_for(|&answered| answered).await.is_ok()
            }
            Step::Close => false,
            Step::Reset => {
                wire.will_reset();
                true
            }
            Step::Listen => {
                wire.passes_by().await;
                false
            }
        };
        if !is_heard {
            return false;
        }
    }
    true
}

async fn trickle(wire: &mut Wire, bytes: &[u8]) -> bool {
    for byte in bytes {
        if !wire.try_say(std::slice::from_ref(byte)).await {
            return false;
        }
        // So that it goes out, and is read, alone.
        tokio::task::yield_now().await;
    }
    true
}
