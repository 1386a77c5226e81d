//! Endpoints as routes.

use std::sync::Arc;

use axum::Router;
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
        let (endpoints, handler) = (endpoints.clone(), Arc::clone(&handler));
        async move { serve(&endpoints, &*handler, request).await }
    });
    paths
        .iter()
        .fold(Router::new(), |router, path| router.route(path, route.clone()).route(&format!("{path}/"), route.clone()))
}

async fn serve(endpoints: &Endpoints, handler: &dyn Handler, request: Request) -> Response {
    match admitted(endpoints, request).await {
        Ok((endpoint, headers, body)) => response(&endpoint.handle(&headers, body, handler).await),
        Err(refused) => refused,
    }
}

/// Reads the body of a request that gets so far.
pub(crate) async fn admitted(
    endpoints: &Endpoints,
    request: Request,
) -> Result<(Endpoint, HeaderMap, bytes::Bytes), Response> {
    let (parts, body) = request.into_parts();
    let admitted = endpoints.admit(&parts.method, parts.uri.path(), &parts.headers);
    let endpoint = admitted.map_err(|answer| response(&answer))?;
    match body::read(body, endpoint.limit()).await {
        Ok(body) => Ok((endpoint, parts.headers, body)),
        Err(Unread::TooLong) => Err(response(&endpoint.too_large())),
        Err(Unread::Broken) => Err(StatusCode::BAD_REQUEST.into_response()),
    }
}

pub(crate) fn response(answer: &Answer) -> Response {
    let mut response = answer.status.into_response();
    if let Some(allow) = answer.allow {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    }
    response
}
