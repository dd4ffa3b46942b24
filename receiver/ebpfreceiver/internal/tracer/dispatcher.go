// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	syscallbpf "github.com/meerkat-otel/meerkat/bpf/syscall"
)

// Limits of bpf/include/syscall.h.
const (
	syscallsMax        = 512
	syscallHandlersMax = 32
)

// Dispatcher runs the handlers of all tracers at the end of the system calls that they asked for. It loads
// and attaches its own program when the first handler is added, and detaches it with the last one.
// The zero value is ready. Its methods may be called from several goroutines.
type Dispatcher struct {
	mu      sync.Mutex
	maps    map[string]*ebpf.Map
	program *ebpf.Program
	link    io.Closer
	taken   [syscallHandlersMax]bool // from 1
	chains  [syscallsMax]syscallbpf.SyscallSyscallChain
	count   int
	closed  bool
}

// Names of the maps that all handlers share, and of what each has for itself.
const (
	mapSyscallChains   = syscallbpf.SyscallMapSyscallChains
	mapSyscallHandlers = syscallbpf.SyscallMapSyscallHandlers
	mapSyscallCosts    = syscallbpf.SyscallMapSyscallCosts
	constantOwnNumber  = "syscall_own_number"
)

var errDispatcherClosed = errors.New("the dispatcher of system calls is closed")

// shareMaps returns the maps that are to stand in for those in the object of a tracer.
func (d *Dispatcher) shareMaps() (map[string]*ebpf.Map, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.createMaps()
	return d.maps, err
}

func (d *Dispatcher) createMaps() error {
	if d.closed {
		return errDispatcherClosed
	}
	if d.maps != nil {
		return nil
	}
	object, err := syscallbpf.LoadSyscall()
	if err != nil {
		return fmt.Errorf("read the object of the dispatcher of system calls: %w", err)
	}
	shared := map[string]*ebpf.MapSpec{}
	for _, name := range []string{mapSyscallChains, mapSyscallHandlers} {
		shared[name] = object.Maps[name]
	}
	collection, err := ebpf.NewCollection(&ebpf.CollectionSpec{Maps: shared, Types: object.Types, ByteOrder: object.ByteOrder})
	if err != nil {
		return fmt.Errorf("create the maps of the dispatcher of system calls: %w", explain(err))
	}
	d.maps, collection.Maps = collection.Maps, nil
	return nil
}

// reserve finds a number for a handler. Those that pass on come before all that don't.
func (d *Dispatcher) reserve(passesOn bool) (uint32, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	from, to := syscallHandlersMax/2, syscallHandlersMax
	if passesOn {
		from, to = 1, syscallHandlersMax/2
	}
	for number := from; number < to; number++ {
		if !d.taken[number] {
			d.taken[number] = true
			return uint32(number), nil
		}
	}
	return 0, fmt.Errorf("there are more than %d handlers of system calls", syscallHandlersMax)
}

func (d *Dispatcher) release(number uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.taken[number] = false
}

// handler is a tracer's program that is called at the end of system calls.
type handler struct {
	dispatcher *Dispatcher
	number     uint32
	syscalls   []string
}

// add makes a program run at the end of the named system calls. It fails, and changes nothing, if there
// is no room behind one of them, or if the dispatcher itself can't run.
func (d *Dispatcher) add(types *btf.Cache, program *ebpf.Program, number uint32, syscalls []string) (*handler, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.createMaps(); err != nil {
		return nil, err
	}
	h := &handler{dispatcher: d, number: number, syscalls: syscalls}
	before := d.chains
	if err := h.enter(); err != nil {
		d.chains = before
		return nil, err
	}
	// The program is there before anything calls it.
	err := d.maps[mapSyscallHandlers].Put(number, program)
	if err == nil {
		err = h.writeChains()
	}
	if err == nil {
		err = d.attach(types)
	}
	if err != nil {
		d.chains = before
		return nil, errors.Join(err, h.writeChains(), d.removeProgram(number))
	}
	d.count++
	return h, nil
}

