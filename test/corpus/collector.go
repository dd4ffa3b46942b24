// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
)

// stepVariable is the environment variable by which processes of an attack are told from others. It goes from process to process by itself,
// the collector is asked for its value, and nothing of it is left in what is kept.
const stepVariable = "CORPUS_STEP"

const (
	// healthAddress tells when the collector is ready.
	healthAddress   = "127.0.0.1:13199"
	messageBytesMax = 256 << 20
)

// collectorConfig has all events of the recording's cgroups written to a file, with what only labels are made of: forks, and the variable.
const collectorConfig = `
receivers:
  ebpf:
    tracers:
      process: {fork: true, environment_keys: [%[1]s], ring_buffer_bytes: 16777216}
      file: {ring_buffer_bytes: 16777216}
    filters:
      include: {cgroups: ["%[2]s/*"]}
      events_per_second_max: 0
    containers: {root_path: %[3]s}
exporters:
  file: {path: %[4]s, format: proto, flush_interval: 100ms}
service:
  pipelines:
    logs: {receivers: [ebpf], exporters: [file]}
  telemetry:
    metrics:
      readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 13199}}}}]
`

// collector is the shipped collector that records.
type collector struct {
	process *exec.Cmd
	file    string
}

func startCollector(binary string) (*collector, error) {
	folder := filepath.Join(workFolder, "run")
	c := &collector{file: filepath.Join(folder, "events.proto")}
	config := filepath.Join(folder, "collector.yaml")
	text := fmt.Sprintf(collectorConfig, stepVariable, cgroupTop, workFolder, c.file)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(folder, "collector.log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	c.process = exec.Command(binary, "--config", config)
	c.process.Stdout, c.process.Stderr = log, log
	if err := c.process.Start(); err != nil {
		return nil, err
	}
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		if connection, err := net.Dial("tcp", healthAddress); err == nil {
			return c, connection.Close()
		}
		if time.Now().After(end) {
			return nil, errors.Join(fmt.Errorf("the collector does not start, see %s", log.Name()), c.process.Process.Kill())
		}
	}
}

// lost returns what the collector says that it has lost.
func (c *collector) lost() (string, error) {
	answer, err := http.Get("http://" + healthAddress + "/metrics")
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return lossesIn(string(text)), err
}

func (c *collector) stop() error {
	if err := c.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return c.process.Wait()
}

// eachMessage reads what the collector has written: messages, each behind its length.
func eachMessage(name string, take func(plog.Logs)) (err error) {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var size [4]byte
	for {
		if _, err := io.ReadFull(f, size[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		length := binary.BigEndian.Uint32(size[:])
		if length > messageBytesMax {
			return fmt.Errorf("%s: a message of %d bytes", name, length)
		}
		message := make([]byte, length)
		if _, err := io.ReadFull(f, message); err != nil {
			return err
		}
		logs, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(message)
		if err != nil {
			return err
		}
		take(logs)
	}
}
