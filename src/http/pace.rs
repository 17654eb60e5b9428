//! Clients that are slow on purpose: whoever sends a byte a second, or takes none of an answer, holds a connection for as
//! long as they like unless somebody counts. What is counted is only the time in which the program waits for the client,
//! so that neither a large file nor a slow database counts against anybody.

use std::cell::RefCell;
use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::middleware::Next;
use actix_web::rt::time::{Sleep, sleep};
use actix_web::{Error, HttpMessage, HttpRequest, web};
use futures_util::Stream;

use super::State;
use super::held::Held;

/// A body must bring so much, or end, each time that the program has waited for as long as its patience lasts.
const PIECE: usize = 16 * 1024;

/// A body on its way in.
struct Incoming {
    payload: Payload,
    patience: Duration,
    /// Of the patience with the present piece.
    left: Duration,
    /// Of the present piece.
    brought: usize,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    late: bool,
}

/// Kept with a request; the handler reads from it, and the answer holds on to it.
#[derive(Clone)]
pub struct Paced(Rc<RefCell<Incoming>>);

impl Incoming {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<web::Bytes, PayloadError>>> {
        if let Poll::Ready(next) = Pin::new(&mut self.payload).poll_next(context) {
            if let Some((since, _)) = self.waiting.take() {
                self.left = self.left.saturating_sub(since.elapsed());
            }
            if let Some(Ok(bytes)) = &next {
                self.brought = self.brought.saturating_add(bytes.len());
            }
            if self.brought >= PIECE {
                (self.brought, self.left) = (0, self.patience);
            }
            return Poll::Ready(next);
        }
        let left = self.left;
        let (_, end) = self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
        end.as_mut().poll(context).map(|()| {
            self.late = true;
            Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into())))
        })
    }
}

impl Stream for Paced {
    type Item = Result<web::Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll(context)
    }
}

/// Whether a request's body came too slowly.
#[must_use]
pub fn is_late(request: &HttpRequest) -> bool {
    request.extensions().get::<Paced>().is_some_and(|paced| paced.0.borrow().late)
}

/// Wraps the whole application. The problem is written further inside: see [`is_late`].
///
/// # Errors
/// Passes on what other middleware fails with.
pub async fn paced<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Held<Option<Paced>>>, Error> {
    let patience = request.app_data::<web::Data<State>>().map(|state| state.patience);
    let paced = match (request.take_payload(), patience) {
        (Payload::None, _) | (_, None) => None,
        (payload, Some(patience)) => {
            let incoming = Incoming { payload, patience, left: patience, brought: 0, waiting: None, late: false };
            let paced = Paced(Rc::new(RefCell::new(incoming)));
            request.set_payload(Payload::Stream { payload: Box::pin(paced.clone()) });
            request.extensions_mut().insert(paced.clone());
            Some(paced)
        }
    };
    let answer = next.call(request).await?;
    // What was not read of a request's body ends the connection with the answer; without, the server would take in the rest
    // of a chunked body for as long as it comes.
    Ok(answer.map_body(|_, body| Held::new(body, paced)))
}

/// Has the system end connections whose other side takes nothing of an answer for so long. Accepted connections have it
/// from the listener. Elsewhere than on Linux there is no such option.
///
/// # Errors
/// The system refuses.
pub fn cut_slow_readers(listener: &TcpListener, patience: Duration) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(listener).set_tcp_user_timeout(Some(patience))?;
    #[cfg(not(target_os = "linux"))]
    let _ = (listener, patience);
    Ok(())
}
