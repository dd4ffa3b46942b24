// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// SumsFile has the check sums of what lies beside it.
const SumsFile = "SHA256SUMS"

// WriteSums writes the check sums of files in a folder, one line for each, as sha256sum prints them. It returns them.
func WriteSums(folder string, files []string) (string, error) {
	var sums strings.Builder
	for _, name := range files {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), name)
	}
	return sums.String(), os.WriteFile(filepath.Join(folder, SumsFile), []byte(sums.String()), 0o644)
}

// Again makes everything once more, of a copy of the repository in another folder, and compares the check sums. scratch has room
// for both.
func Again(ctx context.Context, root, scratch, want string, build func(root string) (sums string, err error)) error {
	elsewhere := filepath.Join(scratch, "elsewhere", "repository")
	if err := CopyRepository(ctx, root, elsewhere); err != nil {
		return err
	}
	got, err := build(elsewhere)
	if err != nil {
		return err
	}
	if got != want {
		return errors.New("a second build differs:\n" + want + "and then\n" + got)
	}
	return nil
}
