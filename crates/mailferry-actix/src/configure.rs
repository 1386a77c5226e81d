//! Endpoints as services of an application.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use mailferry::webhook::{Endpoints, Handler};

use crate::request::{admitted, response};

/// Serves endpoints, each with and without a slash at its end. Every event is handed to `handler` before the request is
/// answered; if that fails, the answer is 500, and the service sends the event again.
///
/// It is for [`App::configure`](actix_web::App::configure), or for [`Scope::configure`](actix_web::Scope::configure) to
/// serve them below a path, in which case the endpoints need no prefix of their own. The prefix must not have braces,
/// which actix-web takes for parameters.
pub fn configure(
    endpoints: Endpoints,
    handler: impl Handler + 'static,
) -> impl FnOnce(&mut web::ServiceConfig) + Clone + Send + 'static {
    let handler: Arc<dyn Handler> = Arc::new(handler);
    move |config| {
        for path in endpoints.paths() {
            let (endpoints, handler, known) = (endpoints.clone(), Arc::clone(&handler), path.clone());
            let serve = move |request: HttpRequest, payload: web::Payload| {
                let (endpoints, handler, path) = (endpoints.clone(), Arc::clone(&handler), known.clone());
                async move { serve(&endpoints, &path, &*handler, &request, payload).await }
            };
            config.service(web::resource([path.clone(), format!("{path}/")]).to(serve));
        }
    }
}

async fn serve(
    endpoints: &Endpoints,
    path: &str,
    handler: &dyn Handler,
    request: &HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    match admitted(endpoints, path, request, payload).await {
        Ok((endpoint, headers, body)) => response(&endpoint.handle(&headers, body, handler).await),
        Err(refused) => refused,
    }
}
