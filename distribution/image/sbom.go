// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/uuid"

	"github.com/meerkat-otel/meerkat/distribution/internal/release"
)

// sumPrefix stands before the SHA-256 of a module in go.sum, in base64.
const sumPrefix = "h1:"

// writeBillOfMaterials writes what a program consists of, as CycloneDX 1.6.
func writeBillOfMaterials(path string, p product, built release.Program, known release.LicenceSet, digest string) error {
	bom := cyclonedx.NewBOM()
	// The same image has the same number.
	bom.SerialNumber = "urn:uuid:" + uuid.NewSHA1(uuid.NameSpaceURL, []byte(release.ModulePath+"@"+digest)).String()
	main := cyclonedx.Component{
		BOMRef: purl(release.ModulePath, p.Version), Type: cyclonedx.ComponentTypeContainer, Name: release.ProgramName, Version: p.Version,
		PackageURL: "pkg:oci/meerkat@" + strings.Replace(digest, ":", "%3A", 1) + "?arch=" + built.Architecture,
		Licenses:   &cyclonedx.Licenses{{Expression: release.Licences}},
	}
	bom.Metadata = &cyclonedx.Metadata{Timestamp: p.Created.Format(time.RFC3339), Component: &main}
	goVersion := strings.TrimPrefix(built.GoVersion, "go")
	components := []cyclonedx.Component{componentOf(release.Module{Path: "std", Version: goVersion}, known.Names["std"])}
	references := []string{components[0].BOMRef}
	for _, m := range built.Modules {
		one := componentOf(m, known.Names[m.Path])
		if err := addHash(&one, m); err != nil {
			return err
		}
		components, references = append(components, one), append(references, one.BOMRef)
	}
	bom.Components = &components
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: main.BOMRef, Dependencies: &references}}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	err = cyclonedx.NewBOMEncoder(file, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cyclonedx.SpecVersion1_6)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

func componentOf(m release.Module, licenceNames []string) cyclonedx.Component {
	c := cyclonedx.Component{
		BOMRef: purl(m.Path, m.Version), Type: cyclonedx.ComponentTypeLibrary,
		Name: m.Path, Version: m.Version, PackageURL: purl(m.Path, m.Version),
	}
	if len(licenceNames) > 0 {
		all := cyclonedx.Licenses{}
		for _, name := range licenceNames {
			all = append(all, cyclonedx.LicenseChoice{License: &cyclonedx.License{ID: name}})
		}
		c.Licenses = &all
	}
	return c
}

// purl is the package URL of a module: https://github.com/package-url/purl-spec.
func purl(path, version string) string { return "pkg:golang/" + path + "@" + version }

// addHash adds the hash of go.sum. It is over the list of the module's files, not over an archive of them.
func addHash(c *cyclonedx.Component, m release.Module) error {
	encoded, ok := strings.CutPrefix(m.Sum, sumPrefix)
	if !ok {
		return fmt.Errorf("the check sum of %s %s is %q: it should begin with %s", m.Path, m.Version, m.Sum, sumPrefix)
	}
	sum, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return fmt.Errorf("the check sum of %s %s: %w", m.Path, m.Version, err)
	}
	c.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}}
	return nil
}
