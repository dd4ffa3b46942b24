// SPDX-License-Identifier: Apache-2.0

//go:build linux

package controlapiextension

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// handshakeFailed stands in tables for connections that come to nothing.
const handshakeFailed = "refused"

// tries sends what only operators may do, and what viewers may do.
func (l *live) tries(c *sender, header map[string]string) string {
	l.t.Helper()
	d := l.document()
	var got []string
	for _, r := range []request{
		{Method: "GET", Path: "/v1/whoami", Header: header}, {Method: "GET", Path: "/v1/things", Header: header}, {Method: "DELETE", Path: "/v1/uploads/a", Header: header},
	} {
		a := c.send(r)
		if a.Status == 0 {
			return handshakeFailed
		}
		l.check(d, r, a)
		got = append(got, strconv.Itoa(a.Status))
	}
	return strings.Join(got, " ")
}

func TestServer_clientCertificates(t *testing.T) {
	authority, foreign := newAuthority(t), newAuthority(t)
	mail := func(c *x509.Certificate) { c.EmailAddresses = []string{"ann@sre.example"} }
	expired := func(c *x509.Certificate) {
		c.Subject.CommonName, c.NotAfter = "admin.example", time.Now().Add(-time.Minute)
	}
	forServers := func(c *x509.Certificate) {
		c.Subject.CommonName, c.ExtKeyUsage = "admin.example", []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	const operator, viewer, nobody, unknown = "200 200 204", "200 200 403", "403 403 403", "401 401 401"
	for _, withToken := range []bool{false, true} {
		l := startLive(t, func(c *Config) {
			withTLS(t, authority)(c)
			c.ClientCertificates = ClientCertificatesConfig{
				Operators: []string{"admin.example", "spiffe://cluster/ns/ops/sa/deploy"}, Viewers: []string{"dashboard.example", "ann@sre.example"},
			}
			if withToken {
				c.Tokens = []TokenConfig{{Name: "deploy", Role: RoleOperator, Token: operatorToken}}
			}
		}, nil)
		without := handshakeFailed
		if withToken {
			without = unknown
		}
		for name, c := range map[string]struct {
			certificate *tls.Certificate
			want        string
		}{
			"operator by common name": {authority.pair(commonName("admin.example")), operator},
			"operator by URI":         {authority.pair(uriName(t, "spiffe://cluster/ns/ops/sa/deploy")), operator},
			"viewer by DNS name":      {authority.pair(func(c *x509.Certificate) { c.DNSNames = []string{"x.example", "dashboard.example"} }), viewer},
			"viewer by mail address":  {authority.pair(mail), viewer},
			"somebody else":           {authority.pair(commonName("admin.example.org")), nobody},
			"no name":                 {authority.pair(func(*x509.Certificate) {}), nobody},
			"expired":                 {authority.pair(expired), handshakeFailed},
			"of another authority":    {foreign.pair(commonName("admin.example")), handshakeFailed},
			"not for clients":         {authority.pair(forServers), handshakeFailed},
			"none":                    {nil, without},
		} {
			for _, http2 := range []bool{false, true} {
				assert.Equal(t, c.want, l.tries(l.tlsClient(authority, c.certificate, http2), nil), "%s, HTTP/2 %v, token %v", name, http2, withToken)
			}
		}
		if withToken {
			assert.Equal(t, operator, l.tries(l.tlsClient(authority, nil, true), bearer(operatorToken)))
			// Credentials in the header are what is judged.
			admin := authority.pair(commonName("admin.example"))
			assert.Equal(t, unknown, l.tries(l.tlsClient(authority, admin, false), bearer(operatorToken+"x")))
		}
	}
}

func TestServer_everyCertificate(t *testing.T) {
	authority := newAuthority(t)
	l := startLive(t, func(c *Config) {
		withTLS(t, authority)(c)
		c.ClientCertificates = ClientCertificatesConfig{Operators: []string{"admin.example"}, Viewers: []string{everyName}}
	}, nil)
	c := l.tlsClient(authority, authority.pair(commonName("anybody")), false)
	a := c.send(request{Method: "GET", Path: "/v1/whoami"})
	assert.JSONEq(t, `{"name":"anybody","role":"viewer","via":"client_certificate","address":"127.0.0.1"}`, a.Body)
	assert.Equal(t, http.StatusForbidden, c.send(request{Method: "DELETE", Path: "/v1/uploads/a"}).Status)
}

// Certificates that the authority has vouched for are needed besides tokens, if the configuration names none of them.
func TestServer_certificateAndToken(t *testing.T) {
	authority := newAuthority(t)
	l := startLive(t, func(c *Config) {
		withTLS(t, authority)(c)
		c.Tokens = []TokenConfig{{Name: "deploy", Role: RoleOperator, Token: operatorToken}}
	}, nil)
	known := authority.pair(commonName("anybody"))
	assert.Equal(t, handshakeFailed, l.tries(l.tlsClient(authority, nil, false), bearer(operatorToken)))
	assert.Equal(t, "401 401 401", l.tries(l.tlsClient(authority, known, false), nil))
	assert.Equal(t, "200 200 204", l.tries(l.tlsClient(authority, known, false), bearer(operatorToken)))
}

// The list of authorities can be replaced while the server runs; certificates stay as optional as they were.
func TestServer_authoritiesThatAreReadAgain(t *testing.T) {
	authority := newAuthority(t)
	l := startLive(t, func(c *Config) {
		withTLS(t, authority)(c)
		c.HTTP.TLS.Get().ReloadClientCAFile = true
		c.ClientCertificates.Operators = []string{"admin.example"}
		c.Tokens = []TokenConfig{{Name: "deploy", Role: RoleOperator, Token: operatorToken}}
	}, nil)
	assert.Equal(t, "200 200 204", l.tries(l.tlsClient(authority, authority.pair(commonName("admin.example")), false), nil))
	assert.Equal(t, "200 200 204", l.tries(l.tlsClient(authority, nil, false), bearer(operatorToken)))
	require.Equal(t, "401 401 401", l.tries(l.tlsClient(authority, nil, false), nil))
}
