"""Status of JupyterLab through a published port of this host's loopback."""

from __future__ import annotations

from envkit.net import plain_http

OK = 200
STATUS_PATH = "/api/status"  # answers only with the token
REQUEST_S = 5.0


def get_status(port: int, path: str, token: str, timeout_s: float) -> int:
    """Request a path with a token (or empty), and return the HTTP status, or 0 without an answer."""
    authorization = f"token {token}" if token else ""
    status, _ = plain_http.get_from_port(port, path, authorization=authorization, timeout_s=timeout_s)
    return status


def accepts_token(port: int, token: str) -> bool:
    """Check once whether JupyterLab accepts a token; as with `readiness.get_token_status`, it must be envkit's."""
    return get_status(port, STATUS_PATH, token, REQUEST_S) == OK
