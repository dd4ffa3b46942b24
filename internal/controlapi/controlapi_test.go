// SPDX-License-Identifier: Apache-2.0

package controlapi_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/component"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

func TestRole(t *testing.T) {
	assert.Less(t, controlapi.RoleNone, controlapi.RoleViewer)
	assert.Less(t, controlapi.RoleViewer, controlapi.RoleOperator, "who may change may look")
	assert.Equal(t, "none viewer operator none",
		controlapi.RoleNone.String()+" "+controlapi.RoleViewer.String()+" "+controlapi.RoleOperator.String()+" "+controlapi.Role(7).String())
	assert.Zero(t, controlapi.RoleNone, "what nobody has set is no role")
}

func TestCaller(t *testing.T) {
	assert.Equal(t, controlapi.Caller{}, controlapi.CallerOf(t.Context()), "nobody without a server in front")
	caller := controlapi.Caller{Name: "ann", Role: controlapi.RoleOperator, Via: "token", Address: "192.0.2.1"}
	assert.Equal(t, caller, controlapi.CallerOf(controlapi.WithCaller(t.Context(), caller)))
}

// server is one that only has to be found.
type server struct {
	component.Component
	name string
}

func (server) Mount(component.ID, controlapi.Mount) (func(), error) { return nil, nil }
func (server) Record(controlapi.Change)                             {}

type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

func TestServerOf(t *testing.T) {
	assert.Nil(t, controlapi.ServerOf(host{}))
	other := component.MustNewID("a_storage")
	assert.Nil(t, controlapi.ServerOf(host{other: nothing{}}))
	extensions := host{
		other: nothing{},
		component.MustNewIDWithName("control_api", "b"): server{name: "b"},
		component.MustNewIDWithName("control_api", "a"): server{name: "a"},
	}
	for range 20 { // maps have no order
		assert.Equal(t, server{name: "a"}, controlapi.ServerOf(extensions), "the first by name")
	}
}

type nothing struct{}

func (nothing) Start(context.Context, component.Host) error { return nil }
func (nothing) Shutdown(context.Context) error              { return nil }
