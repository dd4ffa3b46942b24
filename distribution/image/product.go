// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"compress/gzip"
	"context"

	"github.com/meerkat-otel/meerkat/distribution/internal/release"
)

// licencesFolder is where the image has them.
const licencesFolder = "/licenses"

// product is what an image is made of and called, apart from the programs.
type product struct {
	release.Product
	// name is the image's with its tag.
	name string
	// compression is a level of package gzip. The best takes a minute with the race detector.
	compression int
}

// describe finds out what is to be made of a repository.
func describe(ctx context.Context, root, name string) (product, error) {
	p, err := release.Describe(ctx, root)
	return product{Product: p, name: cmp.Or(name, defaultName(p.Version)), compression: gzip.BestCompression}, err
}

// defaultName belongs to no registry.
func defaultName(version string) string { return "localhost/meerkat:" + version }
