// SPDX-License-Identifier: Apache-2.0

package process

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// snapshotRecordBytesMax is more than any record that the iterator writes.
const snapshotRecordBytesMax = 32 << 10

// ReadSnapshot fills the table with the processes that the iterator of the tracer "process" lists:
// records that each stand behind their length. Each is shown to the others who want to see it, too. It
// returns how many there were. A record that can't be decoded ends it, since nothing behind that can be
// trusted.
func (t *Table) ReadSnapshot(r io.Reader, others ...func(*decode.ProcessExec)) (int, error) {
	buffered := bufio.NewReader(r)
	decoder := decode.NewProcess()
	record := make([]byte, snapshotRecordBytesMax)
	for processes := 0; ; processes++ {
		var length uint32
		if err := binary.Read(buffered, binary.NativeEndian, &length); errors.Is(err, io.EOF) {
			return processes, nil
		} else if err != nil {
			return processes, fmt.Errorf("read the length of process %d: %w", processes, err)
		}
		if length > snapshotRecordBytesMax {
			return processes, fmt.Errorf("process %d has a record of %d bytes, more than %d", processes, length, snapshotRecordBytesMax)
		}
		if _, err := io.ReadFull(buffered, record[:length]); err != nil {
			return processes, fmt.Errorf("read process %d: %w", processes, err)
		}
		event, err := decoder.Decode(record[:length])
		if err != nil {
			return processes, fmt.Errorf("decode process %d: %w", processes, err)
		}
		exec, ok := event.(*decode.ProcessExec)
		if !ok {
			return processes, fmt.Errorf("process %d has a record of kind %d", processes, event.Head().Kind)
		}
		p := t.Exec(exec)
		if exec.OfCollector() {
			t.setOwn(p.Key)
		}
		for _, other := range others {
			other(exec)
		}
	}
}
