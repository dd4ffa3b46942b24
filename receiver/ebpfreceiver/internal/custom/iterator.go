// SPDX-License-Identifier: Apache-2.0

package custom

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// iteratorTriesMax bounds how often the kernel is asked to go on: it pauses after a million objects.
const iteratorTriesMax = 1024

// iterator runs a program by the clock.
type iterator struct {
	link   *link.Iter
	stop   chan struct{}
	ended  sync.WaitGroup
	closed sync.Once

	runs, cut, failed, bytes atomic.Uint64
}

func attachIterator(_ *Live, p *program, loaded *ebpf.Program) (attachment, error) {
	l, err := link.AttachIter(link.IterOptions{Program: loaded})
	if err != nil {
		return nil, err
	}
	it := &iterator{link: l, stop: make(chan struct{})}
	it.ended.Go(func() { it.keepRunning(p.Interval) })
	return it, nil
}

// Close implements io.Closer. It waits for a run to end.
func (it *iterator) Close() error {
	var err error
	it.closed.Do(func() {
		close(it.stop)
		it.ended.Wait()
		err = it.link.Close()
	})
	return err
}

// keepRunning runs at once and then in intervals, which grow if a run takes longer.
func (it *iterator) keepRunning(interval time.Duration) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-it.stop:
			return
		case <-timer.C:
		}
		started := time.Now()
		it.run()
		timer.Reset(max(interval-time.Since(started), iteratorPauseMin))
	}
}

func (it *iterator) run() {
	output, err := it.link.Open()
	if err != nil {
		it.failed.Add(1)
		return
	}
	defer output.Close()
	read, err := it.discard(output)
	it.bytes.Add(uint64(read))
	switch {
	case err != nil:
		it.failed.Add(1)
	case read >= iteratorOutputBytesMax:
		it.cut.Add(1)
	default:
		it.runs.Add(1)
	}
}

// discard reads up to the bound, or until the tracer is detached.
func (it *iterator) discard(output io.Reader) (read int64, err error) {
	for range iteratorTriesMax {
		var n int64
		n, err = io.Copy(io.Discard, io.LimitReader(output, iteratorOutputBytesMax-read))
		read += n
		if !errors.Is(err, unix.EAGAIN) {
			return read, err
		}
		select {
		case <-it.stop:
			return read, err
		default:
		}
	}
	return read, err
}

func (it *iterator) stats(program string) IteratorStats {
	return IteratorStats{
		Program: program, Runs: it.runs.Load(), Cut: it.cut.Load(), Failed: it.failed.Load(), OutputBytes: it.bytes.Load(),
	}
}
