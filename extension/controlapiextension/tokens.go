// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// tokens knows callers by their bearer tokens. Only hashes are kept.
type tokens []knownToken

type knownToken struct {
	hash [sha256.Size]byte
	name string
	role controlapi.Role
}

func newKnownToken(name string, role controlapi.Role, token string) knownToken {
	return knownToken{hash: sha256.Sum256([]byte(token)), name: name, role: role}
}

// generatedTokenName is who has the token that we made.
const generatedTokenName = "generated token"

// find looks a token up. How long it takes depends neither on the token nor on which one it is.
func (t tokens) find(token string) (knownToken, bool) {
	hash := sha256.Sum256([]byte(token))
	found := -1
	for i := range t {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(hash[:], t[i].hash[:]), i, found)
	}
	if found < 0 {
		return knownToken{}, false
	}
	return t[found], true
}

// loadTokens takes the tokens of the configuration, and reads those that stand in files.
func loadTokens(configured []TokenConfig) (tokens, error) {
	var all tokens
	owners := map[[sha256.Size]byte]string{}
	for _, c := range configured {
		token := string(c.Token)
		if c.TokenFile != "" {
			var err error
			if token, err = readTokenFile(c.TokenFile); err != nil {
				return nil, fmt.Errorf("read the token %q: %w", c.Name, err)
			}
		}
		known := newKnownToken(c.Name, c.Role.role(), token)
		if owner, ok := owners[known.hash]; ok {
			return nil, fmt.Errorf("tokens %q and %q are the same: each needs its own, so that it can be told who did something", owner, c.Name)
		}
		owners[known.hash] = c.Name
		all = append(all, known)
	}
	return all, nil
}

// readTokenFile reads a file that somebody else made. Who may read it is theirs to say: secrets that Kubernetes
// mounts belong to everybody in their container.
func readTokenFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return readToken(f)
}

func readToken(f *os.File) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", f.Name())
	}
	content, err := io.ReadAll(io.LimitReader(f, tokenFileBytesMax+1))
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(content))
	if err := checkToken(token); err != nil {
		return "", fmt.Errorf("%s: %w", f.Name(), err)
	}
	return token, nil
}

// generatedToken reads the token that an earlier start made, or makes one. It tells whether it is new.
func generatedToken(name string) (token string, isNew bool, err error) {
	f, err := openOwn(name)
	if errors.Is(err, fs.ErrNotExist) {
		token, err = writeNewToken(name)
		if !errors.Is(err, fs.ErrExist) {
			return token, true, err
		}
		// Another collector was faster.
		f, err = openOwn(name)
	}
	if err != nil {
		return "", false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", false, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", false, fmt.Errorf("%s can be read or written by others (mode %04o): remove it, and a new token is made", name, info.Mode().Perm())
	}
	token, err = readToken(f)
	return token, false, err
}

// writeNewToken makes a token and its file, which has all of it from the moment that it has its name.
func writeNewToken(name string) (string, error) {
	folder := filepath.Dir(name)
	if err := os.MkdirAll(folder, socketFolderMode); err != nil {
		return "", err
	}
	random := make([]byte, tokenRandomBytes)
	_, _ = rand.Read(random) // it never fails
	token := hex.EncodeToString(random)
	f, err := os.CreateTemp(folder, "."+filepath.Base(name)+"-*") // with mode 0600
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(token + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", err
	}
	// Unlike a rename, a link does not take the place of a file that is there.
	return token, os.Link(f.Name(), name)
}
