// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/manifest"
)

// Bundle is an object and its manifest that fit each other and keep to the limits. It is pure data, may be
// loaded more than once, and is not changed.
type Bundle struct {
	manifest *manifest.Manifest
	spec     *ebpf.CollectionSpec
	programs []*program
	mapBytes map[string]uint64
	rings    []string
	licence  string
}

// Manifest is the one that was given to Inspect.
func (b *Bundle) Manifest() *manifest.Manifest { return b.manifest }

// Types is the type information of the object.
func (b *Bundle) Types() *btf.Spec { return b.spec.Types }

// MapSpec describes a map of the object; nil if there is none of the name. It is not to be changed.
func (b *Bundle) MapSpec(name string) *ebpf.MapSpec { return b.spec.Maps[name] }

// Licence is what the object says about itself.
func (b *Bundle) Licence() string { return b.licence }

// MapBytes is what all maps will take at most, by calculation.
func (b *Bundle) MapBytes() uint64 {
	var sum uint64
	for _, size := range b.mapBytes {
		sum += size
	}
	return sum
}

// Programs tells the programs and what each is attached to.
func (b *Bundle) Programs() []string {
	var all []string
	for _, p := range b.programs {
		all = append(all, p.Name+" ("+p.section+")")
	}
	return all
}

// Inspect finds out from bytes alone whether an object fits its manifest, which has been validated, and keeps to
// the limits. The object may come from anybody. The error has all problems of the first part that has any.
func Inspect(object []byte, m *manifest.Manifest, l Limits) (*Bundle, error) {
	b, err := inspect(object, m, l)
	if err != nil {
		return nil, fmt.Errorf("inspect tracer %q: %w", m.Name, err)
	}
	return b, nil
}

func inspect(object []byte, m *manifest.Manifest, l Limits) (*Bundle, error) {
	object, err := checkELF(object, l)
	if err != nil {
		return nil, err
	}
	if err := checkExterns(object); err != nil {
		return nil, err
	}
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object))
	if err != nil && !hasTypes(object) || err == nil && spec.Types == nil {
		return nil, errNoTypes
	}
	if err != nil {
		return nil, fmt.Errorf("read the object: %w", err)
	}
	b := &Bundle{manifest: m, spec: spec}
	if b.mapBytes, err = checkMaps(spec, l); err != nil {
		return nil, err
	}
	if err := b.takePrograms(l); err != nil {
		return nil, err
	}
	if err := b.takeTelemetry(); err != nil {
		return nil, err
	}
	return b, nil
}

var errNoTypes = errors.New("the object has no type information (BTF): compile it with -g")

func hasTypes(object []byte) bool {
	_, err := btf.LoadSpecFromReader(bytes.NewReader(object))
	return !errors.Is(err, btf.ErrNotFound)
}

// takePrograms checks the programs and finds out how each is attached.
func (b *Bundle) takePrograms(l Limits) error {
	if len(b.spec.Programs) == 0 {
		return errors.New("the object has no programs")
	}
	if len(b.spec.Programs) > l.Programs {
		return fmt.Errorf("the object has %d programs, and may have %d: divide the tracer, or raise the limit", len(b.spec.Programs), l.Programs)
	}
	added := map[string]manifest.Program{}
	var errs []error
	for i, p := range b.manifest.Programs {
		added[p.Name] = p
		if b.spec.Programs[p.Name] == nil {
			errs = append(errs, fmt.Errorf("programs[%d].name: the object has no program %q; it has %s", i, p.Name, names(b.spec.Programs)))
		}
	}
	instructions := 0
	for _, name := range slices.Sorted(maps.Keys(b.spec.Programs)) {
		spec := b.spec.Programs[name]
		instructions += len(spec.Instructions)
		p, err := checkProgram(spec, added[name], l)
		if err == nil {
			err = b.checkCode(spec)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("program %q, section %q: %w", name, spec.SectionName, err))
			continue
		}
		b.licence = spec.License
		b.programs = append(b.programs, p)
	}
	switch {
	case len(errs) > 0:
	case instructions > l.Instructions:
		errs = append(errs, fmt.Errorf("the programs have %d instructions with all that they call, and may have %d: divide the tracer, or raise the limit",
			instructions, l.Instructions))
	case b.licence == "" || len(b.licence) > licenceBytesMax:
		errs = append(errs, fmt.Errorf("the object names no licence of at most %d bytes: add char LICENSE[] SEC(\"license\") = \"Dual BSD/GPL\"", licenceBytesMax))
	}
	return errors.Join(errs...)
}

func (b *Bundle) checkCode(spec *ebpf.ProgramSpec) error {
	if err := checkInstructions(b.spec, spec); err != nil {
		return err
	}
	if spec.Type == ebpf.Kprobe {
		return checkContext(spec.Instructions)
	}
	return nil
}
