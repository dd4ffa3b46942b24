// SPDX-License-Identifier: Apache-2.0

package apiobject

import (
	"errors"
	"maps"
	"net/netip"
	"sync"
)

// Settings say what is taken of objects.
type Settings struct {
	// NodeName is this node.
	NodeName string
	// Cluster is true if pods of other nodes come too. They are far ends only: of them come no containers, no
	// attributes and no UIDs of owners.
	Cluster bool
	// Labels and Annotations are keys of pods that become attributes, in which * stands for any characters.
	Labels, Annotations []string
	// ServiceLabels allows the well-known labels app.kubernetes.io/{instance,name,version} to name the service.
	ServiceLabels bool
}

// Converter turns objects of the API into those of the inventory. It is safe for use by several goroutines.
type Converter struct {
	settings            Settings
	labels, annotations patterns

	mu     sync.Mutex
	cut    map[string]uint64
	shared map[string]string
}

// Errors of objects that can't be told from others.
var (
	errNoIdentity = errors.New("metadata.uid or metadata.name is missing, or longer than 253 bytes")
	errNoName     = errors.New("metadata.name is missing, or longer than 253 bytes")
)

// NewConverter fails if a pattern is not valid, and says which.
func NewConverter(settings Settings) (*Converter, error) {
	labels, labelsErr := compile("pod_labels", settings.Labels)
	annotations, annotationsErr := compile("pod_annotations", settings.Annotations)
	if err := errors.Join(labelsErr, annotationsErr); err != nil {
		return nil, err
	}
	return &Converter{
		settings: settings, labels: labels, annotations: annotations,
		cut: map[string]uint64{}, shared: map[string]string{},
	}, nil
}

// Cut returns how often something of an object was left out, by the bound that it was beyond.
func (c *Converter) Cut() map[string]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.cut)
}

func (c *Converter) count(bound string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut[bound]++
}

// share returns the one copy of a string that many objects have.
func (c *Converter) share(s string) string {
	if s == "" {
		return ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if same, ok := c.shared[s]; ok {
		return same
	}
	if len(c.shared) >= sharedStringsMax {
		clear(c.shared)
		c.cut[CutSharedStrings]++
	}
	c.shared[s] = s
	return s
}

// name returns a name, an empty one if it is too long.
func (c *Converter) name(s string) string {
	if len(s) > nameBytesMax {
		c.count(CutName)
		return ""
	}
	return s
}

func (c *Converter) sharedName(s string) string { return c.share(c.name(s)) }

func (c *Converter) image(s string) string {
	if len(s) > imageBytesMax {
		c.count(CutImage)
		return ""
	}
	return c.share(s)
}

// addresses reads as many as are allowed. Names, and what is no address, are left out.
func (c *Converter) addresses(texts []string) []netip.Addr {
	if len(texts) > addressesPerObjectMax {
		c.count(CutAddresses)
		texts = texts[:addressesPerObjectMax]
	}
	var all []netip.Addr
	for _, text := range texts {
		if text == "" || text == "None" { // a headless Service says None
			continue
		}
		address, err := netip.ParseAddr(text)
		if err != nil || address.Zone() != "" {
			c.count(CutUnreadable)
			continue
		}
		if all == nil {
			all = make([]netip.Addr, 0, len(texts))
		}
		all = append(all, address.Unmap())
	}
	return all
}
