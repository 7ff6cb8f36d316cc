//! The keys by which failures are counted, and the rule of each.

use super::failure_counter::ThrottleRule;
use shared_web::client_network::ClientNetwork;

/// Failures with the same key are counted together. An account is the hash of an [`Account`](super::Account), of
/// a user or of an unknown name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum ThrottleKey {
    /// One account from one address, in a row.
    AccountAtAddress(u64, ClientNetwork),
    /// One account from anywhere.
    Account(u64),
    /// Any account from one address.
    Address(ClientNetwork),
}

impl ThrottleKey {
    /// The rule for failures with this key.
    pub(super) fn rule(self) -> ThrottleRule {
        match self {
            Self::AccountAtAddress(..) => ThrottleRule { free_failures: 20, decays: false },
            Self::Account(_) => ThrottleRule { free_failures: 50, decays: true },
            Self::Address(_) => ThrottleRule { free_failures: 100, decays: true },
        }
    }
}

/// The account and the address of an attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoginSource {
    pub(super) account: u64,
    pub(super) address: ClientNetwork,
    /// Whether the account is known to have logged in from the address before.
    pub(super) is_known: bool,
}

impl LoginSource {
    /// The keys that apply. A known account at its address is not locked out by failures of others. A loopback address does
    /// not count: behind a proxy on this machine that is not configured as trusted, all clients have it.
    pub(super) fn keys(self) -> impl Iterator<Item = ThrottleKey> {
        let Self { account, address, is_known } = self;
        let of_account = (!is_known).then_some(ThrottleKey::Account(account));
        let of_address = (!is_known && !address.is_loopback()).then_some(ThrottleKey::Address(address));
        std::iter::once(ThrottleKey::AccountAtAddress(account, address)).chain(of_account).chain(of_address)
    }
}
