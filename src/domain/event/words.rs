//! Closed lists of words used in events.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::catalogue::ServiceLevel;

// `tt`, not `literal`: utoipa reads `rename` only from a bare token.
macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:tt),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant),+ }
        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            #[must_use]
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $text),+ } }
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> { match text { $($text => Some(Self::$variant),)+ _ => None } }
        }
    };
}
pub(crate) use text_enum;

text_enum! {
    /// How the dossier came in (kênh).
    Channel {
        InPerson = "in_person",
        Post = "post",
        /// Một phần: partial online service, the old level 3.
        #[serde(alias = "online_partial")]
        Level3 = "level_3",
        /// Toàn trình: full online service, the old level 4.
        #[serde(alias = "online_full")]
        Level4 = "level_4",
    }
}

impl Channel {
    #[must_use]
    pub fn online(self) -> bool {
        matches!(self, Self::Level3 | Self::Level4)
    }

    /// Whether a procedure of this service level offers the channel.
    #[must_use]
    pub fn fits(self, level: ServiceLevel) -> bool {
        match self {
            Self::InPerson | Self::Post => true,
            Self::Level3 => matches!(level, ServiceLevel::Partial | ServiceLevel::Full),
            Self::Level4 => level == ServiceLevel::Full,
        }
    }
}

text_enum! {
    /// How something was paid.
    PaymentMethod {
        Cash = "cash",
        BankTransfer = "bank_transfer",
        Card = "card",
        /// Cổng Dịch vụ công quốc gia.
        NationalPortal = "national_portal",
        ProvincialPortal = "provincial_portal",
        OtherOnline = "other_online",
    }
}

impl PaymentMethod {
    #[must_use]
    pub fn online(self) -> bool {
        matches!(self, Self::NationalPortal | Self::ProvincialPortal | Self::OtherOnline)
    }
}

text_enum! {
    /// How the result is handed over.
    ReturnMethod { Counter = "counter", Post = "post", Electronic = "electronic" }
}
text_enum! {
    /// Where the data of a reused component came from.
    Reuse { Component = "component", Result = "result", NationalStore = "national_store" }
}
text_enum! {
    /// Who asked for the withdrawal.
    WithdrawnBy { Applicant = "applicant", Representative = "representative" }
}
text_enum! {
    /// A refusal after receipt is a result too: `rejected`.
    Outcome { Granted = "granted", Rejected = "rejected" }
}
text_enum! {
    /// What was digitised.
    DigitisedTarget { Component = "component", Result = "result" }
}
text_enum! {
    /// What a correction may replace.
    CorrectedField {
        Channel = "channel",
        Components = "components",
        Fees = "fees",
        PaymentMethod = "payment.method",
        PaymentAmount = "payment.amount",
        Result = "result",
        Applicant = "applicant",
    }
}
