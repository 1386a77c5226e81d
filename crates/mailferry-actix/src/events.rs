//! The verified events of a request, as an extractor.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, web};
use mailferry::event::Event;
use mailferry::webhook::Endpoints;

use crate::request::{admitted, response};

/// The events that a request told: one; none for a ping.
///
/// The application has the [`Endpoints`] as [`web::Data`]; they look at the request by its whole path, scopes included. A
/// request that they refuse, and HEAD and OPTIONS, are answered without the handler; so route all methods to it. Whatever
/// the handler answers but 2xx makes the service send again.
///
/// ```
/// use actix_web::{App, HttpResponse, web};
/// use mailferry::mailersend::Webhook;
/// use mailferry::webhook::Endpoints;
/// use mailferry_actix::Events;
///
/// async fn hook(shop: web::Data<String>, Events(events): Events) -> HttpResponse {
///     println!("{}: {} events", **shop, events.len());
///     HttpResponse::Ok().finish()
/// }
///
/// let endpoints = Endpoints::new().receiver(Webhook::new("the webhook's signing secret")?);
/// let app = App::new()
///     .app_data(web::Data::new("a shop".to_owned()))
///     .app_data(web::Data::new(endpoints))
///     .route("/mailersend/tracking", web::to(hook));
/// # let _ = app;
/// # Ok::<(), mailferry::transport::Error>(())
/// ```
#[derive(Debug)]
pub struct Events(pub Vec<Event>);

impl FromRequest for Events {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), web::Payload::from_request(request, payload));
        Box::pin(async move {
            let Some(endpoints) = request.app_data::<web::Data<Endpoints>>() else {
                return Err(actix_web::error::ErrorInternalServerError("the application has no `Data<Endpoints>`"));
            };
            let admitted = admitted(endpoints, request.path(), &request, payload.await?).await;
            let (endpoint, headers, body) = admitted.map_err(refused)?;
            let answer = endpoint.receive(&headers, body).await;
            if answer.status.is_success() { Ok(Self(answer.events)) } else { Err(refused(response(&answer))) }
        })
    }
}

fn refused(response: HttpResponse) -> Error {
    InternalError::from_response("the request was answered", response).into()
}
