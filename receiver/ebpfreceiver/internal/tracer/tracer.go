// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"go.uber.org/zap"

	processbpf "github.com/meerkat-otel/meerkat/bpf/process"
)

// Names that every object file has, from bpf/include.
const (
	mapEvents    = "events"
	mapCounters  = "counters"
	mapWorkloads = "workloads"
	mapRates     = "rates"
)

// Settings are what a configuration says about a tracer.
type Settings struct {
	// RingBytes is the size of the ring buffer: a power of two and a multiple of the page size.
	RingBytes uint32
	// MapEntries overrides the limits of maps, by name.
	MapEntries map[string]uint32
	// Constants are values that are fixed before the programs are verified, by name. Those that
	// an object doesn't have are skipped, so that one set can serve all tracers.
	Constants map[string]any
	// Dispatcher calls the tracer's handlers of system calls; nil for a tracer that has none. Tracers
	// share it.
	Dispatcher *Dispatcher
	// Tracepoints keeps the tracepoints that the tracer lets go of; nil if nobody does. Tracers share it.
	Tracepoints *Tracepoints
	// Filter decides which events are wanted; nil for all of them. Tracers share it.
	Filter *Filter
	// WithoutSyscalls names calls that the tracer's handler is not to be called for.
	WithoutSyscalls []string
	// SyscallsLater has Attach leave out the hooks at the end of system calls, until AttachSyscalls: those of the
	// tracer that this one replaces have to be detached first.
	SyscallsLater bool
}

// Tracer is a Spec that has been loaded. Its methods may be called from several goroutines.
type Tracer struct {
	spec   Spec
	object *ebpf.CollectionSpec
	maps   map[string]*ebpf.Map
	logger *zap.Logger
	// sharedMaps stand in for maps of the object, and belong to the dispatcher and the filter.
	sharedMaps map[string]*ebpf.Map
	// dispatcher is nil if the tracer has no handlers of system calls.
	dispatcher    *Dispatcher
	handlerNumber uint32
	// logLevel is what the verifier tells about programs that it takes; nothing unless a test asks.
	logLevel ebpf.LogLevel
	// withoutSyscalls are those of the settings.
	withoutSyscalls []string
	syscallsLater   bool
	tracepoints     *Tracepoints

	mu       sync.Mutex
	hooks    []*attachment
	programs map[string]*ebpf.Program
	closed   bool
}

// attachment is a hook with the program that serves it, or the reason why none does.
type attachment struct {
	hook    Hook
	program string
	link    io.Closer
	err     error
}

// Load creates the maps of a tracer. Nothing runs in the kernel yet.
func Load(spec Spec, settings Settings, logger *zap.Logger) (*Tracer, error) {
	object, err := spec.Load()
	if err != nil {
		return nil, fmt.Errorf("read the object of tracer %q: %w", spec.Name, err)
	}
	t := &Tracer{
		spec:     spec,
		object:   object,
		logger:   logger.With(zap.String("tracer", spec.Name)),
		programs: map[string]*ebpf.Program{},

		sharedMaps: map[string]*ebpf.Map{},

		withoutSyscalls: settings.WithoutSyscalls,
		syscallsLater:   settings.SyscallsLater,
		tracepoints:     settings.Tracepoints,
	}
	if settings.Filter != nil {
		for name, m := range settings.Filter.maps {
			if object.Maps[name] != nil {
				t.sharedMaps[name] = m
			}
		}
	}
	err = t.registerHandler(settings.Dispatcher)
	if err == nil {
		err = configure(object, settings)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("configure tracer %q: %w", spec.Name, err), t.Close())
	}
	if err := t.createMaps(); err != nil {
		return nil, errors.Join(fmt.Errorf("create the maps of tracer %q: %w", spec.Name, explain(err)), t.Close())
	}
	if err := t.addOverflowEntries(); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare tracer %q: %w", spec.Name, err), t.Close())
	}
	return t, nil
}

