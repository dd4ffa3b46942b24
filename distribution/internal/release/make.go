// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"os"
	"path/filepath"
)

// Architectures are those of Linux that everything is made for, as Go calls them.
func Architectures() []string { return []string{"amd64", "arm64"} }

// Make builds the programs for the architectures and has something made of them in a folder, by assemble, which is given the root of the
// repository and returns check sums. If it is to be made twice, the second time is of a copy of the repository, and has to have the same sums.
func Make(ctx context.Context, root string, architectures []string, output string, twice bool,
	assemble func(root string, programs []Program, output string) (sums string, err error),
) (string, error) {
	scratch, err := os.MkdirTemp("", "meerkat-release-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	one := func(root, scratch, output string) (string, error) {
		var programs []Program
		for _, architecture := range architectures {
			built, err := Build(ctx, root, architecture, filepath.Join(scratch, architecture, ProgramName))
			if err != nil {
				return "", err
			}
			programs = append(programs, built)
		}
		return assemble(root, programs, output)
	}
	sums, err := one(root, filepath.Join(scratch, "first"), output)
	if err != nil || !twice {
		return sums, err
	}
	return sums, Again(ctx, root, scratch, sums, func(root string) (string, error) {
		return one(root, filepath.Join(scratch, "second"), filepath.Join(scratch, "output"))
	})
}
