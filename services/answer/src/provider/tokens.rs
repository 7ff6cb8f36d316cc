//! Counts tokens without a tokenizer: by bytes, scaled by what the model's own counts have shown.

use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Bytes for each token, of what is not written in CJK.
const BYTES_PER_TOKEN: u64 = 3;
/// Tokens of a message's role and of what the template puts around it.
pub const MESSAGE_TOKENS: u64 = 4;
/// Tokens of an image, whose bytes say nothing.
const IMAGE_TOKENS: u64 = 1_000;
/// Prompts below this estimate are mostly template, and measure nothing.
const MIN_MEASURED_TOKENS: u64 = 48;
/// The scale is in thousandths.
const SCALE_ONE: u64 = 1_000;
/// A prompt moves the scale of all by no more than half or twice: who asks may write what nobody can estimate.
const BELIEVED_SCALES: (u64, u64) = (SCALE_ONE / 2, SCALE_ONE * 2);
/// A context window below this part of the configured one is not believed of all prompts.
const MIN_WINDOW_SHARE: u32 = 8;
/// EWMA weight: each prompt counts 1/4.
const EWMA_WEIGHT: u64 = 4;

/// Estimates the tokens of a text: a third of its bytes, but one for each character of CJK.
pub fn estimate(text: &str) -> u64 {
    let (mut bytes, mut characters) = (0, 0);
    for c in text.chars() {
        if is_cjk(c) {
            characters += 1;
        } else {
            bytes += widened(c.len_utf8());
        }
    }
    characters + u64::div_ceil(bytes, BYTES_PER_TOKEN)
}

/// Estimates the tokens of a JSON value. A part of a content that is an image counts as one, however long its URL is.
pub fn estimate_json(value: &Value) -> u64 {
    match value {
        _ if is_image(value) => IMAGE_TOKENS,
        Value::String(text) => estimate(text) + 1,
        Value::Array(values) => values.iter().map(estimate_json).sum(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| estimate(name) + 1 + estimate_json(value)).sum()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
    }
}

/// Whether a value is a part of a content that is an image, and nothing besides.
fn is_image(value: &Value) -> bool {
    let Value::Object(fields) = value else { return false };
    let is_image = |kind: &Value| matches!(kind.as_str(), Some("image_url" | "input_image"));
    fields.get("type").is_some_and(is_image)
        && fields.keys().all(|name| matches!(name.as_str(), "type" | "image_url" | "detail"))
}

fn widened(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// Whether a character is of Chinese, Japanese or Korean writing.
fn is_cjk(c: char) -> bool {
    matches!(u32::from(c),
        0x1100..=0x11FF | 0x2E80..=0x9FFF | 0xAC00..=0xD7FF | 0xF900..=0xFAFF | 0xFF00..=0xFFEF | 0x2_0000..=0x3_FFFF)
}

/// What was learned of a model: how many tokens its estimates are, and how small its context window is.
#[derive(Debug, Clone, Default)]
pub struct TokenMeter {
    /// By all prompts.
    shared: Arc<Measured>,
    /// By the refusals of one run's prompts, which say nothing of those of others.
    own: Arc<Measured>,
}

#[derive(Debug, Default)]
struct Measured {
    /// Tokens for 1,000 estimated ones; 0 before the first measurement.
    scale: AtomicU32,
    /// The context window that the provider named; 0 if it has named none.
    window: AtomicU32,
}

/// A prompt that was too long, as far as it is known by how much.
#[derive(Debug, Clone, Copy)]
pub struct Overflow {
    /// The estimate of the prompt.
    pub estimate: u64,
    /// The context window that the provider names.
    pub window: Option<u32>,
    /// Whether it names it beside a code, not only within a text, which may be the user's.
    pub is_certain: bool,
    /// The tokens that the provider has counted.
    pub tokens: Option<u64>,
}

impl TokenMeter {
    /// The tokens of what was estimated so.
    pub fn scaled(&self, estimate: u64) -> u64 {
        estimate.saturating_mul(self.scale()).div_ceil(SCALE_ONE)
    }

    /// The context window: the configured one, or a smaller one that the provider has named.
    pub fn window(&self, configured: u32) -> u32 {
        let named = [&self.shared, &self.own].map(|measured| measured.window.load(Ordering::Relaxed));
        named.into_iter().filter(|named| *named > 0).fold(configured, u32::min)
    }

    /// The meter of a run: it learns for itself what is not believed of all.
    #[must_use]
    pub fn for_run(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), own: Arc::default() }
    }

    /// Notes how many tokens a prompt had.
    pub fn record(&self, estimate: u64, tokens: u64) {
        if estimate >= MIN_MEASURED_TOKENS {
            let (least, most) = BELIEVED_SCALES;
            let seen = (tokens.saturating_mul(SCALE_ONE) / estimate).clamp(least, most);
            let known = u64::from(self.shared.scale.load(Ordering::Relaxed));
            let mixed = if known == 0 { seen } else { (known * (EWMA_WEIGHT - 1) + seen) / EWMA_WEIGHT };
            self.shared.set_scale(mixed);
        }
    }

    /// Notes that a prompt was too long, so that the next one, of the same messages, is shorter.
    ///
    /// Only a window that is named beside a code, and that is no small part of the configured one, counts for the prompts of others.
    pub fn record_overflow(&self, configured: u32, overflow: Overflow) {
        let before = self.window(configured);
        if let Some(window) = overflow.window.filter(|window| *window > 0) {
            self.own.window.store(window, Ordering::Relaxed);
            if overflow.is_certain && window >= configured / MIN_WINDOW_SHARE {
                self.shared.window.store(window, Ordering::Relaxed);
            }
        }
        let seen = overflow.tokens.map(|tokens| tokens.saturating_mul(SCALE_ONE) / overflow.estimate.max(1));
        let has_shrunk = self.window(configured) < before;
        match seen {
            Some(seen) => self.own.set_scale(seen.max(self.scale())),
            None if has_shrunk => {}
            None => self.own.set_scale(self.scale() * 4 / 3),
        }
    }

    fn scale(&self) -> u64 {
        let shared = match self.shared.scale.load(Ordering::Relaxed) {
            0 => SCALE_ONE,
            scale => u64::from(scale),
        };
        shared.max(u64::from(self.own.scale.load(Ordering::Relaxed)))
    }
}

impl Measured {
    fn set_scale(&self, scale: u64) {
        let bounded = scale.clamp(SCALE_ONE / 4, SCALE_ONE * 4);
        self.scale.store(u32::try_from(bounded).unwrap_or(u32::MAX), Ordering::Relaxed);
    }
}
