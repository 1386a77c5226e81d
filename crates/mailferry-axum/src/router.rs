//! Endpoints as routes.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use mailferry::webhook::{Answer, Endpoint, Endpoints, Handler};

use crate::body::{self, Unread};

/// Routes for endpoints, each with and without a slash at its end. Every event is handed to `handler` before the request
/// is answered; if that fails, the answer is 500, and the service sends the event again.
///
/// The routes know nothing of the application's state, and fit into any router: by `merge`, or by `nest` below a path, in
/// which case the endpoints need no prefix of their own.
///
/// # Panics
///
/// If the endpoints' prefix has braces, which axum takes for parameters.
pub fn router<S>(endpoints: Endpoints, handler: impl Handler + 'static) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let paths: Vec<_> = endpoints.paths().collect();
    let handler: Arc<dyn Handler> = Arc::new(handler);
    let route = any(move |request: Request| {
        // Before the future begins, which is allocated for each request and need not hold all of it.
        let admitted = admit(&endpoints, request);
        let handler = Arc::clone(&handler);
        async move {
            let (endpoint, headers, body) = match admitted {
                Ok(admitted) => admitted,
                Err(answer) => return response(&answer),
            };
            match body::read(body, endpoint.limit()).await {
                Ok(body) => response(&endpoint.handle(&headers, body, &*handler).await),
                Err(unread) => refused(&endpoint, &unread),
            }
        }
    });
    paths
        .iter()
        .fold(Router::new(), |router, path| router.route(path, route.clone()).route(&format!("{path}/"), route.clone()))
}

/// Looks at all of a request but its body.
pub(crate) fn admit(endpoints: &Endpoints, request: Request) -> Result<(Endpoint, HeaderMap, Body), Answer> {
    let (parts, body) = request.into_parts();
    let endpoint = endpoints.admit(&parts.method, parts.uri.path(), &parts.headers)?;
    Ok((endpoint, parts.headers, body))
}

pub(crate) fn refused(endpoint: &Endpoint, unread: &Unread) -> Response {
    match unread {
        Unread::TooLong => response(&endpoint.too_large()),
        Unread::Broken => StatusCode::BAD_REQUEST.into_response(),
    }
}

pub(crate) fn response(answer: &Answer) -> Response {
    let mut response = answer.status.into_response();
    if let Some(allow) = answer.allow {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    }
    response
}
