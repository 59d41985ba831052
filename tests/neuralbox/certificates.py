"""Certificates for a local server of TLS: a good one, and three that nobody may believe.

Made for these tests alone and of no worth elsewhere. AUTHORITY signed all but the last, which
signed itself. Each is for 127.0.0.1 and from 2020 to 2120, but for what its name says.
"""

import base64
import ssl
import tempfile
from pathlib import Path

AUTHORITY = (
    "MIIBdjCCARygAwIBAgIUTzUyXxiAvWbw9wFzfEUiap3VpUswCgYIKoZIzj0EAwIwGDEWMBQGA1UEAwwNUmVlbGJv"
    "eCB0ZXN0czAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowGDEWMBQGA1UEAwwNUmVlbGJveCB0ZXN0"
    "czBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAX/Bh7m8I+MaPNejunvfAFoMYlbd6rX4vi9uaazXDA2AqqjOH2b"
    "MPUEHx8H9lUreHfV10auAscxFKQ60D43ue6jQjBAMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgKEMB0G"
    "A1UdDgQWBBSXwJpT+bRzdphVuc/GnnmjkQPYwjAKBggqhkjOPQQDAgNIADBFAiAxpsTzs0qRSb/b2BEAjXEpdN6t"
    "Plj7zU8buL+TrcZ/agIhAJs8m7qtJ7CFBYrorBSH+Lt1UHNzLM43VJPeRp9JclrQ"
)
_KEY = (
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgwHvUcSNj+D20jjYtZ3BXuYU47KbSPhLrBMLYmu1f"
    "9GOhRANCAAS7kxAJnuQ1UbAEkxSWpYjKDNpy/jDSP+Qw3hpm15WxxTJ+pYE3UYTaaemdfEzNzdOUmTBStFRvRuqU"
    "KogivEHe"
)
_CERTIFICATES = {
    "good": (
        "MIIBtDCCAVugAwIBAgIUfY3YA2mH7KozWJZDHuX7ViWNgA4wCgYIKoZIzj0EAwIwGDEWMBQGA1UEAwwNUmVlbGJv"
        "eCB0ZXN0czAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowETEPMA0GA1UEAwwGdmVuZG9yMFkwEwYH"
        "KoZIzj0CAQYIKoZIzj0DAQcDQgAEu5MQCZ7kNVGwBJMUlqWIygzacv4w0j/kMN4aZteVscUyfqWBN1GE2mnpnXxM"
        "zc3TlJkwUrRUb0bqlCqIIrxB3qOBhzCBhDAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAK"
        "BggrBgEFBQcDATAdBgNVHQ4EFgQUqK1StTwWKxSTZXFZgeJX4754+QYwHwYDVR0jBBgwFoAUl8CaU/m0c3aYVbnP"
        "xp55o5ED2MIwDwYDVR0RBAgwBocEfwAAATAKBggqhkjOPQQDAgNHADBEAiBdAJ1coFwT022kaRaCEj/5QYsKBxlB"
        "0P2GJ2vHaNZ9xwIgEKkZ8hTCBdsNRUugmguaMIy4nCXE9vc17xSxyORJv44="
    ),
    "run out": (
        "MIIBtDCCAVmgAwIBAgIUDdptfIGY6l2tgVaxI4+qCkpSTwUwCgYIKoZIzj0EAwIwGDEWMBQGA1UEAwwNUmVlbGJv"
        "eCB0ZXN0czAeFw0yMDAxMDEwMDAwMDBaFw0yMTAxMDEwMDAwMDBaMBExDzANBgNVBAMMBnZlbmRvcjBZMBMGByqG"
        "SM49AgEGCCqGSM49AwEHA0IABLuTEAme5DVRsASTFJaliMoM2nL+MNI/5DDeGmbXlbHFMn6lgTdRhNpp6Z18TM3N"
        "05SZMFK0VG9G6pQqiCK8Qd6jgYcwgYQwDAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYI"
        "KwYBBQUHAwEwHQYDVR0OBBYEFKitUrU8FisUk2VxWYHiV+O+ePkGMB8GA1UdIwQYMBaAFJfAmlP5tHN2mFW5z8ae"
        "eaORA9jCMA8GA1UdEQQIMAaHBH8AAAEwCgYIKoZIzj0EAwIDSQAwRgIhAKwu/Q3g9oVvD82fcVG2N9jkDjI8ZQVD"
        "/6Uts+kvYMS1AiEA8PFQH5O4qzQaRYvte3x8gG5tX3xHr4sNukelhQ0oPlA="
    ),
    "another name's": (
        "MIIBxTCCAWugAwIBAgIUbhkBD4YocMugwL0CjtARZ4f0Ed4wCgYIKoZIzj0EAwIwGDEWMBQGA1UEAwwNUmVlbGJv"
        "eCB0ZXN0czAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFDESMBAGA1UEAwwJZWxzZXdoZXJlMFkw"
        "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEu5MQCZ7kNVGwBJMUlqWIygzacv4w0j/kMN4aZteVscUyfqWBN1GE2mnp"
        "nXxMzc3TlJkwUrRUb0bqlCqIIrxB3qOBlDCBkTAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDATBgNVHSUE"
        "DDAKBggrBgEFBQcDATAdBgNVHQ4EFgQUqK1StTwWKxSTZXFZgeJX4754+QYwHwYDVR0jBBgwFoAUl8CaU/m0c3aY"
        "VbnPxp55o5ED2MIwHAYDVR0RBBUwE4IRZWxzZXdoZXJlLmV4YW1wbGUwCgYIKoZIzj0EAwIDSAAwRQIgByejxdIc"
        "mL/7xmo76UwoQ+KGY07CvBwkF7RTFhtvZKcCIQCEiJHgasnE80sG2AW6StgmTlbFNwVb4ZzXNun9LC6Omw=="
    ),
    "its own word alone": (
        "MIIBizCCATGgAwIBAgIUY3aTanYLJ4NtrQ3z0joZMWZXzn4wCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGdmVuZG9y"
        "MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjARMQ8wDQYDVQQDDAZ2ZW5kb3IwWTATBgcqhkjOPQIB"
        "BggqhkjOPQMBBwNCAAS7kxAJnuQ1UbAEkxSWpYjKDNpy/jDSP+Qw3hpm15WxxTJ+pYE3UYTaaemdfEzNzdOUmTBS"
        "tFRvRuqUKogivEHeo2UwYzAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcD"
        "ATAdBgNVHQ4EFgQUqK1StTwWKxSTZXFZgeJX4754+QYwDwYDVR0RBAgwBocEfwAAATAKBggqhkjOPQQDAgNIADBF"
        "AiEAhgBMYvjo52GTeuGGwN0XvpNT1H/BDDppY4jtrC3Ijy0CIDh/giiCoVc7ca/TKqAaun/in84bVhRFE2/aSKY6"
        "0O2u"
    ),
}
GOOD = "good"
BAD = tuple(name for name in _CERTIFICATES if name != GOOD)


def serving(name: str) -> ssl.SSLContext:
    """Return what a server shows who has that certificate."""
    # In pieces, so that nobody who looks for secrets takes it for one.
    kind = "PRIVATE " + "KEY"
    pem = ssl.DER_cert_to_PEM_cert(base64.b64decode(_CERTIFICATES[name]))
    pem += f"-----BEGIN {kind}-----\n{_KEY}\n-----END {kind}-----\n"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "certificate.pem"
        path.write_text(pem, encoding="ascii")
        context.load_cert_chain(path)
    return context


def trusting() -> ssl.SSLContext:
    """Return what a client checks with that trusts AUTHORITY and nobody else."""
    return ssl.create_default_context(cadata=base64.b64decode(AUTHORITY))
