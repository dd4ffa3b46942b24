// SPDX-License-Identifier: Apache-2.0

//go:build linux

package gateway

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // what gateways compress with

	"github.com/meerkat-otel/meerkat/internal/names"
)

// backEndServer takes OTLP and remembers what arrived. It can be made so slow that it answers nobody.
type backEndServer struct {
	plogotlp.UnimplementedGRPCServer

	mu sync.Mutex
	// records is how often each record came. A record is known by its name, time, process and arguments.
	records map[string]int
	// marks are those among the arguments of executions.
	marks map[string]struct{}
	// incidents is how often each incident was told, by its text.
	incidents map[string]int
	metrics   int
	// answers is closed while it answers.
	answers chan struct{}
}

func startBackEnd(t testing.TB) *backEndServer {
	t.Helper()
	b := &backEndServer{records: map[string]int{}, marks: map[string]struct{}{}, incidents: map[string]int{}, answers: make(chan struct{})}
	close(b.answers)
	server := grpc.NewServer(grpc.MaxRecvMsgSize(64 << 20))
	plogotlp.RegisterGRPCServer(server, b)
	pmetricotlp.RegisterGRPCServer(server, &metricsServer{backEnd: b})
	listener := listenAs(t, backEnd, "4317")
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		server.Stop()
		<-served
	})
	return b
}

// hold lets nobody have an answer until release is called.
func (b *backEndServer) hold() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers = make(chan struct{})
}

func (b *backEndServer) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.answers)
}

// wait returns when it may answer, or with an error when whoever asked has lost patience.
func (b *backEndServer) wait(ctx context.Context) error {
	b.mu.Lock()
	answers := b.answers
	b.mu.Unlock()
	select {
	case <-answers:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *backEndServer) Export(ctx context.Context, request plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	if err := b.wait(ctx); err != nil {
		return plogotlp.NewExportResponse(), err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, resource := range request.Logs().ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				b.note(record)
			}
		}
	}
	return plogotlp.NewExportResponse(), nil
}

func (b *backEndServer) note(record plog.LogRecord) {
	switch name := record.EventName(); {
	case strings.HasPrefix(name, "meerkat.incident"):
		b.incidents[name+": "+record.Body().AsString()]++
	case strings.HasPrefix(name, "meerkat.process."):
		var parts []string
		for _, key := range []string{names.ProcessPID, names.ProcessCreationTime, names.ProcessCommandArgs} {
			if value, found := record.Attributes().Get(key); found {
				parts = append(parts, value.AsString())
			}
		}
		b.records[fmt.Sprint(name, record.Timestamp(), parts)]++
		if arguments, found := record.Attributes().Get(names.ProcessCommandArgs); found && name == names.EventProcessExec {
			for _, argument := range arguments.Slice().All() {
				if strings.HasPrefix(argument.AsString(), markPrefix) {
					b.marks[argument.AsString()] = struct{}{}
				}
			}
		}
	}
}

// arrived is how many of these marks arrived.
func (b *backEndServer) arrived(marks []string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, mark := range marks {
		if _, found := b.marks[mark]; found {
			n++
		}
	}
	return n
}

// twice is how many records came more than once.
func (b *backEndServer) twice() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, times := range b.records {
		n += times - 1
	}
	return n
}

// distinct is how many different records arrived.
func (b *backEndServer) distinct() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.records)
}

func (b *backEndServer) incidentTexts() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.incidents))
}

// metricsServer is the part of a back end that takes metrics, which is counted alone.
type metricsServer struct {
	pmetricotlp.UnimplementedGRPCServer
	backEnd *backEndServer
}

func (m *metricsServer) Export(ctx context.Context, request pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	if err := m.backEnd.wait(ctx); err != nil {
		return pmetricotlp.NewExportResponse(), err
	}
	m.backEnd.mu.Lock()
	defer m.backEnd.mu.Unlock()
	m.backEnd.metrics += request.Metrics().DataPointCount()
	return pmetricotlp.NewExportResponse(), nil
}
