"""The certificate arguments of a socket."""

from __future__ import annotations

import ssl
from typing import Any, Mapping, Optional

from fectl_worker.errors import ConfigError
from fectl_worker.runners import arguments as reading

__all__ = ["TLS_ARGUMENTS", "server_context"]

TLS_ARGUMENTS: Mapping[str, reading.Reader] = {
    "certfile": reading.text,
    "keyfile": reading.text,
    "ca_certs": reading.text,
    "cert_reqs": reading.choice("none", "optional", "required"),
    "ciphers": reading.text,
}

_VERIFY = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}


def server_context(settings: Mapping[str, Any]) -> Optional[ssl.SSLContext]:
    """The context that the arguments ask for; None: plain HTTP. ConfigError says which file is wrong, and why."""
    given = [name for name in TLS_ARGUMENTS if name in settings]
    if not given:
        return None
    if "certfile" not in settings:
        raise ConfigError(f"arguments: {given[0]} is given, but no certfile")
    verify = settings.get("cert_reqs", "required" if "ca_certs" in settings else "none")
    if verify != "none" and "ca_certs" not in settings:
        raise ConfigError(f"arguments: cert_reqs={verify} needs ca_certs, the authorities of the clients' certificates")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = _VERIFY[verify]
    certfile, keyfile = settings["certfile"], settings.get("keyfile")
    try:
        context.load_cert_chain(certfile, keyfile, password=_no_password)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"arguments: certfile={certfile} keyfile={keyfile or certfile}: {error}") from None
    try:
        if "ca_certs" in settings:
            context.load_verify_locations(settings["ca_certs"])
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"arguments: ca_certs={settings['ca_certs']}: {error}") from None
    try:
        if "ciphers" in settings:
            context.set_ciphers(settings["ciphers"])
    except ssl.SSLError as error:
        raise ConfigError(f"arguments: ciphers={settings['ciphers']}: {error}") from None
    return context


def _no_password() -> str:
    # Otherwise OpenSSL would ask for it on a terminal which nobody watches.
    raise ConfigError("arguments: keyfile is protected by a password; a worker cannot ask for it")