// registerHandler prepares a tracer that handles system calls: its handler gets a number, and its object
// the maps that all handlers share.
func (t *Tracer) registerHandler(d *Dispatcher) error {
	if t.object.Maps[mapSyscallChains] == nil {
		return nil
	}
	if d == nil {
		return errors.New("it handles system calls, which takes a dispatcher")
	}
	shared, err := d.shareMaps()
	if err != nil {
		return err
	}
	maps.Copy(t.sharedMaps, shared)
	ownNumber, passesOn := t.object.Variables[constantOwnNumber]
	if t.handlerNumber, err = d.reserve(passesOn); err != nil {
		return err
	}
	t.dispatcher = d
	if passesOn {
		return ownNumber.Set(t.handlerNumber)
	}
	return nil
}

// createMaps creates those that are the tracer's own.
func (t *Tracer) createMaps() error {
	own := maps.Clone(t.object.Maps)
	for name := range t.sharedMaps {
		delete(own, name)
	}
	collection, err := ebpf.NewCollection(&ebpf.CollectionSpec{
		Maps: own, Types: t.object.Types, Variables: t.object.Variables, ByteOrder: t.object.ByteOrder,
	})
	if err != nil {
		return err
	}
	// From here on the tracer owns the maps.
	t.maps, collection.Maps = collection.Maps, nil
	return nil
}

func configure(object *ebpf.CollectionSpec, settings Settings) error {
	if settings.RingBytes > 0 {
		object.Maps[mapEvents].MaxEntries = settings.RingBytes
	}
	for name, entries := range settings.MapEntries {
		if _, ok := object.Maps[name]; !ok {
			return fmt.Errorf("there is no map %q", name)
		}
		object.Maps[name].MaxEntries = entries
	}
	for name, value := range settings.Constants {
		variable, ok := object.Variables[name]
		if !ok {
			continue
		}
		if err := variable.Set(value); err != nil {
			return fmt.Errorf("set %q: %w", name, err)
		}
	}
	return nil
}

// addOverflowEntries makes those that take the counts of cgroups beyond the maps' limits.
func (t *Tracer) addOverflowEntries() error {
	if rates, ok := t.maps[mapRates]; ok {
		for kind := range t.spec.Kinds {
			if err := rates.Put(processbpf.ProcessRateKey{Kind: uint32(kind)}, processbpf.ProcessRate{}); err != nil {
				return fmt.Errorf("add the overflow entries to map %q: %w", mapRates, err)
			}
		}
	}
	workloads, ok := t.maps[mapWorkloads]
	if !ok {
		return nil
	}
	if err := workloads.Put(uint64(0), make([]byte, workloads.ValueSize())); err != nil {
		return fmt.Errorf("add the overflow entry to map %q: %w", mapWorkloads, err)
	}
	return nil
}

// Attach loads and attaches each hook by the first of its programs that this kernel takes. It fails
// only when no hook at all could be attached; what is missing otherwise stands in State. types keeps
// what was read of the kernel's type information for the next call, of this tracer or another.
func (t *Tracer) Attach(types *btf.Cache) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.loadFirstChoices(types)
	for _, hook := range t.spec.Hooks {
		if !t.syscallsLater || len(hook.Syscalls) == 0 {
			t.hooks = append(t.hooks, t.attachHook(types, hook))
		}
	}
	attached := slices.ContainsFunc(t.hooks, func(a *attachment) bool { return a.link != nil })
	if !attached && len(t.hooks) > 0 {
		return fmt.Errorf("tracer %q: no hook could be attached: %w", t.spec.Name, t.firstError())
	}
	return nil
}

// AttachSyscalls attaches the hooks that Attach has left out because of Settings.SyscallsLater. What can't be
// attached stands in State.
func (t *Tracer) AttachSyscalls(types *btf.Cache) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, hook := range t.spec.Hooks {
		if t.syscallsLater && len(hook.Syscalls) > 0 {
			t.hooks = append(t.hooks, t.attachHook(types, hook))
		}
	}
	t.syscallsLater = false
}

// DetachSyscalls detaches the hooks at the end of system calls alone, which takes no time.
func (t *Tracer) DetachSyscalls() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var errs []error
	for _, a := range t.hooks {
		if len(a.hook.Syscalls) > 0 && a.link != nil {
			errs = append(errs, a.link.Close())
			a.link = nil
		}
	}
	return errors.Join(errs...)
}

