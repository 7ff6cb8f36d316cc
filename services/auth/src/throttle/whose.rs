//! Whose failures are counted together, and what they cost.

use super::tally::Rule;
use shared::client_network::ClientNetwork;

/// Accounts are known by a number: the hash of an [`Account`](super::Account), whether anybody has the name or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Whose {
    /// Of one account from one address, in a row.
    AccountAtAddress(u64, ClientNetwork),
    /// Of one account from anywhere.
    Account(u64),
    /// From one address with any account.
    Address(ClientNetwork),
}

impl Whose {
    /// What they cost.
    pub(super) fn rule(self) -> Rule {
        match self {
            Self::AccountAtAddress(..) => Rule { free: 20, fades: false },
            Self::Account(_) => Rule { free: 50, fades: true },
            Self::Address(_) => Rule { free: 100, fades: true },
        }
    }
}

/// Who tries a password.
#[derive(Debug, Clone, Copy)]
pub(super) struct Who {
    pub(super) account: u64,
    pub(super) address: ClientNetwork,
    /// Whether the account has logged in from the address before, as far as somebody has looked.
    pub(super) is_known: bool,
}

impl Who {
    /// What counts for who tries. Behind a proxy on this machine that nobody has named all have one address, and who is
    /// known at theirs is not kept out by what others fail at.
    pub(super) fn counts(self) -> impl Iterator<Item = Whose> {
        let Self { account, address, is_known } = self;
        let of_account = (!is_known).then_some(Whose::Account(account));
        let of_address = (!is_known && !address.is_loopback()).then_some(Whose::Address(address));
        std::iter::once(Whose::AccountAtAddress(account, address)).chain(of_account).chain(of_address)
    }
}
