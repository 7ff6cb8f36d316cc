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
const MIN_MEASURED: u64 = 48;
/// The scale is in thousandths.
const ONE: u64 = 1_000;
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
pub struct TokenMeter(Arc<Measured>);

#[derive(Debug, Default)]
struct Measured {
    /// Tokens for 1,000 estimated ones; 0 before the first measurement.
    scale: AtomicU32,
    /// The context window that the provider named; 0 if it has named none.
    window: AtomicU32,
}

impl TokenMeter {
    /// The tokens of what was estimated so.
    pub fn scaled(&self, estimate: u64) -> u64 {
        estimate.saturating_mul(self.scale()).div_ceil(ONE)
    }

    /// The context window: the configured one, or a smaller one that the provider has named.
    pub fn window(&self, configured: u32) -> u32 {
        match self.0.window.load(Ordering::Relaxed) {
            0 => configured,
            named => named.min(configured),
        }
    }

    /// Notes how many tokens a prompt had.
    pub fn record(&self, estimate: u64, tokens: u64) {
        if estimate >= MIN_MEASURED {
            let seen = tokens.saturating_mul(ONE) / estimate;
            let known = u64::from(self.0.scale.load(Ordering::Relaxed));
            let mixed = if known == 0 { seen } else { (known * (EWMA_WEIGHT - 1) + seen) / EWMA_WEIGHT };
            self.set_scale(mixed);
        }
    }

    /// Notes that a prompt was too long, so that the next one, of the same messages, is shorter.
    pub fn record_overflow(&self, estimate: u64, configured: u32, named: Option<u32>, tokens: Option<u64>) {
        let before = self.window(configured);
        if let Some(window) = named.filter(|window| *window > 0) {
            self.0.window.store(window, Ordering::Relaxed);
        }
        let seen = tokens.map(|tokens| tokens.saturating_mul(ONE) / estimate.max(1));
        let has_shrunk = self.window(configured) < before;
        match seen {
            Some(seen) => self.set_scale(seen.max(self.scale())),
            None if has_shrunk => {}
            None => self.set_scale(self.scale() * 4 / 3),
        }
    }

    fn scale(&self) -> u64 {
        match self.0.scale.load(Ordering::Relaxed) {
            0 => ONE,
            scale => u64::from(scale),
        }
    }

    fn set_scale(&self, scale: u64) {
        let bounded = scale.clamp(ONE / 4, ONE * 4);
        self.0.scale.store(u32::try_from(bounded).unwrap_or(u32::MAX), Ordering::Relaxed);
    }
}
