// SPDX-License-Identifier: Apache-2.0

package container

import (
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
)

// Settings say where runtimes keep their state, and what of it is told.
type Settings struct {
	// RootPath is where the host's root is mounted; empty if it is the collector's own. It stands before all paths.
	RootPath string
	// Containerd, Docker, CRIO and Podman are folders of state, of any number of instances of each runtime.
	Containerd, Docker, CRIO, Podman []string
	// Labels are patterns for the keys of labels that are told, in which * stands for any characters.
	Labels []string
	// Redact returns the value of a label without secrets; nil leaves it as it is.
	Redact func(key, value string) string
}

// DefaultSettings look where runtimes and the usual distributions of Kubernetes keep their state.
func DefaultSettings() Settings {
	return Settings{
		Containerd: []string{
			"/run/containerd", "/run/docker/containerd/daemon", "/run/k3s/containerd", "/run/k0s/containerd",
			"/var/snap/microk8s/common/run/containerd",
		},
		Docker: []string{"/var/lib/docker"},
		CRIO:   []string{"/run/containers/storage", "/var/lib/containers/storage"},
		Podman: []string{"/var/lib/containers/storage", "/run/containers/storage"},
	}
}

// Finder finds containers. It may be used by several goroutines.
type Finder struct {
	settings Settings
	// labels matches keys of labels that are told; nil if none is.
	labels  *regexp.Regexp
	shared  sharedFiles
	leftOut atomic.Uint64
}

// NewFinder returns a finder with settings that were found to be valid.
func NewFinder(s Settings) *Finder { return &Finder{settings: s, labels: anyOf(s.Labels)} }

// anyOf matches what one of the patterns matches as a whole; nil if there is none.
func anyOf(patterns []string) *regexp.Regexp {
	if len(patterns) == 0 {
		return nil
	}
	var alternatives []string
	for _, pattern := range patterns {
		alternatives = append(alternatives, strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*"))
	}
	return regexp.MustCompile(`(?s)^(?:` + strings.Join(alternatives, "|") + `)$`)
}

// Stats count what happened since a finder was made.
type Stats struct {
	// LeftOut counts names, tags, digests and labels that were too long or too many.
	LeftOut uint64
	// Evicted counts shared files that were forgotten for lack of room.
	Evicted uint64
}

// Stats returns the counts so far.
func (f *Finder) Stats() Stats {
	f.shared.mu.Lock()
	defer f.shared.mu.Unlock()
	return Stats{LeftOut: f.leftOut.Load(), Evicted: f.shared.evicted}
}

// source reads what one runtime knows of a container, from one folder of its state.
type source func(f *Finder, at folder, path string, c *Container) error

// sourcesOf returns where to look for a container. Where the path of its cgroup doesn't tell the runtime, it is one
// of those that give cgroups no prefix.
func (f *Finder) sourcesOf(runtime string) map[string]source {
	switch runtime {
	case Containerd:
		return map[string]source{Containerd: (*Finder).fromContainerd}
	case Docker:
		return map[string]source{Docker: (*Finder).fromDocker}
	case CRIO:
		return map[string]source{CRIO: (*Finder).fromCRIO}
	case Podman:
		return map[string]source{Podman: (*Finder).fromPodman}
	default:
		return map[string]source{Containerd: (*Finder).fromContainerd, Docker: (*Finder).fromDocker}
	}
}

func (f *Finder) foldersOf(runtime string) []string {
	switch runtime {
	case Containerd:
		return f.settings.Containerd
	case Docker:
		return f.settings.Docker
	case CRIO:
		return f.settings.CRIO
	default:
		return f.settings.Podman
	}
}

// Describe adds to a container that Locate returned what its runtime's state tells. If it tells nothing, the
// container stays as it is. It reads some small files and waits for nothing but the disk.
func (f *Finder) Describe(c *Container) Outcome {
	outcome := Absent
	if leadsElsewhere(c.ID) {
		return outcome
	}
	for runtime, read := range f.sourcesOf(c.Runtime) {
		for _, path := range f.foldersOf(runtime) {
			described := *c
			err := f.inFolder(path, func(at folder) error { return read(f, at, path, &described) })
			if err == nil {
				described.Runtime = runtime
				f.finish(&described)
				*c = described
				return Found
			}
			// Of several places that have no use, the one that has something says why.
			if failed := outcomeOf(err); failed != Absent {
				outcome = failed
			}
		}
	}
	return outcome
}

// inFolder calls do with a folder of the host.
func (f *Finder) inFolder(path string, do func(folder) error) error {
	at, err := openFolder(f.settings.RootPath, path)
	if err != nil {
		return err
	}
	defer at.close()
	return do(at)
}

// finish brings what was read into bounds.
func (f *Finder) finish(c *Container) {
	leftOut := c.Image.bound()
	for _, text := range []*string{&c.Name, &c.PodUID, &c.PodName, &c.PodNamespace, &c.PodContainer} {
		leftOut += boundText(text)
	}
	slices.SortFunc(c.Labels, func(a, b Label) int { return strings.Compare(a.Key, b.Key) })
	c.Labels = slices.Clip(slices.CompactFunc(c.Labels, func(a, b Label) bool { return a.Key == b.Key }))
	f.leftOut.Add(uint64(leftOut))
}

// addLabel adds a label if its key was asked for.
func (f *Finder) addLabel(c *Container, key, value string) {
	if f.labels == nil || !f.labels.MatchString(key) {
		return
	}
	before := 0
	for _, label := range c.Labels {
		before += len(label.Key) + len(label.Value)
	}
	if len(c.Labels) >= labelsMax || max(len(key), len(value)) > valueBytesMax || before+len(key)+len(value) > labelBytesMax {
		f.leftOut.Add(1)
		return
	}
	if f.settings.Redact != nil {
		value = f.settings.Redact(key, value)
	}
	c.Labels = append(c.Labels, Label{Key: key, Value: value})
}

// readBundle reads one container's own file.
func readBundle(at folder, name string) ([]byte, error) {
	opened, err := at.open(name)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	return opened.content(bundleBytesMax)
}
