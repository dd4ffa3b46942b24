// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/config/confignet"
)

// judge returns the code that a request is refused with, "" if it is not.
func judge(g *guard, method, host string, encrypted bool, header ...string) string {
	r := httptest.NewRequest(method, "/v1/whoami", http.NoBody)
	r.Host = host
	if encrypted {
		r.TLS = &tls.ConnectionState{}
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	local := &net.TCPAddr{IP: net.ParseIP("192.0.2.7"), Port: 9470}
	if problem := g.check(r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local))); problem != nil {
		return problem.Code
	}
	return ""
}

func tcpGuard(endpoint string, change func(*Config)) *guard {
	return newGuard(defaults(func(c *Config) {
		c.HTTP.NetAddr.Transport, c.HTTP.NetAddr.Endpoint = confignet.TransportTypeTCP, endpoint
		change(c)
	}))
}

func TestGuard_hosts(t *testing.T) {
	loopback := tcpGuard("127.0.0.1:9470", func(*Config) {})
	named := tcpGuard("Node-1.example:9470", func(c *Config) { c.AllowedHosts = []string{"Console.example", "2001:db8::1"} })
	everywhere := tcpGuard("0.0.0.0:9470", func(*Config) {})
	onUnix := newGuard(defaults(func(*Config) {}))
	for _, c := range []struct {
		guard *guard
		host  string
		ok    bool
	}{
		{loopback, "127.0.0.1:9470", true}, {loopback, "127.0.0.1", true}, {loopback, "localhost:1", true}, {loopback, "LOCALHOST", true},
		{loopback, "[::1]:9470", true}, {loopback, "attacker.example", false}, {loopback, "127.0.0.1.attacker.example", false},
		{loopback, "", false}, {loopback, "127.0.0.2", false}, {loopback, "localhost.attacker.example:9470", false}, {loopback, "localhost.", false},
		{loopback, "localhost@attacker.example", false}, {loopback, "meerkat", false},
		{loopback, "192.0.2.7:80", true}, // the address that the connection came to
		{named, "node-1.example:9470", true}, {named, "console.example", true}, {named, "[2001:db8::1]:9470", true}, {named, "sub.console.example", false},
		{everywhere, "192.0.2.7:9470", true}, {everywhere, "0.0.0.0:9470", false}, {everywhere, "192.0.2.8", false}, {everywhere, "node", false},
		{onUnix, "meerkat", true}, {onUnix, "localhost", true}, {onUnix, "localhost:80", true}, {onUnix, "meerkat.example", false},
		{onUnix, "127.0.0.1", false}, {onUnix, "[::1]", false}, {onUnix, "", false}, {onUnix, "/run/x", false},
	} {
		want := codeHostNotAllowed
		if c.ok {
			want = ""
		}
		assert.Equal(t, want, judge(c.guard, "GET", c.host, false), c.host)
	}
}

func TestGuard_origins(t *testing.T) {
	g := tcpGuard("127.0.0.1:9470", func(c *Config) { c.AllowedOrigins = []string{"https://console.example"} })
	const ours = "127.0.0.1:9470"
	for _, c := range []struct {
		host      string
		encrypted bool
		origin    string
		ok        bool
	}{
		{ours, false, "http://127.0.0.1:9470", true}, {ours, true, "https://127.0.0.1:9470", true}, {"localhost", false, "http://localhost", true},
		{"localhost:80", false, "http://localhost", true}, {"localhost", true, "https://localhost:443", true}, {"LOCALHOST:9470", false, "http://localhost:9470", true},
		{ours, false, "https://console.example", true},
		{ours, false, "https://127.0.0.1:9470", false}, {ours, true, "http://127.0.0.1:9470", false}, {ours, false, "http://127.0.0.1", false},
		{ours, false, "http://127.0.0.1:9471", false}, {ours, false, "http://localhost:9470", false}, {ours, false, "null", false}, {ours, false, "", false},
		{ours, false, "http://console.example", false}, {ours, false, "https://console.example.attacker.example", false},
		{ours, false, "https://attacker.example", false}, {ours, false, "file://", false}, {ours, false, "127.0.0.1:9470", false},
	} {
		want := codeOriginNotAllowed
		if c.ok {
			want = ""
		}
		assert.Equal(t, want, judge(g, "GET", c.host, c.encrypted, "Origin", c.origin), "%+v", c)
	}
	assert.Equal(t, codeOriginNotAllowed, judge(g, "GET", ours, false, "Origin", "http://127.0.0.1:9470", "Origin", "https://attacker.example"))
}

func TestGuard_sites(t *testing.T) {
	g := tcpGuard("127.0.0.1:9470", func(*Config) {})
	for site, want := range map[string]string{
		"same-origin": "", "none": "", "cross-site": codeCrossSite, "same-site": codeCrossSite, "whatever": codeCrossSite,
	} {
		for _, method := range append(methods(), http.MethodOptions) {
			assert.Equal(t, want, judge(g, method, "localhost", false, "Sec-Fetch-Site", site), site)
		}
	}
}

// A form of another site can send no more than these, without a browser asking first.
func TestGuard_forms(t *testing.T) {
	g := tcpGuard("127.0.0.1:9470", func(*Config) {})
	for contentType, want := range map[string]string{
		"application/json": "", "application/octet-stream": "", "application/merge-patch+json; charset=utf-8": "",
		"text/plain": codeCrossSite, "text/plain; charset=utf-8": codeCrossSite, "TEXT/PLAIN": codeCrossSite, "": codeCrossSite,
		"multipart/form-data; boundary=x": codeCrossSite, "application/x-www-form-urlencoded": codeCrossSite, "text/plain; application/json": codeCrossSite,
	} {
		assert.Equal(t, want, judge(g, "POST", "localhost", false, "Origin", "http://localhost", "Content-Type", contentType), contentType)
		assert.Empty(t, judge(g, "POST", "localhost", false, "Content-Type", contentType), "programs send no Origin; what they send, handlers judge")
		assert.Empty(t, judge(g, "PUT", "localhost", false, "Origin", "http://localhost", "Content-Type", contentType), "browsers ask before")
	}
}

func TestGuard_headerBytes(t *testing.T) {
	g := tcpGuard("127.0.0.1:9470", func(c *Config) { c.MaxHeaderBytes = headerBytesMin })
	assert.Empty(t, judge(g, "GET", "localhost", false, "A", strings.Repeat("a", headerBytesMin-100)))
	assert.Equal(t, codeHeaderTooLarge, judge(g, "GET", "localhost", false, "A", strings.Repeat("a", headerBytesMin)))
	many := make([]string, 0, 2000)
	for range 1000 {
		many = append(many, "A", "")
	}
	assert.Equal(t, codeHeaderTooLarge, judge(g, "GET", "localhost", false, many...), "lines count too")
}
