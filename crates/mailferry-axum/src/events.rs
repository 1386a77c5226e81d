//! The verified events of a request, as an extractor.

use axum::extract::{FromRef, FromRequest, Request};
use axum::response::Response;
use mailferry::event::Event;
use mailferry::webhook::Endpoints;

use crate::body;
use crate::router::{admit, refused, response};

/// The events that a request told: one; none for a ping.
///
/// The application's state has the [`Endpoints`], which look at the request as it comes to the handler: path, method,
/// authentication, signature. A request that they refuse, and HEAD and OPTIONS, are answered without the handler; so
/// route all methods to it. Whatever the handler answers but 2xx makes the service send again.
///
/// ```
/// use axum::extract::{FromRef, State};
/// use axum::http::StatusCode;
/// use axum::routing::any;
/// use mailferry::mailersend::Webhook;
/// use mailferry::webhook::Endpoints;
/// use mailferry_axum::Events;
///
/// #[derive(Clone)]
/// struct App {
///     shop: String,
///     endpoints: Endpoints,
/// }
///
/// impl FromRef<App> for Endpoints {
///     fn from_ref(app: &App) -> Self {
///         app.endpoints.clone()
///     }
/// }
///
/// async fn hook(State(app): State<App>, Events(events): Events) -> StatusCode {
///     println!("{}: {} events", app.shop, events.len());
///     StatusCode::OK
/// }
///
/// let endpoints = Endpoints::new().receiver(Webhook::new("the webhook's signing secret")?);
/// let app = App { shop: "a shop".to_owned(), endpoints };
/// let router: axum::Router = axum::Router::new().route("/mailersend/tracking", any(hook)).with_state(app);
/// # let _ = router;
/// # Ok::<(), mailferry::transport::Error>(())
/// ```
#[derive(Debug)]
pub struct Events(pub Vec<Event>);

impl<S> FromRequest<S> for Events
where
    S: Send + Sync,
    Endpoints: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let endpoints = Endpoints::from_ref(state);
        let (endpoint, headers, body) = admit(&endpoints, request).map_err(|answer| response(&answer))?;
        let body = body::read(body, endpoint.limit()).await.map_err(|unread| refused(&endpoint, &unread))?;
        let answer = endpoint.receive(&headers, body).await;
        if answer.status.is_success() { Ok(Self(answer.events)) } else { Err(response(&answer)) }
    }
}