// loadFirstChoices loads the best program of each hook in one go: it shares the work on the object's
// type information, which is most of the time. If one is refused, each is tried alone later.
func (t *Tracer) loadFirstChoices(types *btf.Cache) {
	var names []string
	for _, hook := range t.spec.Hooks {
		// Many a kernel lacks those.
		if !hook.Optional {
			names = append(names, hook.Programs[0])
		}
	}
	if err := t.loadPrograms(types, names...); err != nil {
		t.logger.Debug("Not every first choice of the hooks can be loaded", zap.Error(err))
	}
}

func (t *Tracer) loadPrograms(types *btf.Cache, names ...string) error {
	programs := map[string]*ebpf.ProgramSpec{}
	for _, name := range names {
		spec, ok := t.object.Programs[name]
		if !ok {
			return fmt.Errorf("the object has no program %q", name)
		}
		programs[name] = spec
	}
	replacements := maps.Clone(t.maps)
	maps.Copy(replacements, t.sharedMaps)
	collection, err := ebpf.NewCollectionWithOptions(&ebpf.CollectionSpec{
		Maps: t.object.Maps, Programs: programs, Types: t.object.Types, ByteOrder: t.object.ByteOrder,
	}, ebpf.CollectionOptions{
		MapReplacements: replacements, Cache: types, Programs: ebpf.ProgramOptions{LogLevel: t.logLevel},
	})
	if err != nil {
		return err
	}
	defer collection.Close()
	for _, name := range names {
		t.programs[name] = collection.DetachProgram(name)
	}
	return nil
}

// program returns a program, and loads it unless it is loaded already.
func (t *Tracer) program(types *btf.Cache, name string) (*ebpf.Program, error) {
	if _, loaded := t.programs[name]; !loaded {
		if err := t.loadPrograms(types, name); err != nil {
			return nil, err
		}
	}
	return t.programs[name], nil
}

func (t *Tracer) attachHook(types *btf.Cache, hook Hook) *attachment {
	a := &attachment{hook: hook}
	for _, name := range hook.Programs {
		l, err := t.attachProgram(types, hook, name)
		if err == nil {
			a.program, a.link = name, l
			return a
		}
		a.err = errors.Join(a.err, fmt.Errorf("program %q: %w", name, explain(explainCgroup(t.programType(name), err))))
	}
	if hook.Optional {
		t.logger.Debug("A hook that need not be there could not be attached", zap.String("hook", hook.Name), zap.Error(a.err))
		return a
	}
	t.logger.Warn("A hook could not be attached", zap.String("hook", hook.Name), zap.Error(a.err))
	return a
}

func (t *Tracer) programType(name string) ebpf.ProgramType {
	if spec, ok := t.object.Programs[name]; ok {
		return spec.Type
	}
	return ebpf.UnspecifiedProgram
}

func (t *Tracer) attachProgram(types *btf.Cache, hook Hook, name string) (io.Closer, error) {
	program, err := t.program(types, name)
	if err != nil {
		return nil, explainTarget(t.object.Programs[name].AttachTo, err)
	}
	var l io.Closer
	switch {
	case len(hook.Syscalls) > 0:
		l, err = t.dispatcher.add(types, program, t.handlerNumber, t.wantedSyscalls(hook))
	case len(hook.Tracepoints) > 0:
		l, err = attachTracepoints(program, hook.Tracepoints, t.tracepoints)
	default:
		l, err = attach(program, t.object.Programs[name], t.tracepoints)
	}
	if err != nil {
		delete(t.programs, name)
		return nil, errors.Join(fmt.Errorf("attach to %q: %w", t.object.Programs[name].AttachTo, err), program.Close())
	}
	return l, nil
}

// wantedSyscalls are those of a hook that the settings don't leave out.
func (t *Tracer) wantedSyscalls(hook Hook) []string {
	return slices.DeleteFunc(slices.Clone(hook.Syscalls), func(name string) bool { return slices.Contains(t.withoutSyscalls, name) })
}

func (t *Tracer) firstError() error {
	for _, a := range t.hooks {
		if a.err != nil {
			return a.err
		}
	}
	return errors.New("the specification has no hooks")
}

