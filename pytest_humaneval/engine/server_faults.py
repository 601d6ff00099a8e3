"""Says why a server cannot be reached: its own fault, its certificate's, or a proxy's that stands between."""

from __future__ import annotations

import importlib.util
import os
import ssl
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from pytest_humaneval.exceptions import InputError

SCHEMES = ("http", "https", "socks5", "socks5h")


def proxy_for(url: str) -> tuple[str, str]:
    """The proxy that the environment puts in front of ``url``, and the variable that names it; empty without one."""
    parts, proxies = urlsplit(url), getproxies()
    if parts.hostname is None or proxy_bypass(parts.hostname):
        return "", ""
    for scheme in (parts.scheme, "all"):
        if proxy := proxies.get(scheme):
            return (proxy if "://" in proxy else f"http://{proxy}"), f"{scheme.upper()}_PROXY"
    return "", ""


def check_proxy(url: str) -> None:
    """Refuse a proxy that cannot be used, before anything starts.

    Raises:
        InputError: it is a SOCKS proxy and the package for it is missing, or none at all.
    """
    proxy, variable = proxy_for(url)
    scheme = urlsplit(proxy).scheme
    if proxy and scheme not in SCHEMES:
        raise InputError(f"{variable}: {scheme}:// is not a kind of proxy; known: {', '.join(SCHEMES)}")
    if scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        raise InputError(
            f"{variable} names a SOCKS proxy, which needs a package: pip install socksio "
            f"(or add {urlsplit(url).hostname} to NO_PROXY)"
        )


def through(url: str) -> str:
    """``through the proxy ...`` where there is one, without its password."""
    proxy, variable = proxy_for(url)
    if not proxy:
        return ""
    parts = urlsplit(proxy)
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], path="", query="", fragment="").geturl()
    return f"through the proxy {shown} ({variable})"


def connection_fault(error: BaseException, url: str) -> str:
    """Why a connection failed, in plain words, by the innermost reason: the client says "Connection error."."""
    causes = _causes(error)
    reason = next((_tls(each) for each in causes if isinstance(each, ssl.SSLError)), "") or _plain(causes[-1])
    way = through(url)
    if any(type(each).__name__ == "ProxyError" for each in causes):
        return f"the proxy refused: {reason} ({way})"
    return f"{reason} ({way})" if way else reason


def _causes(error: BaseException) -> list[BaseException]:
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        # A name with several addresses fails once for each of them.
        causes.append(cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else cause)
    return causes


def _tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message or error.reason
        return f"TLS: the server's certificate is not trusted: {why}; SSL_CERT_FILE=FILE names the authorities to trust"
    if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"):
        return f"TLS: the server does not speak it ({error.reason}); is its address http:// instead of https://?"
    return f"TLS: {error.reason or error}"


def _plain(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
