#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""unseal.py KEY-FILE ADDITIONAL-DATA-IN-HEX <SEALED >PLAIN

Opens what the ledger holds with libcrypto alone: nonce (12), ciphertext, tag (16) of AES-256-GCM.
The key file is 32 octets, or "hex:" and digits.
"""
import ctypes
import ctypes.util
import sys


def unseal(key, aad, sealed):
    nonce, text, tag = sealed[:12], sealed[12:-16], sealed[-16:]
    c = ctypes.CDLL(ctypes.util.find_library("crypto"))
    for f in (c.EVP_CIPHER_CTX_new, c.EVP_aes_256_gcm):
        f.restype = ctypes.c_void_p
    ctx, n = ctypes.c_void_p(c.EVP_CIPHER_CTX_new()), ctypes.c_int()
    out = ctypes.create_string_buffer(len(text) + 16)
    ok = c.EVP_DecryptInit_ex(ctx, ctypes.c_void_p(c.EVP_aes_256_gcm()), None, key, nonce)
    ok &= c.EVP_DecryptUpdate(ctx, None, ctypes.byref(n), aad, len(aad))
    ok &= c.EVP_DecryptUpdate(ctx, out, ctypes.byref(n), text, len(text))
    ok &= c.EVP_CIPHER_CTX_ctrl(ctx, 0x11, 16, tag)  # EVP_CTRL_GCM_SET_TAG
    ok &= c.EVP_DecryptFinal_ex(ctx, ctypes.create_string_buffer(16), ctypes.byref(n))
    c.EVP_CIPHER_CTX_free(ctx)
    return out.raw[: len(text)] if ok == 1 else None


def main():
    with open(sys.argv[1], "rb") as f:
        key = f.read()
    if key.startswith(b"hex:"):
        key = bytes.fromhex(key[4:].decode().strip())
    plain = unseal(key, bytes.fromhex(sys.argv[2]), sys.stdin.buffer.read())
    if plain is None:
        sys.exit("does not open")
    sys.stdout.buffer.write(plain)


if __name__ == "__main__":
    main()
