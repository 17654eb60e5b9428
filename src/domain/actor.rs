//! Who acts, and what a role may do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Who signs in. Written as `user:0190…` or `client:0190…`: the actor of their events, and their name in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A person, by password.
    User(Uuid),
    /// A portal or a device, by a secret.
    Client(Uuid),
}

impl Subject {
    #[must_use]
    pub fn id(self) -> Uuid {
        match self {
            Self::User(id) | Self::Client(id) => id,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Client(id) => write!(f, "client:{id}"),
        }
    }
}

impl FromStr for Subject {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (kind, id) = text.split_once(':').ok_or(())?;
        let id = id.parse().map_err(|_| ())?;
        match kind {
            "user" => Ok(Self::User(id)),
            "client" => Ok(Self::Client(id)),
            _ => Err(()),
        }
    }
}

/// Roles of staff and portals; each is held at an agency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Receives and returns dossiers at the counter.
    Clerk,
    /// Handles dossiers.
    Officer,
    /// Decides: extensions, stops, corrections, voids.
    Leader,
    /// Reads everything but personal data; writes nothing.
    Auditor,
    /// Keeps catalogues, users, calendar, plans, imports; sees no dossier.
    Admin,
    /// A portal; sees the dossiers that it submitted.
    Portal,
}

impl Role {
    pub const ALL: [Self; 6] = [Self::Clerk, Self::Officer, Self::Leader, Self::Auditor, Self::Admin, Self::Portal];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clerk => "clerk",
            Self::Officer => "officer",
            Self::Leader => "leader",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
            Self::Portal => "portal",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// A role held at an agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    pub role: Role,
    /// Agency code; the role reaches its subtree for reading.
    pub agency: String,
}

/// What `decide` needs to know of the caller: the roles that count at the dossier's agency.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Recorded as the event's `actor`, e.g. `user:0190…`.
    pub actor: String,
    /// Roles with which the caller may write at this agency.
    pub roles: Vec<Role>,
    /// Imports replay history: they carry what `decide` would compute, and need no role.
    pub import: bool,
    /// The program itself (calendar changes).
    pub system: bool,
}

impl Standing {
    /// The program itself.
    #[must_use]
    pub fn of_system() -> Self {
        Self { actor: "system".to_owned(), system: true, ..Self::default() }
    }

    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