// attach runs the dispatcher's own program.
func (d *Dispatcher) attach(types *btf.Cache) error {
	if d.link != nil {
		return nil
	}
	object, err := syscallbpf.LoadSyscall()
	if err != nil {
		return fmt.Errorf("read the object of the dispatcher of system calls: %w", err)
	}
	collection, err := ebpf.NewCollectionWithOptions(object, ebpf.CollectionOptions{MapReplacements: d.maps, Cache: types})
	if err != nil {
		return fmt.Errorf("load the dispatcher of system calls: %w", explain(err))
	}
	defer collection.Close()
	program := collection.DetachProgram(syscallbpf.SyscallProgSyscallExit)
	l, err := attach(program, object.Programs[syscallbpf.SyscallProgSyscallExit], nil)
	if err != nil {
		return errors.Join(fmt.Errorf("attach the dispatcher of system calls: %w", explain(err)), program.Close())
	}
	d.program, d.link = program, l
	return nil
}

// each calls do with the chain of every call that the handler is for.
func (h *handler) each(do func(number uint32, name string, chain *[4]uint8) error) error {
	for _, name := range h.syscalls {
		native, compat, hasNative, hasCompat := syscallNumbers(name)
		if hasNative {
			if err := do(native, name, &h.dispatcher.chains[native].Native); err != nil {
				return err
			}
		}
		if hasCompat {
			if err := do(compat, name, &h.dispatcher.chains[compat].Compat); err != nil {
				return err
			}
		}
	}
	return nil
}

// enter puts the handler into the chains, in ascending order.
func (h *handler) enter() error {
	return h.each(func(_ uint32, name string, chain *[4]uint8) error {
		numbers := slices.DeleteFunc(chain[:], func(n uint8) bool { return n == 0 })
		if slices.Contains(numbers, uint8(h.number)) {
			return nil // two names of one call
		}
		numbers = append(slices.Clone(numbers), uint8(h.number))
		slices.Sort(numbers)
		lastPassesOn := len(numbers) < 2 || numbers[len(numbers)-2] < syscallHandlersMax/2
		if len(numbers) > len(chain) || !lastPassesOn {
			return fmt.Errorf("system call %s has as many handlers as it can have", name)
		}
		*chain = [4]uint8{}
		copy(chain[:], numbers)
		return nil
	})
}

func (h *handler) leave() {
	_ = h.each(func(_ uint32, _ string, chain *[4]uint8) error {
		numbers := slices.DeleteFunc(slices.Clone(chain[:]), func(n uint8) bool { return n == 0 || n == uint8(h.number) })
		*chain = [4]uint8{}
		copy(chain[:], numbers)
		return nil
	})
}

// writeChains tells the kernel what the chains of the handler's calls are now.
func (h *handler) writeChains() error {
	d := h.dispatcher
	return h.each(func(number uint32, name string, _ *[4]uint8) error {
		if err := d.maps[mapSyscallChains].Put(number, d.chains[number]); err != nil {
			return fmt.Errorf("set the handlers of system call %s: %w", name, err)
		}
		return nil
	})
}

func (d *Dispatcher) removeProgram(number uint32) error {
	err := d.maps[mapSyscallHandlers].Delete(number)
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		return nil
	}
	return err
}

// Close ends the handler's turns: when it returns, no more begins.
func (h *handler) Close() error {
	d := h.dispatcher
	d.mu.Lock()
	defer d.mu.Unlock()
	h.leave()
	errs := []error{h.writeChains(), d.removeProgram(h.number)}
	d.count--
	if d.count == 0 {
		errs = append(errs, d.link.Close(), d.program.Close())
		d.link, d.program = nil, nil
	}
	return errors.Join(errs...)
}

// MapBytes is the memory of the maps that all handlers share.
func (d *Dispatcher) MapBytes() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	var sum uint64
	for _, m := range d.maps {
		sum += mapBytes(m)
	}
	return sum
}

// ProgramStats returns the statistics of the dispatcher's own program, which include all handlers'; false
// while it does not run.
func (d *Dispatcher) ProgramStats() (ProgramStats, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.program == nil {
		return ProgramStats{}, false
	}
	stats, err := programStats(syscallbpf.SyscallProgSyscallExit, d.program)
	return stats, err == nil
}

// Close frees the maps. Handlers have to be closed before.
func (d *Dispatcher) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	var errs []error
	for _, m := range d.maps {
		errs = append(errs, m.Close())
	}
	d.maps = nil
	return errors.Join(errs...)
}
