// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/pdata/plog"
)

const (
	// eventsSuffix ends the name of the file with the events of a workload, labelsSuffix that of the one with its sessions.
	eventsSuffix = ".otlp.zst"
	labelsSuffix = ".labels.json"
	splitName    = "split.json"

	// Limits of what is read.
	sessionBytesMax  = 64 << 20
	labelsBytesMax   = 8 << 20
	sessionsMax      = 1024
	unpackedBytesMax = 1 << 30
)

// Write puts the sessions of a workload into a folder, in place of those that are there.
func Write(folder, workload string, sessions []*Session) (err error) {
	labels, err := json.MarshalIndent(sessions, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, workload+labelsSuffix), append(labels, '\n'), 0o644); err != nil { //nolint:gosec // for everybody
		return err
	}
	f, err := os.Create(filepath.Join(folder, workload+eventsSuffix))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	packed, err := zstd.NewWriter(f, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(zstd.MaxWindowSize/16), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, packed.Close()) }()
	for _, s := range sessions {
		message, err := (&plog.ProtoMarshaler{}).MarshalLogs(s.Logs)
		if err != nil {
			return err
		}
		if _, err := packed.Write(append(binary.AppendUvarint(nil, uint64(len(message))), message...)); err != nil {
			return err
		}
	}
	return nil
}

// Read returns the sessions of a workload in the order in which they were recorded.
func Read(folder, workload string) ([]*Session, error) {
	sessions, err := readLabels(filepath.Join(folder, workload+labelsSuffix))
	if err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(folder, workload+eventsSuffix))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if err := readEvents(f, sessions); err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	return sessions, nil
}

func readLabels(name string) ([]*Session, error) {
	text, err := readSmall(name)
	if err != nil {
		return nil, err
	}
	var sessions []*Session
	if err := json.Unmarshal(text, &sessions); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(sessions) > sessionsMax {
		return nil, fmt.Errorf("read %s: %d sessions are more than %d", name, len(sessions), sessionsMax)
	}
	for at, s := range sessions {
		if s == nil {
			return nil, fmt.Errorf("read %s: session %d is missing", name, at)
		}
	}
	return sessions, nil
}

func readSmall(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > labelsBytesMax {
		return nil, fmt.Errorf("read %s: %d bytes are more than %d", name, info.Size(), labelsBytesMax)
	}
	return os.ReadFile(name)
}

// readEvents reads the events of each session.
func readEvents(r io.Reader, sessions []*Session) error {
	unpacked, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(unpackedBytesMax))
	if err != nil {
		return err
	}
	defer unpacked.Close()
	in := bufio.NewReader(io.LimitReader(unpacked, unpackedBytesMax))
	for at, s := range sessions {
		size, err := binary.ReadUvarint(in)
		if err != nil {
			return fmt.Errorf("session %d: %w", at, err)
		}
		if size > sessionBytesMax {
			return fmt.Errorf("session %d: %d bytes are more than %d", at, size, sessionBytesMax)
		}
		message := make([]byte, size)
		if _, err := io.ReadFull(in, message); err != nil {
			return fmt.Errorf("session %d: %w", at, err)
		}
		if s.Logs, err = (&plog.ProtoUnmarshaler{}).UnmarshalLogs(message); err != nil {
			return fmt.Errorf("session %d: %w", at, err)
		}
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("there is more behind the last of %d sessions: %w", len(sessions), err)
	}
	return nil
}

// ReadSplit returns which workloads are for what.
func ReadSplit(folder string) (Split, error) {
	text, err := readSmall(filepath.Join(folder, splitName))
	if err != nil {
		return Split{}, err
	}
	var split Split
	if err := json.Unmarshal(text, &split); err != nil {
		return Split{}, fmt.Errorf("read %s: %w", splitName, err)
	}
	return split, nil
}
