// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"go.uber.org/zap"
)

// attachment connects a program to what it observes, until it is closed.
type attachment = io.Closer

// Live is a Bundle in the kernel. Its methods may be called from several goroutines.
type Live struct {
	bundle *Bundle
	logger *zap.Logger
	maps   map[string]*ebpf.Map

	mu    sync.Mutex
	hooks []*hook
	// usdtSpecs is how many entries of the map of argument specifications are taken.
	usdtSpecs uint32
	attached  bool
	closed    bool
}

// hook is a program with what became of it.
type hook struct {
	program *program
	// loaded is nil if the kernel refused it.
	loaded *ebpf.Program
	// link is nil while it is not attached.
	link attachment
	err  error
}

// Load creates the maps and loads the programs. Nothing runs yet. It fails, and leaves nothing behind, if a program
// that is not optional can't be loaded: the error is a VerifierError if the verifier refused it. types keeps what
// was read of the kernel's type information for the next call.
func Load(b *Bundle, logger *zap.Logger, types *btf.Cache) (*Live, error) {
	live := &Live{bundle: b, logger: logger.With(zap.String("tracer", b.manifest.Name))}
	if err := live.load(types); err != nil {
		return nil, errors.Join(fmt.Errorf("load tracer %q: %w", b.manifest.Name, err), live.Close())
	}
	return live, nil
}

func (live *Live) load(types *btf.Cache) error {
	spec := live.bundle.spec.Copy()
	resolveExterns(spec)
	// Without variables: nobody sets any, and the library would map their memory, which keeps the map alive until
	// the garbage collector comes by.
	collection, err := ebpf.NewCollection(&ebpf.CollectionSpec{Maps: spec.Maps, Types: spec.Types, ByteOrder: spec.ByteOrder})
	if err != nil {
		return fmt.Errorf("create the maps: %w", explain("", err))
	}
	// From here on they are the tracer's.
	live.maps, collection.Maps = collection.Maps, nil
	collection.Close()

	loader := &loader{spec: spec, maps: live.maps, types: types}
	together := loader.loadAll()
	for _, p := range live.bundle.programs {
		h := &hook{program: p, loaded: together[p.Name]}
		live.hooks = append(live.hooks, h)
		if h.loaded == nil {
			h.loaded, h.err = loader.loadOne(p)
		}
	}
	var errs []error
	for _, h := range live.hooks {
		if h.err != nil && !h.program.Optional {
			errs = append(errs, h.err)
		}
	}
	return errors.Join(errs...)
}

