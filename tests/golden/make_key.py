#!/usr/bin/env python3
"""Keys and certificates in every form that imp_keyform() has to tell apart, DER encoded by hand.

The secp256r1 key is the published test key of RFC 6979, A.2.5; all other points, keys and signatures are
filling: only the outline counts.  Writes tests/golden/key/*.hex and index.tsv: file, form (or "refuse"),
bits of the curve, 1 for a compressed point, octets of the point.
"""
import os

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "key")
D = bytes.fromhex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721")
X = bytes.fromhex("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6")
Y = bytes.fromhex("7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299")
P256, P224, P192, P384 = "1.2.840.10045.3.1.7", "1.3.132.0.33", "1.2.840.10045.3.1.1", "1.3.132.0.34"
EC, RSA, X25519, ED448 = "1.2.840.10045.2.1", "1.2.840.113549.1.1.1", "1.3.101.110", "1.3.101.113"
INDEX = []


def der(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    length = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else b"\x82" + n.to_bytes(2, "big")
    return bytes([tag]) + length + body


def seq(*parts):
    return der(0x30, *parts)


def num(v):
    return der(2, v.to_bytes(v.bit_length() // 8 + 1, "big"))


def oid(text):
    a, b, *rest = map(int, text.split("."))
    out = bytes([40 * a + b])
    for v in rest:
        chunk = bytes([v & 127])
        while v := v >> 7:
            chunk = bytes([128 | v & 127]) + chunk
        out += chunk
    return der(6, out)


def bits(b, unused=0):
    return der(3, bytes([unused]), b)


def alg(*oids):
    return seq(*map(oid, oids))


def spki(algorithm, point):
    return seq(algorithm, bits(point))


def sec1(curve=None, point=None, key=D):
    parts = [num(1), der(4, key)]
    if curve:
        parts.append(der(0xA0, oid(curve)))
    if point:
        parts.append(der(0xA1, bits(point)))
    return seq(*parts)


def pkcs8(algorithm, key, version=0, *more):
    return seq(num(version), algorithm, der(4, key), *more)


def certificate(spk, version3=True):
    name = seq(der(0x31, seq(oid("2.5.4.3"), der(0x0C, b"dev-1"))))
    tbs = [der(0xA0, num(2))] if version3 else []
    tbs += [num(5), alg("1.2.840.10045.4.3.2"), name, seq(der(0x17, b"250101000000Z"), der(0x17, b"350101000000Z")), name, spk]
    return seq(seq(*tbs), alg("1.2.840.10045.4.3.2"), bits(seq(num(1), num(2))))


def write(name, octets, form, curve_bits=0, compressed=0, point=0):
    with open(os.path.join(OUT, name + ".hex"), "w") as f:
        f.writelines(octets[i:i + 32].hex() + "\n" for i in range(0, len(octets), 32))
    INDEX.append((name, form, curve_bits, compressed, point))


os.makedirs(OUT, exist_ok=True)
full, half = b"\4" + X + Y, b"\3" + X
p256 = alg(EC, P256)

write("spki", spki(p256, full), "SubjectPublicKeyInfo", 256, 0, 65)
write("spki_compressed", spki(p256, half), "SubjectPublicKeyInfo", 256, 1, 33)
write("spki_p224", spki(alg(EC, P224), b"\4" + bytes(56)), "SubjectPublicKeyInfo", 224, 0, 57)
write("spki_p192", spki(alg(EC, P192), b"\2" + bytes(24)), "SubjectPublicKeyInfo", 192, 1, 25)
write("spki_p384", spki(alg(EC, P384), b"\4" + bytes(96)), "SubjectPublicKeyInfo", 384, 0, 97)
write("spki_x25519", spki(alg(X25519), bytes(32)), "SubjectPublicKeyInfo", 255, 0, 32)
write("spki_ed448", spki(alg(ED448), bytes(57)), "SubjectPublicKeyInfo", 448, 0, 57)
write("spki_unknown_curve", spki(alg(EC, "1.3.132.0.99"), b"\4" + bytes(64)), "SubjectPublicKeyInfo", 0, 0, 65)
write("spki_rsa", spki(seq(oid(RSA), der(5)), seq(num(1 << 127), num(65537))), "SubjectPublicKeyInfo", 0, 0, 26)
write("pkcs8", pkcs8(p256, sec1(None, full)), "PKCS#8 version 1", 256, 0, 65)
write("pkcs8_no_point", pkcs8(p256, sec1()), "PKCS#8 version 1", 256)
write("pkcs8_attributes", pkcs8(p256, sec1(), 0, der(0xA0, seq())), "PKCS#8 version 1", 256)
write("pkcs8_ed448", pkcs8(alg(ED448), der(4, bytes(57))), "PKCS#8 version 1", 448)
write("sec1", sec1(P256, full), "SEC1 ECPrivateKey", 256, 0, 65)
write("sec1_no_point", sec1(P256), "SEC1 ECPrivateKey", 256)
write("sec1_p224", sec1(P224, None, bytes(28)), "SEC1 ECPrivateKey", 224)
write("v2", pkcs8(p256, sec1(), 1, der(0x81, b"\0" + full)), "OneAsymmetricKey version 2", 256, 0, 65)
write("v2_no_point", pkcs8(p256, sec1(), 1), "OneAsymmetricKey version 2", 256)
write("encrypted", seq(seq(oid("1.2.840.113549.1.5.13"), seq()), der(4, bytes(48))), "EncryptedPrivateKeyInfo")
write("certificate", certificate(spki(p256, full)), "X.509 certificate", 256, 0, 65)
write("certificate_v1", certificate(spki(p256, half), False), "X.509 certificate", 256, 1, 33)
write("certificate_p224", certificate(spki(alg(EC, P224), b"\4" + bytes(56))), "X.509 certificate", 224, 0, 57)
write("pem", b"-----BEGIN PUBLIC KEY-----\n", "PEM text")

write("bad_trailing", spki(p256, full) + b"\0", "refuse")
write("bad_point_short", spki(p256, full[:-1]), "refuse")
write("bad_point_hybrid", spki(p256, b"\6" + X + Y), "refuse")
write("bad_point_unused_bits", seq(p256, bits(full, 1)), "refuse")
write("bad_point_none", seq(p256, der(3)), "refuse")
write("bad_version", pkcs8(p256, sec1(), 2), "refuse")
write("bad_sec1_version", seq(num(2), der(4, D)), "refuse")
write("bad_inner", pkcs8(p256, der(4, D)), "refuse")
write("bad_spki_more", seq(p256, bits(full), num(1)), "refuse")
write("bad_certificate_cut", seq(seq(num(1)), p256, bits(b"x")), "refuse")
write("bad_raw_point", full, "refuse")
write("bad_one_integer", seq(num(1)), "refuse")
write("bad_nothing", b"", "refuse")

with open(os.path.join(OUT, "index.tsv"), "w") as f:
    f.write("file\tform\tcurve_bits\tcompressed\tpoint\n")
    f.writelines("\t".join(map(str, row)) + "\n" for row in INDEX)
