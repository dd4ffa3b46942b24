// SPDX-License-Identifier: Apache-2.0

package container

import (
	"regexp"
	"slices"
	"strings"
)

// imageID is the digest of an image's configuration, by which runtimes name images that have no name.
var imageID = regexp.MustCompile(`^(?:sha256:)?[0-9a-f]{64}$`)

// parseReference takes name[:tag][@digest] apart. An image's id has no name.
// Source: github.com/distribution/reference, reference.go (the grammar at its head).
func parseReference(reference string) (name, tag, digest string) {
	name, digest, _ = strings.Cut(reference, "@")
	if imageID.MatchString(name) {
		return "", "", ""
	}
	// A colon before a slash is that of a port.
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name, tag = name[:colon], name[colon+1:]
	}
	return name, tag, digest
}

// familiar is a name as Docker shortens it: what it leaves out is the default.
func familiar(name string) string {
	name = strings.TrimPrefix(name, "docker.io/")
	return strings.TrimPrefix(name, "library/")
}

// askedFor is an image of which no more is known than what was asked for.
func askedFor(reference string) Image {
	name, tag, digest := parseReference(reference)
	i := Image{Reference: reference, Name: name}
	if tag != "" {
		i.Tags = []string{tag}
	}
	if name != "" && digest != "" {
		i.RepoDigests = []string{name + "@" + digest}
	}
	return i
}

// add adds what the runtime knows of the image: its other references, and digests that all of its names have.
func (i *Image) add(references, digests []string) {
	if i.Name == "" {
		i.Name = onlyName(references)
	}
	for _, reference := range references {
		name, tag, digest := parseReference(reference)
		switch {
		case name == "":
			continue
		case digest != "":
			i.RepoDigests = append(i.RepoDigests, name+"@"+digest)
		case i.Name != "" && tag != "" && familiar(name) == familiar(i.Name):
			i.Tags = append(i.Tags, tag)
		}
		for _, d := range digests {
			i.RepoDigests = append(i.RepoDigests, name+"@"+d)
		}
	}
}

// onlyName is the name that all references have; empty if they have several: nobody knows then which was meant.
func onlyName(references []string) string {
	only := ""
	for i, reference := range references {
		name, _, _ := parseReference(reference)
		if i > 0 && name != only {
			return ""
		}
		only = name
	}
	return only
}

// bound sorts the lists, leaves out what is too much, and returns how much that was.
func (i *Image) bound() (leftOut int) {
	leftOut += boundText(&i.Reference) + boundText(&i.Name)
	leftOut += boundList(&i.Tags, imageTagsMax)
	return leftOut + boundList(&i.RepoDigests, imageDigestsMax)
}

func boundText(text *string) int {
	if len(*text) <= valueBytesMax {
		return 0
	}
	*text = ""
	return 1
}

func boundList(list *[]string, entriesMax int) int {
	before := len(*list)
	kept := slices.DeleteFunc(*list, func(entry string) bool { return len(entry) > valueBytesMax })
	leftOut := before - len(kept)
	slices.Sort(kept)
	kept = slices.Compact(kept)
	if len(kept) > entriesMax {
		leftOut += len(kept) - entriesMax
		kept = kept[:entriesMax]
	}
	*list = slices.Clip(kept)
	return leftOut
}
