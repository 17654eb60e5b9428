//! Bodies that are slow on purpose: whoever sends a byte a second holds a request for as long as they like unless somebody
//! counts. Heads and answers are counted below: see `connection`.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};
use futures_util::Stream;

use super::State;
use super::held::Held;
use super::serve::connection::{InHand, Requests};
use super::serve::patience::Patience;

/// A body on its way in.
struct Incoming {
    payload: Payload,
    patience: Patience,
    late: bool,
}

/// Kept with a request; the handler reads from it, and the answer holds on to it.
#[derive(Clone)]
pub struct Paced(Rc<RefCell<Incoming>>);

impl Incoming {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<web::Bytes, PayloadError>>> {
        if let Poll::Ready(next) = Pin::new(&mut self.payload).poll_next(context) {
            self.patience.moved(next.as_ref().and_then(|next| next.as_ref().ok()).map_or(0, |bytes| bytes.len()));
            return Poll::Ready(next);
        }
        self.patience.poll_end(context).map(|()| {
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
) -> Result<ServiceResponse<Held<(Option<Paced>, Option<InHand>)>>, Error> {
    let in_hand = request.conn_data::<Requests>().map(Requests::take);
    let patience = request.app_data::<web::Data<State>>().map(|state| state.patience);
    let paced = match (request.take_payload(), patience) {
        (Payload::None, _) | (_, None) => None,
        (payload, Some(patience)) => {
            let incoming = Incoming { payload, patience: Patience::new(patience), late: false };
            let paced = Paced(Rc::new(RefCell::new(incoming)));
            request.set_payload(Payload::Stream { payload: Box::pin(paced.clone()) });
            request.extensions_mut().insert(paced.clone());
            Some(paced)
        }
    };
    let answer = next.call(request).await?;
    // What was not read of a request's body ends the connection with the answer; without, the server would take in the rest
    // of a chunked body for as long as it comes.
    Ok(answer.map_body(|_, body| Held::new(body, (paced, in_hand))))
}
