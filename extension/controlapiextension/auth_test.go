// SPDX-License-Identifier: Apache-2.0

//go:build linux

package controlapiextension

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
)

// directory is an auth extension that knows people by the word that they send.
type directory struct {
	component.StartFunc
	component.ShutdownFunc
	people map[string]client.AuthData
}

// Authenticate implements extensionauth.Server.
func (d directory) Authenticate(ctx context.Context, sources map[string][]string) (context.Context, error) {
	sent := sources["Authorization"]
	if len(sent) != 1 {
		return ctx, errors.New("no credentials")
	}
	known, ok := d.people[sent[0]]
	if !ok {
		return ctx, fmt.Errorf("nobody is known by %q", sent[0])
	}
	info := client.FromContext(ctx)
	info.Auth = known
	return client.NewContext(ctx, info), nil
}

// person is what a directory knows of somebody.
type person map[string]any

func (p person) GetAttribute(name string) any { return p[name] }
func (p person) GetAttributeNames() []string  { return nil }

// text is a type of its own, as extensions may have.
type text string

func TestServer_authExtension(t *testing.T) {
	id := component.MustNewID("directory")
	people := directory{people: map[string]client.AuthData{
		"ann": person{"email": "ann@example.org", "groups": []string{"dev", "sre"}},
		"ben": person{"email": "ben@example.org", "groups": "dev"},
		"cem": person{"email": text("cem@example.org"), "groups": []any{"guests", text("sre")}},
		"dan": person{"groups": []string{"guests"}},
		"eve": person{"email": "eve@example.org"},
		"fay": nil,
	}}
	const operator, viewer, none, unknown = "200 200 204", "200 200 403", "403 403 403", "401 401 401"
	for name, c := range map[string]struct {
		roles AuthRolesConfig
		want  map[string]string
	}{
		"default": {createDefaultConfig().(*Config).AuthRoles, map[string]string{"ann": viewer, "ben": viewer, "fay": viewer, "gus": unknown, "": unknown}},
		"groups": {
			AuthRolesConfig{NameAttribute: "email", Attribute: "groups", Operators: []string{"sre"}, Viewers: []string{"dev"}, Default: RoleNone},
			map[string]string{"ann": operator, "ben": viewer, "cem": operator, "dan": none, "eve": none, "fay": none, "gus": unknown},
		},
		"everybody else": {
			AuthRolesConfig{Attribute: "groups", Viewers: []string{"guests"}, Default: RoleOperator},
			map[string]string{"ann": operator, "dan": viewer, "eve": operator, "fay": operator, "gus": unknown},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := startLive(t, func(config *Config) {
				onTCP(config)
				config.HTTP.Auth = configoptional.Some(confighttp.AuthConfig{Config: configauth.Config{AuthenticatorID: id}})
				config.AuthRoles = c.roles
				config.Tokens = []TokenConfig{{Name: "deploy", Role: RoleOperator, Token: operatorToken}}
			}, host{id: people})
			assert.Equal(t, []component.ID{id}, l.Dependencies(), "it starts before")
			for who, want := range c.want {
				assert.Equal(t, want, l.tries(l.client(), map[string]string{"Authorization": who}), who)
			}
			assert.Equal(t, operator, l.tries(l.client(), bearer(operatorToken)), "tokens are known besides")
			assert.NoFileExists(t, l.config.GeneratedTokenFile)
			if c.roles.NameAttribute == "email" {
				assert.Contains(t, l.client().send(whoami(map[string]string{"Authorization": "cem"})).Body, `"name":"cem@example.org","role":"operator","via":"extension"`)
			}
		})
	}
}

// What the extension says of failed attempts is not for whoever makes them; and they are limited like any other.
func TestServer_authExtensionRefuses(t *testing.T) {
	id := component.MustNewID("directory")
	l := startLive(t, func(config *Config) {
		onTCP(config)
		config.HTTP.Auth = configoptional.Some(confighttp.AuthConfig{Config: configauth.Config{AuthenticatorID: id}})
	}, host{id: directory{}})
	r := whoami(map[string]string{"Authorization": "zoe"})
	for range attemptsBurstMax {
		a := l.client().send(r)
		l.check(l.document(), r, a)
		require.Equal(t, http.StatusUnauthorized, a.Status)
		assert.NotContains(t, a.Body, "nobody is known")
	}
	assert.Equal(t, http.StatusTooManyRequests, l.client().send(r).Status)
}

func TestServer_authExtensionIsMissing(t *testing.T) {
	id := component.MustNewID("directory")
	for _, extensions := range []host{{}, {id: struct {
		component.StartFunc
		component.ShutdownFunc
	}{}}} {
		l := newLive(t, func(config *Config) {
			onTCP(config)
			config.HTTP.Auth = configoptional.Some(confighttp.AuthConfig{Config: configauth.Config{AuthenticatorID: id}})
		})
		require.ErrorContains(t, l.Start(t.Context(), extensions), "start the control API: auth: ")
	}
}