// Attach attaches every program. It fails if one that is not optional can't be attached, or none at all: the tracer
// is closed then. After Detach it can be attached again.
func (live *Live) Attach() error {
	live.mu.Lock()
	defer live.mu.Unlock()
	switch {
	case live.closed:
		return fmt.Errorf("attach tracer %q: it is closed", live.bundle.manifest.Name)
	case live.attached:
		return nil
	}
	live.attached = true
	var errs []error
	count := 0
	for _, h := range live.hooks {
		err := live.attachHook(h)
		switch {
		case err == nil:
			count++
		case h.program.Optional:
			live.logger.Info("An optional program is not attached", zap.String("program", h.program.Name), zap.Error(err))
		default:
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 && count == 0 {
		for _, h := range live.hooks {
			errs = append(errs, h.err)
		}
	}
	if len(errs) > 0 {
		return errors.Join(fmt.Errorf("attach tracer %q: %w", live.bundle.manifest.Name, errors.Join(errs...)), live.close())
	}
	return nil
}

func (live *Live) attachHook(h *hook) error {
	if h.loaded == nil {
		return h.err
	}
	p := h.program
	link, err := p.kind.attach(live, p, h.loaded)
	if err != nil {
		h.err = fmt.Errorf("program %q, section %q: %w", p.Name, p.section, explain(p.kind.name, err))
		return h.err
	}
	h.link, h.err = link, nil
	return nil
}

// Detach ends the observation. Programs, maps and what they hold stay.
func (live *Live) Detach() error {
	live.mu.Lock()
	defer live.mu.Unlock()
	return live.detach()
}

// detach closes links side by side: the kernel waits for a grace period in each.
func (live *Live) detach() error {
	errs := make([]error, len(live.hooks))
	var waiting sync.WaitGroup
	for i, h := range live.hooks {
		if h.link == nil {
			continue
		}
		link := h.link
		h.link = nil
		waiting.Go(func() { errs[i] = link.Close() })
	}
	waiting.Wait()
	live.attached, live.usdtSpecs = false, 0
	return errors.Join(errs...)
}

// Close detaches every program and frees programs and maps. It may be called more than once.
func (live *Live) Close() error {
	live.mu.Lock()
	defer live.mu.Unlock()
	return live.close()
}

func (live *Live) close() error {
	if live.closed {
		return nil
	}
	live.closed = true
	errs := []error{live.detach()}
	for _, h := range live.hooks {
		if h.loaded != nil {
			errs = append(errs, h.loaded.Close())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(live.maps)) {
		errs = append(errs, live.maps[name].Close())
	}
	return errors.Join(errs...)
}

// Bundle is what was loaded.
func (live *Live) Bundle() *Bundle { return live.bundle }

// Map returns a map by the name that it has in the object; nil if there is none. It belongs to the tracer.
func (live *Live) Map(name string) *ebpf.Map { return live.maps[name] }

// Rings are the ring buffers that events of the manifest are read from. They belong to the tracer.
func (live *Live) Rings() map[string]*ebpf.Map {
	rings := map[string]*ebpf.Map{}
	for _, name := range live.bundle.rings {
		rings[name] = live.maps[name]
	}
	return rings
}

// loader loads programs that share maps.
type loader struct {
	spec  *ebpf.CollectionSpec
	maps  map[string]*ebpf.Map
	types *btf.Cache
}

// loadAll loads all programs in one go, which shares the work on the type information; nil if one is refused.
func (l *loader) loadAll() map[string]*ebpf.Program {
	programs, err := l.load(l.spec.Programs, ebpf.ProgramOptions{LogDisabled: true})
	if err != nil {
		return nil
	}
	return programs
}

func (l *loader) load(programs map[string]*ebpf.ProgramSpec, options ebpf.ProgramOptions) (map[string]*ebpf.Program, error) {
	collection, err := ebpf.NewCollectionWithOptions(&ebpf.CollectionSpec{
		Maps: l.spec.Maps, Programs: programs, Types: l.spec.Types, ByteOrder: l.spec.ByteOrder,
	}, ebpf.CollectionOptions{MapReplacements: l.maps, Cache: l.types, Programs: options})
	if err != nil {
		return nil, err
	}
	defer collection.Close()
	loaded := collection.Programs
	collection.Programs = nil
	return loaded, nil
}

// loadOne loads a program, or finds out why that can't be. What the verifier tells is asked for in two steps, because
// the whole log of a program that it walks through for long takes hundreds of megabytes.
func (l *loader) loadOne(p *program) (*ebpf.Program, error) {
	one := map[string]*ebpf.ProgramSpec{p.Name: l.spec.Programs[p.Name]}
	loaded, err := l.load(one, ebpf.ProgramOptions{LogDisabled: true})
	if err != nil {
		loaded, err = l.load(one, ebpf.ProgramOptions{LogLevel: ebpf.LogLevelStats})
	}
	if err != nil && refusedByVerifier(err) && processed(err) <= verifierInstructionsMax {
		loaded, err = l.load(one, ebpf.ProgramOptions{LogLevel: ebpf.LogLevelBranch | ebpf.LogLevelStats})
	}
	if err != nil {
		err = asVerifierError(p, err)
		if refused := (*VerifierError)(nil); errors.As(err, &refused) {
			if kernel, err := l.types.Kernel(); err == nil {
				refused.Missing = missingHelper(l.spec.Programs[p.Name], kernel)
			}
			return nil, err
		}
		return nil, fmt.Errorf("program %q, section %q: %w", p.Name, p.section, explain(p.kind.name, err))
	}
	return loaded[p.Name], nil
}
