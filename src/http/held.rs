//! An answer's body that holds on to something until its last byte has gone, or nobody wants it any more.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web;

/// What is held is dropped with the body.
pub struct Held<T> {
    body: BoxBody,
    _held: T,
}

impl<T> Held<T> {
    pub fn new(body: impl MessageBody + 'static, held: T) -> Self {
        Self { body: body.boxed(), _held: held }
    }
}

impl<T: Unpin> MessageBody for Held<T> {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<web::Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
