//! Bytes cut into lines, whatever pieces they arrive in.

/// Longest line, in bytes.
pub const LINE_LIMIT: usize = 1 << 20;

/// One line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Cut {
    Line(Vec<u8>),
    /// Longer than [`LINE_LIMIT`]; its bytes are gone.
    TooLong,
}

/// Holds the line that is not complete yet, and no more.
#[derive(Debug, Default)]
pub struct Splitter {
    number: u64,
    partial: Vec<u8>,
    too_long: bool,
}

impl Splitter {
    /// Takes some bytes and gives the lines they complete, with their numbers from 1.
    pub fn push(&mut self, mut bytes: &[u8]) -> Vec<(u64, Cut)> {
        let mut lines = Vec::new();
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (head, rest) = bytes.split_at(end);
            self.add(head);
            lines.push(self.cut());
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.add(bytes);
        lines
    }

    /// The last line, when it has no end of its own.
    pub fn end(&mut self) -> Option<(u64, Cut)> {
        (self.too_long || !self.partial.is_empty()).then(|| self.cut())
    }

    fn add(&mut self, bytes: &[u8]) {
        if self.partial.len().saturating_add(bytes.len()) > LINE_LIMIT {
            self.too_long = true;
            self.partial = Vec::new();
        }
        if !self.too_long {
            self.partial.extend_from_slice(bytes);
        }
    }

    fn cut(&mut self) -> (u64, Cut) {
        self.number += 1;
        let line = std::mem::take(&mut self.partial);
        let cut = if std::mem::take(&mut self.too_long) { Cut::TooLong } else { Cut::Line(line) };
        (self.number, cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_do_not_depend_on_the_pieces() {
        let text = b"one\n\ntwo\nthree";
        for size in 1..=text.len() {
            let mut splitter = Splitter::default();
            let mut lines: Vec<_> = text.chunks(size).flat_map(|piece| splitter.push(piece)).collect();
            lines.extend(splitter.end());
            let expected = ["one", "", "two", "three"].map(|line| Cut::Line(line.into()));
            assert_eq!(lines, (1..).zip(expected).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_long_line_is_dropped_and_the_next_one_kept() {
        let mut splitter = Splitter::default();
        let mut lines = Vec::new();
        for _ in 0..3 {
            lines.extend(splitter.push(&vec![b'x'; LINE_LIMIT / 2]));
        }
        lines.extend(splitter.push(b"\nshort\n"));
        assert_eq!(lines, [(1, Cut::TooLong), (2, Cut::Line(b"short".to_vec()))]);
        assert_eq!(splitter.end(), None);
    }
}
