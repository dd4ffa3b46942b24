// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// signedBytesMax bounds what is read as a key or signature.
const signedBytesMax = 4 << 10

// Reasons why a signature does not hold.
var (
	ErrNoKeys       = errors.New("no key is configured that could have signed it")
	ErrNotSignature = errors.New("it is no ed25519 signature: 64 bytes, raw or in base64")
	ErrNotSigned    = errors.New("none of the configured keys has signed this name, manifest and object")
)

// SignedMessage is what the author of a tracer signs: the name under which it is to run, and both files.
func SignedMessage(name string, manifest, object []byte) []byte {
	return fmt.Appendf(nil, "meerkat-custom-tracer-v1\n%s\n%x\n%x\n", name, sha256.Sum256(manifest), sha256.Sum256(object))
}

// ParsePublicKey reads an ed25519 key: 32 bytes in base64, or PEM as "openssl pkey -pubout" writes it.
func ParsePublicKey(text string) (ed25519.PublicKey, error) {
	text = strings.TrimSpace(text)
	if len(text) > signedBytesMax {
		return nil, fmt.Errorf("read a public key: it has %d bytes, and may have %d", len(text), signedBytesMax)
	}
	if block, rest := pem.Decode([]byte(text)); block != nil {
		if block.Type != "PUBLIC KEY" || len(bytes.TrimSpace(rest)) > 0 {
			return nil, fmt.Errorf("read a public key: the PEM holds %q, or more than one block: it has to be one PUBLIC KEY, as \"openssl pkey -pubout\" writes it", block.Type)
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read a public key: %w", err)
		}
		if edwards, ok := key.(ed25519.PublicKey); ok {
			return edwards, nil
		}
		return nil, fmt.Errorf("read a public key: it is a %T, and has to be one of ed25519: openssl genpkey -algorithm ed25519", key)
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("read a public key: it has to be %d bytes in base64, or PEM", ed25519.PublicKeySize)
	}
	return raw, nil
}

// ParseSignature takes 64 raw bytes, or base64 of them.
func ParseSignature(signature []byte) ([]byte, error) {
	if len(signature) == ed25519.SignatureSize {
		return signature, nil
	}
	if len(signature) > signedBytesMax {
		return nil, ErrNotSignature
	}
	// Tools like to break lines.
	text := strings.Join(strings.Fields(string(signature)), "")
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) != ed25519.SignatureSize {
		return nil, ErrNotSignature
	}
	return raw, nil
}

// Verify checks that one of the keys has signed the message. signature is raw or in base64.
func Verify(keys []ed25519.PublicKey, message, signature []byte) error {
	if len(keys) == 0 {
		return ErrNoKeys
	}
	raw, err := ParseSignature(signature)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if len(key) == ed25519.PublicKeySize && ed25519.Verify(key, message, raw) {
			return nil
		}
	}
	return ErrNotSigned
}
