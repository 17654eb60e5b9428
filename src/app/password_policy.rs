//! What a password has to be (NIST SP 800-63B): long, and nothing that is tried first. No rules of composition, no
//! expiry: both make worse passwords.

use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::domain::error::FieldError;

/// In characters, after normalisation.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=200;
/// A password that repeats so little is guessed like the little.
const REPEATED: usize = 4;

static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("common-passwords.txt").lines();
    lines.filter(|line| !line.starts_with('#')).collect()
});

/// As passwords are hashed: the same text typed on another keyboard is the same password.
#[must_use]
pub fn normalised(password: &str) -> String {
    password.nfkc().collect()
}

/// Without case, marks, blanks and signs: "Mật khẩu-1" and "matkhau1" are one guess.
fn plain(password: &str) -> String {
    let letters = password.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    letters.filter(|c| c.is_alphanumeric()).map(|c| if c == 'đ' { 'd' } else { c }).collect()
}

/// 123456789012, 987654321098, abcdefghijkl: every character the neighbour of the one before.
fn is_run(chars: &[char]) -> bool {
    let next = |a: char, b: char| u32::from(b) == u32::from(a) + 1 || (a == '9' && b == '0');
    chars.windows(2).all(|pair| next(pair[0], pair[1])) || chars.windows(2).all(|pair| next(pair[1], pair[0]))
}

fn is_common(password: &str) -> bool {
    let plain = plain(password);
    let word = plain.trim_matches(|c: char| c.is_ascii_digit());
    let chars: Vec<char> = plain.chars().collect();
    // One password after itself, or the like of 123412341234.
    let repeats = (1..=chars.len() / 2).find(|n| chars.iter().enumerate().all(|(i, c)| *c == chars[i % n]));
    let unit: Option<String> = repeats.map(|n| chars[..n].iter().collect());
    COMMON.contains(plain.as_str())
        || COMMON.contains(word)
        || is_run(&chars)
        || unit.is_some_and(|unit| {
            let word = unit.trim_matches(|c: char| c.is_ascii_digit());
            unit.chars().count() <= REPEATED || COMMON.contains(unit.as_str()) || COMMON.contains(word)
        })
}

/// What is wrong with a new password of this user.
#[must_use]
pub fn fault(pointer: &str, password: &str, username: &str) -> Option<FieldError> {
    let normal = normalised(password);
    if !LENGTH.contains(&normal.chars().count()) {
        let detail = "mật khẩu từ 12 đến 200 ký tự / 12 to 200 characters";
        return Some(FieldError::new(pointer, "password", detail));
    }
    if normal.to_lowercase().contains(&username.to_lowercase()) {
        let detail = "mật khẩu không được chứa tên đăng nhập / must not contain the username";
        return Some(FieldError::new(pointer, "contains_username", detail));
    }
    if is_common(&normal) {
        let detail = "mật khẩu này ai cũng đoán được / everybody guesses this one";
        return Some(FieldError::new(pointer, "common_password", detail));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(password: &str) -> Option<String> {
        fault("/password", password, "clerk.minhduc").map(|error| error.code)
    }

    #[test]
    fn what_everybody_tries_is_refused() {
        for password in [
            "password123456",
            "PASSWORD!!!!!!",
            "1qaz2wsx3edc",
            "qwertyuiop12",
            "Mật khẩu 123456",
            "mat-khau-2026!",
            "Anh yêu em 12345",
            "ĐĂNGNHẬP2026",
            "111111111111",
            "123123123123",
            "abcabcabcabc",
            "1234567890123",
            "0987654321098",
            "abcdefghijklmn",
            "passwordpassword",
            "motcua-demo-2024",
            "ｐａｓｓｗｏｒｄ１２３４",
            "............",
        ] {
            assert_eq!(code(password).as_deref(), Some("common_password"), "{password}");
        }
    }

    #[test]
    fn length_is_all_that_is_asked_for() {
        let long = "a b".repeat(42) + "cd";
        for password in
            ["ba con gà trống", "correct horse battery staple", "ổ bánh mì nóng", "żółć 漢字 ключ 🔑x", &long]
        {
            assert_eq!(code(password), None, "{password}");
        }
        assert!(long.chars().count() >= 128);
        for password in ["", "elevenchars", &"xy".repeat(101)] {
            assert_eq!(code(password).as_deref(), Some("password"), "{password}");
        }
        // Eleven characters however they are written: marks are counted with their letters.
        assert_eq!(code("e\u{301}e\u{301}levenchar").as_deref(), Some("password"));
        assert_eq!(code("I am Clerk.MinhDuc!").as_deref(), Some("contains_username"));
    }
}
