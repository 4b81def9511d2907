#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Makes the certificates of this folder anew (python3-cryptography). The keys are thrown away; the shapes are what counts.
import datetime
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

OUT = sys.argv[1]


def day(year, month=1, day_=1):
    return datetime.datetime(year, month, day_, tzinfo=datetime.timezone.utc)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def make(file, subject, key, issuer, issuer_key, ca=False, start=day(2026), end=day(2036), digest=hashes.SHA256()):
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject)).issuer_name(name(issuer)).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True))
    pem = builder.sign(issuer_key, digest).public_bytes(serialization.Encoding.PEM)
    with open(f"{OUT}/{file}.pem", "wb") as out:
        out.write(pem)


p256 = lambda: ec.generate_private_key(ec.SECP256R1())
root, middle, leaf, stray, rogue = p256(), ec.generate_private_key(ec.SECP384R1()), p256(), p256(), p256()
make("root", "Test Root", root, "Test Root", root, ca=True, end=day(2046))
make("rogue-root", "Test Root", rogue, "Test Root", rogue, ca=True, end=day(2046))
make("middle", "Test Middle", middle, "Test Root", root, ca=True)
make("leaf", "Test Leaf", leaf, "Test Middle", middle, start=day(2026, 6), end=day(2027, 6))
make("not-a-ca", "Test Middle", middle, "Test Root", root, ca=False)
make("under-leaf", "Under Leaf", stray, "Test Leaf", leaf)
weak = rsa.generate_private_key(65537, 1024)
make("weak-rsa1024", "Weak Leaf", weak, "Test Middle", middle)
strong = rsa.generate_private_key(65537, 2048)
make("leaf-rsa2048", "RSA Leaf", strong, "Test Middle", middle)

# Signatures over one message, one a scheme, with their keys.
MESSAGE = b"a message to verify"
schemes = {
    "rsa-pkcs1-sha256": lambda: (strong, strong.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())),
    "rsa-pss-sha256": lambda: (strong, strong.sign(MESSAGE, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())),
    "rsa-pss-sha384-max": lambda: (strong, strong.sign(
        MESSAGE, padding.PSS(padding.MGF1(hashes.SHA384()), padding.PSS.MAX_LENGTH), hashes.SHA384())),
    "ecdsa-p256-sha256": lambda: (leaf, leaf.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))),
    "ecdsa-p384-sha384": lambda: (middle, middle.sign(MESSAGE, ec.ECDSA(hashes.SHA384()))),
}
for scheme, produce in schemes.items():
    key, signature = produce()
    with open(f"{OUT}/{scheme}.sig", "wb") as out:
        out.write(signature)
    with open(f"{OUT}/{scheme}.pub.pem", "wb") as out:
        out.write(key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
