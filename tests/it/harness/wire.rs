//! A connection by itself: for what no client library would send, or no faster than it should.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;

use super::TestApp;

/// What no machine is too busy for.
pub const GENEROUS: Duration = Duration::from_secs(60);

/// Answers of [`endless`] that nobody sends any more, by what they were asked for.
static ENDED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Whether the endless answer that was asked for so is no longer being sent.
pub fn is_ended(name: &str) -> bool {
    ENDED.lock().expect("a list").iter().any(|ended| ended == name)
}

/// An answer that no buffer holds.
pub async fn endless(request: HttpRequest) -> HttpResponse {
    struct Sending(String);
    impl Drop for Sending {
        fn drop(&mut self) {
            ENDED.lock().expect("a list").push(std::mem::take(&mut self.0));
        }
    }
    let piece = web::Bytes::from_static(&[b'x'; 64 * 1024]);
    let pieces = stream::unfold(Sending(request.query_string().to_owned()), move |sending| {
        let piece = piece.clone();
        async move { Some((Ok::<_, std::io::Error>(piece), sending)) }
    });
    HttpResponse::Ok().streaming(pieces)
}

/// Open until it is dropped, or cut from the other side.
pub struct Wire(pub TcpStream);

impl Wire {
    pub fn to(app: &TestApp) -> Self {
        let address = app.base.strip_prefix("http://").expect("an address");
        Self(TcpStream::connect(address).expect("a connection"))
    }

    /// Whether it could be sent: the other side may have enough of it.
    pub fn send(&mut self, text: &str) -> bool {
        self.0.write_all(text.as_bytes()).is_ok()
    }

    /// Looks for an answer for so long.
    pub fn answered_within(&mut self, time: Duration) -> bool {
        self.0.set_read_timeout(Some(time)).expect("a limit");
        let answered = self.0.peek(&mut [0]);
        self.0.set_read_timeout(None).expect("no limit");
        !matches!(answered, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }

    /// Sends bit after bit until there is an answer: all of it, until the other side closes.
    pub fn drip(&mut self, bit: &str) -> String {
        let begun = Instant::now();
        while !self.answered_within(Duration::from_millis(20)) && self.send(bit) {
            assert!(begun.elapsed() < GENEROUS, "nobody has had enough of it");
        }
        self.0.set_read_timeout(Some(GENEROUS)).expect("a limit");
        let mut answer = Vec::new();
        let end = self.0.read_to_end(&mut answer);
        let open = |error: &std::io::Error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(!end.as_ref().is_err_and(open), "still open after {answer}");
        answer
    }

    /// One answer without chunks, while the connection stays open.
    pub fn answer(&mut self) -> String {
        let mut answer = Vec::new();
        let length = |answer: &[u8]| {
            let text = String::from_utf8_lossy(answer).to_lowercase();
            let (head, _) = text.split_once("\r\n\r\n")?;
            let (_, length) = head.split_once("content-length: ")?;
            Some(head.len() + 4 + length.lines().next()?.parse::<usize>().ok()?)
        };
        let mut piece = [0; 4096];
        while length(&answer).is_none_or(|whole| answer.len() < whole) {
            let count = self.0.read(&mut piece).expect("an answer");
            assert!(count > 0, "closed after {}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&piece[..count]);
        }
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Everything that comes until the other side closes.
    pub fn rest(&mut self) -> String {
        let mut answer = Vec::new();
        // What was sent too much is answered with a reset, after the answer.
        let _ = self.0.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }
}
