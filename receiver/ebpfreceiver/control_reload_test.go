// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	xstorage "go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/meerkat-otel/meerkat/extension/controlapiextension"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/control"
)

// reloaded is a collector that is made anew again and again, with one socket and one folder for its storage.
type reloaded struct {
	t              *testing.T
	folder, socket string
	// api is how clients reach it, whichever server it is that listens.
	api api

	storage     extensionHost
	storageID   component.ID
	stopStorage func()
	server      *controlServer
	live        *live
}

func newReloaded(t *testing.T) *reloaded {
	t.Helper()
	return &reloaded{t: t, folder: t.TempDir(), socket: filepath.Join(t.TempDir(), "control.sock")}
}

// start makes what has been stopped: all of it, or the receiver alone.
func (r *reloaded) start() {
	r.t.Helper()
	if r.server == nil {
		r.storage, r.storageID, r.stopStorage = newStorage(r.t, r.folder)
		r.server = newControlServer(r.t, r.storage, func(c *controlapiextension.Config) { c.HTTP.NetAddr.Endpoint = r.socket })
	}
	r.live = startLiveOn(r.t, r.server.host, func(c *Config) {
		only("process", "tcp")(c)
		c.Storage = &r.storageID
		c.CustomTracers.Uploads.Enabled, c.CustomTracers.Uploads.Unsigned = true, true
	})
	if r.api.client == nil {
		r.api = r.server.api
		r.api.readDocument(r.t)
	}
	r.live.api = r.api
}

// stop ends the receiver, and with everything else the rest of the collector in the order in which collectors do.
func (r *reloaded) stop(everything bool) {
	r.t.Helper()
	r.live.stop()
	if !everything {
		return
	}
	r.api.client.CloseIdleConnections()
	r.server.client.CloseIdleConnections()
	r.server.stop()
	r.stopStorage()
	r.server = nil
}

// kept is what the storage has of what was chosen, while no receiver has it.
func (r *reloaded) kept() override {
	r.t.Helper()
	client, err := r.storage.GetExtensions()[r.storageID].(xstorage.Extension).GetClient(
		r.t.Context(), component.KindReceiver, component.NewID(component.MustNewType(componentType)), "")
	require.NoError(r.t, err)
	stored, err := client.Get(r.t.Context(), overrideKey)
	require.NoError(r.t, err)
	require.NoError(r.t, client.Close(r.t.Context()))
	kept, err := parseOverride(stored)
	require.NoError(r.t, err)
	return kept
}

// Whenever a receiver goes and another one comes, with the server or without, clients get an answer or no connection; what
// they were told is done is done after it; and in the end there is what the storage says, and no more in the kernel
// or among the descriptors than there was.
func TestControl_reloadedUnderChanges(t *testing.T) {
	const reloads, changesBetween = 6, 12
	r := newReloaded(t)
	r.start()
	r.stop(true) // what is made once in a process is there now
	before := descriptors(t)

	r.start()
	var working sync.WaitGroup
	var changes, interrupted atomic.Int64
	stop := make(chan struct{})
	var clients []*reloadClient
	for i, own := range []string{"tcp", "udp", "signal", "mount"} {
		clients = append(clients, &reloadClient{
			t: t, api: r.api, random: rand.New(rand.NewPCG(2, uint64(i))), changes: &changes, interrupted: &interrupted,
			own: own, enabled: own == "tcp", sureOfOwn: true, sureOfUpload: true,
			uploaded: "observe-" + own, object: customObject(t, "observe.bpf.o"),
		})
	}
	for _, c := range clients {
		working.Go(func() { c.changeUntil(stop) })
	}
	var held []kernelObject
	for i := range reloads {
		upTo := changes.Load() + changesBetween
		require.Eventually(t, func() bool { return changes.Load() >= upTo }, 4*patience, 10*time.Millisecond, "the clients get nothing done")
		held = append(held, heldObjects(t)...)
		r.stop(i%2 == 1)
		r.start()
	}
	close(stop)
	working.Wait()
	assert.Positive(t, interrupted.Load(), "no reload has come between")

	is := r.chosen()
	for _, c := range clients {
		c.compare(is)
	}
	held = append(held, heldObjects(t)...)
	r.stop(false)
	r.compare(is)
	r.stop(true)
	r.start()
	assert.Equal(t, is, r.chosen(), "a collector that begins with this storage is the same")
	held = append(held, heldObjects(t)...)
	r.stop(true)
	assert.Eventually(t, func() bool { return descriptors(t) <= before }, patience, 50*time.Millisecond, "descriptors are left")
	assert.Eventually(t, func() bool {
		// The library maps the constants of programs into this process, until they are found to be garbage.
		runtime.GC()
		held = slices.DeleteFunc(held, func(o kernelObject) bool { return !o.exists(t) })
		return len(held) == 0
	}, patience, 50*time.Millisecond, "%v are left in the kernel", &held)
}

// chosenTracer is what was chosen for a tracer, and what came of it.
type chosenTracer struct {
	enabled  bool
	from     control.Origin
	override map[string]any
	status   string
	uploaded bool
}

