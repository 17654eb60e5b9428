//! Amounts in whole đồng.

/// The largest amount that every JSON reader keeps exactly: 2⁵³ − 1.
pub const MAX_AMOUNT: i64 = (1 << 53) - 1;
