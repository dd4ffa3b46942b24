// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	xstorage "go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/control"
)

// withStorage is a host with a storage in a folder, under the name "file_storage".
func withStorage(t *testing.T, folder string) (extensionHost, component.ID) {
	t.Helper()
	host, id, _ := newStorage(t, folder)
	return host, id
}

// newStorage is withStorage, of which the storage can be stopped before the test ends.
func newStorage(t *testing.T, folder string) (host extensionHost, id component.ID, stop func()) {
	t.Helper()
	factory := filestorage.NewFactory()
	config := factory.CreateDefaultConfig().(*filestorage.Config)
	config.Directory = folder
	require.NoError(t, config.Validate())
	extension, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), config)
	require.NoError(t, err)
	require.NoError(t, extension.Start(t.Context(), componenttest.NewNopHost()))
	stop = sync.OnceFunc(func() { require.NoError(t, extension.Shutdown(context.WithoutCancel(t.Context()))) })
	t.Cleanup(stop)
	id = component.NewID(factory.Type())
	return extensionHost{componenttest.NewNopHost(), map[component.ID]component.Component{id: extension}}, id, stop
}

func TestControl_whatWasChosenOutlivesARestart(t *testing.T) {
	host, storage := withStorage(t, t.TempDir())
	start := func(change func(*Config)) *live {
		return startControlledOn(t, host, func(c *Config) {
			only("process", "udp")(c)
			c.Storage = &storage
			change(c)
		})
	}
	asItIs := func(*Config) {}
	l := start(asItIs)
	l.patch("udp", `{"settings": {"idle_timeout": "17s"}}`)
	l.patch("process", `{"enabled": false}`)
	l.patch("dns", `{"enabled": true}`)
	l.stop()

	l = start(asItIs)
	var udp, process, dns control.Tracer
	l.ask(http.MethodGet, "/v1/tracers/udp", "", &udp)
	l.ask(http.MethodGet, "/v1/tracers/process", "", &process)
	l.ask(http.MethodGet, "/v1/tracers/dns", "", &dns)
	assert.Equal(t, "17s", udp.Settings["idle_timeout"])
	assert.Equal(t, map[string]any{"idle_timeout": "17s"}, udp.Override)
	assert.Equal(t, control.OriginConfiguration, udp.EnabledFrom)
	assert.False(t, process.Enabled)
	assert.Equal(t, control.OriginOverride, process.EnabledFrom)
	assert.Equal(t, "running", dns.State.Status)
	l.ask(http.MethodDelete, "/v1/tracers/dns/override", "", &dns)
	assert.Equal(t, "stopped", dns.State.Status)
	l.stop()

	// What else the configuration says holds too.
	l = start(func(c *Config) { c.Tracers.UDP.ReportInterval = 2 * time.Minute })
	l.ask(http.MethodGet, "/v1/tracers/udp", "", &udp)
	assert.Equal(t, "17s", udp.Settings["idle_timeout"])
	assert.Equal(t, "2m0s", udp.Settings["report_interval"])
}

// State that can't be used is told and left out, and what runs is what the configuration says.
func TestControl_stateThatCannotBeUsed(t *testing.T) {
	for name, stored := range map[string]string{
		"no JSON":            "\x00\x01",
		"another shape":      `{"tracers": 5}`,
		"no such tracer":     `{"tracers": {"nothing": {"enabled": true}}}`,
		"no such key":        `{"tracers": {"udp": {"colour": 1}}}`,
		"outside its limits": `{"tracers": {"udp": {"idle_timeout": "1000h"}}}`,
		"too long":           `{"tracers": {"udp": {"colour": "` + strings.Repeat("x", overrideBytesMax) + `"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			host, storage := withStorage(t, t.TempDir())
			client, err := host.GetExtensions()[storage].(xstorage.Extension).GetClient(
				t.Context(), component.KindReceiver, component.NewID(component.MustNewType(componentType)), "")
			require.NoError(t, err)
			require.NoError(t, client.Set(t.Context(), overrideKey, []byte(stored)))
			require.NoError(t, client.Close(t.Context()))
			l := startControlledOn(t, host, func(c *Config) {
				only("process")(c)
				c.Storage = &storage
			})
			assert.True(t, l.hasSaid("What was chosen over the control API is left out, since it can't be used"))
			var process control.Tracer
			l.ask(http.MethodGet, "/v1/tracers/process", "", &process)
			assert.Equal(t, "running", process.State.Status)
			assert.Nil(t, process.Override)
		})
	}
}
