"""Certificates and keys of a kubeconfig, and the context of TLS made of them."""

import base64
import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from upkeep.adapters.cluster.identity.connection import tls_context
from upkeep.adapters.cluster.identity.kubeconfig_entries import Entry
from upkeep.masking import hide

Certificate = tuple[str, str]


def decoded(entry: Entry, key: str) -> str:
    """Return the text in base64 of a field.

    :raises BadInput: it is none.
    """
    try:
        return base64.b64decode("".join(entry.text(key).split()), validate=True).decode()
    except ValueError:  # of base64, too: a letter beyond ASCII is one
        raise entry.refused(f"{key} is not base64 of a PEM text") from None


def context_of(
    cluster: Entry, user: Entry, *, authority: str | None, certificate: Certificate | None
) -> ssl.SSLContext:
    """Return the context of HTTPS.

    :raises BadInput: the authority or the client's certificate is not what it must be.
    """

    def load(context: ssl.SSLContext) -> None:
        if certificate is None:
            return
        try:
            with _at_rest(certificate) as (chain, key):
                # An empty password: without one OpenSSL would ask at the terminal.
                context.load_cert_chain(chain, key, password="")
        except (ssl.SSLError, ValueError):
            raise user.refused(
                "client-certificate and client-key are no pair of PEM that can be used"
            ) from None

    try:
        return tls_context(
            authority=authority,
            insecure=cluster.flag("insecure-skip-tls-verify"),
            certificate=load,
        )
    except (ssl.SSLError, ValueError):
        raise cluster.refused("certificate-authority holds no certificate in PEM") from None


@contextmanager
def _at_rest(certificate: Certificate) -> Iterator[Certificate]:
    """Give names of files to OpenSSL, which takes nothing else: in memory where there is a memfd."""
    if hasattr(os, "memfd_create"):
        descriptors = [os.memfd_create("upkeep", os.MFD_CLOEXEC) for _ in certificate]
        try:
            for descriptor, text in zip(descriptors, certificate, strict=True):
                with open(descriptor, "w", encoding="utf-8", closefd=False) as file:
                    file.write(text)
            chain, key = (f"/proc/self/fd/{descriptor}" for descriptor in descriptors)
            yield chain, key
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return
    with (
        tempfile.NamedTemporaryFile("w", encoding="utf-8") as chain_file,
        tempfile.NamedTemporaryFile("w", encoding="utf-8") as key_file,
    ):
        for written, text in ((chain_file, certificate[0]), (key_file, certificate[1])):
            written.write(text)
            written.flush()
        yield chain_file.name, key_file.name


def client_certificate(user: Entry) -> Certificate | None:
    """Return the certificate and key of a user.

    :raises BadInput: one is missing, given twice, or cannot be read.
    """
    texts = []
    for key in ("client-certificate", "client-key"):
        data = user.text(f"{key}-data")
        if data and user.text(key):
            raise user.refused(f"{key} and {key}-data are both given. Remove one of them")
        texts.append(
            decoded(user, f"{key}-data") if data else user.file(key) if user.text(key) else ""
        )
    certificate, key = texts
    if not certificate and not key:
        return None
    hide(key)
    if not key:
        raise user.refused("client-certificate has no client-key. Add client-key")
    if not certificate:
        raise user.refused("client-key has no client-certificate. Add client-certificate")
    return certificate, key