// Snapshot runs the tracer's iterator and returns its output. It is nil for a tracer without one.
// Called after Attach, so that nothing is missed between the two.
func (t *Tracer) Snapshot(types *btf.Cache) (io.ReadCloser, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.spec.Snapshot == "" {
		return nil, nil
	}
	program, err := t.program(types, t.spec.Snapshot)
	if err != nil {
		return nil, fmt.Errorf("load iterator %q: %w", t.spec.Snapshot, explain(err))
	}
	iterator, err := link.AttachIter(link.IterOptions{Program: program})
	if err != nil {
		return nil, fmt.Errorf("attach iterator %q: %w", t.spec.Snapshot, explain(err))
	}
	// The output keeps the program alive.
	defer iterator.Close()
	return iterator.Open()
}

// Name is the name of the Spec.
func (t *Tracer) Name() string { return t.spec.Name }

// Kinds are those of the Spec.
func (t *Tracer) Kinds() []string { return t.spec.Kinds }

// Ring is the ring buffer that the programs write to.
func (t *Tracer) Ring() *ebpf.Map { return t.maps[mapEvents] }

// Workloads is the map of counts per cgroup, nil if the tracer has none.
func (t *Tracer) Workloads() *ebpf.Map { return t.maps[mapWorkloads] }

// ForgetWorkloads removes the counts of cgroups that are gone. One that has none is as good as removed.
func (t *Tracer) ForgetWorkloads(cgroups []uint64) {
	for _, cgroup := range cgroups {
		if workloads := t.maps[mapWorkloads]; workloads != nil {
			_ = workloads.Delete(cgroup)
		}
		for kind := range t.spec.Kinds {
			_ = t.maps[mapRates].Delete(processbpf.ProcessRateKey{CgroupId: cgroup, Kind: uint32(kind)})
		}
	}
}

// HeldBack is how many events of one kind of one workload stayed in the kernel because of the rate that
// is set. Cgroup 0 stands for all workloads beyond the bound.
type HeldBack struct {
	Cgroup uint64
	Kind   int
	Events uint64
}

// HeldBack returns those counts that are not zero.
func (t *Tracer) HeldBack() ([]HeldBack, error) {
	var all []HeldBack
	var key processbpf.ProcessRateKey
	var rate processbpf.ProcessRate
	entries := t.maps[mapRates].Iterate()
	for entries.Next(&key, &rate) {
		if rate.HeldBack > 0 && int(key.Kind) < len(t.spec.Kinds) {
			all = append(all, HeldBack{Cgroup: key.CgroupId, Kind: int(key.Kind), Events: rate.HeldBack})
		}
	}
	// The map changes while it is read: what was passed over comes the next time.
	if err := entries.Err(); err != nil && !errors.Is(err, ebpf.ErrIterationAborted) {
		return all, fmt.Errorf("read what tracer %q holds back: %w", t.spec.Name, err)
	}
	return all, nil
}

// Map returns another map of the object by name, nil if there is none.
func (t *Tracer) Map(name string) *ebpf.Map { return t.maps[name] }

// Counters says what became of the events of one kind inside the kernel. Between events
// Offered = Submitted + Filtered + Aggregated + HeldBack + LostRing + LostMap.
type Counters = processbpf.ProcessEventCounters

// AddCounters adds counters to a sum.
func AddCounters(sum *Counters, c Counters) {
	sum.Offered += c.Offered
	sum.Submitted += c.Submitted
	sum.Filtered += c.Filtered
	sum.Aggregated += c.Aggregated
	sum.HeldBack += c.HeldBack
	sum.LostRing += c.LostRing
	sum.LostMap += c.LostMap
	sum.Cut += c.Cut
}

// Counters returns the counters of every kind, summed over processors, in the order of Spec.Kinds.
func (t *Tracer) Counters() ([]Counters, error) {
	sums := make([]Counters, len(t.spec.Kinds))
	var perProcessor []Counters
	for kind := range sums {
		if err := t.maps[mapCounters].Lookup(uint32(kind), &perProcessor); err != nil {
			return nil, fmt.Errorf("read the counters of tracer %q: %w", t.spec.Name, err)
		}
		for _, c := range perProcessor {
			AddCounters(&sums[kind], c)
		}
	}
	return sums, nil
}
