//! A connection by itself: for what no client library would send, or no faster than it should.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::TestApp;

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

    /// Everything that comes until the other side closes.
    pub fn rest(&mut self) -> String {
        let mut answer = Vec::new();
        // What was sent too much is answered with a reset, after the answer.
        let _ = self.0.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }
}
