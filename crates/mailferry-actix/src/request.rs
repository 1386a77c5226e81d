//! What both ways to serve an endpoint do with a request.

use actix_web::http::StatusCode;
use actix_web::http::header::ALLOW;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use mailferry::webhook::{Answer, Endpoint, Endpoints};

/// Reads the body of a request that gets so far, no further than it may be long.
pub(crate) async fn admitted(
    endpoints: &Endpoints,
    path: &str,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<(Endpoint, HeaderMap, Bytes), HttpResponse> {
    let method = Method::from_bytes(request.method().as_str().as_bytes());
    let method = method.map_err(|_| HttpResponse::new(StatusCode::METHOD_NOT_ALLOWED))?;
    let headers = headers(request);
    let endpoint = endpoints.admit(&method, path, &headers).map_err(|answer| response(&answer))?;
    match payload.to_bytes_limited(endpoint.limit()).await {
        Ok(Ok(body)) => Ok((endpoint, headers, body)),
        Ok(Err(_)) => Err(HttpResponse::new(StatusCode::BAD_REQUEST)),
        Err(_) => Err(response(&endpoint.too_large())),
    }
}

/// The headers as everybody else's types have them: actix-web has an older version of those.
fn headers(request: &HttpRequest) -> HeaderMap {
    let headers = request.headers().iter().filter_map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
    });
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        all.append(name, value);
    }
    all
}

pub(crate) fn response(answer: &Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    if let Some(allow) = answer.allow {
        response.insert_header((ALLOW, allow));
    }
    response.finish()
}
