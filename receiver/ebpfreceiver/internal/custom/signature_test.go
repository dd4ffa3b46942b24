// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSignature_message(t *testing.T) {
	manifest, object := []byte("name: x\n"), []byte("\x7fELF")
	one, two := sha256.Sum256(manifest), sha256.Sum256(object)
	want := "meerkat-custom-tracer-v1\nx\n" + hex.EncodeToString(one[:]) + "\n" + hex.EncodeToString(two[:]) + "\n"
	assert.Equal(t, want, string(SignedMessage("x", manifest, object)))
}

func TestSignature_ofGo(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	other, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	message := SignedMessage("x", []byte("manifest"), []byte("object"))
	signature := ed25519.Sign(private, message)
	text := base64.StdEncoding.EncodeToString(signature)
	for _, form := range []string{string(signature), text, text + "\n", text[:40] + "\r\n" + text[40:]} {
		assert.NoError(t, Verify([]ed25519.PublicKey{other, public}, message, []byte(form)))
		assert.ErrorIs(t, Verify([]ed25519.PublicKey{other}, message, []byte(form)), ErrNotSigned)
		assert.ErrorIs(t, Verify(nil, message, []byte(form)), ErrNoKeys)
	}
	for _, changed := range [][]byte{
		SignedMessage("y", []byte("manifest"), []byte("object")), SignedMessage("x", []byte("manifest."), []byte("object")),
		SignedMessage("x", []byte("manifest"), []byte("object.")),
	} {
		assert.ErrorIs(t, Verify([]ed25519.PublicKey{public}, changed, signature), ErrNotSigned)
	}
	for _, broken := range []string{"", "x", text[:80], strings.Repeat("A", signedBytesMax+1), string(signature[:63])} {
		assert.ErrorIs(t, Verify([]ed25519.PublicKey{public}, message, []byte(broken)), ErrNotSignature)
	}
}

func TestSignature_publicKeys(t *testing.T) {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	inPEM := func(key any) string {
		encoded, err := x509.MarshalPKIXPublicKey(key)
		require.NoError(t, err)
		return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: encoded}))
	}
	for _, text := range []string{base64.StdEncoding.EncodeToString(public), " " + base64.StdEncoding.EncodeToString(public) + "\n", inPEM(public)} {
		read, err := ParsePublicKey(text)
		require.NoError(t, err)
		assert.Equal(t, public, read)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for text, want := range map[string]string{
		"":                                    "it has to be 32 bytes in base64, or PEM",
		"AAAA":                                "it has to be 32 bytes in base64, or PEM",
		inPEM(&curve.PublicKey):               "it is a *ecdsa.PublicKey, and has to be one of ed25519",
		inPEM(public) + inPEM(public):         "more than one block",
		strings.Repeat("A", signedBytesMax*2): "it has 8192 bytes, and may have 4096",
		strings.ReplaceAll(inPEM(public), "PUBLIC", "PRIVATE"): `the PEM holds "PRIVATE KEY"`,
	} {
		_, err := ParsePublicKey(text)
		assert.ErrorContains(t, err, want)
	}
}

// What the manual tells people to do, with the tool that they have.
func TestSignature_ofOpenSSL(t *testing.T) {
	folder := t.TempDir()
	run := func(arguments ...string) {
		t.Helper()
		command := exec.Command("openssl", arguments...)
		command.Dir = folder
		output, err := command.CombinedOutput()
		require.NoError(t, err, "%s", output)
	}
	message := SignedMessage("x", []byte("manifest"), []byte("object"))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "message"), message, 0o600))
	run("genpkey", "-algorithm", "ed25519", "-out", "key.pem")
	run("pkey", "-in", "key.pem", "-pubout", "-out", "key.pub")
	run("pkeyutl", "-sign", "-rawin", "-inkey", "key.pem", "-in", "message", "-out", "signature")
	run("base64", "-in", "signature", "-out", "signature.base64")
	text, err := os.ReadFile(filepath.Join(folder, "key.pub"))
	require.NoError(t, err)
	key, err := ParsePublicKey(string(text))
	require.NoError(t, err)
	for _, name := range []string{"signature", "signature.base64"} {
		signature, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		assert.NoError(t, Verify([]ed25519.PublicKey{key}, message, signature))
		assert.ErrorIs(t, Verify([]ed25519.PublicKey{key}, append(message, '\n'), signature), ErrNotSigned)
	}
}
