"""Security headers of the web site."""

from aiohttp import web

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: http: https:; "
    "media-src 'self' blob: http: https:; "
    "connect-src 'self'; font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def secure_headers(response: web.StreamResponse | web.HTTPException) -> None:
    """Set the headers that a handler has not set itself; a response that has begun is left alone."""
    if isinstance(response, web.StreamResponse) and response.prepared:
        return
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