// chosen is that of all tracers, each of which runs if it is to.
func (r *reloaded) chosen() map[string]chosenTracer {
	r.t.Helper()
	var all struct{ Tracers []control.Tracer }
	require.Equal(r.t, http.StatusOK, r.live.ask(http.MethodGet, "/v1/tracers", "", &all))
	is := map[string]chosenTracer{}
	for _, tr := range all.Tracers {
		assertIsAsWanted(r.t, tr)
		is[tr.Name] = chosenTracer{tr.Enabled, tr.EnabledFrom, tr.Override, tr.State.Status, tr.Custom != nil}
	}
	return is
}

// compare compares what ran at last with what the storage says.
func (r *reloaded) compare(was map[string]chosenTracer) {
	r.t.Helper()
	kept := r.kept()
	var uploads []string
	for name, tr := range was {
		if tr.uploaded {
			uploads = append(uploads, name)
			continue
		}
		assert.Equal(r.t, fmt.Sprint(kept.Tracers[name]), fmt.Sprint(tr.override), name)
		if on, chosen := kept.Tracers[name][keyEnabled]; chosen {
			assert.Equal(r.t, on, tr.enabled, name)
		}
	}
	assert.ElementsMatch(r.t, kept.Uploads, uploads)
}

// reloadClient changes a tracer of ours and one of its own, which nobody else changes, and remembers what has been done for
// sure.
type reloadClient struct {
	t      *testing.T
	api    api
	random *rand.Rand
	// changes are those of all clients that were done, and interrupted those that a reload has kept from that.
	changes, interrupted *atomic.Int64
	// own is a tracer, and enabled whether it is to run.
	own                string
	enabled, sureOfOwn bool
	// uploaded is the name of a custom tracer.
	uploaded             string
	object               []byte
	exists, sureOfUpload bool
}

func (c *reloadClient) changeUntil(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
			c.change()
		}
	}
}

// change does one thing at random.
func (c *reloadClient) change() {
	switch c.random.IntN(6) {
	case 0, 1, 2:
		on := c.random.IntN(2) == 0
		if c.ask(http.MethodPatch, "/v1/tracers/"+c.own, "application/json", fmt.Sprintf(`{"enabled": %t}`, on), &c.sureOfOwn) {
			c.enabled = on
		}
	case 3:
		c.ask(http.MethodPatch, "/v1/tracers/"+c.own, "application/json",
			fmt.Sprintf(`{"settings": {"ring_buffer_bytes": %d}}`, 65536<<c.random.IntN(3)), new(bool))
	case 4:
		manifest := strings.Replace(observeManifest, "name: observe\n", "name: "+c.uploaded+"\n", 1)
		body, contentType := formOf(c.t, control.Upload{Manifest: []byte(manifest), Object: c.object})
		if c.ask(http.MethodPut, "/v1/custom-tracers/"+c.uploaded, contentType, string(body), &c.sureOfUpload) {
			c.exists = true
		}
	default:
		if c.ask(http.MethodDelete, "/v1/custom-tracers/"+c.uploaded, "", "", &c.sureOfUpload) {
			c.exists = false
		}
	}
}

// ask tells whether something was done. If nobody can know, it is not sure any more; if it was done, it is.
func (c *reloadClient) ask(method, path, contentType, body string, sure *bool) bool {
	ctx, cancel := context.WithTimeout(c.t.Context(), 4*patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.api.address+path, strings.NewReader(body))
	require.NoError(c.t, err)
	request.Header.Set("Content-Type", contentType)
	answer, err := c.api.client.Do(request)
	if err != nil {
		// Nobody listens, or the collector ends before it has read the request.
		assert.NoError(c.t, ctx.Err(), "%s %s hangs: %v", method, path, err)
		*sure = false
		c.interrupted.Add(1)
		return false
	}
	defer answer.Body.Close()
	content := string(c.api.document.Check(c.t, method, path, answer))
	switch {
	case answer.StatusCode < http.StatusBadRequest:
		c.changes.Add(1)
		*sure = true
		return true
	case strings.Contains(content, `"code":"route_not_found"`), strings.Contains(content, `"code":"stopping"`):
		c.interrupted.Add(1)
		return false // no receiver is mounted
	case answer.StatusCode == http.StatusNotFound && method == http.MethodDelete:
		*sure = true
		return true
	default:
		assert.Fail(c.t, "an answer that has nothing to do with the reload", "%s %s: %s", method, path, content)
		return false
	}
}

// compare compares what is with what this client knows for sure.
func (c *reloadClient) compare(is map[string]chosenTracer) {
	c.t.Helper()
	if c.sureOfOwn {
		assert.Equal(c.t, c.enabled, is[c.own].enabled, c.own)
	}
	if _, exists := is[c.uploaded]; c.sureOfUpload {
		assert.Equal(c.t, c.exists, exists, c.uploaded)
	}
}

// descriptors is how many this process has open.
func descriptors(t testing.TB) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(all)
}
