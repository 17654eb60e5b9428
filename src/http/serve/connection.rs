//! A client's connection, which ends when the client lets the program wait: with a head that does not come to its end,
//! or with an answer of which nothing, or next to nothing, is taken. Bodies have an answer of their own: see `pace`.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::{ActixStream, Ready, TcpStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::patience::Patience;

/// Bytes of an answer that the system takes before the client's side has room for them. It would take megabytes, and
/// nobody could tell a client who takes a little now and then from one who takes nothing.
#[cfg(target_os = "linux")]
const AHEAD: u32 = 64 * 1024;

/// The requests of a connection: they tell a head that does not come to its end from one that has.
#[derive(Debug, Clone, Default)]
pub struct Requests(Rc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    taken: Cell<u64>,
    answered: Cell<u64>,
}

/// A request is in hand until this is dropped.
#[derive(Debug)]
pub struct InHand(Requests);

impl Requests {
    pub fn take(&self) -> InHand {
        self.0.taken.update(|count| count.wrapping_add(1));
        InHand(self.clone())
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.0.answered.update(|count| count.wrapping_add(1));
    }
}

/// Below TLS, if there is TLS.
pub struct Connection {
    stream: TcpStream,
    requests: Requests,
    /// How many had been taken when bytes last came, and no more since: bytes of a head.
    begun: Option<u64>,
    head: Patience,
    answer: Patience,
}

impl Connection {
    pub fn new(stream: TcpStream, patience: Duration) -> Self {
        let set = stream.set_nodelay(true);
        #[cfg(target_os = "linux")]
        let set = set.and_then(|()| socket2::SockRef::from(&stream).set_tcp_notsent_lowat(AHEAD));
        if let Err(error) = set {
            // The client has gone already.
            tracing::debug!(%error, "an accepted connection takes no options");
        }
        let (head, answer) = (Patience::new(patience), Patience::new(patience));
        Self { stream, requests: Requests::default(), begun: None, head, answer }
    }

    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    pub fn peer(&self) -> Option<SocketAddr> {
        self.stream.peer_addr().ok()
    }

    /// Looks whether the head that is on its way has been so for too long.
    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Counts { taken, answered } = &*self.requests.0;
        if self.begun == Some(taken.get()) && taken == answered {
            return self.head.poll_end(context);
        }
        self.begun = None;
        self.head.restored();
        Poll::Pending
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.poll_late(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = into.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, into))?;
        if into.filled().len() > before {
            this.begun = Some(this.requests.0.taken.get());
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_write(context, bytes) {
            Poll::Ready(Ok(taken)) => {
                this.answer.moved(taken);
                Poll::Ready(Ok(taken))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => this.answer.poll_end(context).map(|()| Err(io::ErrorKind::TimedOut.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

impl ActixStream for Connection {
    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_read_ready(&self.stream, context)
    }

    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_write_ready(&self.stream, context)
    }
}
