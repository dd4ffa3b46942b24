// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// storageID is the name of the storage of tests.
var storageID = component.MustNewID("file_storage")

// storageHost is a host with a storage.
type storageHost struct {
	component.Host
	extension component.Component
}

func (h storageHost) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{storageID: h.extension}
}

// newStorage is a host with a real storage in a folder.
func newStorage(t testing.TB, folder string) storageHost {
	t.Helper()
	factory := filestorage.NewFactory()
	config := factory.CreateDefaultConfig().(*filestorage.Config)
	config.Directory = folder
	require.NoError(t, config.Validate())
	extension, err := factory.Create(context.Background(), extensiontest.NewNopSettings(factory.Type()), config)
	require.NoError(t, err)
	require.NoError(t, extension.Start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, extension.Shutdown(context.Background())) })
	return storageHost{componenttest.NewNopHost(), extension}
}

// fakeStorage keeps things in the memory, for each component its own, and does what it is told.
type fakeStorage struct {
	component.StartFunc
	component.ShutdownFunc

	mu     sync.Mutex
	values map[string]map[string][]byte
	// opens is what GetClient answers, refuses what is said to an operation.
	opens   error
	refuses func(*storage.Operation) error
	// gate is what operations wait for, whatever becomes of their context, if it is not nil.
	gate chan struct{}
}

func newFakeStorage() *fakeStorage { return &fakeStorage{values: map[string]map[string][]byte{}} }

func (s *fakeStorage) host() storageHost { return storageHost{componenttest.NewNopHost(), s} }

// change changes it while it may be in use.
func (s *fakeStorage) change(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *fakeStorage) GetClient(_ context.Context, _ component.Kind, id component.ID, name string) (storage.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opens != nil {
		return nil, s.opens
	}
	key := id.String() + " " + name
	if s.values[key] == nil {
		s.values[key] = map[string][]byte{}
	}
	return &fakeClient{storage.NewNopClient(), s, s.values[key]}, nil
}

type fakeClient struct {
	storage.Client

	of     *fakeStorage
	values map[string][]byte
}

func (c *fakeClient) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := c.Batch(ctx, op)
	return op.Value, err
}

func (c *fakeClient) Batch(_ context.Context, ops ...*storage.Operation) error {
	c.of.mu.Lock()
	gate := c.of.gate
	c.of.mu.Unlock()
	if gate != nil {
		<-gate
	}
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	for _, op := range ops {
		if c.of.refuses != nil {
			if err := c.of.refuses(op); err != nil {
				return err
			}
		}
	}
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = c.values[op.Key]
		case storage.Set:
			c.values[op.Key] = op.Value
		case storage.Delete:
			delete(c.values, op.Key)
		}
	}
	return nil
}

// of returns what the processor "anomaly" has in it.
func (s *fakeStorage) of() map[string][]byte { return s.values["anomaly state"] }

// kept returns the key of an entry of the only workload that has one, as long as there is only one.
func (s *fakeStorage) kept(t testing.TB, part string) string {
	t.Helper()
	for key := range s.of() {
		if strings.HasPrefix(key, part+"/") {
			return key
		}
	}
	t.Fatalf("there is no %s", part)
	return ""
}
