// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/control"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/custom"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/manifest"
)

func TestCustom_refusedUploads(t *testing.T) {
	l := startControlled(t, unsigned)
	good := control.Upload{Manifest: []byte(observeManifest), Object: customObject(t, "observe.bpf.o")}
	counts := "brief: It should not run.\nmetrics: [{map: counts, name: example.counts, unit: '{count}', type: sum}]\n"
	plain := "name: hostile\n" + counts
	for name, c := range map[string]struct {
		path         string
		upload       control.Upload
		status       int
		code, detail string
	}{
		"another name":    {"other", good, 422, "invalid", `name: the manifest's is "observe", that of the path "other"`},
		"a name of ours":  {"tcp", control.Upload{Manifest: []byte("name: tcp\n" + counts), Object: good.Object}, 422, "invalid", "name"},
		"no YAML":         {"observe", control.Upload{Manifest: []byte("{"), Object: good.Object}, 422, "invalid", "manifest"},
		"no object":       {"observe", control.Upload{Manifest: good.Manifest}, 400, "bad_request", "the form lacks the part manifest or object"},
		"no ELF":          {"observe", control.Upload{Manifest: good.Manifest, Object: []byte("text")}, 422, "invalid", "object: "},
		"another struct":  {"observe", control.Upload{Manifest: []byte(strings.Replace(observeManifest, "exec_event", "nothing", 1)), Object: good.Object}, 422, "", "nothing"},
		"another field":   {"observe", control.Upload{Manifest: []byte(strings.Replace(observeManifest, "who.pid", "who.what", 1)), Object: good.Object}, 0, "", "events[0].process_id"},
		"large":           {"observe", control.Upload{Manifest: bytes.Repeat([]byte("#"), manifest.BytesMax+1), Object: good.Object}, 413, "body_too_large", ""},
		"sends signals":   {"hostile", control.Upload{Manifest: []byte(plain), Object: customObject(t, "hostile-SEND_SIGNAL.bpf.o")}, 422, "invalid", "bpf_send_signal"},
		"not verifiable":  {"hostile", control.Upload{Manifest: []byte(plain), Object: customObject(t, "hostile-UNVERIFIABLE.bpf.o")}, 422, "refused_by_verifier", ""},
		"forbidden kinds": {"network", control.Upload{Manifest: []byte("name: network\n" + strings.Replace(counts, "map: counts", "map: packets", 1)), Object: customObject(t, "network.bpf.o")}, 422, "invalid", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var p controlapi.Problem
			status := l.upload(c.path, "", c.upload, &p)
			assert.Equal(t, status, p.Status)
			if c.status > 0 {
				assert.Equal(t, c.status, status, p.Detail)
			}
			assert.GreaterOrEqual(t, status, 400)
			if c.code != "" {
				assert.Equal(t, c.code, p.Code)
			}
			assert.Contains(t, p.Detail, c.detail)
			assert.Empty(t, p.Log)
		})
	}
	var whole controlapi.Problem
	l.upload("hostile", "?log=true", control.Upload{Manifest: []byte(plain), Object: customObject(t, "hostile-UNVERIFIABLE.bpf.o")}, &whole)
	assert.Greater(t, len(whole.Log), len(whole.Detail))
	var all struct{ Tracers []control.Tracer }
	require.Equal(t, http.StatusOK, l.ask(http.MethodGet, "/v1/tracers", "", &all))
	assert.Len(t, all.Tracers, len(catalogue()), "nothing of them is there")
}

func TestCustom_signatures(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	l := startControlled(t, func(c *Config) {
		only("process")(c)
		c.CustomTracers.Uploads.Enabled = true
		c.CustomTracers.Uploads.PublicKeys = []string{base64.StdEncoding.EncodeToString(public)}
	})
	u := control.Upload{Manifest: []byte(observeManifest), Object: customObject(t, "observe.bpf.o")}
	var p controlapi.Problem
	require.Equal(t, http.StatusForbidden, l.upload("observe", "", u, &p))
	assert.Equal(t, "upload_refused", p.Code)
	signature := ed25519.Sign(private, custom.SignedMessage("observe", u.Manifest, u.Object))
	u.Signature = []byte(base64.StdEncoding.EncodeToString(signature))
	changed := u
	changed.Manifest = append([]byte("# changed\n"), u.Manifest...)
	require.Equal(t, http.StatusForbidden, l.upload("observe", "", changed, &p))
	var tr control.Tracer
	require.Equal(t, http.StatusCreated, l.upload("observe", "", u, &tr))
}

func TestCustom_uploadsAreOff(t *testing.T) {
	l := startControlled(t, only("process"))
	var p controlapi.Problem
	require.Equal(t, http.StatusForbidden, l.upload("observe", "", control.Upload{Manifest: []byte(observeManifest), Object: []byte("object")}, &p))
	assert.Equal(t, "uploads are off; custom_tracers::uploads::enabled of the configuration switches them on", p.Detail)
}

// What is none is told when the configuration is validated, and by the start of whoever has not done that.
func TestCustom_keysAndProgramsThatAreNone(t *testing.T) {
	c := createDefaultConfig().(*Config)
	c.CustomTracers.Uploads.PublicKeys = []string{"c2hvcnQ="}
	const key = "custom_tracers::uploads: public_keys[0]: read a public key: it has to be 32 bytes in base64, or PEM"
	require.EqualError(t, confmap.Validate(c), key)
	require.EqualError(t, newCustomTracers(&session{config: c}).open(), key)

	c = createDefaultConfig().(*Config)
	c.CustomTracers.AllowedPrograms = []string{"tp_btf", "lsm"}
	err := confmap.Validate(c)
	require.ErrorContains(t, err, `custom_tracers: allowed_programs: "lsm" is no kind of program that can be attached; there are tracepoint, `)
	require.EqualError(t, newCustomTracers(&session{config: c}).open(), err.Error())
}
